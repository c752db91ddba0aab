"""How does a batch get from the inbox into the vault: landed as received, read, typed, and every line accounted for?

A batch leaves five things in the vault: its files as received, its typed rows (`typed.<source>.<table>`) and their
profile (`profile.<source>`), the records set aside (`aside.<source>`) and its book: one row per file and one per
reason. The book is written last. A run that dies leaves whole batches with a book, which the next run takes up, and
unfinished ones, which it does again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.governance.vault import Vault
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch, unreadable
from washhouse.record.quality.profile import profile_tables
from washhouse.record.tables import BATCH, QUARANTINE
from washhouse.sources.contract import SourceSpec
from washhouse.sources.origin import with_origin
from washhouse.sources.reader import KnownParents, is_delta, parents_needed, read_batch
from washhouse.sources.result import BatchResult, ReadResult

FILES = "book.file"
REASONS = "book.reason"
MOST_AT_ONCE = 4
"""Batches in memory at one time, at most."""


@dataclass(frozen=True)
class Book:
    """What reading a batch came to.

    Attributes:
        files: Rows of `record.batch`.
        reasons: Rows of `record.quarantine`.
    """

    files: pa.Table
    reasons: pa.Table

    @property
    def rejected(self) -> list[tuple[str, str]]:
        """Rejected files as `source/batch/file`, each with the reason in words."""
        return [
            (f"{row['source']}/{row['batch']}/{row['file']}", row["reason"] or "")
            for row in self.files.select(["source", "batch", "file", "status", "reason"]).to_pylist()
            if row["status"] == "rejected"
        ]


class Parents:
    """What rows of a source may point at: the keys that its earlier batches sent.

    Only a batch of changes needs them; they are read when the first one comes.

    Args:
        context: The run.
        spec: The source's contract.
    """

    def __init__(self, context: RunContext, spec: SourceSpec) -> None:
        self._vault = context.vault
        self._spec = spec
        self._unread = list(context.published.batches) if context.published else []
        self._values: dict[tuple[str, str], pa.Array] = {}

    def add(self, batch_id: str) -> None:
        """A batch was landed."""
        self._unread.append(batch_id)

    def values(self) -> dict[tuple[str, str], pa.Array]:
        """Keys sent so far, by table and column."""
        generations = [one.partition("/")[2] for one in self._unread if one.startswith(f"{self._spec.name}/")]
        self._unread = []
        for table, column in parents_needed(self._spec):
            name = f"typed.{self._spec.name}.{table}"
            parts = [
                self._vault.read(name, generation, [column]).column(0)
                for generation in generations
                if self._vault.exists(name, generation)
            ]
            chunks = [chunk for part in parts for chunk in part.chunks]
            held = self._values.get((table, column), pa.array([], pa.string()))
            self._values[table, column] = pc.unique(pa.chunked_array([held, *chunks], pa.string()))
        return dict(self._values)


Read = Callable[[SourceSpec, Batch, Mapping[str, bytes], KnownParents | None, str | None], BatchResult]
"""Reads a batch's files, given known parents and provider; each is landed when it is taken from the mapping."""


def read_extracts(
    spec: SourceSpec,
    batch: Batch,
    files: Mapping[str, bytes],
    known: KnownParents | None,
    provider: str | None = None,
) -> BatchResult:
    """Read a batch as a source's contract says."""
    return replace(read_batch(spec, files, batch.name, known_parents=known, provider=provider), batch=batch.label)


def known_provider(vault: Vault, spec: SourceSpec, batches: Iterable[str]) -> str | None:
    """Provider that sent the first of a source's batches, None if nobody did or its contract names none.

    Args:
        vault: The vault.
        spec: The source's contract.
        batches: Ids of batches, in the order of landing.
    """
    for batch_id in batches if spec.period is not None else ():
        source, _, generation = batch_id.partition("/")
        table = f"typed.{source}.{spec.period.table}" if spec.period else ""
        if source == spec.name and vault.exists(table, generation):
            named = vault.read(table, generation, ["_provider"]).column(0).cast(pa.string())
            for provider in pc.unique(named).to_pylist():
                if provider is not None:
                    return str(provider)
    return None


def land_batches(context: RunContext, batches: Sequence[Batch], read: Read = read_extracts) -> list[Book]:
    """Land batches, some at a time; a batch of changes waits for all of its source before it.

    Args:
        context: The run.
        batches: Batches in order of declared date.
        read: Reads a batch.

    Returns:
        Their books, in the same order.
    """
    specs = {name: spec for name, (spec, _) in context.systems.items()}
    parents = {name: Parents(context, spec) for name, spec in specs.items()}
    workers = min(context.settings.threads or os.cpu_count() or 1, MOST_AT_ONCE)
    books: dict[str, Future[Book]] = {}
    published = context.published.batches if context.published else ()
    providers = {name: known_provider(context.vault, spec, published) for name, spec in specs.items()}
    with ThreadPoolExecutor(workers, thread_name_prefix="land") as pool:
        try:
            for batch in batches:
                known: KnownParents | None = None
                if is_delta(batch.name):
                    for earlier in [one for one in batches if one.id in books and one.source == batch.source]:
                        books[earlier.id].result()
                    known = parents[batch.source].values()
                spec = specs[batch.source]
                books[batch.id] = pool.submit(land_batch, context, spec, batch, known, read, providers[batch.source])
                if spec.period is not None and providers[batch.source] is None:
                    # The first batch settles whose ids the source's are; those behind it are held against it.
                    books[batch.id].result()
                    providers[batch.source] = known_provider(context.vault, spec, [batch.id])
                parents[batch.source].add(batch.id)
            return [book.result() for book in books.values()]
        finally:
            pool.shutdown(cancel_futures=True)


def land_batch(
    context: RunContext,
    spec: SourceSpec,
    batch: Batch,
    known: KnownParents | None = None,
    read: Read = read_extracts,
    provider: str | None = None,
) -> Book:
    """Land a batch, read it and keep its rows.

    Args:
        context: The run.
        spec: The source's contract.
        batch: A batch of the inbox.
        known: What the rows of a batch of changes may point at; None for any other.
        read: Reads the batch.
        provider: Who sent the source's earlier batches, None if nobody did.

    Returns:
        The batch's book.

    Raises:
        InputError: `inbox-changed`: a file changed while it was read. `inbox-unreadable`: it may not be read.
    """
    contract = _contract_digest(spec)
    if context.vault.exists(FILES, batch.id):
        book = Book(context.vault.read(FILES, batch.id), context.vault.read(REASONS, batch.id))
        if (book.files.schema.metadata or {}).get(b"contract") == contract:
            return book
    landing = _Landing(context, batch)
    result = read(spec, batch, landing, known, provider)
    result = replace(result, submitted_at=known_from(context, spec, batch, result.submitted_at))
    landing.land_rest()
    for table, rows in result.tables.items():
        context.vault.write(f"typed.{spec.name}.{table}", batch.generation, with_origin(rows, result))
    profile = profile_tables(spec, {name: [read.rows] for name, read in result.tables.items()})
    context.vault.write(f"profile.{spec.name}", batch.generation, profile)
    _keep_aside(context, batch, result)
    context.reached("batch-typed")
    book = _book(context, batch, result, contract)
    context.vault.write(REASONS, batch.id, book.reasons)
    context.vault.write(FILES, batch.id, book.files)
    context.reached("batch-read")
    return book


def known_from(context: RunContext, spec: SourceSpec, batch: Batch, declared: datetime) -> datetime:
    """When the record may say that it knew what a batch holds, naive UTC.

    A first submission is taken at its word. A further one under the same name was not there when the first was made:
    it counts from the time that its own header gives, if that is later than any before it under the name, and else
    from its landing. The time stays with the batch's rows, so that no later run moves it.

    Args:
        context: The run.
        spec: The source's contract.
        batch: The batch.
        declared: When the batch says that it was made.
    """
    if batch.replaces:
        return _known_before(context, spec, batch) or declared
    if not batch.is_further:
        return declared
    if spec.period is not None and spec.period.created:
        before = _submitted_before(context, spec, batch)
        if before is None or declared > before:
            return declared
    return max(declared, context.now)


def _known_before(context: RunContext, spec: SourceSpec, batch: Batch) -> datetime | None:
    """When the record knew a batch that is read again; None if no row of it was accepted."""
    generation = batch.replaces.partition("/")[2]
    for table in context.vault.tables():
        if table.startswith(f"typed.{spec.name}.") and context.vault.exists(table, generation):
            times = context.vault.read(table, generation, ["_submitted_at"]).column(0)
            if len(times):
                known: datetime = times[0].as_py()
                return known
    return None


def _submitted_before(context: RunContext, spec: SourceSpec, batch: Batch) -> datetime | None:
    """Latest time that a header gave under a batch's name so far, None if none could be read."""
    table = f"typed.{spec.name}.{spec.period.table}" if spec.period else ""
    times = []
    for batch_id in context.published.batches if context.published else ():
        source, _, generation = batch_id.partition("/")
        name = generation.rpartition("@")[0].partition("~")[0]
        if (source, name) == (batch.source, batch.name) and context.vault.exists(table, generation):
            times += context.vault.read(table, generation, ["_submitted_at"]).column(0).to_pylist()
    return max(times, default=None)


class _Landing(Mapping[str, bytes]):
    """A batch's files by name; each is landed when it is read, and only one is in memory at a time."""

    def __init__(self, context: RunContext, batch: Batch) -> None:
        self._context = context
        self._batch = f"{batch.source}/{batch.name}"
        self._files = {file.name: file for file in batch.files}
        self._landed: set[str] = set()

    def __getitem__(self, name: str) -> bytes:
        file = self._files[name]
        if file.path is None:
            return self._context.vault.read_landed(file.sha256)
        try:
            data = file.path.read_bytes()
        except OSError as error:
            raise unreadable(error) from error
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise InputError(
                "inbox-changed",
                f"A file of the batch {self._batch} changed while the run read it.",
                "Fill a batch's folder elsewhere, move it into the inbox when it is complete, and run again.",
            )
        if name not in self._landed:
            self._context.vault.land(data)
            self._landed.add(name)
            self._context.reached("file-landed")
            self._context.progress.advance(len(data))
        return data

    def land_rest(self) -> None:
        """Land what the reader had no use for: what was received is kept."""
        for name in self._files.keys() - self._landed:
            self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _keep_aside(context: RunContext, batch: Batch, result: BatchResult) -> None:
    aside = [
        read.set_aside.append_column("file", pa.array([read.file] * read.set_aside.num_rows, pa.string()))
        for read in result.files.values()
        if read.set_aside.num_rows
    ]
    if aside:
        context.vault.write(f"aside.{batch.source}", batch.generation, pa.concat_tables(aside))


def _book(context: RunContext, batch: Batch, result: BatchResult, contract: bytes) -> Book:
    sent = {file.name: file for file in batch.files}
    files: list[dict[str, object]] = []
    reasons: list[pa.Table] = []
    for read in result.files.values():
        origin = sent[result.origins.get(read.file, read.file)]
        files.append(
            {
                "source": batch.source,
                "batch": batch.label,
                "file": read.file,
                "source_table": read.table,
                "status": "rejected" if read.rejected else "accepted",
                "reason": read.reason or None,
                "as_of": result.as_of,
                "period_start": result.period_start,
                "period_end": result.period_end,
                "sha256": origin.sha256,
                "bytes": origin.bytes,
                "lines": read.lines,
                "accepted": read.accepted,
                "warned": read.warned,
                "quarantined": read.quarantined,
                "duplicates": read.duplicates,
                "opted_out": read.opted_out,
                "landed_at": context.now,
            }
        )
        reasons.append(_reasons(batch, read))
    return Book(
        pa.Table.from_pylist(files, schema=arrow_schema(BATCH)).replace_schema_metadata({b"contract": contract}),
        pa.concat_tables(reasons) if reasons else arrow_schema(QUARANTINE).empty_table(),
    )


def _reasons(batch: Batch, read: ReadResult) -> pa.Table:
    rows = read.issues.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "source": pa.repeat(pa.scalar(batch.source), rows),
        "batch": pa.repeat(pa.scalar(batch.label), rows),
        "file": pa.repeat(pa.scalar(read.file), rows),
        "source_table": pa.repeat(pa.scalar(read.table, pa.string()), rows),
        **{name: read.issues.column(name) for name in ("row", "column", "rule", "severity", "reason")},
    }
    return pa.table(columns, schema=arrow_schema(QUARANTINE))


def _contract_digest(spec: SourceSpec) -> bytes:
    """A batch read under another contract is read again."""
    return hashlib.sha256(repr(spec).encode()).hexdigest().encode()


def newest_as_of(files: pa.Table) -> dict[str, date]:
    """Newest declared date of each source, over the accepted files of `record.batch`."""
    newest: dict[str, date] = {}
    for row in files.select(["source", "as_of", "status"]).to_pylist():
        if row["status"] == "accepted":
            newest[row["source"]] = max(newest.get(row["source"], row["as_of"]), row["as_of"])
    return newest
