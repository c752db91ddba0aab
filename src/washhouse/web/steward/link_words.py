"""How are two records put side by side in words, so that a steward sees where they differ?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Protocol

from washhouse.governance.record_reveal import PLACES, WITHHELD_PLACE, RevealedRecord
from washhouse.record.link_review import Question
from washhouse.web.shell.words import day, local, nhs_number, plural, short_day

FIELDS = {
    "first_name": "First name",
    "surname": "Surname",
    "birth_date": "Birth date",
    "sex": "Sex",
    "nhs_number": "NHS number",
    "address": "Address",
    "postcode": "Postcode",
    "uprn": "Property reference (UPRN)",
    "phone": "Phone",
    "practice": "GP practice",
    "death_date": "Death",
}
"""Fields in the order in which a pair is shown."""

MARKS = {"same": "Same", "alike": "Alike", "different": "Different", "missing": "Not on both"}
"""Agreement in a word; each has a shape of its own on the page."""


@dataclass(frozen=True)
class Piece:
    """Part of a value, and whether the other record differs in it."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Row:
    """One field of both records.

    Attributes:
        title: The field.
        left: Value of the one, in pieces; empty where nothing was sent.
        right: Value of the other.
        mark: `same`, `alike`, `different` or `missing`; empty where nothing is compared.
        words: The comparison in words.
        withheld: Whether the one and the other are withheld.
    """

    title: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    mark: str
    words: str
    withheld: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Bar:
    """One step of a waterfall as drawn: from `start` over `width`, in percent of the drawing; `way` is its style."""

    title: str
    outcome: str
    bits: str
    total: str
    words: str
    way: str
    start: float
    width: float
    zero: float


def build_rows(question: Question, left: RevealedRecord, right: RevealedRecord) -> list[Row]:
    """Put two records side by side.

    Args:
        question: What is asked; its steps say how the linkage compared each field.
        left: One record.
        right: The other.
    """
    told = {step.field: step for step in question.steps}
    rows = []
    for name, title in FIELDS.items():
        hidden = tuple(record.restricted and name in PLACES for record in (left, right))
        a, b = (say_value(name, record.values.get(name)) for record in (left, right))
        if not (a or b or any(hidden)):
            continue
        step = told.get(name)
        mark, words = (step.agreement.value, step.outcome) if step else compare(a, b)
        if step is None and any(hidden):
            mark, words = "missing", ""
        words = "" if mark == "missing" else words.removeprefix("the same").removeprefix(", ")
        words = "" if words == mark else words
        pieces = mark_differences(a, b) if mark in ("alike", "different") else (_whole(a), _whole(b))
        rows.append(Row(title, *pieces, mark, words, (hidden[0], hidden[1])))
    seen = [(_whole(f"{short_day(local(r.first_seen))} to {short_day(local(r.last_seen))}")) for r in (left, right)]
    others = [_whole(plural(r.others, "record") if r.others else "none") for r in (left, right)]
    rows.append(Row("First and last seen", seen[0], seen[1], "", ""))
    rows.append(Row("Other records of the person", others[0], others[1], "", ""))
    return rows


def say_value(name: str, value: str | date | None) -> str:
    """Write a value as a person reads it; nothing for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return day(value)
    if name == "sex":
        return value.capitalize()
    return nhs_number(value) if name == "nhs_number" else value


def compare(left: str, right: str) -> tuple[str, str]:
    """Compare values of a field that the linkage does not compare.

    >>> compare("P1", "p1 "), compare("P1", ""), compare("P1", "P2")
    (('same', 'the same'), ('missing', 'missing on one side or both'), ('different', 'different'))
    """
    if not left or not right:
        return "missing", "missing on one side or both"
    same = left.casefold().split() == right.casefold().split()
    return ("same", "the same") if same else ("different", "different")


def mark_differences(left: str, right: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut two values into pieces, so that a page can mark where they differ.

    >>> [piece.text for piece in mark_differences("Ann Lee", "Anne Lee")[1] if piece.differs]
    ['e']
    """
    matcher = SequenceMatcher(None, left.casefold(), right.casefold(), autojunk=False)
    if len(left) != len(left.casefold()) or len(right) != len(right.casefold()) or matcher.ratio() < 0.5:
        return _whole(left), _whole(right)
    codes = matcher.get_opcodes()
    return (
        tuple(Piece(left[i:j], how != "equal") for how, i, j, _, _ in codes if j > i),
        tuple(Piece(right[i:j], how != "equal") for how, _, _, i, j in codes if j > i),
    )


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, False),) if text else ()


class Weighed(Protocol):
    """Anything whose weight is told in steps: a question, a candidate."""

    @property
    def steps(self) -> Sequence[Any]:
        """The steps, see `linkage.explain.Step`."""


def build_bars(weighed: Weighed) -> list[Bar]:
    """Lay the steps of a waterfall out on one scale; fields that are not on both sides share the last line."""
    ends = [0.0, *(step.total for step in weighed.steps)]
    low, high = min(ends), max(ends)
    span = max(high - low, 1.0)
    zero = round(-low / span * 100, 2)
    bars, before = [], 0.0
    absent = [step for step in weighed.steps if step.agreement == "missing"]
    for step in weighed.steps:
        if step in absent:
            continue
        start, end = sorted((before, step.total))
        bars.append(
            Bar(
                title=step.title,
                outcome=step.outcome,
                bits=bits(step.bits),
                total=bits(step.total),
                words=step.words,
                way="for" if step.bits > 0 else "against",
                start=round((start - low) / span * 100, 2),
                width=round((end - start) / span * 100, 2),
                zero=zero,
            )
        )
        before = step.total
    if absent:
        names = ", ".join([absent[0].title, *(name_inside(step.title) for step in absent[1:])])
        words = "missing on one side or both"
        bars.append(Bar(names, words, "0.0", bits(before), "says nothing", "for", 0.0, 0.0, zero))
    return bars


def name_inside(title: str) -> str:
    """A field's name inside a sentence.

    >>> name_inside("Birth date"), name_inside("NHS number")
    ('birth date', 'NHS number')
    """
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def bits(value: float) -> str:
    """Bits with their sign; what rounds to nothing has none.

    >>> bits(1.26), bits(-3.0), bits(-0.01)
    ('+1.3', '-3.0', '0.0')
    """
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}"


def withheld_words(records: Sequence[RevealedRecord]) -> str:
    """What to say if a place is withheld; nothing if none is."""
    return WITHHELD_PLACE if any(record.restricted for record in records) else ""
