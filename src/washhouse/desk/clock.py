"""How does the desk tell the time? As naive UTC, like every other timestamp of the record."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_utc(moment: datetime) -> datetime:
    """Bring a moment to naive UTC; a naive one is UTC already.

    >>> from datetime import timedelta, timezone
    >>> to_utc(datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))).isoformat()
    '2026-07-01T11:00:00'
    """
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
