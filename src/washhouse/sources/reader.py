"""What does one batch of files say: from when, about which period, by whom, table by table?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.time import midnight, to_utc
from washhouse.sources.archive import is_archive, is_packed, open_archive, open_packed, unpacked_name
from washhouse.sources.content import LARGE_BYTES, Content, size_of
from washhouse.sources.contract import Kind, PeriodSpec, SourceSpec, TableSpec
from washhouse.sources.file import read_file, refuse, typed_schema
from washhouse.sources.file_names import labels_of
from washhouse.sources.parts import join_parts
from washhouse.sources.result import BatchResult, KeptRows, ReadResult
from washhouse.sources.rules import RejectedFileError
from washhouse.sources.table_names import table_of
from washhouse.sources.validate import Parents

MOST_DAYS_AFTER_FOLDER = 31
"""Days by which a header's date may lie behind its folder's; later would count as the newest state for ever."""

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\D.*)?", re.ASCII)

Keep = Callable[[TableSpec, str, BatchResult], Callable[[], Callable[[pa.Table], None]] | None]
"""Given a table, its file's label and what the batch declares, returns what begins to take its rows, from the first;
None has them in memory."""

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


def is_delta(batch: str) -> bool:
    """Does a batch hold changes only? Its name says so.

    >>> is_delta("2025-07-14-Delta"), is_delta("2025-07-14-delta~02"), is_delta("2025-07-14")
    (True, True, False)
    """
    return re.split("[#~]", batch, maxsplit=1)[0].casefold().endswith("-delta")


def parents_needed(spec: SourceSpec) -> tuple[tuple[str, str], ...]:
    """Return the tables and columns that other tables of a source point at, in the order of its contract."""
    return tuple(dict.fromkeys(table.parent for table in spec.tables if table.parent is not None))


def read_batch(
    spec: SourceSpec,
    files: Mapping[str, Content],
    batch: str,
    *,
    known_parents: KnownParents | None = None,
    provider: str | None = None,
    keep: Keep | None = None,
) -> BatchResult:
    """Read and validate all files of one batch.

    A table's rows must have their parents in the batch or among `known_parents`. In a batch of changes the parents
    are usually not sent again, so that without `known_parents` they are not looked for there.

    Args:
        spec: Contract of the source.
        files: Bytes by file name, taken one at a time; archives are opened, their files are named
            `archive-1.zip/file.csv`; what is packed alone (`file.csv.gz`) goes by its own name.
        batch: Name of the batch's folder; what stands behind a `#` tells submissions under the same name apart.
        known_parents: Key values held from earlier batches, for each of `parents_needed`.
        provider: The one that sent earlier batches; ids are unique only inside a provider. None if there is none yet.
        keep: Takes the rows of a large file as they are read; None has all rows in memory.

    Returns:
        Every file's result. Where each row says its own period and provider, `_period_start`, `_period_end` and
        `_provider` are among its columns.

    Raises:
        InputError: The name of the batch begins with no date.
        HomeError: The counts of a file do not add up.
    """
    reading = _Reading(spec, _envelope(batch), {}, {}, {}, provider, keep)
    waiting = _unpack(files, reading)
    try:
        _check_tables(spec, waiting, reading.envelope.kind)
        reading = replace(reading, envelope=_read_envelope(reading, waiting))
    except RejectedFileError as refused:
        for table, name, load in waiting:
            if name not in reading.results:
                reading.results[name] = refuse(load(), name, refused, table)
        return _finish(reading, str(refused))
    for table, name, load in waiting:
        if name in reading.results:
            continue
        parents = _parents(table, reading, known_parents)
        result = _read_table(table, name, load(), reading, parents)
        if _is_of_another(result, reading):
            of_another = RejectedFileError("another-provider", spec.period.provider if spec.period else "")
            result = refuse(load(), name, of_another, table)
        reading.results[name] = result
        if not result.rejected:
            parts = reading.parts.setdefault(table.name, [])
            parts.append(result)
            reading.tables[table.name] = join_parts(table.name, parts) if len(parts) > 1 else result
    return _finish(reading)


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
    """A batch while it is read; files go by their labels, of which `origins` are the names as received."""

    spec: SourceSpec
    envelope: _Envelope
    results: dict[str, ReadResult]
    tables: dict[str, ReadResult]
    origins: dict[str, str]
    provider: str | None = None
    keep: Keep | None = None
    parts: dict[str, list[ReadResult]] = field(default_factory=dict)


_Load = Callable[[], Content]
_Waiting = list[tuple[TableSpec, str, _Load]]


def _envelope(batch: str) -> _Envelope:
    day = declared_date(batch)
    return _Envelope(batch, day, midnight(day), "delta" if is_delta(batch) else "full")


def _unpack(files: Mapping[str, Content], reading: _Reading) -> _Waiting:
    """Return the files that hold a table, parents first; what is not one is refused at once."""
    found: _Waiting = []
    for received, name, load in _members(files, reading):
        table = table_of(reading.spec, received)
        if table is None:
            reading.results[name] = refuse(load(), name, RejectedFileError("unknown-file"), None)
        elif not reading.spec.in_parts and any(table is other for other, _, _ in found):
            reading.results[name] = refuse(load(), name, RejectedFileError("repeated-table"), table)
        else:
            found.append((table, name, load))
    order = {table.name: at for at, table in enumerate(_parents_first(reading.spec))}
    return sorted(found, key=lambda one: order[one[0].name])


def _members(files: Mapping[str, Content], reading: _Reading) -> Iterator[tuple[str, str, _Load]]:
    """Yield each file's own name and label with what loads it, so that only one is in memory; archives are opened."""
    labels = labels_of(reading.spec)
    for received in sorted(files):
        kind = "part" if reading.spec.in_parts else "unknown"
        name = labels.label(unpacked_name(received), "archive" if is_archive(received) else kind)
        name += received[len(unpacked_name(received)) :]
        reading.origins[name] = received
        if is_packed(received):
            try:
                yield received, name, open_packed(files[received])
            except RejectedFileError as refused:
                reading.results[name] = refuse(b"", name, refused, table_of(reading.spec, received))
            continue
        if not is_archive(received):
            yield received, name, partial(files.__getitem__, received)
            continue
        try:
            members = open_archive(files[received])
        except RejectedFileError as refused:
            reading.results[name] = refuse(b"", name, refused, None)
            continue
        for member in sorted(members):
            inside = f"{name}/{labels.label(member)}"
            reading.origins[inside] = received
            yield member, inside, members[member]


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
    table, name, load = next(one for one in waiting if one[0].name == period.table)
    result = read_file(load(), table, reference_date=date.max.replace(year=9000), file=name)
    reading.results[name] = result
    if result.rejected:
        raise RejectedFileError("bad-header-table")
    if result.accepted != 1 or result.lines != 1:
        del reading.results[name]
        raise RejectedFileError("bad-header-table")
    row = {name: result.rows.column(name)[0].as_py() for name in result.rows.column_names}
    if period.version and row[period.version] not in period.versions:
        del reading.results[name]
        raise RejectedFileError("wrong-version", period.version, " or ".join(period.versions))
    declared = _declared(reading.envelope, period, row)
    if (declared.as_of - reading.envelope.as_of).days > MOST_DAYS_AFTER_FOLDER:
        del reading.results[name]
        raise RejectedFileError("header-after-folder")
    if reading.provider not in (None, declared.provider):
        del reading.results[name]
        raise RejectedFileError("another-provider", period.provider)
    reading.tables[table.name] = result
    return declared


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


def _read_table(
    table: TableSpec, name: str, content: Content, reading: _Reading, parents: Parents | None
) -> ReadResult:
    """Read a table's file; the rows of a large one are handed on, if what the batch declares is known by now."""
    period = reading.spec.period
    as_of = reading.envelope.as_of
    begin = None
    if reading.keep is not None and size_of(content) >= LARGE_BYTES and _is_settled(reading, table):
        begin = reading.keep(table, name, _finish(reading))
    if begin is None:
        result = read_file(content, table, reference_date=as_of, file=name, parents=parents)
        if not result.rejected:
            result = replace(result, rows=_with_own_period(result.table_rows, table, period))
        return result
    sink = _HandingOn(begin, table, reading.spec)
    result = read_file(content, table, reference_date=as_of, file=name, parents=parents, sink=sink)
    return result if result.rejected else replace(result, rows=sink.rows())


def _is_settled(reading: _Reading, table: TableSpec) -> bool:
    """Is it known what the batch declares, so that a table's rows can carry it?"""
    period = reading.spec.period
    return period is None or period.header or period.table == table.name or period.table in reading.tables


class _HandingOn:
    """Hands a file's rows on and holds the columns that other files and the batch ask for."""

    def __init__(self, begin: Callable[[], Callable[[pa.Table], None]], table: TableSpec, spec: SourceSpec) -> None:
        self._begin = begin
        self._table = table
        self._period = spec.period
        names = [column for name, column in parents_needed(spec) if name == table.name]
        if spec.period is not None and not spec.period.header and spec.period.table == table.name:
            names += [spec.period.start, spec.period.end]
            names += [spec.period.provider, "_provider"] if spec.period.provider else []
        self._names = tuple(dict.fromkeys(names))
        self.restart()

    def restart(self) -> None:
        """Forget what came."""
        self._hand_on = self._begin()
        self._rows = 0
        self._held: dict[str, list[pa.Array]] = {name: [] for name in self._names}

    def write(self, rows: pa.Table) -> None:
        """Hand rows on."""
        rows = _with_own_period(rows, self._table, self._period)
        self._hand_on(rows)
        self._rows += rows.num_rows
        for name, held in self._held.items():
            column = rows.column(name)
            held += (column.cast(pa.string()) if name == "_provider" else column).chunks

    def rows(self) -> KeptRows:
        """What is left of the rows here."""
        types = {name: pa.string() if name == "_provider" else None for name in self._names}
        typed = typed_schema(self._table)
        return KeptRows(
            self._rows,
            {
                name: pa.chunked_array(held, None if held else types[name] or typed.field(name).type)
                for name, held in self._held.items()
            },
        )


def _with_own_period(rows: pa.Table, table: TableSpec, period: PeriodSpec | None) -> pa.Table:
    """Add `_period_start`, `_period_end` and `_provider` where each row says them for itself."""
    if period is None or period.header or period.table != table.name:
        return rows
    rows = rows.append_column("_period_start", rows.column(period.start))
    rows = rows.append_column("_period_end", rows.column(period.end))
    if period.provider:
        rows = rows.append_column("_provider", pc.dictionary_encode(rows.column(period.provider)))
    return rows


def _is_of_another(result: ReadResult, reading: _Reading) -> bool:
    """Do rows that name their provider name several, or another than the known one?"""
    if result.rejected or "_provider" not in result.rows.column_names:
        return False
    named = set(pc.unique(result.rows.column("_provider")).to_pylist())
    return len(named | ({reading.provider} if reading.provider and named else set())) > 1


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
        origins=reading.origins,
        tables={} if reason else reading.tables,
        reason=reason,
    )


def _from_rows(envelope: _Envelope, period: PeriodSpec, rows: pa.Table | KeptRows) -> _Envelope:
    """Return what the rows declare together: the whole span, and the provider where it is one."""
    providers = pc.unique(rows.column(period.provider)).to_pylist() if period.provider else []
    return replace(
        envelope,
        period_start=pc.min(rows.column(period.start)).as_py(),
        period_end=pc.max(rows.column(period.end)).as_py(),
        provider=providers[0] if len(providers) == 1 else None,
    )
