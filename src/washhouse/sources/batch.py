"""What does one batch of files say: from when, about which period, by whom, table by table?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.time import midnight, to_utc
from washhouse.sources.archive import is_archive, open_archive
from washhouse.sources.contract import Kind, PeriodSpec, SourceSpec, TableSpec, plain
from washhouse.sources.reader import read_file, refuse
from washhouse.sources.result import BatchResult, ReadResult
from washhouse.sources.rules import RejectedFileError
from washhouse.sources.validate import Parents

SUFFIXES = ("", ".csv", ".txt", ".tsv", ".psv", ".dat")
"""Endings of a file that holds a table."""

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\D.*)?", re.ASCII)

KnownParents = Mapping[tuple[str, str], pa.Array]
"""Key values held from earlier batches, by table and column."""


def declared_date(batch: str) -> date:
    """Return the date with which a batch's name begins.

    Raises:
        InputError: It begins with none (code `batch-without-date`).

    >>> declared_date("2025-07-14-delta")
    datetime.date(2025, 7, 14)
    """
    match = _DATED.fullmatch(batch)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError as error:
        raise InputError(
            "batch-without-date",
            "The name of a batch's folder must begin with the date on which it was made, as yyyy-mm-dd.",
            "Rename the folder.",
        ) from error


def parents_needed(spec: SourceSpec) -> tuple[tuple[str, str], ...]:
    """Return the tables and columns that other tables of a source point at, in the order of its contract."""
    return tuple(dict.fromkeys(table.parent for table in spec.tables if table.parent is not None))


def read_batch(
    spec: SourceSpec, files: Mapping[str, bytes], batch: str, *, known_parents: KnownParents | None = None
) -> BatchResult:
    """Read and validate all files of one batch.

    A table's rows must have their parents in the batch or among `known_parents`. In a batch of changes the parents
    are usually not sent again, so that without `known_parents` they are not looked for there.

    Args:
        spec: Contract of the source.
        files: Bytes by file name; archives are opened, their files are named `archive.zip/file.csv`.
        batch: Name of the batch's folder.
        known_parents: Key values held from earlier batches, for each of `parents_needed`.

    Raises:
        InputError: The name of the batch begins with no date.
        HomeError: The counts of a file do not add up.
    """
    reading = _Reading(spec, _envelope(batch), {}, {})
    waiting = _unpack(files, reading)
    try:
        _check_tables(spec, waiting, reading.envelope.kind)
        reading = replace(reading, envelope=_read_envelope(reading, waiting))
    except RejectedFileError as refused:
        for table, name, data in waiting:
            reading.results.setdefault(name, refuse(data, name, refused, table))
        return _finish(reading, str(refused))
    for table, name, data in waiting:
        if name in reading.results:
            continue
        parents = _parents(table, reading, known_parents)
        result = read_file(data, table, reference_date=reading.envelope.as_of, file=name, parents=parents)
        reading.results[name] = result
        if not result.rejected:
            reading.tables[table.name] = result
    return _finish(reading)


def stamp(result: ReadResult, batch: BatchResult) -> pa.Table:
    """Return a file's accepted rows with where they came from, one row per line kept, in the order of the file.

    Adds `_file`, `_batch`, `_submitted_at` (naive UTC), `_as_of`, `_period_start`, `_period_end`, `_provider` and
    `_kind` to the contract's columns and `_row`. Where each row says its own period and provider, its own are taken.
    """
    rows, count = result.rows, result.rows.num_rows
    own = batch.spec.period if batch.spec else None
    columns = {
        "_file": _same(result.file, count),
        "_batch": _same(batch.batch, count),
        "_submitted_at": pa.repeat(pa.scalar(batch.submitted_at, pa.timestamp("us")), count),
        "_as_of": pa.repeat(pa.scalar(batch.as_of, pa.date32()), count),
        "_period_start": pa.repeat(pa.scalar(batch.period_start, pa.date32()), count),
        "_period_end": pa.repeat(pa.scalar(batch.period_end, pa.date32()), count),
        "_provider": _same(batch.provider, count),
        "_kind": _same(batch.kind, count),
    }
    if own is not None and own.table == result.table and not own.header:
        columns["_period_start"] = rows.column(own.start)
        columns["_period_end"] = rows.column(own.end)
        columns["_provider"] = pc.dictionary_encode(rows.column(own.provider))
    for name, values in columns.items():
        rows = rows.append_column(name, values)
    return rows


@dataclass(frozen=True)
class _Envelope:
    """What a batch says about itself."""

    batch: str
    as_of: date
    submitted_at: datetime
    kind: Kind
    period_start: date | None = None
    period_end: date | None = None
    provider: str | None = None


@dataclass(frozen=True)
class _Reading:
    """A batch while it is read."""

    spec: SourceSpec
    envelope: _Envelope
    results: dict[str, ReadResult]
    tables: dict[str, ReadResult]


_Waiting = list[tuple[TableSpec, str, bytes]]


def _envelope(batch: str) -> _Envelope:
    day = declared_date(batch)
    return _Envelope(batch, day, midnight(day), "delta" if batch.casefold().endswith("-delta") else "full")


def _unpack(files: Mapping[str, bytes], reading: _Reading) -> _Waiting:
    """Return the files that hold a table, parents first; what is not one is refused at once."""
    found: _Waiting = []
    for name, data in _members(files, reading):
        table = _table_of(reading.spec, name)
        if table is None:
            reading.results[name] = refuse(data, name, RejectedFileError("unknown-file"), None)
        elif any(table is other for other, _, _ in found):
            reading.results[name] = refuse(data, name, RejectedFileError("repeated-table"), table)
        else:
            found.append((table, name, data))
    order = {table.name: at for at, table in enumerate(_parents_first(reading.spec))}
    return sorted(found, key=lambda one: order[one[0].name])


def _members(files: Mapping[str, bytes], reading: _Reading) -> Iterator[tuple[str, bytes]]:
    for name in sorted(files):
        data = files[name]
        if not is_archive(name, data):
            yield name, data
            continue
        try:
            members = open_archive(data)
        except RejectedFileError as refused:
            result = refuse(b"", name, refused, None)
            reading.results[name] = result
            continue
        for member in sorted(members):
            yield f"{name}/{member}", members[member]


def _table_of(spec: SourceSpec, name: str) -> TableSpec | None:
    """Find a file's table by its name, whatever its case, its ending and a number or date behind it."""
    path = PurePosixPath(name)
    if path.suffix.casefold() not in SUFFIXES:
        return None
    stem = plain(path.stem)
    names = {plain(known): table for table in spec.tables for known in (table.name, *table.aliases)}
    return names.get(stem) or next((table for known, table in names.items() if _is_numbered(stem, known)), None)


def _is_numbered(stem: str, known: str) -> bool:
    return stem.startswith(known) and stem[len(known) :].isdigit() and not known[-1].isdigit()


def _parents_first(spec: SourceSpec) -> list[TableSpec]:
    ordered: list[TableSpec] = []

    def place(table: TableSpec) -> None:
        if table.parent is not None:
            place(spec.table(table.parent[0]))
        if table not in ordered:
            ordered.append(table)

    for table in spec.tables:
        place(table)
    return ordered


def _check_tables(spec: SourceSpec, waiting: _Waiting, kind: Kind) -> None:
    there = {table.name for table, _, _ in waiting}
    header = spec.period.table if spec.period is not None and spec.period.header else ""
    needed = [table.name for table in spec.tables if table.name == header or (table.required and kind == "full")]
    missing = [name for name in needed if name not in there]
    if missing:
        raise RejectedFileError("missing-table", detail=", ".join(missing))


def _read_envelope(reading: _Reading, waiting: _Waiting) -> _Envelope:
    """Read the header table of a batch, if its source has one."""
    period = reading.spec.period
    if period is None or not period.header:
        return reading.envelope
    table, name, data = next(one for one in waiting if one[0].name == period.table)
    result = read_file(data, table, reference_date=date.max.replace(year=9000), file=name)
    reading.results[name] = result
    if result.rejected:
        raise RejectedFileError("bad-header-table")
    if result.accepted != 1 or result.lines != 1:
        del reading.results[name]
        raise RejectedFileError("bad-header-table")
    row = result.rows.to_pylist()[0]
    if period.version and row[period.version] not in period.versions:
        del reading.results[name]
        raise RejectedFileError("wrong-version", period.version, " or ".join(period.versions))
    reading.tables[table.name] = result
    return _declared(reading.envelope, period, row)


def _declared(envelope: _Envelope, period: PeriodSpec, row: Mapping[str, object]) -> _Envelope:
    created = row[period.created] if period.created else None
    if isinstance(created, datetime):
        envelope = replace(envelope, as_of=created.date(), submitted_at=to_utc(created))
    start, end, provider = row[period.start], row[period.end], row[period.provider]
    return replace(
        envelope,
        period_start=start if isinstance(start, date) else None,
        period_end=end if isinstance(end, date) else None,
        provider=str(provider),
    )


def _parents(table: TableSpec, reading: _Reading, known: KnownParents | None) -> Parents | None:
    if table.parent is None or (known is None and reading.envelope.kind == "delta"):
        return None
    sent = reading.tables.get(table.parent[0])
    values = [] if sent is None else sent.rows.column(table.parent[1]).chunks
    aside = pa.array([], pa.string()) if sent is None else sent.set_aside_keys.combine_chunks()
    held = (known or {}).get(table.parent)
    if held is not None:
        values = [*values, held.combine_chunks() if isinstance(held, pa.ChunkedArray) else held]
    return Parents(pa.chunked_array(values, pa.string()).combine_chunks(), aside)


def _finish(reading: _Reading, reason: str = "") -> BatchResult:
    envelope = reading.envelope
    period = reading.spec.period
    if period is not None and not period.header and period.table in reading.tables:
        envelope = _from_rows(envelope, period, reading.tables[period.table].rows)
    return BatchResult(
        source=reading.spec.name,
        batch=envelope.batch,
        as_of=envelope.as_of,
        submitted_at=envelope.submitted_at,
        period_start=envelope.period_start,
        period_end=envelope.period_end,
        provider=envelope.provider,
        kind=envelope.kind,
        files=dict(sorted(reading.results.items())),
        tables={} if reason else reading.tables,
        reason=reason,
        spec=reading.spec,
    )


def _from_rows(envelope: _Envelope, period: PeriodSpec, rows: pa.Table) -> _Envelope:
    """Return what the rows declare together: the whole span, and the provider where it is one."""
    providers = pc.unique(rows.column(period.provider)).to_pylist()
    return replace(
        envelope,
        period_start=pc.min(rows.column(period.start)).as_py(),
        period_end=pc.max(rows.column(period.end)).as_py(),
        provider=providers[0] if len(providers) == 1 else None,
    )


def _same(text: str | None, count: int) -> pa.Array:
    """Return one text for every row, held once."""
    if text is None:
        return pa.nulls(count, pa.dictionary(pa.int32(), pa.string()))
    indices = pa.repeat(pa.scalar(0, pa.int32()), count)
    return pa.DictionaryArray.from_arrays(indices, pa.array([text], pa.string()))
