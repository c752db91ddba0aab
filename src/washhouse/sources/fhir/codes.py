"""Which address names which vocabulary of the record, and how is a code spelt on either side?

One table serves import, export and server. A vocabulary that is the house's own, or that no body has given an address,
goes by `urn:washhouse:vocabulary:<name>`.

References:
    HL7 FHIR R4, https://hl7.org/fhir/R4/terminologies-systems.html; HL7 UK Core, code systems in use.
"""

from __future__ import annotations

HOUSE = "urn:washhouse:vocabulary:"
"""What the address of a vocabulary without one of its own begins with."""
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
UCUM = "http://unitsofmeasure.org"
ETHNIC_SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategory"
ETHNIC_EXTENSION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
COURSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy"

SYSTEMS: dict[str, tuple[str, ...]] = {
    "SNOMED": ("http://snomed.info/sct",),
    "DMD": ("https://dmd.nhs.uk",),
    "ICD10": ("http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-uk"),
    "OPCS4": ("https://fhir.hl7.org.uk/Id/opcs-4",),
    "CTV3": ("http://read.info/ctv3",),
    "READ2": ("http://read.info/readv2",),
    "EMIS": ("https://fhir.hl7.org.uk/Id/egton-codes", "https://fhir.hl7.org.uk/Id/emis-drug-codes"),
    "LOINC": ("http://loinc.org",),
    "ICD10CM": ("http://hl7.org/fhir/sid/icd-10-cm",),
    "ICD10PCS": ("http://www.cms.gov/Medicare/Coding/ICD10",),
    "ICD9CM": ("http://hl7.org/fhir/sid/icd-9-cm",),
    "RXNORM": ("http://www.nlm.nih.gov/research/umls/rxnorm",),
    "CVX": ("http://hl7.org/fhir/sid/cvx",),
    "NDC": ("http://hl7.org/fhir/sid/ndc",),
    "CPT": ("http://www.ama-assn.org/go/cpt",),
    "ATC": ("http://www.whocc.no/atc",),
}
"""Addresses of each vocabulary, first the one that is written; of several codings the one named here first counts."""

COURSES = {"acute": "acute", "repeat": "continuous"}
"""Course of a prescription in the record and in FHIR."""

OTHER = "LOCAL"
"""Vocabulary of a coding whose system is none of these."""

ENCOUNTER_CLASSES = ("AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR")
"""Codes of `Encounter.class`; any other is `other`."""

_VOCABULARY_OF = {system: name for name, systems in SYSTEMS.items() for system in systems}
_RANK = {name: at for at, name in enumerate(SYSTEMS)}
_DOTTED = ("ICD10", "OPCS4")

_HOUSE_VOCABULARIES = """
APC_SPELL CLD_ASSESSMENT CLD_REQUEST CLD_REVIEW CLD_SERVICE CSDS_ACTIVITY CSDS_CONTACT CSDS_REFERRAL DIALOG
ECDS_ATTENDANCE ECDS_COMPLAINT ECDS_DISPOSAL ECDS_MODE GP_REGISTRATION HONOS LOCAL MHS_ACCOMMODATION MHS_ACT
MHS_CARE_PLAN MHS_CARE_PLAN_UPDATED MHS_CONTACT MHS_COORDINATOR MHS_CTO MHS_EMPLOYMENT MHS_REFERRAL
MHS_REFERRAL_REJECTED MHS_SPELL MHS_SPELL_METHOD MHS_SPELL_SOURCE MHS_WARD
"""
HOUSE_VOCABULARIES = frozenset(_HOUSE_VOCABULARIES.split())
"""The house's own vocabularies that are read back: any other name could be anything."""


def vocabulary_of(system: str) -> str:
    """Name the vocabulary of a coding's system.

    >>> vocabulary_of("http://snomed.info/sct"), vocabulary_of("urn:washhouse:vocabulary:MHS_REFERRAL")
    ('SNOMED', 'MHS_REFERRAL')
    >>> vocabulary_of("http://example.org/codes"), vocabulary_of("https://dmd.nhs.uk/")
    ('LOCAL', 'DMD')
    """
    own = _own_vocabulary(system)
    return own or _VOCABULARY_OF.get(system.strip().rstrip("/"), OTHER)


def system_of(vocabulary: str) -> str:
    """The address that is written for a vocabulary.

    >>> system_of("LOINC"), system_of("MHS_CONTACT")
    ('http://loinc.org', 'urn:washhouse:vocabulary:MHS_CONTACT')
    """
    return SYSTEMS[vocabulary][0] if vocabulary in SYSTEMS else HOUSE + vocabulary


def is_house(system: str) -> bool:
    """Whether a system's address is one that only this house gives.

    >>> is_house("urn:washhouse:vocabulary:CSDS_CONTACT"), is_house("urn:washhouse:vocabulary:Ann")
    (True, False)
    """
    return bool(_own_vocabulary(system))


def _own_vocabulary(system: str) -> str:
    """The house's own vocabulary that goes by an address; empty for none."""
    plain = system.strip().rstrip("/")
    own = plain.removeprefix(HOUSE)
    return own if own != plain and own in HOUSE_VOCABULARIES else ""


def rank_of(system: str) -> int:
    """Place of a system among several codings of one thing: the house's own first, unknown ones last."""
    return -1 if is_house(system) else _RANK.get(vocabulary_of(system), len(_RANK))


def house_spelling(vocabulary: str, code: str) -> str:
    """A code as the record spells it.

    >>> house_spelling("ICD10", "E11.9"), house_spelling("LOINC", "2951-2")
    ('E119', '2951-2')
    """
    return code.replace(".", "").upper() if vocabulary in _DOTTED else code


def fhir_spelling(vocabulary: str, code: str) -> str:
    """A code as its own system spells it.

    >>> fhir_spelling("ICD10", "E119"), fhir_spelling("ICD10", "I10"), fhir_spelling("LOINC", "2951-2")
    ('E11.9', 'I10', '2951-2')
    """
    return f"{code[:3]}.{code[3:]}" if vocabulary in _DOTTED and len(code) > 3 else code
