"""At which index times is the crisis model fitted, calibrated and tested?

Months of history are known at their submission, so the index of a month is the first Monday after it: what is known
then is two to nine days old. Fitting, calibration and test follow each other in time, each a washout apart from the
one before.

References:
    docs/adr/2026-11-22-crisis-model.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.insight.crisis.label import HORIZON_DAYS

WASHOUT_DAYS = 28
"""Days between the last outcome day of one part and the first index of the next."""

HISTORY_DAYS = 365
"""Days of submissions before the first index, so that counts of a year are counts of a year."""

REPORTING_LAG_DAYS = 7
"""Days after which an outcome is taken to be recorded."""

CALIBRATION_SHARE, TEST_SHARE = 0.15, 0.3
"""Shares of the index dates, from the latest backwards: test, then calibration."""

MIN_EVENTS = {"fit": 60, "calibration": 15, "test": 20}
"""Crises that each part needs; with fewer, no model is fitted and nobody is scored."""


@dataclass(frozen=True)
class Split:
    """Index dates of the three parts, in order of time."""

    fit: tuple[date, ...]
    calibration: tuple[date, ...]
    test: tuple[date, ...]


def choose_index_dates(submitted: Iterable[date], today: date) -> tuple[date, ...]:
    """The first Monday after each month's first submission, where a year of history and the whole outcome are known.

    What happened after the newest submission is not known yet: no index whose outcome days reach beyond it is chosen.

    Args:
        submitted: Days on which the mental-health sender submitted something.
        today: Day at whose start the newest scores are made.

    Returns:
        Mondays in order.

    Examples:
        >>> submitted = [date(2023, 1, 2), date(2024, 1, 2), date(2024, 2, 2), date(2024, 3, 2)]
        >>> [str(day) for day in choose_index_dates(submitted, date(2024, 3, 20))]
        ['2024-01-08']
    """
    first_of_month: dict[tuple[int, int], date] = {}
    submitted_days = sorted(submitted)
    for day in submitted_days:
        first_of_month.setdefault((day.year, day.month), day)
    if not first_of_month:
        return ()
    begin = min(first_of_month.values()) + timedelta(HISTORY_DAYS)
    end = min(today - timedelta(REPORTING_LAG_DAYS), submitted_days[-1]) - timedelta(HORIZON_DAYS)
    mondays = {day + timedelta(7 - day.weekday()) for day in first_of_month.values()}
    return tuple(sorted(monday for monday in mondays if begin <= monday <= end))


def split_index_dates(dates: Sequence[date]) -> Split:
    """Split index dates in time, leaving out those whose outcome days reach into the washout before the next part.

    Args:
        dates: Index dates in order.

    Returns:
        The parts; some may be empty.
    """
    test = dates[len(dates) - round(len(dates) * TEST_SHARE) :]
    before = _before(dates, test)
    calibration = before[len(before) - round(len(dates) * CALIBRATION_SHARE) :]
    return Split(_before(before, calibration), tuple(calibration), tuple(test))


def split_training(split: Split) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Split the index dates before the test in two, a washout apart, for choosing between candidates.

    Returns:
        The earlier, to fit candidates on, and the later half, to compare them on; some may be empty.

    Examples:
        >>> days = tuple(date(2024, 1, 1) + timedelta(28 * month) for month in range(10))
        >>> [len(part) for part in split_training(Split(days[:7], days[7:], ()))]
        [4, 5]
    """
    dates = (*split.fit, *split.calibration)
    later = dates[len(dates) // 2 :]
    return _before(dates, later), later


def _before(dates: Sequence[date], later: Sequence[date]) -> tuple[date, ...]:
    if not later:
        return ()
    return tuple(day for day in dates if day + timedelta(HORIZON_DAYS + WASHOUT_DAYS) <= later[0])
