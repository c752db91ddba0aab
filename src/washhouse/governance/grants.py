"""Who asks, for which purpose, about whom, and until when?

A grant is minted here and nowhere else. It is decided from facts that are handed in (who cares for whom), names the
people it covers, and runs out. Every read of the record and every reveal needs one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from washhouse.core.errors import RefusedError
from washhouse.desk.clock import to_utc


class Role(StrEnum):
    """What somebody is here."""

    CLINICIAN = "clinician"
    CRISIS_CLINICIAN = "crisis-clinician"
    """Works in a crisis team: sees whoever is referred to it, and finds whoever presents by what they say."""
    TEAM_MANAGER = "team-manager"
    """Supervises a team's workers: sees their people, what lies undone, and who has how much; reviews no score."""
    STEWARD = "steward"
    PLANNER = "planner"
    """Sees how care differs between places: figures that can tell of nobody."""
    RESEARCHER = "researcher"
    """Sees how many people a study could have: counts that can tell of nobody, never rows."""
    SYSTEM = "system"
    RESIDENT = "resident"
    """Whose record it is. No grant is minted for them yet; what they may never be shown is tested already."""


class Purpose(StrEnum):
    """What the data is asked for. Declared at the start of a session, never widened."""

    DIRECT_CARE = "direct-care"
    SUPERVISION = "supervision"
    """Care of one's own team's people is talked over with who gives it, and shared out."""
    STEWARDSHIP = "stewardship"
    OPERATIONS = "operations"
    OWN_RECORD = "own-record"
    """A resident reads their own record."""
    PLANNING = "planning"
    RESEARCH = "research"


class Reach(StrEnum):
    """What a grant can be about."""

    PERSONS = "persons"
    POPULATION = "population"


REACH: dict[tuple[Role, Purpose], Reach] = {
    (Role.CLINICIAN, Purpose.DIRECT_CARE): Reach.PERSONS,
    (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE): Reach.PERSONS,
    (Role.TEAM_MANAGER, Purpose.SUPERVISION): Reach.PERSONS,
    (Role.STEWARD, Purpose.STEWARDSHIP): Reach.POPULATION,
    (Role.PLANNER, Purpose.PLANNING): Reach.POPULATION,
    (Role.RESEARCHER, Purpose.RESEARCH): Reach.POPULATION,
    (Role.SYSTEM, Purpose.OPERATIONS): Reach.POPULATION,
    (Role.SYSTEM, Purpose.PLANNING): Reach.POPULATION,
    (Role.SYSTEM, Purpose.RESEARCH): Reach.POPULATION,
}
"""Which role may ask for which purpose, and whether it names people. What is not listed is refused."""


@dataclass(frozen=True)
class Grant:
    """Leave to ask, for one actor and one purpose, until it expires.

    Attributes:
        id: Opaque id, repeated in the audit.
        actor: Username, or `system` for the run itself.
        role: What the actor is.
        purpose: What the data is asked for.
        persons: The people it covers; None for the population (the run, or feeds and aggregates for everybody else).
        issued_at: Naive UTC.
        expires_at: Naive UTC; the first moment at which it no longer holds.
        emergency: People whom it does not cover, but whose record the actor has opened in an emergency.
    """

    id: str
    actor: str
    role: Role
    purpose: Purpose
    persons: frozenset[str] | None = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    emergency: frozenset[str] = field(default=frozenset(), repr=False)


def mint_grant(
    *,
    actor: str,
    role: Role,
    purpose: Purpose,
    persons: Iterable[str] | None,
    now: datetime,
    minutes: int = 30,
    emergency: Mapping[str, datetime] | None = None,
) -> Grant:
    """Mint a grant.

    Args:
        actor: Username.
        role: What the actor is.
        purpose: What the data is asked for.
        persons: The people that the actor has a care relationship with; None for the population.
        now: The present moment, UTC.
        minutes: How long it holds, 1 to 720.
        emergency: People whose record the actor has opened in an emergency, with the end of each access, UTC. The grant
            holds no longer than the first of them; what has ended is left out.

    Raises:
        RefusedError: `grant-refused`: the role may not ask for that purpose, the reach does not fit it, the time is
            out of range, or emergency access is carried for another purpose than direct care.

    >>> grant = mint_grant(actor="CP0012", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE,
    ...                    persons=["a", "b"], now=datetime(2026, 7, 1, 9, 0))
    >>> sorted(grant.persons), grant.expires_at.isoformat()
    (['a', 'b'], '2026-07-01T09:30:00')
    """
    reach = REACH.get((role, purpose))
    if reach is None:
        raise RefusedError("grant-refused", f"A {role} may not ask for the purpose {purpose}.")
    if (reach is Reach.PERSONS) != (persons is not None):
        raise RefusedError("grant-refused", f"A grant of a {role} for {purpose} must cover {reach}.")
    if not actor or not 1 <= minutes <= 720:
        raise RefusedError("grant-refused", "A grant needs an actor and holds for 1 to 720 minutes.")
    if emergency and purpose is not Purpose.DIRECT_CARE:
        raise RefusedError("grant-refused", f"There is no emergency access for the purpose {purpose}.")
    issued = to_utc(now)
    opened = {person: to_utc(until) for person, until in (emergency or {}).items() if to_utc(until) > issued}
    return Grant(
        id=secrets.token_hex(8),
        actor=actor,
        role=role,
        purpose=purpose,
        persons=None if persons is None else frozenset(persons),
        issued_at=issued,
        expires_at=min([issued + timedelta(minutes=minutes), *opened.values()]),
        emergency=frozenset(opened),
    )


def system_grant(now: datetime) -> Grant:
    """The grant of the run itself: the population, for operations, for twelve hours."""
    return mint_grant(actor="system", role=Role.SYSTEM, purpose=Purpose.OPERATIONS, persons=None, now=now, minutes=720)
