"""At which index times is an outcome model fitted, calibrated and tested?

Months of history are known at their submission, so the index of a month is the first Monday after it: what is known
then is two to nine days old. Outcomes that follow an event are indexed on every day. Fitting, calibration and test
follow each other in time, each a washout apart from the one before.

References:
    docs/adr/2026-11-22-crisis-model.md, docs/adr/2026-11-26-outcome-models.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.insight.outcomes.contract import IndexRule, Outcome

HISTORY_DAYS = 365
"""Days of submissions before the first index, so that counts of a year are counts of a year."""

REPORTING_LAG_DAYS = 7
"""Days after which an outcome is taken to be recorded."""

EVERY: dict[IndexRule, int] = {"month": 1, "quarter": 3, "year": 12}
"""Months from one index to the next."""

MIN_EVENTS = {"fit": 60, "calibration": 15, "test": 20}
"""Outcomes that each part needs; with fewer, no model is fitted and nobody is scored."""


@dataclass(frozen=True)
class Split:
    """Index dates of the three parts, in order of time."""

    fit: tuple[date, ...]
    calibration: tuple[date, ...]
    test: tuple[date, ...]


def longest_lags(index_dates: Iterable[date], submitted: Mapping[str, Sequence[date]]) -> dict[str, int]:
    """How long ago each source had last submitted something, at most, when people were looked at.

    Args:
        index_dates: Days on which people were looked at.
        submitted: Days on which each source submitted something, in order.

    Returns:
        Days by source, over the index dates before which it had submitted anything; without those it never had.

    Examples:
        >>> longest_lags([date(2024, 3, 4), date(2024, 4, 1)], {"gp": [date(2024, 2, 28)], "late": [date(2025, 1, 1)]})
        {'gp': 33}
    """
    days, found = sorted(set(index_dates)), {}
    for source, sent in submitted.items():
        places = [bisect_left(sent, day) for day in days]
        lags = [(day - sent[place - 1]).days for day, place in zip(days, places, strict=True) if place]
        if lags:
            found[source] = max(lags)
    return found


def choose_index_dates(outcome: Outcome, submitted: Iterable[date], today: date) -> tuple[date, ...]:
    """Past days on which people are looked at: a year of history and the whole outcome are known.

    What happened after the newest submission is not known yet: no index whose outcome days reach beyond it is chosen.

    Args:
        outcome: The declaration; with `day`, every day is chosen, and the population takes those on which its event
            happened.
        submitted: Days on which its sender submitted something.
        today: Day at whose start the newest scores are made.

    Returns:
        Days in order.
    """
    first_of_month: dict[tuple[int, int], date] = {}
    submitted_days = sorted(submitted)
    for day in submitted_days:
        first_of_month.setdefault((day.year, day.month), day)
    if not first_of_month:
        return ()
    begin = min(first_of_month.values()) + timedelta(HISTORY_DAYS)
    end = min(today - timedelta(REPORTING_LAG_DAYS), submitted_days[-1]) - timedelta(outcome.horizon_days)
    if outcome.index == "day":
        return tuple(begin + timedelta(number) for number in range(max(0, (end - begin).days + 1)))
    mondays = {day + timedelta(7 - day.weekday()) for day in first_of_month.values()}
    known = sorted(monday for monday in mondays if begin <= monday <= end)
    return tuple(known[:: -EVERY[outcome.index]][::-1])


def split_index_dates(outcome: Outcome, dates: Sequence[date]) -> Split:
    """Split index dates in time, leaving out those whose outcome days reach into the washout before the next part.

    Args:
        outcome: The declaration, for horizon and washout.
        dates: Index dates in order.

    Returns:
        The parts; some may be empty.
    """
    test = dates[len(dates) - round(len(dates) * outcome.test_share) :]
    before = _before(outcome, dates, test)
    calibration = before[len(before) - round(len(dates) * outcome.calibration_share) :]
    return Split(_before(outcome, before, calibration), tuple(calibration), tuple(test))


def split_training(outcome: Outcome, split: Split) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Split the index dates before the test in two, a washout apart, for choosing between candidates.

    Returns:
        The earlier, to fit candidates on, and the later half, to compare them on; some may be empty.
    """
    dates = (*split.fit, *split.calibration)
    later = dates[len(dates) // 2 :]
    earlier = _before(outcome, dates, later)
    # Of a long horizon, halves leave nothing to fit on: the parts themselves lie far enough apart.
    return (earlier, later) if earlier else (split.fit, split.calibration)


def _before(outcome: Outcome, dates: Sequence[date], later: Sequence[date]) -> tuple[date, ...]:
    if not later:
        return ()
    gap = timedelta(outcome.horizon_days + outcome.washout_days)
    return tuple(day for day in dates if day + gap <= later[0])
