"""When may what is permitted be done? Pure functions over facts that are handed in."""

from __future__ import annotations

from datetime import date, datetime

from washhouse.core.errors import RefusedError
from washhouse.desk.clock import to_utc
from washhouse.governance.grants import Grant

MAX_AGE_DAYS_TO_RANK = 7
"""Days after which mental-health data no longer carries a ranking.

References:
    docs/adr/2026-11-22-desk-and-audit.md; the crisis list is rescored at least weekly.
"""

MAX_DAYS_AHEAD_TO_RANK = 1
"""Days by which mental-health data may lie ahead of today; data from further ahead carries a wrong date."""

REVEAL_LIMIT = 500
"""People that one reveal may cover: more than any caseload, far less than a population."""

RECORD_REVEAL_LIMIT = 2
"""Records that one reveal for link review may cover: the two of one question."""


def is_active(grant: Grant, now: datetime) -> bool:
    """Does the grant hold now? From its issue (included) to its expiry (excluded)."""
    return grant.issued_at <= to_utc(now) < grant.expires_at


def check_active(grant: Grant, now: datetime) -> None:
    """Raise unless the grant holds now.

    Raises:
        RefusedError: `grant-expired`.
    """
    if not is_active(grant, now):
        raise RefusedError("grant-expired", "The grant does not hold at this time.", "Sign in again.")


def may_rank(mental_health_as_of: date | None, today: date) -> bool:
    """May a caseload be ranked, given the day up to which mental-health data is known?

    >>> may_rank(date(2026, 7, 1), date(2026, 7, 8)), may_rank(date(2026, 7, 1), date(2026, 7, 9))
    (True, False)
    """
    if mental_health_as_of is None:
        return False
    return -MAX_DAYS_AHEAD_TO_RANK <= (today - mental_health_as_of).days <= MAX_AGE_DAYS_TO_RANK


def check_rank(mental_health_as_of: date | None, today: date) -> None:
    """Raise unless a caseload may be ranked.

    Raises:
        RefusedError: `too-old-to-rank`.
    """
    if not may_rank(mental_health_as_of, today):
        raise RefusedError(
            "too-old-to-rank",
            f"Nothing is ranked on mental-health data older than {MAX_AGE_DAYS_TO_RANK} days.",
            "Land the newest mental-health batch and run again.",
        )


def may_reveal_count(count: int, limit: int = REVEAL_LIMIT) -> bool:
    """May one reveal cover that many people?"""
    return 0 <= count <= limit


def check_reveal_count(count: int, limit: int = REVEAL_LIMIT) -> None:
    """Raise if one reveal covers too many people.

    Raises:
        RefusedError: `reveal-limit`.
    """
    if not may_reveal_count(count, limit):
        raise RefusedError("reveal-limit", f"One reveal covers at most {limit} people.", "Ask page by page.")


def may_reveal_records(count: int) -> bool:
    """May one reveal for link review cover that many records?"""
    return 0 <= count <= RECORD_REVEAL_LIMIT


def check_reveal_records(count: int) -> None:
    """Raise if one reveal for link review covers too many records.

    Raises:
        RefusedError: `record-reveal-limit`.
    """
    if not may_reveal_records(count):
        raise RefusedError(
            "record-reveal-limit",
            f"Link review shows at most {RECORD_REVEAL_LIMIT} records at a time.",
            "Ask pair by pair.",
        )
