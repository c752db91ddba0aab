"""What arrived from each source, did every line find a place, and how fresh is it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.record.reader import covers_of
from washhouse.record.submissions import latest_submissions
from washhouse.web.shell.layout import SOURCE_TITLES, source_lane, source_title
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import ago

BATCHES_A_PAGE = 25
COUNTS = ("lines", "accepted", "warned", "quarantined", "duplicates", "opted_out")


@dataclass(frozen=True)
class Counts:
    """Where lines went. `warned` lies within `accepted`."""

    lines: int = 0
    accepted: int = 0
    warned: int = 0
    quarantined: int = 0
    duplicates: int = 0
    opted_out: int = 0

    @property
    def placed(self) -> int:
        """Lines that are accounted for."""
        return self.accepted + self.quarantined + self.duplicates + self.opted_out

    @property
    def adds_up(self) -> bool:
        """Is every line accounted for?"""
        return self.lines == self.placed


@dataclass(frozen=True)
class File:
    """One file of a batch."""

    name: str
    table: str
    rejected: bool
    reason: str
    size_bytes: int
    counts: Counts


@dataclass(frozen=True)
class Batch:
    """One delivery of one source."""

    source: str
    title: str
    lane: str
    name: str
    as_of: date
    period: tuple[date | None, date | None]
    landed_at: datetime
    counts: Counts
    files: tuple[File, ...]

    @property
    def rejected(self) -> int:
        """Files that were refused whole."""
        return sum(file.rejected for file in self.files)


@dataclass(frozen=True)
class Feed:
    """One source as a whole.

    Attributes:
        as_of: Newest declared date: when it last sent something.
        reaches: Day up to which its data reaches; a quarter sent late reaches less far than the day it was sent.
        age: How long ago that was.
        rejected: Files refused whole in the latest submission of their batch.
    """

    source: str
    title: str
    lane: str
    as_of: date
    reaches: date
    age: str
    batches: int
    rejected: int
    counts: Counts


def show_feeds(visit: Visit) -> Response:
    """Show each source, then its batches, the newest first."""
    batches = build_batches(visit.record.batches().to_pylist())
    feeds = build_feeds(batches, covers_of(visit.published), visit.services.today())
    source = visit.query("source")
    chosen = [batch for batch in batches if not source or batch.source == source]
    pager = build_pager(visit, len(chosen), BATCHES_A_PAGE)
    return render(
        visit,
        "steward/feeds.html",
        feeds=feeds,
        total=add_up(feed.counts for feed in feeds),
        source=source if any(feed.source == source for feed in feeds) else "",
        batches=chosen[pager.first : pager.last],
        pager=pager,
    )


def show_batch(visit: Visit) -> Response:
    """Show the files of one batch."""
    source, name = visit.parameter("source"), visit.parameter("batch")
    found = [
        batch
        for batch in build_batches(visit.record.batches().to_pylist())
        if (batch.source, batch.name) == (source, name)
    ]
    if not found:
        raise HTTPException(404)
    return render(visit, "steward/batch.html", batch=found[0])


def build_batches(rows: Sequence[dict[str, Any]]) -> list[Batch]:
    """Gather the files of `record.batch` into batches, the newest first."""

    def key(row: dict[str, Any]) -> tuple[str, str]:
        return row["source"], row["batch"]

    batches = []
    for (source, name), group in groupby(sorted(rows, key=key), key):
        files = sorted(group, key=lambda row: row["file"])
        batches.append(
            Batch(
                source=source,
                title=source_title(source),
                lane=source_lane(source),
                name=name,
                as_of=max(row["as_of"] for row in files),
                period=(files[0]["period_start"], files[0]["period_end"]),
                landed_at=max(row["landed_at"] for row in files),
                counts=add_up(_counts(row) for row in files),
                files=tuple(_file(row) for row in files),
            )
        )
    return sorted(batches, key=lambda batch: (batch.as_of, batch.name, batch.source), reverse=True)


def build_feeds(batches: Iterable[Batch], covers: Mapping[str, date], today: date) -> list[Feed]:
    """Sum batches up by source, known services first."""
    by_source: dict[str, list[Batch]] = {}
    for batch in batches:
        by_source.setdefault(batch.source, []).append(batch)
    order = {name: place for place, name in enumerate(SOURCE_TITLES)}
    names = sorted(by_source, key=lambda name: (order.get(name, len(order)), name))
    return [_feed(name, by_source[name], covers.get(name), today) for name in names]


def _feed(source: str, batches: Sequence[Batch], covers: date | None, today: date) -> Feed:
    as_of = max(batch.as_of for batch in batches)
    reaches = covers or as_of
    latest = latest_submissions((source, batch.name) for batch in batches)
    return Feed(
        source=source,
        title=source_title(source),
        lane=source_lane(source),
        as_of=as_of,
        reaches=reaches,
        age=ago(reaches, today),
        batches=len(batches),
        rejected=sum(batch.rejected for batch in batches if (source, batch.name) in latest),
        counts=add_up(batch.counts for batch in batches),
    )


def add_up(counts: Iterable[Counts]) -> Counts:
    """Sum counts.

    >>> add_up([Counts(lines=3, accepted=3), Counts(lines=2, quarantined=2)])
    Counts(lines=5, accepted=3, warned=0, quarantined=2, duplicates=0, opted_out=0)
    """
    listed = list(counts)
    return Counts(**{name: sum(getattr(each, name) for each in listed) for name in COUNTS})


def _counts(row: dict[str, Any]) -> Counts:
    return Counts(**{name: row[name] for name in COUNTS})


def _file(row: dict[str, Any]) -> File:
    return File(
        name=row["file"],
        table=row["source_table"] or "",
        rejected=row["status"] == "rejected",
        reason=row["reason"] or "",
        size_bytes=row["bytes"],
        counts=_counts(row),
    )
