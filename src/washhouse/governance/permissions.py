"""Who may do what, for which purpose, to whom?

The rules are the table `ALLOWED`: role x purpose x action x relation. What is not listed is refused.
`tests/spec/governance` checks every cell.
"""

from __future__ import annotations

from enum import StrEnum

from washhouse.core.errors import RefusedError
from washhouse.governance.grants import Grant, Purpose, Role


class Action(StrEnum):
    """What can be asked."""

    READ_PERSON = "read-person"
    """One person's rows: events, scores."""
    READ_RELATIONS = "read-relations"
    """To whom and to what a person is tied, and why; who the other end is only where its own ties may be read too."""
    READ_CASELOAD = "read-caseload"
    """The list of the people that the grant covers, with their scores."""
    REVEAL = "reveal"
    """Names and other identifiers, from the vault."""
    OPEN_PATIENT_RECORD = "open-patient-record"
    """Be sent on to one person's record in the sending system, which checks again who asks."""
    FIND_PERSON = "find-person"
    """Find whoever presents by what they say of themselves, whoever cares for them: enough to know that it is them."""
    BREAK_GLASS = "break-glass"
    """Open the record of one person who is not in one's care, in an emergency: said why, for an hour, reviewed."""
    REVIEW_EMERGENCY_ACCESS = "review-emergency-access"
    """See who opened a record in an emergency, when and why, and say whether it was right; nothing of the person."""
    REVIEW = "review"
    """Record, list or undo a review of a person's score."""
    REVIEW_STEP_DOWN = "review-step-down"
    """See who meets the declared criteria of stability, and say what is made of it, with the reason; no score."""
    READ_WORKLOAD = "read-workload"
    """How many people each worker of a team has, how complex, and what lies undone."""
    SUPERVISE = "supervise"
    """Prepare and hold supervision of a worker: the agenda of their people, what was seen and decided."""
    ALLOCATE = "allocate"
    """Decide who takes a person over; the sending service is told by people, not from here."""
    ANSWER_DECISION = "answer-decision"
    """Say what became of what supervision decided."""
    VIEW_AUDIT_OF_PERSON = "view-audit-of-person"
    """Who looked at a person."""
    READ_FEEDS = "read-feeds"
    """What arrived, when, and how fresh it is: counts by batch and file."""
    READ_QUALITY = "read-quality"
    """What the checks of the data came to: aggregates, no values, small counts not told."""
    READ_QUARANTINE = "read-quarantine"
    """Reasons, files, rows and columns of lines set aside; no values."""
    READ_LINKAGE = "read-linkage"
    """Figures of the linkage; no records."""
    REVIEW_LINKS = "review-links"
    """See, answer and undo questions about links between records; no values of theirs."""
    REVEAL_RECORDS = "reveal-records"
    """What two records that a question is about say of a person, from the vault."""
    IDENTIFY = "identify"
    """Ask who a record may be, and give it a person; answered by person ids, never by identifiers."""
    VIEW_LINK_HISTORY = "view-link-history"
    """Which records belonged to whom, when, and who changed it; by opaque ids, no values of theirs."""
    READ_INDICATORS = "read-indicators"
    """How care differs between places: counts and rates under the disclosure rule."""
    READ_COHORTS = "read-cohorts"
    """How many people meet a study's criteria, one after another: counts under the disclosure rule."""
    READ_POPULATION = "read-population"
    """Every person's de-identified rows, by a kernel."""
    EXPORT = "export"
    """Take the population's pseudonymised rows out, in another format."""
    WRITE_RECORD = "write-record"
    """Scores and other results."""


class Relation(StrEnum):
    """How the grant stands to the person asked about."""

    CARE = "care"
    """The person (or, if none is named, everybody asked about) is covered by the grant."""
    EMERGENCY = "emergency"
    """The person is not covered by the grant, but the actor has opened their record in an emergency."""
    NONE = "none"
    """The person is not covered by the grant."""
    POPULATION = "population"
    """The grant covers nobody by name, but the population."""


ALLOWED: frozenset[tuple[Role, Purpose, Action, Relation]] = frozenset(
    {
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.READ_PERSON, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.READ_RELATIONS, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.READ_CASELOAD, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.REVEAL, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.OPEN_PATIENT_RECORD, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.REVIEW, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.REVIEW_STEP_DOWN, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.ANSWER_DECISION, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.VIEW_AUDIT_OF_PERSON, Relation.CARE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.BREAK_GLASS, Relation.NONE),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.BREAK_GLASS, Relation.EMERGENCY),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.READ_PERSON, Relation.EMERGENCY),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.REVEAL, Relation.EMERGENCY),
        (Role.CLINICIAN, Purpose.DIRECT_CARE, Action.OPEN_PATIENT_RECORD, Relation.EMERGENCY),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.READ_PERSON, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.READ_RELATIONS, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.READ_CASELOAD, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.REVEAL, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.OPEN_PATIENT_RECORD, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.VIEW_AUDIT_OF_PERSON, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.FIND_PERSON, Relation.CARE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.FIND_PERSON, Relation.EMERGENCY),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.FIND_PERSON, Relation.NONE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.BREAK_GLASS, Relation.NONE),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.BREAK_GLASS, Relation.EMERGENCY),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.READ_PERSON, Relation.EMERGENCY),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.REVEAL, Relation.EMERGENCY),
        (Role.CRISIS_CLINICIAN, Purpose.DIRECT_CARE, Action.OPEN_PATIENT_RECORD, Relation.EMERGENCY),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.READ_PERSON, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.READ_CASELOAD, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.REVEAL, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.OPEN_PATIENT_RECORD, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.READ_WORKLOAD, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.SUPERVISE, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.ALLOCATE, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.ANSWER_DECISION, Relation.CARE),
        (Role.TEAM_MANAGER, Purpose.SUPERVISION, Action.REVIEW_EMERGENCY_ACCESS, Relation.CARE),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.READ_FEEDS, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.READ_QUALITY, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.READ_QUARANTINE, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.READ_LINKAGE, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.REVIEW_LINKS, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.REVEAL_RECORDS, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.IDENTIFY, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.VIEW_LINK_HISTORY, Relation.POPULATION),
        (Role.STEWARD, Purpose.STEWARDSHIP, Action.REVIEW_EMERGENCY_ACCESS, Relation.POPULATION),
        (Role.PLANNER, Purpose.PLANNING, Action.READ_INDICATORS, Relation.POPULATION),
        (Role.RESEARCHER, Purpose.RESEARCH, Action.READ_COHORTS, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.IDENTIFY, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.VIEW_LINK_HISTORY, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.READ_POPULATION, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.WRITE_RECORD, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.READ_FEEDS, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.READ_QUALITY, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.READ_QUARANTINE, Relation.POPULATION),
        (Role.SYSTEM, Purpose.OPERATIONS, Action.READ_LINKAGE, Relation.POPULATION),
        (Role.SYSTEM, Purpose.PLANNING, Action.READ_POPULATION, Relation.POPULATION),
        (Role.SYSTEM, Purpose.RESEARCH, Action.READ_POPULATION, Relation.POPULATION),
        (Role.SYSTEM, Purpose.RESEARCH, Action.EXPORT, Relation.POPULATION),
    }
)


def relation_of(grant: Grant, person_id: str | None = None) -> Relation:
    """How the grant stands to a person, or to the people it covers when none is named."""
    if grant.persons is None:
        return Relation.POPULATION
    if person_id is None or person_id in grant.persons:
        return Relation.CARE
    return Relation.EMERGENCY if person_id in grant.emergency else Relation.NONE


def may_ask(grant: Grant, action: str) -> bool:
    """Is there anybody with whom, or anything with which, the grant's role may do that for its purpose?

    >>> from datetime import datetime
    >>> from washhouse.governance.grants import system_grant
    >>> grant = system_grant(datetime(2026, 7, 1))
    >>> may_ask(grant, "read-population"), may_ask(grant, "break-glass")
    (True, False)
    """
    return any((grant.role, grant.purpose, action, relation) in ALLOWED for relation in Relation)


def may(grant: Grant, action: str, person_id: str | None = None) -> bool:
    """Does the grant allow the action on the person (or on everybody it covers)?

    >>> from datetime import datetime
    >>> from washhouse.governance.grants import system_grant
    >>> grant = system_grant(datetime(2026, 7, 1))
    >>> may(grant, "read-population"), may(grant, "reveal", "a"), may(grant, "no-such-action")
    (True, False, False)
    """
    return (grant.role, grant.purpose, action, relation_of(grant, person_id)) in ALLOWED


def check_permission(grant: Grant, action: str, person_id: str | None = None) -> None:
    """Raise unless the grant allows the action.

    Prefer `AuditTrail.authorise`, which also checks that the grant still holds and writes the audit.

    Raises:
        RefusedError: `not-permitted`.
    """
    if not may(grant, action, person_id):
        about = "" if person_id is None else " about that person"
        raise RefusedError(
            "not-permitted",
            f"A {grant.role} may not {action}{about} for the purpose {grant.purpose}.",
            "Ask for what your own care relationships or role cover.",
        )
