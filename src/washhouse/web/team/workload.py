"""Who in my team has how much, what lies undone, and where is something overdue?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from washhouse.action.agenda import AgendaLine, Load, say_decision, weigh
from washhouse.action.complexity import NEEDS
from washhouse.desk.accounts import read_account
from washhouse.desk.care_decisions import DONE, CareDecision, list_supervisions
from washhouse.governance.permissions import Action
from washhouse.web.shell.decisions import find_answered
from washhouse.web.shell.emergency_accesses import say_waiting
from washhouse.web.shell.people import reveal_names
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.team.people import Team, read_agenda, read_moves, read_team


@dataclass(frozen=True)
class WorkerLine:
    """One worker of the team."""

    worker: str
    name: str
    load: Load
    supervised: date | None


@dataclass(frozen=True)
class DecisionLine:
    """One decision that is overdue or the visitor's own to do, or an allocation that is not entered yet."""

    id: int
    person_id: str
    name: str
    words: str
    who: str
    may_undo: bool


def show_workload(visit: Visit) -> Response:
    """Show the team's workers: how much each has, and what lies undone."""
    services, today = visit.services, visit.services.today()
    services.audit.authorise(visit.grant, Action.READ_WORKLOAD)
    team = read_team(visit)
    lines, decisions = read_agenda(visit, visit.grant.persons or ())
    sessions = {one.worker: one.at.date() for one in reversed(list_supervisions(services.desk, list(team.names)))}
    actions = [one for one in decisions if one.kind == "action"]
    overdue = [one for one in actions if one.is_overdue(today)]
    own = [one for one in actions if one.worker == visit.user.actor and one.answer is None and one not in overdue]
    moves = read_moves(visit, team, decisions)
    names = reveal_names(visit, {one.person_id for one in (*overdue, *own, *moves)})
    account = read_account(services.desk, visit.user.actor)
    return render(
        visit,
        "team/workload.html",
        teams=account.team_names if account is not None else (),
        emergencies=say_waiting(visit),
        total=len(lines),
        workers=[
            WorkerLine(worker, name, load, sessions.get(worker))
            for (worker, name), load in zip(team.names.items(), loads_of(team, lines).values(), strict=True)
        ],
        overdue=[_say(visit, one, team, names) for one in overdue],
        own=[_say(visit, one, team, names) for one in own],
        answers=DONE,
        answered=find_answered(visit, actions),
        moves=[_say(visit, one, team, names) for one in moves],
        needs=tuple(NEEDS),
    )


def loads_of(team: Team, lines: list[AgendaLine]) -> dict[str, Load]:
    """How much each worker has, in the order of the team's workers."""
    by_person = {line.person_id: line for line in lines}
    return {
        worker: weigh([by_person[person] for person in team.people[worker] if person in by_person])
        for worker in team.names
    }


def _say(visit: Visit, one: CareDecision, team: Team, names: dict[str, str]) -> DecisionLine:
    if one.kind == "allocation":
        before, after = (team.names.get(worker, worker) for worker in (one.worker_before, one.worker))
        words = f"From {before} to {after}: {one.note}"
    else:
        words = say_decision(one)
    who = visit.user.name if one.worker == visit.user.actor else team.names.get(one.worker, one.display_name)
    return DecisionLine(one.id, one.person_id, names[one.person_id], words, who, one.username == visit.user.actor)
