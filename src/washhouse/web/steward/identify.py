"""Who is this? One record typed in, against everybody: who it may be, and why. No name of anybody is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from washhouse.core.errors import InputError
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.steward.link_queue import chance
from washhouse.web.steward.link_words import Bar, bits, build_bars

FIELDS = {
    "nhs_number": "NHS number",
    "first_name": "First name",
    "surname": "Surname",
    "birth_date": "Birth date",
    "sex": "Sex",
    "postcode": "Postcode",
    "address": "Address",
    "phone": "Phone",
}
"""What can be typed in, in the order of the form."""
HINTS = {"birth_date": "For example 1976-02-21 or 21/02/1976"}
SEXES = {"": "Not known", "female": "Female", "male": "Male"}
SAY_SOMETHING = "Say at least one thing about the person"
TOO_MANY = "You have asked about very many records. Wait a few minutes"
DECISIONS = {
    "same": ("Known", "The first of these is the person: the run itself would put the record with them."),
    "possible": ("Perhaps known", "Somebody should look: the comparison is not sure enough to say."),
    "new": ("Nobody known", "The comparison finds nobody whom this could well be."),
}
"""Each decision as a heading and a sentence."""


@dataclass(frozen=True)
class Line:
    """One candidate as shown."""

    person_id: str
    probability: str
    weight: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Result:
    """What was found."""

    heading: str
    words: str
    version: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Form:
    """The form as shown."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def show_form(visit: Visit) -> Response:
    """Show the empty form; nothing is looked up."""
    return answer_with(visit, Form())


def answer_form(visit: Visit) -> Response:
    """Say who the record may be, or what is wrong with the form."""
    said = {name: value for name in FIELDS if (value := visit.form.get(name, "").strip())}
    if not said:
        return answer_with(visit, Form(said, {"nhs_number": SAY_SOMETHING}), status=400)
    if not visit.site.questions.allow(visit.user.actor, visit.services.now()):
        return answer_with(visit, Form(said, {"nhs_number": TOO_MANY}), status=429)
    try:
        result = find(visit, said)
    except InputError as problem:
        # It names the field and what was expected, never what was typed.
        return answer_with(visit, Form(said, {"nhs_number": problem.message}), status=400)
    return answer_with(visit, Form(said), result)


def find(visit: Visit, said: Mapping[str, str]) -> Result:
    """Ask; the audit is written before anything is looked up.

    Raises:
        InputError: `record-invalid`.
        HomeError: `nothing-published`, `link-index-missing`, `identifier-missing`.
    """
    (answer,) = visit.identifier.ask(visit.grant, [said], now=visit.services.now())
    found = answer.identified
    heading, words = DECISIONS[found.decision]
    lines = [
        Line(each.person_id, chance(each.probability), bits(each.weight), tuple(build_bars(each)))
        for each in found.candidates
    ]
    return Result(heading, words, answer.version, tuple(lines))


def answer_with(visit: Visit, form: Form, result: Result | None = None, status: int = 200) -> Response:
    """Render the page."""
    return render(
        visit, "steward/identify.html", status=status, form=form, result=result, fields=FIELDS, hints=HINTS, sexes=SEXES
    )
