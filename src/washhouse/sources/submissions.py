"""Which submissions of a table are there, in which order do they hold, and which takes the place of which?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from washhouse.sources.contract import Delivery

PART_COLUMNS = ("_file", "_batch", "_submitted_at", "_as_of", "_period_start", "_period_end", "_provider", "_kind")
"""Columns of typed rows that say in which file of which submission a row came."""


@dataclass(frozen=True)
class Submission:
    """One batch's rows of one table, for one period and provider.

    Attributes:
        batch: Batch id; the last tie-break.
        submitted_at: When the sender made it, UTC.
        as_of: Declared date.
        period_start: First day it reports on, if it says.
        period_end: Last day it reports on, if it says.
        provider: Who sent it; submissions of different providers never touch each other.
        is_full: Whether it states everything it covers, and not changes only.
    """

    batch: str
    submitted_at: datetime
    as_of: date
    period_start: date | None
    period_end: date | None
    provider: str | None
    is_full: bool


@dataclass(frozen=True)
class Place:
    """Where a submission stands among the others.

    Attributes:
        submission: The submission.
        sequence: Order of knowing, from 0.
        rank: Order of holding, from 0; the higher holds.
        replaced_by: `sequence` of the first later submission that covers it; its own if it came too late to count.
    """

    submission: Submission
    sequence: int
    rank: int
    replaced_by: int | None


def order_submissions(submissions: Sequence[Submission], delivery: Delivery) -> list[Place]:
    """Put submissions in order, rank them and find what each one withdraws.

    Args:
        submissions: All submissions of one table.
        delivery: How the source delivers it.

    Returns:
        One place per submission, by `sequence`.

    >>> from datetime import date, datetime
    >>> def january(batch, day):
    ...     return Submission(batch, datetime(2025, 6, day), date(2025, 6, day), date(2025, 1, 1), date(2025, 1, 31),
    ...                       "RXX", True)
    >>> places = order_submissions([january("a", 9), january("b", 2)], "replace-period")
    >>> [(place.submission.batch, place.rank, place.replaced_by) for place in places]
    [('b', 0, 1), ('a', 1, None)]
    """
    known = sorted(submissions, key=_order)
    as_at = _as_at(known) if delivery == "replace-period" else [one.as_of for one in known]
    held = sorted(range(len(known)), key=lambda at: (as_at[at], at))
    rank = {at: position for position, at in enumerate(held)}
    return [Place(one, at, rank[at], _replacer(at, known, delivery)) for at, one in enumerate(known)]


@dataclass(frozen=True)
class Standing:
    """How a submission counts among the others.

    Attributes:
        rank: Order of holding among them.
        effect: What takes its place, if anything, and when its provider last submitted before it.
    """

    rank: int
    effect: tuple[Submission | None, datetime | None]


def standing_of(submissions: Sequence[Submission], delivery: Delivery) -> dict[Submission, Standing]:
    """How each submission counts, in the order of knowing.

    Where two versions hold submissions of the same standing and in the same order, whatever only these tell of is the
    same in both.
    """
    places = order_submissions(list(dict.fromkeys(submissions)), delivery)
    replaced = [None if one.replaced_by is None else places[one.replaced_by].submission for one in places]
    effects = zip(replaced, previous_of(places), strict=True)
    return {one.submission: Standing(one.rank, effect) for one, effect in zip(places, effects, strict=True)}


def _order(one: Submission) -> tuple[object, ...]:
    never = date.min
    periods = (one.period_end or never, one.period_start or never)
    return (one.submitted_at, one.as_of, one.batch, *periods, one.provider or "")


def _as_at(known: Sequence[Submission]) -> list[date]:
    """The day as at which each submission, in order of knowing, says what it says."""
    days: list[date] = []
    for at, one in enumerate(known):
        day = one.as_of if one.period_end is None else one.period_end
        if one.is_full:
            replaced = (days[before] for before in range(at) if _covers(one, known[before], "replace-period"))
            day = max(day, *replaced, day)
        elif any(_covers(earlier, one, "replace-period") for earlier in known[:at]):
            day = one.as_of
        days.append(day)
    return days


def _replacer(at: int, known: Sequence[Submission], delivery: Delivery) -> int | None:
    if delivery == "snapshot" and any(_is_outdated_by(known[at], earlier) for earlier in known[:at]):
        return at
    later = range(at + 1, len(known))
    return next((other for other in later if _covers(known[other], known[at], delivery)), None)


def _is_outdated_by(one: Submission, earlier: Submission) -> bool:
    return earlier.is_full and earlier.provider == one.provider and earlier.as_of > one.as_of


def _covers(later: Submission, earlier: Submission, delivery: Delivery) -> bool:
    if not later.is_full or later.provider != earlier.provider or delivery == "delta":
        return False
    if delivery == "snapshot":
        return later.as_of >= earlier.as_of
    if None in (later.period_start, later.period_end, earlier.period_start, earlier.period_end):
        return False
    return later.period_start <= earlier.period_start and earlier.period_end <= later.period_end  # type: ignore[operator]


def previous_of(places: Sequence[Place]) -> list[datetime | None]:
    """When each submission's provider last submitted before it."""
    latest: dict[str | None, datetime] = {}
    found = []
    for place in places:
        found.append(latest.get(place.submission.provider))
        if place.replaced_by != place.sequence:
            latest[place.submission.provider] = place.submission.submitted_at
    return found


def submission_of(row: Sequence[Any]) -> tuple[Submission, str]:
    """The submission and the file, as `batch/file`, that a row's `PART_COLUMNS` name."""
    file, batch, submitted_at, as_of, start, end, provider, kind = row
    return Submission(batch, submitted_at, as_of, start, end, provider, kind != "delta"), f"{batch}/{file}"
