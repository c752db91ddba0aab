"""For whom may stepping down care be talked over, what did clinicians make of it, and what became of the people?

The pages read events and decisions. They read no score, and take nothing from the address but the person.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.facts import read_facts
from washhouse.action.step_down import (
    CRITERIA,
    NO_CRISIS,
    OUTCOME_DAYS,
    After,
    Criterion,
    Finding,
    is_stable,
    judge_stability,
    look_after,
)
from washhouse.desk.care_decisions import (
    FEWEST_LETTERS,
    STEP_DOWN,
    CareDecision,
    add_care_decision,
    retract_care_decision,
)
from washhouse.desk.reviews import NOTE_LIMIT
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.web.care.address import person_of
from washhouse.web.shell.decisions import read_decisions
from washhouse.web.shell.layout import say_reach
from washhouse.web.shell.people import name_of, person_address, reveal_names, reveal_people
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import local, plural

CHOOSE = "Choose what you make of it"
SAY_WHY = f"Say why, in {FEWEST_LETTERS} letters or more"
TOO_LONG = f"The reason must be {NOTE_LIMIT:,} characters or fewer"
DONE = {
    "decided": "Your decision is saved. You can take it back below.",
    "undone": "Your decision is taken back. It stays in the record as retracted.",
}

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Decided:
    """A decision as shown.

    Attributes:
        id: Id of the decision.
        at: When it was taken.
        author: Who took it.
        person_id: About whom.
        name: Their name.
        choice: What was decided, in words.
        reason: Why.
        after: What became of the person.
        may_undo: Whether the visitor may take it back.
    """

    id: int
    at: datetime
    author: str
    person_id: str
    name: str
    choice: str
    reason: str
    after: tuple[After, ...]
    may_undo: bool


@dataclass(frozen=True)
class Candidate:
    """A person and what their record says to the criteria."""

    person_id: str
    name: str
    findings: tuple[Finding, ...]
    decision: str

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Criteria that do not hold."""
        return tuple(finding for finding in self.findings if not finding.is_met)


@dataclass(frozen=True)
class StepDownForm:
    """The form as shown: what was filled in, what is wrong with it."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def show_step_downs(visit: Visit) -> Response:
    """List who meets every criterion and who all but one, in the order of names."""
    people, today = sorted(visit.grant.persons or ()), visit.services.today()
    alive = [row["person_id"] for row in visit.record.people(people).to_pylist() if row["death_date"] is None]
    events = {person: rows.to_pylist() for person, rows in read_facts(visit.record, alive).items()}
    found = {person: judge_stability(events.get(person, ()), today) for person in alive}
    near = {person: each for person, each in found.items() if is_near(each)}
    decisions = _decisions(visit, people)
    names = reveal_names(visit, {*near, *(one.person_id for one in decisions)})
    latest: dict[str, CareDecision] = {}
    for one in decisions:
        latest.setdefault(one.person_id, one)
    candidates = [
        Candidate(person, name, near[person], STEP_DOWN[latest[person].choice] if person in latest else "")
        for person, name in names.items()
        if person in near
    ]
    return render(
        visit,
        "care/step_downs.html",
        total=len(alive),
        reach=say_reach(visit, "hospital", "Emergency care"),
        all_met=[one for one in candidates if not one.missing],
        one_missing=[one for one in candidates if one.missing],
        decided=[_say(visit, one, names[one.person_id], events.get(one.person_id, [])) for one in decisions],
        criteria=tuple(CRITERIA),
        looked_back=say_what_became(events, today),
    )


def show_step_down(visit: Visit) -> Response:
    """Show what one person's record says to each criterion, and the form for what is made of it."""
    return _answer(visit, person_of(visit), StepDownForm())


def decide_step_down(visit: Visit) -> Response:
    """Keep what a clinician decided, or show what is wrong with the form."""
    person = person_of(visit)
    services = visit.services
    services.audit.authorise(visit.grant, Action.REVIEW_STEP_DOWN, [person], detail={"step": "decide"})
    errors = check_form(visit.form)
    if errors:
        return _answer(visit, person, StepDownForm(values=visit.form, errors=errors), status=400)
    add_care_decision(
        services.desk,
        kind="step-down",
        person_id=person,
        user=visit.user.actor,
        choice=visit.form["choice"],
        note=redact(visit.form["reason"], reveal_people(visit, [person]).get(person)),
        at=services.now(),
        token=visit.form.get("token", "")[:64] or None,
    )
    return redirect(f"{person_address(person)}/step-down", done="decided")


def undo_step_down(visit: Visit) -> Response:
    """Take a decision back; its author only."""
    person, given = person_of(visit), visit.parameter("decision_id")
    visit.services.audit.authorise(visit.grant, Action.REVIEW_STEP_DOWN, [person], detail={"step": "undo"})
    if not given.isdecimal() or int(given) not in {one.id for one in _decisions(visit, [person])}:
        raise HTTPException(404)
    retract_care_decision(visit.services.desk, int(given), user=visit.user.actor, at=visit.services.now())
    return redirect(f"{person_address(person)}/step-down", done="undone")


def is_near(findings: Iterable[Finding]) -> bool:
    """Is at most one criterion not met, and that another than the one on crisis care?"""
    missing = [one.criterion for one in findings if not one.is_met]
    return len(missing) <= 1 and NO_CRISIS not in missing


def check_form(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, by field; empty if nothing is.

    >>> check_form({"choice": "not-now", "reason": "Moves house next month"})
    {}
    >>> sorted(check_form({"choice": "end-care", "reason": " "}))
    ['choice', 'reason']
    """
    errors = {}
    if form.get("choice") not in STEP_DOWN:
        errors["choice"] = CHOOSE
    reason = form.get("reason", "").replace("\r\n", "\n").strip()
    if not FEWEST_LETTERS <= len(reason) <= NOTE_LIMIT:
        errors["reason"] = TOO_LONG if len(reason) > NOTE_LIMIT else SAY_WHY
    return errors


def say_what_became(events: Mapping[str, Rows], today: date) -> str:
    """What became of those who met every criterion as long ago as the longest outcome looks, in a sentence."""
    then = today - timedelta(max(OUTCOME_DAYS))
    stable = [rows for rows in events.values() if is_stable(judge_stability(rows, then))]
    if not stable:
        return ""
    later = [look_after(rows, then + timedelta(1), today + timedelta(1)) for rows in stable]
    parts = [
        f"{sum(each[place].crisis_care is not None for each in later)} had crisis care and "
        f"{sum(each[place].emergency is not None for each in later)} emergency care within {days} days"
        for place, days in enumerate(OUTCOME_DAYS)
    ]
    return (
        f"Of {plural(len(stable), 'person', 'people')} now in your care who met every criterion {max(OUTCOME_DAYS)} "
        f"days ago, whatever was decided, {'; '.join(parts)}. Whoever has left since is not counted."
    )


def _answer(visit: Visit, person: str, form: StepDownForm, status: int = 200) -> Response:
    visit.record.person(person)
    rows = read_facts(visit.record, [person]).get(person)
    events = rows.to_pylist() if rows is not None else []
    name = name_of(person, reveal_people(visit, [person]).get(person))
    criteria: tuple[Criterion, ...] = tuple(CRITERIA)
    return render(
        visit,
        "care/step_down.html",
        status=status,
        name=name,
        address=person_address(person),
        findings=judge_stability(events, visit.services.today()),
        criteria=criteria,
        reach=say_reach(visit, "hospital", "Emergency care"),
        decided=[_say(visit, one, name, events) for one in _decisions(visit, [person])],
        form=form,
        choices=STEP_DOWN,
        note_limit=NOTE_LIMIT,
        done=DONE.get(visit.query("done"), ""),
    )


def _decisions(visit: Visit, people: list[str]) -> list[CareDecision]:
    return read_decisions(visit, people, ["step-down"])


def _say(visit: Visit, one: CareDecision, name: str, events: Rows) -> Decided:
    return Decided(
        id=one.id,
        at=one.at,
        author=one.display_name,
        person_id=one.person_id,
        name=name,
        choice=STEP_DOWN.get(one.choice, one.choice),
        reason=one.note,
        after=look_after(events, local(one.at).date() + timedelta(1), visit.services.today() + timedelta(1)),
        may_undo=one.username == visit.user.actor,
    )
