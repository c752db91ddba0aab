"""Which table of a source does a file hold, by its name?"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from washhouse.sources.archive import unpacked_name
from washhouse.sources.contract import SourceSpec, TableSpec, plain

SUFFIXES = ("", ".csv", ".txt", ".tsv", ".psv", ".dat", ".parquet")
"""Endings of a file that holds a table."""


def table_of(spec: SourceSpec, name: str) -> TableSpec | None:
    """Find a file's table by its name, whatever its case, its ending and a number or date behind it.

    Where a source's tables come in parts, `table-00000-of-00004` and every file of a folder `table` are parts of it.
    """
    path = PurePosixPath(unpacked_name(name))
    if path.suffix.casefold() not in SUFFIXES:
        return None
    stem = plain(path.stem)
    names = {plain(known): table for table in spec.tables for known in (table.name, *table.aliases)}
    number = PART if spec.in_parts else _NUMBER
    found = names.get(stem) or next((table for known, table in names.items() if is_part(stem, known, number)), None)
    return found or (names.get(plain(path.parent.name)) if spec.in_parts else None)


_NUMBER = re.compile(r"[0-9]+")
PART = re.compile(r"(part|shard|chunk)?[0-9]+(of[0-9]+)?")
"""What stands behind a table's name in the names of its parts, in plain letters."""


def is_part(stem: str, known: str, number: re.Pattern[str] = PART) -> bool:
    """Is a plain name that of a table, with a number behind it?

    >>> is_part("measurement00000of00004", "measurement"), is_part("measurements", "measurement")
    (True, False)
    """
    return stem.startswith(known) and number.fullmatch(stem[len(known) :]) is not None and not known[-1].isdigit()
