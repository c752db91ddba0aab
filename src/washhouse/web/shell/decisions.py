"""What was decided about people: read under the ids that they have now, answered, taken back; for every audience."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.agenda import say_decision
from washhouse.desk.care_decisions import (
    DONE,
    CareDecision,
    Kind,
    add_care_decision,
    list_care_decisions,
    retract_care_decision,
)
from washhouse.governance.permissions import Action
from washhouse.web.shell.respond import local_path, redirect
from washhouse.web.shell.visit import Visit


@dataclass(frozen=True)
class Answered:
    """A decision that was just answered: what it is and what became of it, in words."""

    id: int
    words: str
    became: str


def read_decisions(visit: Visit, people: Collection[str], kinds: Collection[Kind]) -> list[CareDecision]:
    """Decisions about some people that hold, under the ids that the people have now; the latest first."""
    known_as = visit.record.aliases(people)
    found = list_care_decisions(visit.services.desk, person_ids=known_as, kinds=kinds)
    return [replace(one, person_id=known_as[one.person_id]) for one in found]


def find_answered(visit: Visit, decisions: Collection[CareDecision]) -> Answered | None:
    """The decision that the visitor has just answered, by the address: it left their list, and may be put back."""
    given = visit.query("answered")
    for one in decisions:
        if str(one.id) == given and one.answer is not None and one.answer.username == visit.user.actor:
            return Answered(one.id, say_decision(one), DONE[one.answer.choice])
    return None


def answer_decision(visit: Visit) -> Response:
    """Keep what the visitor says became of a decision about somebody they may see."""
    one = _find(visit, ["action"])
    choice = visit.form.get("choice", "")
    if choice not in DONE:
        raise HTTPException(400)
    add_care_decision(
        visit.services.desk,
        kind="done",
        person_id=one.person_id,
        user=visit.user.actor,
        choice=choice,
        at=visit.services.now(),
        session_id=one.session_id,
        about=one.id,
        token=visit.form.get("token", "")[:64] or None,
    )
    return redirect(local_path(visit.form.get("back", "/")))


def undo_decision(visit: Visit) -> Response:
    """Take back a decision, or the answer to one; whoever gave it only."""
    one = _find(visit, ["seen", "action", "allocation"])
    given = one.id if one.answer is None else one.answer.id
    retract_care_decision(visit.services.desk, given, user=visit.user.actor, at=visit.services.now())
    return redirect(local_path(visit.form.get("back", "/")))


def _find(visit: Visit, kinds: Collection[Kind]) -> CareDecision:
    """The decision that the address names, about somebody whom the visitor's grant covers; noted before it is used.

    Raises:
        HTTPException: 404: there is none.
    """
    given = visit.parameter("decision_id")
    for one in read_decisions(visit, visit.grant.persons or (), kinds):
        if given.isdecimal() and one.id == int(given):
            visit.services.audit.authorise(visit.grant, Action.ANSWER_DECISION, [one.person_id])
            return one
    raise HTTPException(404)
