"""Who are the people of a team's workers, and what is there to talk over of them?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from washhouse.action.agenda import AgendaLine, build_agenda
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


def read_agenda(visit: Visit, people: Collection[str]) -> tuple[list[AgendaLine], list[CareDecision]]:
    """Read what there is to talk over of some people, and what was decided about them."""
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
    events = {person: rows.to_pylist() for person, rows in tables.items()}
    lines = build_agenda(caseload, events, decisions, reviews, due, today)
    return list(lines), decisions


def _read_reviews(visit: Visit, people: Collection[str]) -> tuple[list[Review], set[int]]:
    """Reviews of some people under their present ids, and which of them wait for what came of them."""
    known_as = visit.record.aliases(people)
    found = list_reviews(visit.services.desk, person_ids=known_as)
    followed = list_follow_ups(visit.services.desk, [review.id for review in found])
    due = {review.id for review in found if is_due(review, followed, visit.services.now())}
    return [Review(**{**vars(one), "person_id": known_as[one.person_id]}) for one in found], due
