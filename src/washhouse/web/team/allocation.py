"""Who could take a person over? Workers are suggested by how much they have; a human decides, says why, may undo."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.allocation import suggest_workers
from washhouse.desk.care_decisions import FEWEST_LETTERS, add_care_decision
from washhouse.desk.reviews import NOTE_LIMIT
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.web.shell.people import name_of, reveal_people
from washhouse.web.shell.respond import local_path, redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.team.people import Team, read_agenda, read_team
from washhouse.web.team.workload import loads_of


def show_allocation(visit: Visit) -> Response:
    """Show who could take a person over, who has the least first."""
    return _answer(visit, {}, {})


def allocate(visit: Visit) -> Response:
    """Keep who is to take a person over, or show what is wrong with the form."""
    team, person = read_team(visit), visit.record.resolve(visit.parameter("person_id"))
    services, form = visit.services, visit.form
    services.audit.authorise(visit.grant, Action.ALLOCATE, [person], detail={"step": "decide"})
    now = _worker_now(team, person)
    errors = {}
    if form.get("worker") not in team.names or form.get("worker") == now:
        errors["worker"] = "Choose who takes over"
    if not FEWEST_LETTERS <= len(form.get("reason", "").strip()) <= NOTE_LIMIT:
        errors["reason"] = f"Say why, in {FEWEST_LETTERS} to {NOTE_LIMIT:,} letters"
    if errors:
        return _answer(visit, form, errors, status=400)
    add_care_decision(
        services.desk,
        kind="allocation",
        person_id=person,
        user=visit.user.actor,
        choice="move",
        at=services.now(),
        note=redact(form["reason"], reveal_people(visit, [person]).get(person)),
        worker=form["worker"],
        worker_before=now,
    )
    return redirect(_back(visit))


def _back(visit: Visit) -> str:
    """Where the visitor came from: a session, which goes on, or the team."""
    return local_path(visit.form.get("back", "") or visit.query("back") or "/team")


def _worker_now(team: Team, person: str) -> str:
    for worker, people in team.people.items():
        if person in people:
            return worker
    raise HTTPException(404)


def _answer(visit: Visit, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Response:
    team, person = read_team(visit), visit.record.resolve(visit.parameter("person_id"))
    visit.services.audit.authorise(visit.grant, Action.ALLOCATE, [person])
    now = _worker_now(team, person)
    lines, _ = read_agenda(visit, visit.grant.persons or ())
    relations = visit.record.care_relations([person])
    before = {worker for worker in relations["worker"].to_pylist() if worker in team.names and worker != now}
    return render(
        visit,
        "team/allocation.html",
        status=status,
        person=person,
        name=name_of(person, reveal_people(visit, [person]).get(person)),
        needs=next((line.needs for line in lines if line.person_id == person), ()),
        now=team.names[now],
        names=team.names,
        candidates=suggest_workers(loads_of(team, lines), now, before),
        back=_back(visit),
        values=values,
        errors=errors,
    )
