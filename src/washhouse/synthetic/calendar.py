"""Which days does the city cover, and when does each sender hand in?

Days are integers, counted from 1970-01-01. `NEVER` stands for a day that has not come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.core.errors import UsageError

EPOCH = date(1970, 1, 1)
NEVER = 1_000_000
"""A day far after any other (in the year 4707)."""

DEFAULT_END = date(2026, 6, 28)
"""A Sunday, and the 28th of a month: the nightly files of the last 28 days follow the last whole month."""

WARM_UP_WEEKS = 104
"""Weeks of mental-health history simulated before the first day reported, so that the first month is a usual one."""


def day_number(day: date) -> int:
    """Return the number of a day.

    Example:
        >>> day_number(date(1970, 1, 11))
        10
    """
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Return the date of a day number.

    Example:
        >>> date_of(10).isoformat()
        '1970-01-11'
    """
    return EPOCH + timedelta(days=int(number))


@dataclass(frozen=True)
class Period:
    """A span reported, both days included, and the day it is handed in."""

    start: int
    end: int
    declared: int


@dataclass(frozen=True)
class Calendar:
    """The days of one city.

    Attributes:
        start: First day reported, the first of a month.
        end: Last day that has happened.
        first_monday: Monday of the first simulated week, in the warm-up.
        weeks: Weeks simulated; the last one begins on the day after `end` or before.
    """

    start: int
    end: int
    first_monday: int
    weeks: int

    def months(self) -> list[Period]:
        """Return the whole calendar months that are over and handed in by the day after `end`."""
        periods: list[Period] = []
        first = date_of(self.start)
        while True:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            declared = day_number(following) + 1
            if declared > self.end + 1:
                return periods
            periods.append(Period(day_number(first), day_number(following) - 1, declared))
            first = following

    def nights(self) -> list[Period]:
        """Return the days with a nightly file: at least the last 28, with no gap after the last month."""
        months = self.months()
        first = self.end - 27
        if months:
            first = min(first, months[-1].end + 1)
        return [Period(day, day, day + 1) for day in range(max(first, self.start), self.end + 1)]

    def quarters(self) -> list[Period]:
        """Return the financial quarters that are over, each handed in on the tenth day after its end."""
        periods: list[Period] = []
        first = date_of(self.start)
        first = date(first.year, 3 * ((first.month - 1) // 3) + 1, 1)
        while True:
            following = (first + timedelta(days=95)).replace(day=1)
            declared = day_number(following) + 9
            if declared > self.end + 1:
                return periods
            periods.append(Period(max(day_number(first), self.start), day_number(following) - 1, declared))
            first = following

    def snapshots(self) -> tuple[int, int]:
        """Return the days on which the last two general-practice snapshots are made."""
        return self.end - 27, self.end + 1

    def monday(self, week: int) -> int:
        """Return the Monday of a simulated week."""
        return self.first_monday + 7 * week


def make_calendar(years: int, end: date) -> Calendar:
    """Return the calendar of a city.

    Args:
        years: Years covered, 1 to 30.
        end: Last day that has happened.

    Raises:
        UsageError: `years` lies outside its range.

    Example:
        >>> calendar = make_calendar(5, date(2026, 6, 28))
        >>> date_of(calendar.start).isoformat(), len(calendar.months()), len(calendar.nights())
        ('2021-07-01', 59, 28)
    """
    if not 1 <= years <= 30:
        raise UsageError("city-years", "The years of a city lie outside 1 to 30.")
    earliest = end.replace(year=end.year - years, day=1)
    start = day_number((earliest + timedelta(days=32)).replace(day=1))
    last = day_number(end)
    warm = start - 7 * WARM_UP_WEEKS
    first_monday = warm - (warm + 3) % 7
    return Calendar(start, last, first_monday, (last + 1 - first_monday) // 7 + 1)
