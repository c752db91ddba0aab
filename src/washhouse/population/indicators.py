"""Which indicators of care are there? Declared: what is counted, among whom, and what that does not tell."""

from __future__ import annotations

from dataclasses import dataclass

from washhouse.insight.codelists import EMERGENCY_ADMISSION, Codelist


@dataclass(frozen=True)
class Indicator:
    """One indicator, by practice, standardised for age and sex.

    Attributes:
        id: Stable kebab-case name.
        title: What it tells, in a few words.
        counted: Codes whose things (`ref`) are counted, each once.
        source: Sending system that they come from; its data decides which period can be told.
        days: Length of the period.
        numerator: What is counted, in words.
        denominator: Among whom, in words.
        caution: What the figure does not tell.
    """

    id: str
    title: str
    counted: Codelist
    source: str
    days: int
    numerator: str
    denominator: str
    caution: str


EMERGENCY_ADMISSIONS = Indicator(
    id="emergency-admissions",
    title="Emergency admissions by practice",
    counted=EMERGENCY_ADMISSION,
    source="hospital",
    days=365,
    numerator="Emergency admissions to hospital (HES admission methods 21 to 28, 2A to 2D) that began in the period; "
    "a stay counts once, and a person may have several.",
    denominator="People registered with a practice whose month of birth and sex are known and who were alive at the "
    "start of the period, but for type 1 opt-outs; each counts as one, also who was born, moved or died within it.",
    caution="Standardised for age and sex only. Deprivation, illness, distance to hospital and how places code differ "
    "too, so a practice outside the limits is a question to ask, not an answer.",
)
INDICATORS = {one.id: one for one in (EMERGENCY_ADMISSIONS,)}
"""Every indicator by its id."""
