"""Somebody presents out of hours: who are they, and are they with the team already?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.responses import Response

from washhouse.core.errors import InputError
from washhouse.governance.find import MOST_FOUND, Asked, Found, find_person
from washhouse.governance.permissions import Relation
from washhouse.web.care.emergency import emergency_address
from washhouse.web.shell.people import name_of, person_address
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import day

FIELDS = {
    "nhs_number": "NHS number",
    "surname": "Surname",
    "first_name": "First name",
    "birth_date": "Birth date",
}
"""What can be typed in, in the order of the form."""
HINTS = {
    "nhs_number": "Alone is enough",
    "first_name": "The first letter is compared",
    "birth_date": "For example 21/02/1976",
}
DAYS = ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %m %Y")
NO_DAY = "That is no day: write it as 21/02/1976"
TOO_OFTEN = "You have looked for very many people. Wait, and ask a colleague if it cannot wait"


@dataclass(frozen=True)
class FoundLine:
    """One person found, as shown: enough to know that it is them, and the way on."""

    name: str
    born: str
    number_ends: str
    is_in_care: bool
    is_open: bool
    href: str


@dataclass(frozen=True)
class Answer:
    """What a search came to."""

    lines: tuple[FoundLine, ...]
    too_many: bool


@dataclass(frozen=True)
class Form:
    """The form as shown."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def show_find(visit: Visit) -> Response:
    """Show the empty form; nobody is looked for."""
    return _answer(visit, Form())


def find_people(visit: Visit) -> Response:
    """Say who it may be, or what is wrong with the form."""
    said = {name: visit.form.get(name, "").strip()[:100] for name in FIELDS}
    services, born = visit.services, read_day(said["birth_date"])
    if said["birth_date"] and born is None:
        return _answer(visit, Form(said, {"birth_date": NO_DAY}), status=400)
    if not visit.site.searches.allow(visit.user.actor, services.now()):
        return _answer(visit, Form(said, {"nhs_number": TOO_OFTEN}), status=429)
    asked = Asked(said["nhs_number"], said["surname"], said["first_name"], born)
    try:
        found = find_person(visit.grant, asked, visit.published.identities, services.audit, services.now())
    except InputError as problem:
        # It says what was expected, never what was typed.
        return _answer(visit, Form(said, {"nhs_number": problem.message}), status=400)
    return _answer(visit, Form(said), tell(found))


def read_day(text: str) -> date | None:
    """Read a day as people write it; None if it is none.

    >>> read_day("21/02/1976"), read_day("1976-02-21") == read_day("21.02.1976"), read_day("soon")
    (datetime.date(1976, 2, 21), True, None)
    """
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def tell(found: Found) -> Answer:
    """Put what was found into words."""
    lines = [
        FoundLine(
            name=one.name or name_of(one.person_id, None),
            born=day(one.birth_date),
            number_ends=one.number_ends,
            is_in_care=one.relation is Relation.CARE,
            is_open=one.relation is Relation.EMERGENCY,
            href=emergency_address(one.person_id) if one.relation is Relation.NONE else person_address(one.person_id),
        )
        for one in found.people
    ]
    return Answer(tuple(lines), found.too_many)


def _answer(visit: Visit, form: Form, answer: Answer | None = None, status: int = 200) -> Response:
    return render(
        visit, "care/find.html", status=status, form=form, answer=answer, fields=FIELDS, hints=HINTS, most=MOST_FOUND
    )
