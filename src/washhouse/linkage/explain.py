"""Why did two records get the weight they have? Told field by field, in words that add up.

The parts are the model's own (`Model.weights`), so a waterfall is not a story told afterwards: its last total is the
pair's weight, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from washhouse.linkage.fields import Field, Kind
from washhouse.linkage.kernel import levels_of
from washhouse.linkage.model import Levels, Model, telling_order

STRENGTHS = ((0.5, "says little"), (2.0, "speaks a little {}"), (6.0, "speaks {}"), (12.0, "speaks strongly {}"))
"""Words for a part of less than so many bits, either way; more than the last speaks very strongly."""
PRIOR = "before"
"""Name of the first step: how likely any pair is to be one person."""
_TITLES = {
    "nhs_number": "NHS number",
    "uprn": "Property reference (UPRN)",
    "registration": "On the sender's list",
    "sources": "Where the records come from",
}


class Agreement(StrEnum):
    """How two values agree, coarsely; a page marks it by word and shape."""

    SAME = "same"
    ALIKE = "alike"
    DIFFERENT = "different"
    MISSING = "missing"
    NONE = "none"
    """Nothing was compared: the prior, or the setting of the pair."""


@dataclass(frozen=True)
class Step:
    """One step of a waterfall.

    Attributes:
        field: Our name of the field; `PRIOR` for the first step.
        title: The field in words.
        outcome: How the two values compare, in words.
        agreement: The same, coarsely.
        bits: What the step adds to the weight, bits.
        total: The weight after this step, bits.
        words: How strongly it speaks, and which way.
    """

    field: str
    title: str
    outcome: str
    agreement: Agreement
    bits: float
    total: float
    words: str


def waterfall(model: Model, compared: int | Sequence[int]) -> list[Step]:
    """Tell the weight of a pair step by step.

    Args:
        model: The model that weighed the pair; it knows its fields.
        compared: The pair's pattern, or its level in each of the model's fields.

    Returns:
        The prior first, then every field in the order in which the model tells them. The bits sum to the weight.
    """
    levels = pattern_levels(model, compared) if isinstance(compared, int | np.integer) else tuple(compared)
    held: Levels = np.array([levels], dtype=np.int8)
    weights, parts = model.weights(held)
    total = model.prior
    steps = [
        Step(PRIOR, "Before anything is compared", "any two records", Agreement.NONE, total, total, say_strength(total))
    ]
    order = telling_order(model.fields)
    for f in order:
        bits = float(parts[0, f])
        total = float(weights[0]) if f == order[-1] else total + bits
        outcome, agreement = say_level(model, f, levels)
        field = model.fields[f]
        steps.append(Step(field.name, say_field(field.name), outcome, agreement, bits, total, say_strength(bits)))
    return steps


def pattern_levels(model: Model, pattern: int) -> tuple[int, ...]:
    """Return the level of a pattern in each of the model's fields.

    Args:
        model: The model.
        pattern: A pattern of `kernel.compare`.
    """
    counts = [len(shares) for shares in model.shares[0]]
    return tuple(int(level) for level in levels_of(np.array([pattern], dtype=np.int64), counts)[0])


def say_level(model: Model, f: int, levels: Sequence[int]) -> tuple[str, Agreement]:
    """Return a field's outcome in words, and coarsely.

    Args:
        model: The model.
        f: Place of the field among the model's.
        levels: The pair's level in each field.
    """
    field, level = model.fields[f], levels[f]
    if field.kind is Kind.SETTING:
        last = len(model.shares[0][f]) - 1
        words = "nothing is known of them" if level == 0 else "two sources" if level == last else "one source"
        return words, Agreement.NONE
    if level == 0:
        told = field.name == "address" and any(
            other.name == "uprn" and levels[place] for place, other in enumerate(model.fields)
        )
        return "told by the property reference" if told else "missing on one side or both", Agreement.MISSING
    words = field.levels[level - 1].words
    return words, agreement_of(field, level)


def agreement_of(field: Field, level: int) -> Agreement:
    """Return how two values of a field agree, coarsely.

    >>> from washhouse.linkage.fields import FIELDS
    >>> [agreement_of(FIELDS["birth_date"], level).value for level in (0, 1, 4, 10)]
    ['missing', 'same', 'alike', 'different']
    """
    if level == 0:
        return Agreement.MISSING
    words = field.levels[level - 1].words
    if words.startswith("the same"):
        return Agreement.SAME
    return Agreement.DIFFERENT if words in ("different", "at the same time") else Agreement.ALIKE


def say_field(name: str) -> str:
    """Return a field's name as people say it.

    >>> say_field("birth_date"), say_field("nhs_number")
    ('Birth date', 'NHS number')
    """
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def say_strength(bits: float) -> str:
    """Say how strongly a part of a weight speaks, and which way; one bit doubles or halves the odds.

    >>> say_strength(13.1), say_strength(-3.0), say_strength(0.1)
    ('speaks very strongly for one person', 'speaks against', 'says little')
    """
    way = "for one person" if bits > 0 else "against"
    for limit, words in STRENGTHS:
        if abs(bits) < limit:
            return words.format(way)
    return f"speaks very strongly {way}"
