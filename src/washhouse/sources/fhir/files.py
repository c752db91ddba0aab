"""Which files are a set of resources, and which resources does each hold, line by line?

`<Type>.ndjson` of the Bulk Data layout, several a type, also gzipped; and JSON files with a Bundle or one resource. A
Bundle's entries are lines, wherever the Bundle stands.

References:
    HL7 FHIR Bulk Data Access 2.0, output files; HL7 FHIR R4, Bundle.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any, NamedTuple

from washhouse.core.errors import InputError
from washhouse.sources.fhir.elements import Resource, parse_resource
from washhouse.sources.rules import RejectedFileError

BY_LINE = (".ndjson", ".jsonl")
WHOLE = (".json",)
MANIFEST = "manifest.json"
BREAKS = (EOFError, gzip.BadGzipFile, zlib.error)
"""What a damaged archive raises."""

_ENTRY = re.compile(r'"resourceType"\s*:')


class Line(NamedTuple):
    """One line of a file.

    Attributes:
        number: From 1.
        text: As it came; of an entry its JSON.
        resource: The resource, None where there is none.
        url: `fullUrl` of an entry, else empty.
    """

    number: int
    text: str
    resource: Resource | None
    url: str = ""


def find_resources(path: Path) -> dict[str, Path]:
    """Files of a set by name inside it; its manifest is left alone.

    Raises:
        InputError: `fhir-not-found`: there is no file of resources at the path.
        OSError: A folder may not be read.
    """
    if path.is_file():
        return {path.name: path}
    found = {
        file.relative_to(path).as_posix(): file
        for file in sorted(_files_below(path) if path.is_dir() else ())
        if kind_of(file) and file.name != MANIFEST
    }
    if not found:
        raise InputError(
            "fhir-not-found",
            "There is no file of FHIR resources at that path.",
            "Name a file, or a folder that holds .ndjson (or .ndjson.gz) and .json files.",
        )
    return found


def kind_of(path: Path) -> str:
    """The ending by which a file is read, empty for one that is none of ours."""
    name = path.name.casefold().removesuffix(".gz")
    return next((ending for ending in (*BY_LINE, *WHOLE) if name.endswith(ending)), "")


def read_manifest(path: Path) -> str:
    """When the server made the set, as its manifest says; empty without one.

    Raises:
        OSError: It may not be read.
    """
    manifest = path / MANIFEST
    if not manifest.is_file():
        return ""
    try:
        found: Any = json.loads(manifest.read_bytes())
    except (ValueError, RecursionError):
        return ""
    made = found.get("transactionTime") if isinstance(found, dict) else None
    return made if isinstance(made, str) else ""


def read_lines(path: Path) -> Iterator[Line]:
    """Yield every line of a file, numbered.

    Raises:
        RejectedFileError: `no-json`, `truncated-file`: nothing of the file may be used.
        OSError: It may not be read.
    """
    number = 0
    for text, parsed in _documents(path):
        for one_text, resource, url in _unfold(text, parsed):
            number += 1
            yield Line(number, one_text, resource, url)


def count_lines(path: Path) -> int:
    """Lines of a file that was refused: those that can be told, at least one.

    Raises:
        OSError: It may not be read.
    """
    lines = 0
    try:
        with _open(path) as file:
            for raw in file:
                text = raw.decode("utf-8", "replace")
                lines += bool(text.strip()) if kind_of(path) in BY_LINE else len(_ENTRY.findall(text))
    except BREAKS:
        pass
    return max(lines, 1)


def _documents(path: Path) -> Iterator[tuple[str, Resource | None]]:
    """Yield each document's text and what it says, None where it is no object of JSON."""
    try:
        with _open(path) as file:
            if kind_of(path) in BY_LINE:
                yield from map(_parse, _by_line(file))
                return
            data = file.read()
    except BREAKS:
        raise RejectedFileError("truncated-file", detail="the archive cannot be unpacked to its end") from None
    text, whole = _parse(data)
    if whole is not None:
        yield text, whole
        return
    first, _, rest = data.partition(b"\n")
    if not rest.strip() or _parse(first)[1] is None:
        raise RejectedFileError("no-json")
    yield from map(_parse, (line for line in data.split(b"\n") if line.strip()))


def _by_line(file: BufferedIOBase) -> Iterator[bytes]:
    for line in file:
        if line.strip():
            yield line


def _parse(data: bytes) -> tuple[str, Resource | None]:
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").strip(), None
    try:
        return text, parse_resource(text)
    except ValueError:
        return text, None


def _unfold(text: str, parsed: Resource | None) -> Iterator[tuple[str, Resource | None, str]]:
    """Take a Bundle apart; an empty one is a line without a resource."""
    entries = parsed.get("entry") if parsed is not None and parsed.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list) or not entries:
        yield text, parsed, ""
        return
    for entry in entries:
        said = entry if isinstance(entry, dict) else {}
        resource, url = said.get("resource"), said.get("fullUrl")
        if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
            yield from _unfold(json.dumps(resource, ensure_ascii=False), resource)
            continue
        yield (
            json.dumps(entry, ensure_ascii=False),
            resource if isinstance(resource, dict) else None,
            url if isinstance(url, str) else "",
        )


def _open(path: Path) -> BufferedIOBase:
    return gzip.open(path) if path.name.casefold().endswith(".gz") else path.open("rb")


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file; a folder that may not be read is an error, not empty."""

    def stop(error: OSError) -> None:
        raise error

    for root, _, names in os.walk(folder, onerror=stop):
        yield from (Path(root, name) for name in names)
