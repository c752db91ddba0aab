"""Which sources does a site declare?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from washhouse.core.errors import InputError
from washhouse.sources.contract import SourceSpec
from washhouse.sources.declared.document import parse_document
from washhouse.sources.declared.mapping import read_mapping
from washhouse.sources.declared.spec import read_spec
from washhouse.sources.mappings.contract import Mapping as SystemMapping

DIGEST_DIGITS = 8


@dataclass(frozen=True)
class Declared:
    """One declared source.

    Attributes:
        spec: Its contract.
        mapping: What its tables mean.
        digest: First hexadecimal digits of the SHA-256 of what it declares; comments and layout do not count.
    """

    spec: SourceSpec
    mapping: SystemMapping
    digest: str


def read_declaration(path: Path, taken: Collection[str] = ()) -> Declared:
    """Read a declaration.

    Args:
        path: A TOML file.
        taken: Names that a declared source may not have.

    Raises:
        InputError: `declaration-unreadable`: it is no TOML text, or cannot be read. `declaration-invalid`: it makes no
            sense; line and key are named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError("declaration-unreadable", f"{path.name} cannot be read: {why}.", "Check its path.") from error
    top = parse_document(text, path.name)
    spec = read_spec(top)
    if spec.name in taken:
        top.refuse(f"{spec.name} is a built-in source; choose another name.", key="name")
    mapping = read_mapping(top, spec)
    canonical = json.dumps(top.value, sort_keys=True, default=str).encode()
    return Declared(spec, mapping, hashlib.sha256(canonical).hexdigest()[:DIGEST_DIGITS])


def read_declarations(folder: Path, taken: Collection[str] = ()) -> Mapping[str, Declared]:
    """Read all declarations of a folder, by the source's name; none if there is no such folder.

    Args:
        folder: Folder of `NAME.toml`.
        taken: Names that a declared source may not have.

    Raises:
        InputError: As `read_declaration`; `declaration-invalid` also where a file is not named as its source.
    """
    found: dict[str, Declared] = {}
    for path in sorted(folder.glob("*.toml")):
        declared = read_declaration(path, taken)
        if path.stem != declared.spec.name:
            raise InputError(
                "declaration-invalid",
                f"{path.name} declares the source {declared.spec.name}, after which the file must be named.",
                "Rename the file, or change its name = ...",
            )
        found[declared.spec.name] = declared
    return found
