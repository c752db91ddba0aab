"""When did something happen, in UTC, if a sender wrote local time?

References:
    Europe/London of the IANA time zone database; PEP 495 (the `fold` of an hour that happens twice).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def to_utc(local: datetime) -> datetime:
    """Return naive UTC for naive local time in the United Kingdom.

    An hour that happens twice (end of October) is taken as its first; a time that never was (end of March) is
    counted on from before the clocks changed.

    >>> to_utc(datetime(2025, 7, 1, 9, 30))
    datetime.datetime(2025, 7, 1, 8, 30)
    >>> to_utc(datetime(2025, 10, 26, 1, 30)), to_utc(datetime(2025, 3, 30, 1, 30))
    (datetime.datetime(2025, 10, 26, 0, 30), datetime.datetime(2025, 3, 30, 1, 30))
    """
    return local.replace(tzinfo=LONDON, fold=0).astimezone(UTC).replace(tzinfo=None)


def to_local(aware: datetime) -> datetime:
    """Return naive local time in the United Kingdom for a time with an offset.

    >>> to_local(datetime(2025, 7, 1, 8, 30, tzinfo=UTC))
    datetime.datetime(2025, 7, 1, 9, 30)
    """
    return aware.astimezone(LONDON).replace(tzinfo=None)


def midnight(day: date) -> datetime:
    """Return the naive UTC time that stands for a day of which no time is known.

    >>> midnight(date(2025, 7, 1))
    datetime.datetime(2025, 7, 1, 0, 0)
    """
    return datetime.combine(day, time.min)
