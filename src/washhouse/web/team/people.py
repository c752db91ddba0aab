"""Who are the people of a team's workers, and what is there to talk over of them?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from washhouse.action.agenda import AgendaLine, build_agenda
from washhouse.action.allocation import is_entered, latest_allocations
from washhouse.action.caseload import build_caseload, say_why_no_model
from washhouse.action.facts import read_facts
from washhouse.desk.accounts import assigned_to, team_workers
from washhouse.desk.care_decisions import CareDecision
from washhouse.desk.follow_ups import is_due, list_follow_ups
from washhouse.desk.reviews import Review, list_reviews
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.web.shell.decisions import read_decisions
from washhouse.web.shell.visit import Visit


@dataclass(frozen=True)
class Team:
    """The workers of a team and whose care each co-ordinates.

    Attributes:
        names: Name by worker.
        people: People by worker.
    """

    names: dict[str, str]
    people: dict[str, frozenset[str]]


def read_team(visit: Visit) -> Team:
    """Read who works in the visitor's teams, with whose people."""
    names = team_workers(visit.services.desk, visit.user.actor)
    return Team(names, assigned_to(visit.services.desk, list(names), visit.services.today()))


def worker_of(visit: Visit, team: Team) -> str:
    """The worker that the address names.

    Raises:
        HTTPException: 404: nobody of that id works in the visitor's teams.
    """
    worker = visit.parameter("worker")
    if worker not in team.names:
        raise HTTPException(404)
    return worker


def read_agenda(
    visit: Visit, people: Collection[str], session_id: int | None = None
) -> tuple[list[AgendaLine], list[CareDecision]]:
    """Read what there is to talk over of some people, in a session or out of one, and what was decided about them.

    Whoever died since is on no line, and what was decided about them waits for nobody.
    """
    record, today = visit.record, visit.services.today()
    wanted = sorted(people)
    tables = read_facts(record, wanted)
    caseload = build_caseload(
        record.people(wanted),
        tables,
        record.scores(wanted, MODEL),
        as_of=record.as_of(),
        covers=record.covers(),
        today=today,
        key=record.events_key,
        has_model=MODEL in record.version.models,
        why_no_model=say_why_no_model(record.version.summary),
    )
    decisions = read_decisions(visit, wanted, ["seen", "action", "allocation"])
    reviews, due = _read_reviews(visit, wanted)
    lines = build_agenda(caseload, decisions, reviews, due, today, session_id)
    alive = {line.person_id for line in lines}
    return list(lines), [one for one in decisions if one.person_id in alive]


def read_moves(visit: Visit, team: Team, decisions: Collection[CareDecision]) -> list[CareDecision]:
    """Allocations among some decisions, the latest first, that the sending service does not know yet."""
    latest = latest_allocations(decisions)
    open_ones = [one for one in latest if one.person_id not in team.people.get(one.worker, frozenset())]
    if not open_ones:
        return []
    relations: dict[str, list[Mapping[str, Any]]] = {}
    for row in visit.record.care_relations([one.person_id for one in open_ones]).to_pylist():
        relations.setdefault(row["person_id"], []).append(row)
    return [one for one in open_ones if not is_entered(one, relations.get(one.person_id, ()))]


def _read_reviews(visit: Visit, people: Collection[str]) -> tuple[list[Review], set[int]]:
    """Reviews of some people under their present ids, and which of them wait for what came of them."""
    known_as = visit.record.aliases(people)
    found = list_reviews(visit.services.desk, person_ids=known_as)
    followed = list_follow_ups(visit.services.desk, [review.id for review in found])
    due = {review.id for review in found if is_due(review, followed, visit.services.now())}
    return [Review(**{**vars(one), "person_id": known_as[one.person_id]}) for one in found], due
