"""The record of somebody not in the visitor's care, opened in an emergency (break-glass): asked, shown, closed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from washhouse.desk.emergency_accesses import FEWEST_LETTERS, REASONS, EmergencyAccess, is_told, list_accesses
from washhouse.desk.reviews import NOTE_LIMIT
from washhouse.governance.emergency import close_emergency, open_in_emergency
from washhouse.governance.permissions import Action, Relation, relation_of
from washhouse.governance.policies import EMERGENCY_MINUTES, EMERGENCY_REVIEW_HOURS
from washhouse.web.care.address import person_of
from washhouse.web.shell.errors import NOT_PERMITTED
from washhouse.web.shell.people import person_address
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit

ENDED = {
    "closed": "You closed your emergency access.",
    "over": f"Your emergency access ended after {EMERGENCY_MINUTES} minutes.",
}
CHOOSE_REASON = "Choose why you need this record now"
SAY_MORE = f"Say what happened, in {FEWEST_LETTERS} to {NOTE_LIMIT:,} characters"


@dataclass(frozen=True)
class Opened:
    """An access as its banner tells it.

    Attributes:
        address: Address of the person's emergency page.
        reason: Why, in words.
        until: When it ends, UTC.
        due: When its review is due, UTC.
        minutes: Minutes left, the one that runs included.
    """

    address: str
    reason: str
    until: datetime
    due: datetime
    minutes: int


def emergency_address(person: str) -> str:
    """Address of the page that opens a person's record in an emergency."""
    return f"{person_address(person)}/emergency"


def read_opened(visit: Visit, person: str) -> Opened | None:
    """The visitor's open access to a person's record; None where there is none."""
    if relation_of(visit.grant, person) is not Relation.EMERGENCY:
        return None
    now = visit.services.now()
    mine = list_accesses(visit.services.desk, person_ids=[person], users=[visit.user.actor])
    longest = max((access for access in mine if access.is_open(now)), key=lambda access: access.ends, default=None)
    return None if longest is None else _told(longest, emergency_address(person), now)


def leave_in_time(visit: Visit, answer: Response, opened: Opened) -> None:
    """Let the browser leave a page when the access that shows it ends, without any script."""
    seconds = max(1, int((opened.until - visit.services.now()).total_seconds()) + 1)
    answer.headers["Refresh"] = f"{seconds}; url={opened.address}?done=over"


def show_way_in(visit: Visit, person: str) -> Response:
    """Refuse a person who is not in the visitor's care, and say what can be done where care cannot wait."""
    return render(
        visit,
        "care/refused.html",
        status=NOT_PERMITTED.status,
        problem=NOT_PERMITTED,
        address=emergency_address(person),
        minutes=EMERGENCY_MINUTES,
    )


def show_emergency(visit: Visit) -> Response:
    """Ask why the record is needed; nothing of the person is shown."""
    person = person_of(visit)
    if not visit.may(Action.BREAK_GLASS, person):
        return redirect(person_address(person))
    return _answer(visit, person, {}, {})


def open_emergency(visit: Visit) -> Response:
    """Open the record, or say what is wrong with the form."""
    person, services, form = person_of(visit), visit.services, visit.form
    if not visit.may(Action.BREAK_GLASS, person):
        return redirect(person_address(person))
    errors = check_form(form)
    if errors:
        return _answer(visit, person, form, errors, status=400)
    open_in_emergency(
        visit.grant,
        person,
        reason=form["reason"],
        note=form["note"],
        identities=visit.published.identities,
        desk=services.desk,
        audit=services.audit,
        now=services.now(),
        token=form.get("token", "")[:64] or None,
    )
    return redirect(person_address(person))


def close_access(visit: Visit) -> Response:
    """Close the visitor's access to a person's record."""
    person, services = person_of(visit), visit.services
    close_emergency(visit.grant, person, desk=services.desk, audit=services.audit, now=services.now())
    return redirect(emergency_address(person), done="closed")


def check_form(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, by field; empty if nothing is.

    >>> check_form({"reason": "presents", "note": "Rang at night, very distressed"}), sorted(check_form({}))
    ({}, ['note', 'reason'])
    """
    errors = {}
    if form.get("reason") not in REASONS:
        errors["reason"] = CHOOSE_REASON
    if not is_told(form.get("note", "")):
        errors["note"] = SAY_MORE
    return errors


def list_open(visit: Visit) -> list[Opened]:
    """Every record that is open to the visitor in an emergency, by what it was opened for: nobody is named."""
    now = visit.services.now()
    mine = list_accesses(visit.services.desk, users=[visit.user.actor]) if visit.grant.emergency else []
    return [_told(access, person_address(access.person_id), now) for access in mine if access.is_open(now)]


def _told(access: EmergencyAccess, address: str, now: datetime) -> Opened:
    left = (access.ends - now).total_seconds()
    return Opened(address, REASONS[access.reason], access.ends, access.due, max(1, -int(-left // 60)))


def _answer(
    visit: Visit, person: str, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    opened = read_opened(visit, person)
    return render(
        visit,
        "care/emergency.html",
        status=status,
        opened=opened,
        ended="" if opened else ENDED.get(visit.query("done"), ""),
        person_address=person_address(person),
        address=emergency_address(person),
        minutes=EMERGENCY_MINUTES,
        hours=EMERGENCY_REVIEW_HOURS,
        reasons=REASONS,
        token=secrets.token_urlsafe(16),
        values=values,
        errors=errors,
    )
