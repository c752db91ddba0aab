"""What do the families of event codes mean to others: of which terminology is a code, and where does a row go?

One declaration for every format; `docs/reference/exports.md` is made from it. A family that is not listed (codes of
imported data, for one) is `OTHER`.

References:
    Families and what their rows are: docs/reference/event-codes.md.
    Names of terminologies: `vocabulary_id` of the OMOP Standardized Vocabularies (Athena).
    Visit concepts 9201, 9202, 9203: the vocabulary `Visit`, as shipped with OHDSI Eunomia GiBleed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OmopTable = Literal[
    "condition_occurrence", "drug_exposure", "measurement", "observation", "procedure_occurrence", "visit_occurrence"
]

INPATIENT, OUTPATIENT, EMERGENCY = 9201, 9202, 9203


@dataclass(frozen=True)
class Family:
    """Events whose codes begin alike, up to the first `//`.

    Attributes:
        name: Beginning of the code.
        meaning: What a row is, in words.
        terminology: `vocabulary_id` of its codes in the OMOP vocabularies; None: the house's own, or a national set's.
        table: OMOP table of its rows where no standard concept says otherwise.
        visit: OMOP concept of the visit that a row is; 0: it is none.
        visit_codes: Only rows with these codes are visits; empty: all.
        by_value: Without a standard concept, a row with a number is a measurement all the same.
    """

    name: str
    meaning: str
    terminology: str | None = None
    table: OmopTable = "observation"
    visit: int = 0
    visit_codes: tuple[str, ...] = ()
    by_value: bool = False


OTHER = Family("", "Event of imported data", by_value=True)
"""What stands for a family that is not listed."""

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("MHS_REFERRAL", "Referral to a mental-health team of that type"),
        Family("MHS_REFERRAL_REJECTED", "Referral rejected for that reason"),
        Family(
            "MHS_CONTACT",
            "Contact with a mental-health team, kept or not",
            table="observation",
            visit=OUTPATIENT,
            visit_codes=("5", "6"),
        ),
        Family("MHS_SPELL", "Stay on a mental-health ward of that class", table="visit_occurrence", visit=INPATIENT),
        Family("MHS_SPELL_SOURCE", "Where a stay on a mental-health ward began from"),
        Family("MHS_SPELL_METHOD", "How a stay on a mental-health ward began"),
        Family("MHS_WARD", "Ward stay on a ward of that class"),
        Family("MHS_ACT", "Period under a legal status of the Mental Health Act"),
        Family("MHS_ACCOMMODATION", "Accommodation status"),
        Family("MHS_EMPLOYMENT", "Employment status"),
        Family("MHS_COORDINATOR", "Care co-ordinator assigned, by type of team"),
        Family("MHS_CARE_PLAN", "Mental-health care plan of that type made"),
        Family("MHS_CARE_PLAN_UPDATED", "Mental-health care plan of that type last brought up to date"),
        Family("MHS_CTO", "Community treatment order, or recall from one"),
        Family("DIALOG", "Item of DIALOG, 1 to 7", "SNOMED", "measurement"),
        Family("HONOS", "Item of a HoNOS assessment, 0 to 4", "SNOMED", "measurement"),
        Family(
            "ECDS_ATTENDANCE",
            "Emergency attendance at that type of department",
            table="visit_occurrence",
            visit=EMERGENCY,
        ),
        Family("ECDS_MODE", "How somebody came to an emergency department", "SNOMED"),
        Family("ECDS_COMPLAINT", "Chief complaint in an emergency department", "SNOMED"),
        Family("ECDS_DISPOSAL", "Where somebody went from an emergency department", "SNOMED"),
        Family("APC_SPELL", "Stay in hospital, by method of admission", table="visit_occurrence", visit=INPATIENT),
        Family("ICD10", "Diagnosis of a stay or referral", "ICD10", "condition_occurrence"),
        Family("OPCS4", "Procedure of a stay", "OPCS4", "procedure_occurrence"),
        Family("SNOMED", "Coded entry of a practice, a hospital or a scored assessment", "SNOMED", by_value=True),
        Family("CTV3", "Coded entry of a practice, Clinical Terms Version 3", by_value=True),
        Family("READ2", "Coded entry of a practice, Read version 2", "Read", by_value=True),
        Family("EMIS", "Coded entry of a practice, the system's own code", by_value=True),
        Family("LOCAL", "Coded entry of a practice, of no known system", by_value=True),
        Family("DMD", "Medicine issued", "dm+d", "drug_exposure"),
        Family("GP_REGISTRATION", "Registered with a practice; which one is not exported as a code"),
        Family("CSDS_REFERRAL", "Referral to a community health team of that type"),
        Family(
            "CSDS_CONTACT",
            "Contact with a community health team, kept or not",
            table="observation",
            visit=OUTPATIENT,
            visit_codes=("5", "6"),
        ),
        Family("CSDS_ACTIVITY", "Activity in a contact with a community health team"),
        Family("LOINC", "Measurement or survey of an imported data set", "LOINC", by_value=True),
        Family("RXNORM", "Medicine of an imported data set", "RxNorm", "drug_exposure"),
        Family("CLD_REQUEST", "Request for adult social care, by route"),
        Family("CLD_ASSESSMENT", "Assessment by adult social care"),
        Family("CLD_SERVICE", "Service of adult social care"),
        Family("CLD_REVIEW", "Review by adult social care"),
    )
}
"""Families by name."""


def family_of(code: str) -> Family:
    """The family of a code.

    >>> family_of("HONOS//979641000000103").terminology, family_of("LAB//50912//mg/dL").table
    ('SNOMED', 'observation')
    """
    return FAMILIES.get(code.partition("//")[0], OTHER)


def describe(code: str) -> str:
    """A code in words, as far as the house knows them.

    >>> describe("MHS_SPELL//200")
    'Stay on a mental-health ward of that class: 200'
    >>> describe("MHS_SPELL_END//200")
    'Stay on a mental-health ward of that class: 200; its end'
    """
    name, _, rest = code.partition("//")
    family = FAMILIES.get(name)
    if family is None and name.endswith(END):
        return f"{describe(f'{name.removesuffix(END)}//{rest}')}; its end"
    return f"{(family or OTHER).meaning}: {rest or name}"


END = "_END"
"""What a family's name is followed by in the code of an end."""
