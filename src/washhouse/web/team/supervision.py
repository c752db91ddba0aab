"""Supervision of one worker: the agenda in one click, what was talked over and decided, what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.agenda import SEEN_DAYS, AgendaLine, say_decision
from washhouse.desk.care_decisions import (
    DONE,
    CareDecision,
    Supervision,
    add_care_decision,
    list_supervisions,
    start_supervision,
)
from washhouse.desk.reviews import ACTIONS, NOTE_LIMIT
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.crisis import MENTAL_HEALTH, MODEL
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.layout import say_news_reach
from washhouse.web.shell.people import reveal_names, reveal_people
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import local
from washhouse.web.team.people import Team, read_agenda, read_moves, read_team, worker_of

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
    """One person of the agenda.

    Attributes:
        person_id: The person.
        name: Their name.
        agenda: What there is to talk over of them.
        seen: That they were talked over in this session; None if not yet.
        decided: What is open, who is to take the person over, and what this session decided or answered.
        is_topic: Whether they are to be talked over; nothing that is noted in the session changes it.
    """

    person_id: str
    name: str
    agenda: AgendaLine
    seen: CareDecision | None
    decided: tuple[DecidedLine, ...]
    is_topic: bool


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
    session = _session(visit, list_supervisions(services.desk, [worker]))
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
    # To the person's own place, where it can be taken back: an agenda is long.
    return redirect(f"/team/supervision/{worker}/{session.id}#p-{person}")


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


def _session(visit: Visit, sessions: list[Supervision]) -> Supervision | None:
    """The session, of a worker's, that the address names; None where it names none.

    Raises:
        HTTPException: 404: there is none of that id about the worker.
    """
    given = visit.request.path_params.get("session_id")
    if given is None:
        return None
    for one in sessions:
        if str(one.id) == given:
            return one
    raise HTTPException(404)


def _span_of(session: Supervision | None, sessions: list[Supervision]) -> tuple[datetime, datetime]:
    """From when to when something is answered in a session: from its beginning to that of the next one."""
    if session is None:
        return datetime.max, datetime.max
    return session.at, min((one.at for one in sessions if one.id > session.id), default=datetime.max)


def _answer(visit: Visit, form: Form, status: int = 200) -> Response:
    team = read_team(visit)
    worker, today = worker_of(visit, team), visit.services.today()
    people = team.people[worker]
    visit.services.audit.authorise(visit.grant, Action.SUPERVISE, people or None)
    sessions = list_supervisions(visit.services.desk, [worker])
    session = _session(visit, sessions)
    agenda, decisions = read_agenda(visit, people, session.id if session else None)
    index_date = index_day(visit.published.as_of, MENTAL_HEALTH)
    told = dict.fromkeys(line.person_id for line in agenda if line.shifts)
    note_scores(visit, visit.published.models.get(MODEL, ""), index_date, told)
    here = [one for one in decisions if session is not None and one.session_id == session.id]
    seen = {one.person_id: one for one in here if one.kind == "seen"}
    begun, ended = _span_of(session, sessions)
    actions = [
        one
        for one in decisions
        if one.kind == "action" and (one.answer is None or one in here or begun <= one.answer.at < ended)
    ]
    carried = {one.person_id for one in actions if one not in here}
    shown = [*read_moves(visit, team, decisions), *actions]
    by_person = {line.person_id: line for line in agenda}
    lines = [
        Line(
            person_id=person,
            name=name,
            agenda=by_person[person],
            seen=seen.get(person),
            decided=tuple(_say(visit, one, team, today) for one in shown if one.person_id == person),
            is_topic=by_person[person].calls_for_talk or person in carried,
        )
        for person, name in reveal_names(visit, by_person).items()
    ]
    return render(
        visit,
        "team/supervision.html",
        status=status,
        worker=worker,
        name=team.names[worker],
        today=today,
        session=session,
        sessions=sessions[:MOST_SESSIONS],
        takes_notes=session is not None and session == sessions[0],
        begun_today=bool(sessions) and local(sessions[0].at).date() == local(visit.services.now()).date(),
        first=[line for line in lines if line.is_topic],
        others=[line for line in lines if not line.is_topic],
        seen=len(seen),
        seen_days=SEEN_DAYS,
        token=secrets.token_urlsafe(16),
        form=form,
        actions=ACTIONS,
        due_days=DUE_DAYS,
        answers=DONE,
        who={worker: team.names[worker], visit.user.actor: visit.user.name},
        reach=say_news_reach(visit),
    )


def _say(visit: Visit, one: CareDecision, team: Team, today: date) -> DecidedLine:
    who = team.names.get(one.worker, visit.user.name if one.worker == visit.user.actor else one.worker)
    moves = one.kind == "allocation"
    return DecidedLine(
        id=one.id,
        words=f"{who} takes over, once it is entered in the patient record" if moves else say_decision(one),
        who="" if moves else who,
        note=one.note,
        is_open=one.answer is None and not moves,
        is_overdue=one.is_overdue(today),
        became="" if one.answer is None else DONE[one.answer.choice],
        may_undo=visit.user.actor == (one.username if one.answer is None else one.answer.username),
    )
