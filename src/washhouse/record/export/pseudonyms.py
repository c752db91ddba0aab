"""Who is a person, a team or a thing in an export? A number under a key of that export's own.

Two exports under different keys cannot be joined by their numbers, and no number leads back without the vault's key.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from washhouse.core.errors import InputError, UsageError
from washhouse.governance.pseudonym import derive_key, keyed_hash

BITS = 53
"""Bits of a number: as many as every reader keeps, those that hold numbers as doubles too."""

_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def export_key(master_key: bytes, project: str, version_id: str) -> bytes:
    """The key of an export.

    Args:
        master_key: The vault's.
        project: Name of the project that the export is for; empty: the export stands alone.
        version_id: Version of the record, which decides where there is no project.

    Returns:
        32 bytes: the same for every export of a project, or for every one of a version.

    Raises:
        UsageError: `export-project`: the name is not lower-case letters, digits and hyphens.
    """
    if project and not _PROJECT.fullmatch(project):
        raise UsageError(
            "export-project", "A project's name is 1 to 63 lower-case letters, digits and hyphens.", "Check --project."
        )
    return derive_key(master_key, f"export/project/{project}" if project else f"export/version/{version_id}")


def number_of(key: bytes, kind: str, value: str) -> int:
    """The number of one thing, 1 to 2^53 - 1.

    Args:
        key: The export's.
        kind: What it is (`person`, `team`), so that equal ids of different kinds differ.
        value: Its id in the record.

    >>> number_of(bytes(32), "person", "a") == number_of(bytes(32), "person", "a")
    True
    >>> number_of(bytes(32), "person", "a") == number_of(bytes(32), "team", "a")
    False
    """
    digest = keyed_hash(key, f"{kind}/{value}".encode())
    return (int.from_bytes(digest[:8], "big") >> (64 - BITS)) or 1


def numbers_of(key: bytes, kind: str, values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """The number of each of many; null stays null. Every distinct value is hashed once."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    split = values.dictionary_encode()
    numbers = pa.array([number_of(key, kind, value) for value in split.dictionary.to_pylist()], pa.int64())
    return numbers.take(split.indices)


def check_distinct(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    """Refuse numbers of different people that fell together: about 1 export in 9,000 at 1.4M people.

    Raises:
        InputError: `export-numbers-collide`.
    """
    if len(np.unique(numbers)) != len(numbers):
        raise InputError(
            "export-numbers-collide",
            "Two people would bear one number in this export.",
            "Give another --project: its key gives other numbers.",
        )
