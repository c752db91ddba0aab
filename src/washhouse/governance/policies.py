"""When may what is permitted be done? Pure functions over facts that are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from washhouse.core.errors import RefusedError
from washhouse.desk.clock import to_utc
from washhouse.governance.grants import Grant, Purpose

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


CRISIS_TEAM_TYPES = frozenset({"A02", "A19", "A20", "A22", "A23"})
"""Types of teams (`ServTeamTypeMH`) that see people in crisis at any hour: crisis resolution and home treatment, 24/7
crisis line, health-based place of safety, walk-in crisis assessment, psychiatric decision unit. A crisis clinician is
covered by the referrals to their teams of these types and of no other.

References:
    MHSDS 6.0, MHS902ServiceTeamDetails; docs/adr/2026-11-26-crisis-clinician.md.
"""

EMERGENCY_MINUTES = 60
"""How long one emergency access opens a record; another one needs another reason."""

EMERGENCY_REVIEW_HOURS = 72
"""Hours within which somebody says whether an emergency access was right."""

MOST_EMERGENCIES = 10
"""Records that one user may open in emergencies within `EMERGENCY_LIMIT_HOURS`: more than a night shift sees."""

EMERGENCY_LIMIT_HOURS = 24


class TieKind(StrEnum):
    """What ties a person to somebody or something; the kinds of `record.relation`."""

    HOUSEHOLD = "household"
    CARER = "carer"
    PRACTITIONER = "practitioner"
    TEAM = "team"
    SERVICE = "service"
    PRACTICE = "practice"
    PHONE = "phone"
    ADDRESS = "address"


TIES_TO_PEOPLE = frozenset({TieKind.HOUSEHOLD, TieKind.CARER, TieKind.PHONE, TieKind.ADDRESS})
"""Ties whose other end is a person of the record; the others end at who cares."""

TIES_SEEN: Mapping[Purpose, frozenset[TieKind]] = {
    Purpose.DIRECT_CARE: frozenset(TieKind),
    Purpose.SUPERVISION: frozenset(),
    Purpose.STEWARDSHIP: frozenset(),
    Purpose.OPERATIONS: frozenset(),
    Purpose.OWN_RECORD: frozenset(),
}
"""Ties of one person that each purpose sees; a purpose that is not listed sees none.

Supervision is about the care of a person, not about whom they live with: whoever gives the care sees that. A steward
judges links between records, not ties between people. Kernels of the run compute over ties and show nobody.
Residents are never shown households or any other tie: who lives with them, cares for them or has their number is known
of others as much as of them, and may be what somebody has to be kept from.

References:
    docs/adr/2026-11-26-relations.md.
"""


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


def may_open_emergency(*, restricted: bool, opened_lately: int) -> bool:
    """May a record be opened in an emergency, whoever asks?

    Args:
        restricted: Whether any source marks the person as restricted: their record is opened by their own care alone,
            because whoever they are kept from may be among those who could ask.
        opened_lately: Emergency accesses of the same user within `EMERGENCY_LIMIT_HOURS`.
    """
    return not restricted and 0 <= opened_lately < MOST_EMERGENCIES


def check_open_emergency(*, restricted: bool, opened_lately: int) -> None:
    """Raise if a record may not be opened in an emergency.

    Raises:
        RefusedError: `emergency-access-closed` for a restricted record, `emergency-access-limit` after too many.
    """
    if restricted:
        raise RefusedError(
            "emergency-access-closed",
            "Emergency access does not reach this record.",
            "Ask the team that cares for the person, or whoever is on call for it.",
        )
    if not may_open_emergency(restricted=restricted, opened_lately=opened_lately):
        raise RefusedError(
            "emergency-access-limit",
            f"One user opens at most {MOST_EMERGENCIES} records in emergencies in {EMERGENCY_LIMIT_HOURS} hours.",
            "Ask a colleague, and tell whoever manages your team.",
        )


def may_review_emergency(opened_by: str, reviewer: str) -> bool:
    """May somebody review an emergency access? Nobody reviews their own."""
    return opened_by != reviewer


def check_review_emergency(opened_by: str, reviewer: str) -> None:
    """Raise if somebody reviews their own emergency access.

    Raises:
        RefusedError: `own-emergency-access`.
    """
    if not may_review_emergency(opened_by, reviewer):
        raise RefusedError("own-emergency-access", "Nobody reviews their own emergency access.", "Leave it to others.")


def may_see_tie(purpose: Purpose, kind: str) -> bool:
    """May a tie of that kind be seen for the purpose?

    >>> may_see_tie(Purpose.DIRECT_CARE, "carer"), may_see_tie(Purpose.OWN_RECORD, "carer")
    (True, False)
    """
    return kind in TIES_SEEN.get(purpose, frozenset())
