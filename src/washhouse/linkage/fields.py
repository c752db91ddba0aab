"""Which fields are compared, and into which levels does each comparison fall?

A comparison of two values gives a level, a small integer: 0 where either side is missing, then from full agreement to
plain difference. The level numbers here are the ones that `kernel` emits; the words are what a reader is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.linkage import standardise

About = Literal["who", "number", "family", "where", "contact", "setting"]
"""What a field tells: the person, a number given to them (mixed up inside a family now and then), the family, the
place, how to reach them (a phone goes along on a move, and may be a whole household's), or only the pair's setting."""


class Kind(IntEnum):
    """How two values are compared; `kernel` branches on it."""

    NAME = 0
    DATE = 1
    EXACT = 2
    POSTCODE = 3
    ADDRESS = 4
    IDENTIFIER = 5
    WORD = 6
    SETTING = 7
    NUMBER = 8
    SPAN = 9


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison.

    Attributes:
        words: The outcome in words.
        same: Share of one person's pairs expected here before any data is seen.
        strangers: Share of strangers' pairs expected here before any data is seen.
    """

    words: str
    same: float
    strangers: float


def _levels(*rows: tuple[str, float, float]) -> tuple[Level, ...]:
    return tuple(Level(*row) for row in rows)


LEVELS: dict[Kind, tuple[Level, ...]] = {
    Kind.NAME: _levels(
        ("the same, and rare", 0.15, 0.00005),
        ("the same, and uncommon", 0.25, 0.0005),
        ("the same", 0.25, 0.002),
        ("the same, but common", 0.15, 0.003),
        ("one slip apart", 0.06, 0.003),
        ("forms of one name", 0.03, 0.002),
        ("very alike", 0.02, 0.002),
        ("one is short for the other, or part of it", 0.02, 0.003),
        ("first name and surname swapped", 0.01, 0.00001),
        ("alike", 0.01, 0.01),
        ("different", 0.05, 0.97444),
    ),
    Kind.DATE: _levels(
        ("the same", 0.90, 0.00004),
        ("the same, but 1 January", 0.01, 0.000005),
        ("the known parts agree", 0.02, 0.003),
        ("day and month swapped", 0.01, 0.00001),
        ("one digit differs", 0.02, 0.001),
        ("day and month agree, the year does not", 0.01, 0.002),
        ("the year and one other part agree", 0.01, 0.001),
        ("only the year agrees", 0.01, 0.012),
        ("the year agrees, one says 1 January", 0.01, 0.0003),
        ("different", 0.01, 0.980645),
    ),
    Kind.EXACT: _levels(("the same", 0.97, 0.001), ("different", 0.03, 0.999)),
    Kind.POSTCODE: _levels(
        ("the same", 0.70, 0.0005),
        ("one slip apart", 0.03, 0.001),
        ("same sector", 0.04, 0.01),
        ("same district", 0.05, 0.04),
        ("same area", 0.10, 0.6),
        ("different", 0.08, 0.3485),
    ),
    Kind.ADDRESS: _levels(
        ("the same", 0.60, 0.0002),
        ("same number, street alike", 0.10, 0.0002),
        ("same street, number one slip apart", 0.05, 0.001),
        ("same street", 0.03, 0.002),
        ("same number only", 0.02, 0.01),
        ("different", 0.20, 0.9866),
    ),
    Kind.IDENTIFIER: _levels(("the same", 0.85, 0.0001), ("one slip apart", 0.05, 0.0005), ("different", 0.10, 0.9994)),
    Kind.SPAN: _levels(("one after the other", 0.9, 0.1), ("at the same time", 0.1, 0.9)),
    Kind.WORD: _levels(
        ("the same, and rare", 0.10, 0.00005),
        ("the same, and uncommon", 0.20, 0.0005),
        ("the same", 0.25, 0.005),
        ("the same, but common", 0.25, 0.1),
        ("one slip apart", 0.05, 0.003),
        ("very alike", 0.05, 0.003),
        ("different", 0.10, 0.88845),
    ),
    Kind.NUMBER: _levels(
        ("the same", 0.80, 0.01), ("near", 0.10, 0.02), ("rather near", 0.04, 0.04), ("different", 0.06, 0.93)
    ),
}
"""Before any data is seen; a few hundred pairs of data outweigh these."""

EQUAL_LEVELS: dict[Kind, tuple[int, ...]] = {
    Kind.NAME: (1, 2, 3, 4),
    Kind.DATE: (1, 2),
    Kind.EXACT: (1,),
    Kind.POSTCODE: (1,),
    Kind.ADDRESS: (1,),
    Kind.IDENTIFIER: (1,),
    Kind.WORD: (1, 2, 3, 4),
    Kind.NUMBER: (1,),
    Kind.SPAN: (),
}
"""Levels that mean plain equality: their frequency among strangers is counted from the values, not sampled."""

SWAPPED = 9
"""Level of a name that stands in the other name's place; it is always the level of both."""

BANDS = (0.0001, 0.001, 0.01)
"""Share of records that bear a value, at which it stops being rare, uncommon, usual."""


@dataclass(frozen=True)
class Field:
    """A field that records are compared on.

    Attributes:
        name: Our name of the field.
        kind: How two values are compared.
        about: What agreement tells; members of a household agree on the place without being one person.
        standard: Brings one value into its standard form; None for a value that says nothing.
        near: Difference up to which two numbers are near; up to three times as much is rather near. 0 for other kinds.
    """

    name: str
    kind: Kind
    about: About
    standard: Callable[[str], str | None]
    near: float = 0.0

    @property
    def levels(self) -> tuple[Level, ...]:
        """The outcomes, level 1 first."""
        return LEVELS[self.kind]


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("nhs_number", Kind.EXACT, "number", parse_nhs_number),
        Field("first_name", Kind.NAME, "who", standardise.name),
        Field("surname", Kind.NAME, "family", standardise.name),
        Field("birth_date", Kind.DATE, "who", standardise.birth_date),
        Field("sex", Kind.EXACT, "who", standardise.sex),
        Field("postcode", Kind.POSTCODE, "where", standardise.postcode),
        Field("address", Kind.ADDRESS, "where", standardise.address),
        Field("uprn", Kind.EXACT, "where", standardise.identifier),
        Field("phone", Kind.IDENTIFIER, "contact", standardise.phone),
        Field("registration", Kind.SPAN, "who", standardise.span),
    )
}
"""The fields with a meaning of their own, by name."""


def category_field(name: str, about: About = "where") -> Field:
    """Return a free category: agreement counts for more the rarer the value."""
    return Field(name, Kind.WORD, about, standardise.category)


def identifier_field(name: str, about: About = "who") -> Field:
    """Return a further identifier of the person, e.g. a social security number."""
    return Field(name, Kind.IDENTIFIER, about, standardise.identifier)


def name_field(name: str, about: About = "who") -> Field:
    """Return a further name, e.g. a middle name; compared as a first name is."""
    return Field(name, Kind.NAME, about, standardise.name)


def date_field(name: str, about: About = "who") -> Field:
    """Return a further date, e.g. of an event that both records tell."""
    return Field(name, Kind.DATE, about, standardise.birth_date)


def number_field(name: str, about: About = "who", near: float = 1.0) -> Field:
    """Return a number, e.g. a height; differences are taken to a thousandth of `near`."""
    return Field(name, Kind.NUMBER, about, standardise.number, near)


FREE_FIELDS: Mapping[Kind, Callable[..., Field]] = {
    Kind.NAME: name_field,
    Kind.DATE: date_field,
    Kind.WORD: category_field,
    Kind.IDENTIFIER: identifier_field,
    Kind.NUMBER: number_field,
}
"""How a field with a name of the user's own is made, by its kind."""
