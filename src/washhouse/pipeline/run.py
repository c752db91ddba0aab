"""The main job: everything new in an inbox becomes the next version of one linked record.

lock -> restore -> land and read -> link -> build -> check -> score -> watch -> count -> publish -> directory -> prune

Nothing that readers see changes before the pointer is swapped in `publish`. Every step can be done again: a run that
dies anywhere leaves the last version readable, and the next run comes to the same contents.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from washhouse.core.home import Home, Settings
from washhouse.desk.clock import utc_now
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.lock import run_lock
from washhouse.lake.pointer import Version, publish, read_current
from washhouse.lake.readers import kept_tables, readable_versions
from washhouse.lake.store import Lake
from washhouse.pipeline.aggregates import count_population
from washhouse.pipeline.commit_points import Hook, nothing
from washhouse.pipeline.context import RunContext, engine_of
from washhouse.pipeline.coverage import read_coverage, to_json, without_replaced
from washhouse.pipeline.deciding import decisions_digest
from washhouse.pipeline.declared import read_anew, read_declared
from washhouse.pipeline.directory import sync_desk
from washhouse.pipeline.going_back import take_up
from washhouse.pipeline.inbox import Batch, Inbox, read_inbox
from washhouse.pipeline.known_from import tell_order
from washhouse.pipeline.landing import Book, Read, land_batches, newest_as_of, read_extracts
from washhouse.pipeline.linking import link
from washhouse.pipeline.live_records import forget_landed
from washhouse.pipeline.mapped import tell_otherwise
from washhouse.pipeline.model_states import moved_models, register_models
from washhouse.pipeline.progress import Clock, Progress, Silent
from washhouse.pipeline.publishing import name_version, prune, prune_models
from washhouse.pipeline.quality import check_quality
from washhouse.pipeline.recording import build_record, write_books
from washhouse.pipeline.report import RunReport, count_sources
from washhouse.pipeline.scoring import score
from washhouse.pipeline.typed import TypedRows
from washhouse.pipeline.watching import watch
from washhouse.sources.contract import SourceSpec
from washhouse.sources.registry import SPECS
from washhouse.sources.result import BatchResult

Find = Callable[[Collection[str], Collection[str]], Inbox]
"""Finds what is to be landed, given the ids of the batches that are known and the names of the declared sources."""


def run_inbox(
    home: Home,
    settings: Settings,
    inbox: Path,
    *,
    progress: Progress | None = None,
    reached: Hook = nothing,
    now: datetime | None = None,
    rebuild: bool = False,
) -> RunReport:
    """Bring every batch of an inbox that was not landed yet into the record, and publish.

    Args:
        home: The home; its folder exists.
        settings: What the deployer chose.
        inbox: Folder of `SOURCE/BATCH/FILE`.
        progress: Whoever follows.
        reached: Called at each commit point.
        now: The present moment, naive UTC; written down, and from when a corrected batch is known.
        rebuild: Build the whole record anew and publish it, whether or not there is anything new.

    Returns:
        What the run came to.

    Raises:
        InputError: The inbox is missing or empty, or changed while it was read.
        HomeError: The home is locked or broken, or the key is not the vault's.
    """

    def find(known: Collection[str], declared: Collection[str]) -> Inbox:
        return read_inbox(inbox, [*SPECS, *declared], known)

    return run(
        home, settings, find, progress=progress or Silent(), reached=reached, now=now or utc_now(), rebuild=rebuild
    )


class DataSet(Protocol):
    """A data set of another format: one batch of the source that stands for the format."""

    def find(self, landed: Iterable[str]) -> Inbox:
        """An inbox with its batch, or with none if it is among the landed ones."""

    @property
    def read(self) -> Read:
        """Reads the batch that was found."""


def run_data_set(
    home: Home,
    settings: Settings,
    data_set: DataSet,
    *,
    progress: Progress | None = None,
    reached: Hook = nothing,
    now: datetime | None = None,
) -> RunReport:
    """Bring a data set into the record as one batch; see `run_inbox`.

    Args:
        home: The home; its folder exists.
        settings: What the deployer chose.
        data_set: What is brought: `data_set.MedsSet`, `resource_set.ResourceSet` or `cdm_set.CdmSet`.
        progress: Whoever follows.
        reached: Called at each commit point.
        now: The present moment, naive UTC; written down, and from when a corrected batch is known.

    Returns:
        What the run came to.

    Raises:
        InputError: As the data set's `find` says.
        HomeError: The home is locked or broken, or the key is not the vault's.
    """

    def find(known: Collection[str], declared: Collection[str]) -> Inbox:
        return data_set.find(known)

    def read(spec: SourceSpec, batch: Batch, *given: Any) -> BatchResult:
        # What a changed declaration reads again beside it is a batch of extracts.
        return (read_extracts if batch.replaces else data_set.read)(spec, batch, *given)

    return run(
        home,
        settings,
        find,
        progress=progress or Silent(),
        reached=reached,
        now=now or utc_now(),
        read=read,
    )


def run(
    home: Home,
    settings: Settings,
    find: Find,
    *,
    progress: Progress,
    reached: Hook,
    now: datetime,
    read: Read = read_extracts,
    rebuild: bool = False,
) -> RunReport:
    """Land what `find` finds, read it with `read`, and publish; see `run_inbox`."""
    with run_lock(home):
        reached("locked")
        context = RunContext(
            home=home,
            settings=settings,
            lake=Lake(home.lake),
            vault=Vault(home, load_or_create_master_key(home, settings)),
            published=read_current(home),
            now=now,
            progress=progress,
            reached=reached,
            engine=engine_of(home, settings),
            rebuild=rebuild,
        )
        context.empty_spill()
        context = replace(context, declared=read_declared(context))
        restored = context.lake.restore(context.published.tables if context.published else {}, kept_tables(home))
        if context.published is not None:  # by a run that died after it published
            register_models(context, context.published)
        prune_models(context, readable_versions(home))
        reached("restored")
        try:
            found = take_up(context, read_anew(context, find(context.known_batches, context.declared)))
            return _run_locked(context, found, restored, read)
        finally:
            context.engine.close()
            context.empty_spill()


def _run_locked(context: RunContext, inbox: Inbox, restored: list[str], read: Read) -> RunReport:
    clock = Clock(context.progress)
    for name in inbox.unknown_sources:
        context.progress.warn(f"the inbox's folder {name!r} is no known source and was left alone")
    for name in inbox.stray:
        context.progress.warn(f"the inbox's file {name!r} belongs to no batch and was left alone")
    version = context.published
    books: list[Book] = []
    decisions = decisions_digest(context)
    decided_anew = version is not None and decisions != version.summary.get("decisions", "")
    is_moved = version is not None and bool(moved_models(context, version))
    is_due = bool(inbox.batches) or decided_anew or is_moved or (context.rebuild and version is not None)
    if is_due:
        tell_otherwise(context)
        books = _land(context, clock, inbox, read) if inbox.batches else []
        version = _build(context, clock, inbox, books, decisions)
        publish(context.home, version, prepared=lambda: context.reached("list-written"))
        context.reached("published")
        register_models(context, version)
    elif version is not None and context.buckets != version.buckets:
        context.progress.warn(
            f"nothing is new, so the record stays in {version.buckets} buckets; with --rebuild it is laid out in "
            f"{context.buckets}"
        )
    if version is None:  # an inbox with nothing new, and nothing published, holds no batch at all: `find` refused it
        raise AssertionError("nothing found and nothing published")
    with clock.step("desk"):
        clock.rows = sync_desk(context, version) + forget_landed(context, version)
        context.reached("desk-synced")
    prune(context)
    context.reached("pruned")
    return RunReport(
        version=version.id,
        published=is_due,
        summary=version.summary,
        seconds=clock.seconds,
        landed=len(inbox.batches),
        rejected=tuple(refusal for book in books for refusal in book.rejected),
        unknown_sources=inbox.unknown_sources,
        misnamed=inbox.misnamed,
        restored=tuple(restored),
    )


def _land(context: RunContext, clock: Clock, inbox: Inbox, read: Read) -> list[Book]:
    total = sum(file.bytes for batch in inbox.batches for file in batch.files if file.path is not None)
    tell_order(context, inbox.batches)
    with clock.step("land", total, "bytes"):
        books = land_batches(context, inbox.batches, read)
        clock.rows = sum(sum(book.files["lines"].to_pylist()) for book in books)
    return books


def _build(context: RunContext, clock: Clock, inbox: Inbox, books: list[Book], decisions: str) -> Version:
    """Make the next version: everything written, nothing published."""
    earlier = context.published
    replaced = {batch.replaces for batch in inbox.batches if batch.replaces}
    kept = [batch_id for batch_id in (earlier.batches if earlier else ()) if batch_id not in replaced]
    batches = (*kept, *(batch.id for batch in inbox.batches))
    number = earlier.number + 1 if earlier else 1
    version_id = name_version(number, batches)
    files, tables = write_books(context, books, replaced)
    typed = TypedRows(context.vault, batches, files, context.reopen, earlier.vault if earlier else None)
    with clock.step("link"):
        linked, generations = link(context, typed, version_id)
        clock.rows = linked.identity.num_rows
    with clock.step("record"):
        built = build_record(context, typed, linked, version_id)
        tables |= built.tables
        generations |= built.generations
        clock.rows = built.summary["events"]
    standing = without_replaced(files, batches)
    summary: dict[str, Any] = {
        "sources": count_sources(files),
        "linkage": linked.summary,
        "record": built.summary,
        "covers": to_json(
            read_coverage(standing, {**SPECS, **{name: one.spec for name, one in context.declared.items()}})
        ),
        "decisions": decisions,
        "mapped": built.mapped,
    }
    candidate = Version(
        number=number,
        id=version_id,
        published_at=context.now,
        tables=tables,
        vault=generations,
        batches=batches,
        as_of=newest_as_of(standing),
        models={},
        buckets=context.buckets,
        summary=summary,
    )
    with clock.step("quality"):
        candidate, clock.rows = check_quality(context, candidate, files, linked)
    with clock.step("score"):
        candidate, results = score(context, candidate)
        clock.rows = sum(result.scores.num_rows for result in results.values())
    with clock.step("watch"):
        candidate, clock.rows = watch(context, candidate, results)
    with clock.step("count"):
        candidate, clock.rows = count_population(context, candidate)
    return candidate
