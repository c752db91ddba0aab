"""Who looked at a person, when, and for what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from washhouse.desk.emergency_accesses import OUTCOMES, REASONS, EmergencyAccess, due_notices, list_accesses
from washhouse.governance.audit import Viewing
from washhouse.governance.grants import Purpose
from washhouse.governance.permissions import Action
from washhouse.governance.reveal import reveal
from washhouse.web.care.address import person_of
from washhouse.web.shell.layout import PURPOSE_WORDS
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.people import name_of, person_address
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import moment

LOOKS_A_PAGE = 25
ONE_LOOK = timedelta(seconds=30)
WORDS = {
    Action.READ_CASELOAD: "saw them on a caseload",
    Action.READ_PERSON: "opened their record",
    Action.READ_RELATIONS: "saw to whom and what they are tied",
    Action.REVEAL: "was shown their name",
    Action.OPEN_PATIENT_RECORD: "opened their patient record",
    Action.FIND_PERSON: "found them by their number, or name and birth date",
    Action.BREAK_GLASS: "opened or closed emergency access",
    Action.REVIEW: "reviewed their score",
    Action.REVIEW_STEP_DOWN: "reviewed whether care may be stepped down",
    Action.SUPERVISE: "talked over their care in supervision",
    Action.ALLOCATE: "saw to who takes over their care",
    Action.ANSWER_DECISION: "said what became of a decision",
    Action.VIEW_AUDIT_OF_PERSON: "looked at who viewed",
}


@dataclass(frozen=True)
class Look:
    """One look at a person: what one visitor did within half a minute."""

    at: datetime
    who: str
    role: str
    purpose: str
    did: tuple[str, ...]
    is_emergency: bool = False


@dataclass(frozen=True)
class EmergencyLine:
    """One emergency access to the person's record.

    Attributes:
        at: When it was opened, UTC.
        ends: When it ended or ends, UTC.
        who: Who opened it.
        reason: Why, in words.
        note: What happened, in their words.
        review: What the review came to, in words.
        is_settled: Whether somebody said if it was right.
        is_overdue: Whether somebody should have.
        is_notice_due: Whether the person is still to be told.
    """

    at: datetime
    ends: datetime
    who: str
    reason: str
    note: str
    review: str
    is_settled: bool
    is_overdue: bool
    is_notice_due: bool


def show_viewers(visit: Visit) -> Response:
    """List who was shown a person's rows, the latest first."""
    person = person_of(visit)
    services = visit.services
    services.audit.authorise(visit.grant, Action.VIEW_AUDIT_OF_PERSON, [person])
    named = reveal(visit.grant, [person], visit.published.identities, services.audit, services.now())
    known_as = visit.record.aliases([person])
    looks = gather_looks(services.audit.viewers(person, aliases=known_as))
    notices, now = due_notices(services.desk, known_as), services.now()
    accesses = list_accesses(services.desk, person_ids=known_as)
    pager = build_pager(visit, len(looks), LOOKS_A_PAGE)
    return render(
        visit,
        "care/viewers.html",
        name=name_of(person, named.get(person)),
        address=person_address(person),
        accesses=[_emergency_line(access, now, access.id in notices) for access in accesses],
        looks=looks[pager.first : pager.last],
        pager=pager,
    )


def _emergency_line(access: EmergencyAccess, now: datetime, is_notice_due: bool) -> EmergencyLine:
    review = f"Review due by {moment(access.due)}"
    if access.reviews:
        last = access.reviews[-1]
        review = f"{OUTCOMES[last.outcome]}, {moment(last.at)}, {last.display_name}"
    return EmergencyLine(
        at=access.at,
        ends=access.ends,
        who=access.display_name,
        reason=REASONS[access.reason],
        note=access.note,
        review=review,
        is_settled=access.is_settled,
        is_overdue=access.is_overdue(now),
        is_notice_due=is_notice_due,
    )


def gather_looks(viewings: Sequence[Viewing]) -> list[Look]:
    """Join what one visitor did for one page, the latest first."""
    groups: list[list[Viewing]] = []
    for viewing in viewings:
        same = groups and _who(groups[-1][0]) == _who(viewing)
        if same and groups[-1][0].at - viewing.at <= ONE_LOOK:
            groups[-1].append(viewing)
        else:
            groups.append([viewing])
    return [
        Look(
            at=group[0].at,
            who=group[0].display_name,
            role=group[0].role,
            purpose=_purpose(group[0].purpose),
            did=tuple(dict.fromkeys(_did(viewing.action) for viewing in reversed(group))),
            is_emergency=group[0].is_emergency,
        )
        for group in groups
    ]


def _who(viewing: Viewing) -> tuple[str, str, bool]:
    return viewing.actor, viewing.purpose, viewing.is_emergency


def _did(action: str) -> str:
    return WORDS[Action(action)] if action in set(WORDS) else action.replace("-", " ")


def _purpose(purpose: str) -> str:
    return PURPOSE_WORDS[Purpose(purpose)] if purpose in set(Purpose) else purpose
