"""Who opened records in emergencies, and was it right? The queue of who answers for it: a team's manager, a steward.

A manager answers for the workers of their teams, a steward for everybody, so that no access is without somebody who
reviews it. Neither is shown whose record it was: what has to be judged is what the worker did, and why.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.desk.accounts import team_workers
from washhouse.desk.emergency_accesses import FEWEST_LETTERS, OUTCOMES, REASONS, EmergencyAccess, is_told, list_accesses
from washhouse.desk.reviews import NOTE_LIMIT
from washhouse.governance.audit import Detail, Viewing
from washhouse.governance.emergency import review_emergency
from washhouse.governance.grants import Role
from washhouse.governance.permissions import Action
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import local, plural

ADDRESS = "/emergency-access"
MOST_SETTLED = 25
"""Reviewed accesses that are shown below those that wait, the latest first."""
CHOOSE_OUTCOME = "Choose what you make of it"
SAY_WHY = f"Say why, in {FEWEST_LETTERS} to {NOTE_LIMIT:,} characters"


@dataclass(frozen=True)
class AccessLine:
    """One access as shown: nothing in it says whose record it was.

    Attributes:
        access: The access.
        reason: Why, in words.
        looked: What was opened under it, in words.
        is_overdue: Whether its review is.
        is_own: Whether the visitor opened it, so that somebody else reviews it.
    """

    access: EmergencyAccess
    reason: str
    looked: str
    is_overdue: bool
    is_own: bool


@dataclass(frozen=True)
class Form:
    """The form that was sent with a mistake."""

    access_id: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def error_targets(self) -> dict[str, str]:
        """The messages by the id of their field on the page."""
        return {f"{name}-{self.access_id}": message for name, message in self.errors.items()}


def show_accesses(visit: Visit) -> Response:
    """Show what waits for a review, whose review is due first on top, then what was reviewed lately."""
    return _answer(visit, Form())


def review_access(visit: Visit) -> Response:
    """Keep what the visitor makes of an access, or show what is wrong with the form."""
    services, form, given = visit.services, visit.form, visit.parameter("access_id")
    found = [access for access in answered_for(visit) if str(access.id) == given]
    if not found:
        raise HTTPException(404)
    access, errors = found[0], check_form(form)
    if errors:
        return _answer(visit, Form(access.id, form, errors), status=400)
    review_emergency(
        visit.grant,
        access,
        person_id=visit.record.resolve(access.person_id),
        outcome=form["outcome"],
        note=form["note"],
        identities=visit.published.identities,
        desk=services.desk,
        audit=services.audit,
        now=services.now(),
        token=form.get("token", "")[:64] or None,
    )
    return redirect(ADDRESS, done="reviewed")


def check_form(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, by field; empty if nothing is.

    >>> check_form({"outcome": "appropriate", "note": "Was on call that night"}), sorted(check_form({"note": "ok"}))
    ({}, ['note', 'outcome'])
    """
    errors = {}
    if form.get("outcome") not in OUTCOMES:
        errors["outcome"] = CHOOSE_OUTCOME
    if not is_told(form.get("note", "")):
        errors["note"] = SAY_WHY
    return errors


def answered_for(visit: Visit) -> list[EmergencyAccess]:
    """Accesses that the visitor answers for, the latest first."""
    desk = visit.services.desk
    if visit.user.role is Role.TEAM_MANAGER:
        # Their own would be among them had they been a worker of the team before.
        return list_accesses(desk, users=[*team_workers(desk, visit.user.actor), visit.user.actor])
    return list_accesses(desk)


def say_waiting(visit: Visit) -> str:
    """How many accesses wait for the visitor's review, in words; empty if none does. Noted in the audit."""
    waiting = [access for access in answered_for(visit) if not access.is_settled]
    overdue = sum(access.is_overdue(visit.services.now()) for access in waiting)
    detail: Detail = {"page": "home", "waiting": len(waiting)}
    visit.services.audit.authorise(visit.grant, Action.REVIEW_EMERGENCY_ACCESS, detail=detail)
    if not waiting:
        return ""
    words = plural(len(waiting), "emergency access to review", "emergency accesses to review")
    return f"{words}, {overdue} overdue" if overdue else words


def say_looked(access: EmergencyAccess, seen: Sequence[Viewing]) -> str:
    """What was opened under an access, in words.

    Args:
        access: The access.
        seen: What its user was shown of the person, at any time.
    """
    under = [each for each in seen if each.is_emergency and access.at <= each.at < access.ends]
    opened = [each.at for each in under if each.action == Action.READ_PERSON]
    beyond = sum(each.action == Action.OPEN_PATIENT_RECORD for each in under)
    if not opened:
        return "The record was not looked at"
    told = f"The record was opened {plural(len(opened), 'time')}, last at {local(max(opened)):%H:%M}"
    return f"{told}; the patient record {plural(beyond, 'time')}" if beyond else told


def _answer(visit: Visit, form: Form, status: int = 200) -> Response:
    services, now = visit.services, visit.services.now()
    accesses = answered_for(visit)
    waiting = sorted((one for one in accesses if not one.is_settled), key=lambda one: (one.due, one.id))
    settled = [one for one in accesses if one.is_settled][:MOST_SETTLED]
    detail: Detail = {"page": "queue", "waiting": len(waiting)}
    services.audit.authorise(visit.grant, Action.REVIEW_EMERGENCY_ACCESS, detail=detail)
    return render(
        visit,
        "shell/emergency_accesses.html",
        status=status,
        waiting=[_line(visit, one, now) for one in waiting],
        settled=[_line(visit, one, now) for one in settled],
        outcomes=OUTCOMES,
        form=form,
        token=secrets.token_urlsafe(16),
        done=visit.query("done") == "reviewed",
    )


def _line(visit: Visit, access: EmergencyAccess, now: datetime) -> AccessLine:
    seen = visit.services.audit.viewers(access.person_id, actor=access.username)
    return AccessLine(
        access=access,
        reason=REASONS[access.reason],
        looked=say_looked(access, seen),
        is_overdue=access.is_overdue(now),
        is_own=access.username == visit.user.actor,
    )
