"""What do the codes of the record mean, in words?

The tables beside this file hold what pages need: `labels/families.csv` the words for a vocabulary, every other file the
words for whole codes with their source. A code that none of them knows is shown as it is, never guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from io import StringIO

FAMILIES = "families.csv"
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
"""A text of a site's own, as declared sources write it."""

UNITS = {
    "10*9/L": "× 10⁹/L",
    "kg/m2": "kg/m²",
    "mL/min/1.73m2": "mL/min/1.73 m²",
    "mm[Hg]": "mmHg",
    "umol/L": "µmol/L",
}
"""UCUM units that people write otherwise."""


@cache
def code_labels() -> Mapping[str, str]:
    """Return the words for every code the tables know."""
    return {row["code"]: row["label"] for name, row in label_rows() if name != FAMILIES}


@cache
def family_labels() -> Mapping[str, str]:
    """Return the words for every vocabulary the tables know."""
    return {row["family"]: row["label"] for name, row in label_rows() if name == FAMILIES}


def label_rows() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each table's name with each of its rows."""
    folder = files("washhouse.web.shell").joinpath("labels")
    for table in sorted(folder.iterdir(), key=lambda each: each.name):
        if table.name.endswith(".csv"):
            for row in csv.DictReader(StringIO(table.read_text(encoding="utf-8"))):
                yield table.name, row


def label(code: str) -> str:
    """Return a code in words: its own, else its vocabulary's with the rest of the code as it is.

    >>> label("MHS_CONTACT//3")
    'Missed contact, did not attend'
    >>> label("CLD_SERVICE//community-home-support")
    'Social care service: community home support'
    >>> label("LAB//50912//mg/dL"), label("NEW//1"), label("FOOT_VISIT//home-visit")
    ('Laboratory test 50912 mg/dL', 'NEW 1', 'FOOT VISIT: home visit')
    """
    known = code_labels().get(code)
    if known is not None:
        return known
    family, _, rest = code.partition("//")
    if family in family_labels():
        words = rest.replace("//", " ")
        plain = family.startswith("CLD_")
        return (
            f"{family_labels()[family]}: {words.replace('-', ' ')}" if plain else f"{family_labels()[family]} {words}"
        )
    if _SLUG.fullmatch(rest):
        return f"{family_words(family)}: {rest.replace('-', ' ')}"
    return code.replace("//", " ")


def family_words(family: str) -> str:
    """A vocabulary in words, or itself.

    >>> family_words("HOSPITAL_DISCHARGE"), family_words("NEW_THING")
    ('Hospital discharge', 'NEW THING')
    """
    return family_labels().get(family, family.replace("_", " "))


def unit_words(unit: str) -> str:
    """A unit as people write it.

    >>> unit_words("mm[Hg]"), unit_words("mmol/L")
    ('mmHg', 'mmol/L')
    """
    return UNITS.get(unit, unit)
