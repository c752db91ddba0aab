"""Which cohorts are there? Declared: criteria one after another, each an age, a codelist and a window."""

from __future__ import annotations

from dataclasses import dataclass

from washhouse.core.errors import InputError
from washhouse.insight.codelists import (
    ANTIPSYCHOTIC,
    EMERGENCY_ATTENDANCE,
    HOSPITAL_SPELL,
    SEVERE_MENTAL_ILLNESS,
    Codelist,
)


@dataclass(frozen=True)
class OfAge:
    """Aged within a range on the index date, in completed years.

    Attributes:
        words: The criterion in words.
        at_least: Youngest age.
        below: Age that is too old; 0 for none.
    """

    words: str
    at_least: int
    below: int = 0


@dataclass(frozen=True)
class HasCode:
    """Has a code, or has none, in a window before the index date.

    Attributes:
        words: The criterion in words.
        codes: The codelist.
        days: Length of the window that ends at the index date, which is excluded; 0 for ever before.
        wanted: False for who has none.
    """

    words: str
    codes: Codelist
    days: int = 0
    wanted: bool = True


Criterion = OfAge | HasCode


@dataclass(frozen=True)
class Cohort:
    """People whom a study would ask for.

    Attributes:
        id: Stable kebab-case name.
        title: Who they are, in a few words.
        question: What a study would want to know of them.
        sources: Sending systems that must be there; the index date is the day to which the one furthest behind reaches.
        criteria: Applied one after another.
    """

    id: str
    title: str
    question: str
    sources: tuple[str, ...]
    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            InputError: `cohort-not-valid`: no criteria or no sources, or a window or an age below 0.
        """
        numbers = [n for c in self.criteria for n in ((c.at_least, c.below) if isinstance(c, OfAge) else (c.days,))]
        if not self.criteria or not self.sources or any(number < 0 for number in numbers):
            raise InputError(
                "cohort-not-valid", f"The cohort {self.id} lacks criteria or sources, or a number is below 0."
            )


TREATED_PSYCHOSIS = Cohort(
    id="treated-severe-mental-illness",
    title="Adults treated for severe mental illness who stayed out of hospital",
    question="Who of them comes to an emergency department, and could earlier contact have spared it?",
    sources=("gp", "hospital", "mental_health"),
    criteria=(
        OfAge("Aged 18 or over, below 75", at_least=18, below=75),
        HasCode("Severe mental illness on the GP record at any time before", SEVERE_MENTAL_ILLNESS),
        HasCode("An antipsychotic prescribed in the year before", ANTIPSYCHOTIC, days=365),
        HasCode("No admission to a mental-health ward in the year before", HOSPITAL_SPELL, days=365, wanted=False),
        HasCode("Came to an emergency department in the year before", EMERGENCY_ATTENDANCE, days=365),
    ),
)
COHORTS = {one.id: one for one in (TREATED_PSYCHOSIS,)}
"""Every cohort by its id."""
