"""Supervision of one worker: the agenda in one click, what was talked over and decided, what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.agenda import AgendaLine, say_decision
from washhouse.desk.care_decisions import (
    CareDecision,
    Supervision,
    add_care_decision,
    list_supervisions,
    start_supervision,
)
from washhouse.desk.reviews import ACTIONS, NOTE_LIMIT
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.web.shell.layout import say_news_reach
from washhouse.web.shell.people import reveal_names, reveal_people
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.team.people import Team, read_agenda, read_team, worker_of

DUE_DAYS = {"1": "Tomorrow", "7": "In a week", "14": "In two weeks", "28": "In four weeks", "90": "In three months"}
"""By when something is to be done, in days."""

MOST_SESSIONS = 6


@dataclass(frozen=True)
class DecidedLine:
    """One decision as shown."""

    id: int
    words: str
    who: str
    note: str
    is_open: bool
    is_overdue: bool
    became: str
    may_undo: bool


@dataclass(frozen=True)
class Line:
    """One person of the agenda."""

    person_id: str
    name: str
    agenda: AgendaLine
    seen: CareDecision | None
    decided: tuple[DecidedLine, ...]


@dataclass(frozen=True)
class Form:
    """The form of one person that was sent with a mistake."""

    person_id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def show_agenda(visit: Visit) -> Response:
    """Show the agenda of a worker's people, ready to begin."""
    return _answer(visit, Form())


def begin_session(visit: Visit) -> Response:
    """Open a session, and go to it."""
    team, services = read_team(visit), visit.services
    worker = worker_of(visit, team)
    services.audit.authorise(visit.grant, Action.SUPERVISE, team.people[worker] or None, detail={"step": "begin"})
    number = start_supervision(
        services.desk,
        user=visit.user.actor,
        worker=worker,
        record_version=visit.published.id,
        at=services.now(),
        token=visit.form.get("token", "")[:64] or None,
    )
    return redirect(f"/team/supervision/{worker}/{number}")


def show_session(visit: Visit) -> Response:
    """Show a session: the agenda with what was talked over and decided."""
    return _answer(visit, Form())


def note_person(visit: Visit) -> Response:
    """Keep that a person was talked over, or what was decided about them."""
    team = read_team(visit)
    worker, person = worker_of(visit, team), visit.record.resolve(visit.parameter("person_id"))
    services, form = visit.services, visit.form
    services.audit.authorise(visit.grant, Action.SUPERVISE, [person], detail={"step": "note"})
    session = _session(visit, worker)
    if person not in team.people[worker] or session is None:
        raise HTTPException(404)
    error = check_form(form, {worker, visit.user.actor})
    if error:
        return _answer(visit, Form(person, form, error), status=400)
    decides = form.get("do") == "decide"
    add_care_decision(
        services.desk,
        kind="action" if decides else "seen",
        person_id=person,
        user=visit.user.actor,
        choice=form["choice"] if decides else "seen",
        at=services.now(),
        note=redact(form.get("note", ""), reveal_people(visit, [person]).get(person)) if decides else "",
        due=services.today() + timedelta(int(form["due"])) if decides else None,
        worker=form["who"] if decides else None,
        session_id=session.id,
        token=form.get("token", "")[:64] or None,
    )
    return redirect(f"/team/supervision/{worker}/{session.id}", done="saved")


def check_form(form: Mapping[str, str], who: set[str]) -> str:
    """What is wrong with a filled-in form; empty if nothing is.

    >>> check_form({"do": "seen"}, set()), check_form({"do": "decide", "choice": "home-visit"}, {"CP1"})
    ('', 'Choose by when')
    """
    if form.get("do") == "seen":
        return ""
    if form.get("choice") not in ACTIONS:
        return "Choose what is to be done"
    if form.get("due") not in DUE_DAYS:
        return "Choose by when"
    if form.get("who") not in who:
        return "Choose who does it"
    if len(form.get("note", "")) > NOTE_LIMIT:
        return f"The note must be {NOTE_LIMIT:,} characters or fewer"
    return ""


def _session(visit: Visit, worker: str) -> Supervision | None:
    """The session that the address names; None where it names none.

    Raises:
        HTTPException: 404: there is none of that id about the worker.
    """
    given = visit.request.path_params.get("session_id")
    if given is None:
        return None
    for one in list_supervisions(visit.services.desk, [worker]):
        if str(one.id) == given:
            return one
    raise HTTPException(404)


def _answer(visit: Visit, form: Form, status: int = 200) -> Response:
    team = read_team(visit)
    worker, today = worker_of(visit, team), visit.services.today()
    people = team.people[worker]
    visit.services.audit.authorise(visit.grant, Action.SUPERVISE, people or None)
    session = _session(visit, worker)
    agenda, decisions = read_agenda(visit, people)
    names = reveal_names(visit, [line.person_id for line in agenda])
    by_person = {line.person_id: line for line in agenda}
    lines = [_line(visit, by_person[person], name, decisions, session, team, today) for person, name in names.items()]
    return render(
        visit,
        "team/supervision.html",
        status=status,
        worker=worker,
        name=team.names[worker],
        today=today,
        session=session,
        sessions=list_supervisions(visit.services.desk, [worker])[:MOST_SESSIONS],
        first=[line for line in lines if line.agenda.calls_for_talk or line.decided],
        others=[line for line in lines if not (line.agenda.calls_for_talk or line.decided)],
        token=secrets.token_urlsafe(16),
        form=form,
        actions=ACTIONS,
        due_days=DUE_DAYS,
        who={worker: team.names[worker], visit.user.actor: visit.user.name},
        reach=say_news_reach(visit),
        done=visit.query("done") == "saved",
    )


def _line(
    visit: Visit,
    agenda: AgendaLine,
    name: str,
    decisions: list[CareDecision],
    session: Supervision | None,
    team: Team,
    today: date,
) -> Line:
    own = [one for one in decisions if one.person_id == agenda.person_id]
    here = [one for one in own if session is not None and one.session_id == session.id]
    shown = [one for one in own if one.kind == "action" and (one.answer is None or one in here)]
    return Line(
        person_id=agenda.person_id,
        name=name,
        agenda=agenda,
        seen=next((one for one in here if one.kind == "seen"), None),
        decided=tuple(
            DecidedLine(
                id=one.id,
                words=say_decision(one),
                who=team.names.get(one.worker, visit.user.name if one.worker == visit.user.actor else one.worker),
                note=one.note,
                is_open=one.answer is None,
                is_overdue=one.is_overdue(today),
                became=""
                if one.answer is None
                else {"yes": "Done", "partly": "Done in part"}.get(one.answer.choice, "No longer needed"),
                may_undo=visit.user.actor == (one.username if one.answer is None else one.answer.username),
            )
            for one in shown
        ),
    )
