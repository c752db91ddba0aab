"""What does an OMOP data set come to, with every line accounted for?

The tables that are mapped are read as any source's are; one may come as several files, and packed by gzip. Every other
table of the model, and every file that is none of it, is counted and named with a warning.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.time import midnight
from washhouse.lake.database import Database
from washhouse.sources.archive import is_packed, open_packed, unpacked_name
from washhouse.sources.content import Content
from washhouse.sources.contract import plain
from washhouse.sources.file import refuse
from washhouse.sources.file_names import Labels
from washhouse.sources.omop.contract import DEATH, EVENTS, SPEC, UNMAPPED
from washhouse.sources.reader import read_batch
from washhouse.sources.result import ISSUES, BatchResult, ReadResult
from washhouse.sources.rules import RejectedFileError, reason
from washhouse.sources.table_names import SUFFIXES, is_part, table_of

DATABASES = (".duckdb", ".db", ".ddb")
LAST_DAY = date(2499, 12, 31)
"""What happened later than this cannot be read as having happened, whatever the data set's own day."""
NO_DAY = date(1970, 1, 1)
"""Day of a data set of which no event could be read."""


class Folder(Mapping[str, bytes]):
    """Files of a data set by name, each read when it is taken.

    Args:
        files: Paths by name.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> bytes:
        return self._files[name].read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def find_tables(path: Path) -> dict[str, Path]:
    """Files of a data set by name inside it: its tables' files, else the one DuckDB file of a folder.

    Args:
        path: A folder, or a DuckDB file.

    Raises:
        InputError: `omop-not-found`: there is neither.
        OSError: A folder may not be read.
    """
    if path.is_file() and path.suffix.casefold() in DATABASES:
        return {path.name: path}
    files = {file.relative_to(path).as_posix(): file for file in sorted(_files_below(path))} if path.is_dir() else {}
    tables = {name: file for name, file in files.items() if _ending(name) in SUFFIXES and _ending(name)}
    if any(table_of(SPEC, name) for name in tables):
        return tables
    databases = {name: file for name, file in files.items() if file.suffix.casefold() in DATABASES}
    if len(databases) == 1:
        return databases
    raise InputError(
        "omop-not-found",
        "There is no OMOP data set at that path.",
        "Name a folder that holds person.parquet or person.csv and the other tables, or one DuckDB file.",
    )


def read_omop(found: Mapping[str, Path], as_of: date | None = None) -> BatchResult:
    """Read a data set.

    Args:
        found: See `find_tables`.
        as_of: The day by which it is judged; what happened later is set aside. None: the day of its newest event.

    Returns:
        The batch, named by that day.

    Raises:
        InputError: `database-unreadable`: its DuckDB file cannot be read.
        OSError: A file may not be read.
    """
    database = next((name for name in found if PurePosixPath(name).suffix.casefold() in DATABASES), "")
    files: Mapping[str, bytes] = Database(found[database]) if database else Folder(found)
    mapped = {name for name in files if table_of(SPEC, name) is not None}
    result = read_batch(SPEC, _Only(files, mapped), (as_of or LAST_DAY).isoformat())
    origins, reads = dict(result.origins), dict(result.files)
    labels = Labels(UNMAPPED)
    for name in sorted(set(files) - mapped):
        label = labels.label(unpacked_name(name)) + name[len(unpacked_name(name)) :]
        origins[label] = name
        reads[label] = _count(files[name], label, _unmapped(name))
    day = as_of or _newest_day(result) or NO_DAY
    return replace(
        result,
        batch=day.isoformat(),
        as_of=day,
        # The newest event happened on that day, so the data set was made after it.
        submitted_at=midnight(day + timedelta(days=1)),
        files=dict(sorted(reads.items())),
        origins={label: database or name for label, name in origins.items()},
    )


class _Only(Mapping[str, bytes]):
    """Some of the files."""

    def __init__(self, files: Mapping[str, bytes], names: set[str]) -> None:
        self._files = files
        self._names = names

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def _unmapped(name: str) -> str:
    """Name of the model's table that a file holds, empty if it is none of the model's."""
    path = PurePosixPath(unpacked_name(name))
    stem, folder = plain(path.stem), plain(path.parent.name)
    known = {plain(table): table for table in sorted(UNMAPPED)}
    named = known.get(stem) or next((table for own, table in known.items() if is_part(stem, own)), "")
    return named or known.get(folder, "")


def _ending(name: str) -> str:
    return PurePosixPath(unpacked_name(name)).suffix.casefold()


def _count(data: Content, label: str, table: str) -> ReadResult:
    """Count the lines of a file of which nothing comes: they are accepted with one warning, and kept as sent."""
    rule = "unmapped-table" if table else "unknown-table"
    if is_packed(label):
        try:
            data = open_packed(data)()
        except RejectedFileError as refused:
            return refuse(b"", label, refused, None)
    lines = refuse(data, label, RejectedFileError(rule, table), None).lines
    issue = {"row": 0, "column": None, "rule": rule, "severity": "warning", "reason": reason(rule, table)}
    return ReadResult(
        file=label,
        table=None,
        rows=pa.table({"_row": pa.array(np.arange(1, lines + 1, dtype=np.int64))}),
        issues=pa.Table.from_pylist([issue], ISSUES),
        set_aside=refuse(b"", label, RejectedFileError(rule), None).set_aside,
        lines=lines,
        accepted=lines,
        warned=lines,
        quarantined=0,
        duplicates=0,
    )


def _newest_day(result: BatchResult) -> date | None:
    starts = [(table.spec.name, table.start) for table in EVENTS] + [(DEATH.name, "death_date")]
    days = [
        pc.max(result.tables[table].rows.column(column)).as_py() for table, column in starts if table in result.tables
    ]
    return max((day for day in days if day is not None), default=None)


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file that is not hidden; a folder that may not be read is an error, not empty."""

    def stop(error: OSError) -> None:
        raise error

    for root, _, names in os.walk(folder, onerror=stop):
        yield from (Path(root, name) for name in names if not name.startswith("."))
