"""Who looked at a person, when, and for what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

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

LOOKS_A_PAGE = 25
ONE_LOOK = timedelta(seconds=30)
WORDS = {
    Action.READ_CASELOAD: "saw them on a caseload",
    Action.READ_PERSON: "opened their record",
    Action.READ_RELATIONS: "saw to whom and what they are tied",
    Action.REVEAL: "was shown their name",
    Action.OPEN_PATIENT_RECORD: "opened their patient record",
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


def show_viewers(visit: Visit) -> Response:
    """List who was shown a person's rows, the latest first."""
    person = person_of(visit)
    services = visit.services
    services.audit.authorise(visit.grant, Action.VIEW_AUDIT_OF_PERSON, [person])
    named = reveal(visit.grant, [person], visit.published.identities, services.audit, services.now())
    looks = gather_looks(services.audit.viewers(person, aliases=visit.record.aliases([person])))
    pager = build_pager(visit, len(looks), LOOKS_A_PAGE)
    return render(
        visit,
        "care/viewers.html",
        name=name_of(person, named.get(person)),
        address=person_address(person),
        looks=looks[pager.first : pager.last],
        pager=pager,
    )


def gather_looks(viewings: Sequence[Viewing]) -> list[Look]:
    """Join what one visitor did for one page, the latest first."""
    groups: list[list[Viewing]] = []
    for viewing in viewings:
        same = groups and (groups[-1][0].actor, groups[-1][0].purpose) == (viewing.actor, viewing.purpose)
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
        )
        for group in groups
    ]


def _did(action: str) -> str:
    return WORDS[Action(action)] if action in set(WORDS) else action.replace("-", " ")


def _purpose(purpose: str) -> str:
    return PURPOSE_WORDS[Purpose(purpose)] if purpose in set(Purpose) else purpose
