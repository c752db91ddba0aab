"""Which submissions of a table are there, in which order do they hold, and which takes the place of which?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.sources.contract import Delivery

PART_COLUMNS = ("_file", "_batch", "_submitted_at", "_as_of", "_period_start", "_period_end", "_provider", "_kind")
"""Columns of typed rows that say in which file of which submission a row came."""

_NO_DAY = date.max.toordinal() + 1


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
    covers = _covers(known, delivery)
    as_at = _as_at(known, covers) if delivery == "replace-period" else [one.as_of for one in known]
    held = sorted(range(len(known)), key=lambda at: (as_at[at], at))
    rank = {at: position for position, at in enumerate(held)}
    replaced_by = _replaced_by(known, covers, delivery)
    return [Place(one, at, rank[at], replaced_by[at]) for at, one in enumerate(known)]


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


def _covers(known: Sequence[Submission], delivery: Delivery) -> dict[int, npt.NDArray[np.bool_]]:
    """Which of all submissions each full one covers, by its place in the order of knowing.

    Days are compared as numbers and all at once: there are as many pairs as the square of what was ever submitted.
    """
    full = [at for at, one in enumerate(known) if one.is_full]
    if delivery == "delta" or not full:
        return {}
    codes = {provider: code for code, provider in enumerate(dict.fromkeys(one.provider for one in known))}
    provider = np.array([codes[one.provider] for one in known])
    if delivery == "snapshot":
        day = np.array([one.as_of.toordinal() for one in known])
        return {at: (provider == provider[at]) & (day <= day[at]) for at in full}
    spans = [(one.period_start, one.period_end) for one in known]
    # What names no period is covered by nothing and covers nothing: it begins before and ends after every day.
    starts = np.array([-1 if None in span else span[0].toordinal() for span in spans])  # type: ignore[union-attr]
    ends = np.array([_NO_DAY if None in span else span[1].toordinal() for span in spans])  # type: ignore[union-attr]
    return {
        at: (provider == provider[at]) & (starts[at] <= starts) & (ends <= ends[at])
        if ends[at] < _NO_DAY
        else np.zeros(len(known), dtype=np.bool_)
        for at in full
    }


def _as_at(known: Sequence[Submission], covers: Mapping[int, npt.NDArray[np.bool_]]) -> list[date]:
    """The day as at which each submission, in order of knowing, says what it says."""
    days = np.array([(one.as_of if one.period_end is None else one.period_end).toordinal() for one in known])
    is_covered = np.zeros(len(known), dtype=np.bool_)
    for at, one in enumerate(known):
        if one.is_full:
            days[at] = max(days[at], days[:at][covers[at][:at]].max(initial=0))
            is_covered |= covers[at]
        elif is_covered[at]:
            days[at] = one.as_of.toordinal()
    return [date.fromordinal(day) for day in days.tolist()]


def _replaced_by(
    known: Sequence[Submission], covers: Mapping[int, npt.NDArray[np.bool_]], delivery: Delivery
) -> list[int | None]:
    """What takes the place of each submission: the first later one that covers it, itself if it came too late."""
    found = np.full(len(known), -1)
    newest: dict[str | None, date] = {}
    for at, one in enumerate(known):
        if delivery == "snapshot" and newest.get(one.provider, one.as_of) > one.as_of:
            found[at] = at
        if at in covers:
            newest[one.provider] = max(newest.get(one.provider, one.as_of), one.as_of)
            found[:at][covers[at][:at] & (found[:at] < 0)] = at
    return [None if at < 0 else at for at in found.tolist()]


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
