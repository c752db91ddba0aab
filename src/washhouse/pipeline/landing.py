"""How does a batch get from the inbox into the vault: landed as received, read, typed, and every line accounted for?

A batch leaves six things in the vault: its files as received, its typed rows (`typed.<source>.<table>`), their
profile (`profile.<source>`), what was submitted of each table (`part.<source>`), the records set aside
(`aside.<source>`) and its book: one row per file and one per reason. The book is written last. A run that dies leaves
whole batches with a book, which the next run takes up, and unfinished ones, which it does again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.governance.vault import Vault
from washhouse.lake.disk import Pending
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch
from washhouse.pipeline.known_from import holds_as_at, known_from
from washhouse.pipeline.landed_files import Landing
from washhouse.pipeline.submitted import own_table
from washhouse.record.quality.profile import PROFILE, Profile
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


Read = Callable[[SourceSpec, Batch, Landing, KnownParents | None, str | None], BatchResult]
"""Reads a batch's files, given known parents and provider; each is landed when it is taken from the mapping."""


def read_extracts(
    spec: SourceSpec,
    batch: Batch,
    files: Landing,
    known: KnownParents | None,
    provider: str | None = None,
) -> BatchResult:
    """Read a batch as a source's contract says; the rows of a large file go to the vault as they are read."""
    read = read_batch(spec, files, batch.name, known_parents=known, provider=provider, keep=files.keep)
    return replace(read, batch=batch.label)


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
    landing = Landing(context, spec, batch)
    try:
        result = read(spec, batch, landing, known, provider)
        result = replace(result, submitted_at=known_from(context, spec, batch, result.submitted_at))
        landing.land_rest()
        _keep_typed(context, spec, batch, replace(result, as_of=holds_as_at(context, batch, result.as_of)), landing)
        _keep_aside(context, batch, result, landing.pending)
        book = _book(context, batch, result, contract)
        context.vault.write(REASONS, batch.id, book.reasons, landing.pending)
        landing.pending.commit()
        context.reached("batch-typed")
        context.vault.write(FILES, batch.id, book.files)
        context.reached("batch-read")
        return book
    finally:
        landing.close()


def _keep_typed(context: RunContext, spec: SourceSpec, batch: Batch, result: BatchResult, landing: Landing) -> None:
    """Keep the typed rows that were not kept while they were read, and profile and submissions of all."""
    kept = landing.finish(result.tables)
    profiles = [arrow_schema(PROFILE).empty_table()]
    for table, read in result.tables.items():
        profile = kept.get(table)
        if profile is None:
            rows = with_origin(read, result)
            name = f"typed.{spec.name}.{table}"
            context.vault.write(name, batch.generation, rows, landing.pending, landing.by(table))
            profile = Profile(spec, table)
            profile.add(rows)
            landing.submitted.add(table, rows)
        profiles.append(profile.rows())
    context.vault.write(f"profile.{spec.name}", batch.generation, pa.concat_tables(profiles), landing.pending)
    context.vault.write(own_table(spec.name), batch.generation, landing.submitted.rows(), landing.pending)


def _keep_aside(context: RunContext, batch: Batch, result: BatchResult, pending: Pending) -> None:
    aside = [
        read.set_aside.append_column("file", pa.array([read.file] * read.set_aside.num_rows, pa.string()))
        for read in result.files.values()
        if read.set_aside.num_rows
    ]
    if aside:
        context.vault.write(f"aside.{batch.source}", batch.generation, pa.concat_tables(aside), pending)


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


def keep_book(context: RunContext, batch_id: str, book: Book) -> None:
    """Lay out what reading a batch came to: whoever lands the batch takes it up, and reads nothing."""
    contract = _contract_digest(context.systems[batch_id.partition("/")[0]][0])
    context.vault.write(REASONS, batch_id, book.reasons)
    context.vault.write(FILES, batch_id, book.files.replace_schema_metadata({b"contract": contract}))


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
