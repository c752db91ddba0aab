"""What does one resource say: who it is about, what happened, and what is wrong with it?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.sources.fhir.codes import (
    COURSES,
    ENCOUNTER_CLASSES,
    ETHNIC_EXTENSION,
    NHS_NUMBER,
    ODS_CODE,
    UCUM,
)
from washhouse.sources.fhir.declared import R4_TYPES, RESOURCES, ResourceMap
from washhouse.sources.fhir.elements import (
    Coding,
    Resource,
    codings_at,
    every,
    number_at,
    parse_day,
    parse_time,
    text_at,
)
from washhouse.sources.fhir.files import Line
from washhouse.sources.fhir.survey import Survey, digest, key_of

FIRST_YEAR = 1800
MOST_WORD_LETTERS = 18
_RESULT_WORDS = """
abnormal absent clear cloudy detected high large low moderate negative none normal positive present small trace yellow
yes no
"""
RESULT_WORDS = frozenset(_RESULT_WORDS.split())
"""Words of results that are kept, whatever their case."""
NUMBER_EXTENSION = "urn:washhouse:extension:number"
WORD_EXTENSION = "urn:washhouse:extension:word"

_WORD = re.compile(rf"[0-9A-Z<>=+./%_^*-]{{1,{MOST_WORD_LETTERS}}}")
_SIGN = re.compile("[0-9<>=+%^*]")
_SEX = {"male": "male", "female": "female"}
_COURSE_WORDS = {there: here for here, there in COURSES.items()}


_HOUSE_WORD = re.compile(r"(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)+")  # of which the mapping keeps those that it knows


@dataclass(frozen=True)
class Event:
    """One event, in the columns of `contract.EVENT` but for whose it is."""

    part: int
    happened: bool
    time: datetime | None
    end_time: datetime | None
    recorded: datetime | None
    family: str
    vocabulary: str
    code: str | None
    number: float | None = None
    unit: str | None = None
    word: str | None = None


@dataclass
class Reading:
    """What one line came to.

    Attributes:
        key: What the resource is known by.
        type: Its type, empty if it is none of R4's.
        content: Digest of what it says.
        patient: Columns of `contract.PATIENT`, None if it is no Patient.
        patient_key: Whose it is; empty for nobody's.
        encounter_key: During what it happened; None for nothing known.
        events: What it tells of.
        problems: Rule, column and detail of each thing that is wrong.
    """

    key: str = ""
    type: str = ""
    content: str = ""
    patient: dict[str, Any] | None = None
    patient_key: str = ""
    encounter_key: str | None = None
    events: list[Event] = field(default_factory=list)
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    def blame(self, rule: str, column: str, detail: str = "") -> None:
        """Note that something is wrong."""
        self.problems.append((rule, column, detail))


def read_resource(line: Line, survey: Survey) -> Reading:
    """Read one line.

    Args:
        line: The line.
        survey: What the resources of its set are known by.
    """
    reading, resource = Reading(), line.resource
    if resource is None:
        reading.blame("no-resource", "")
        return reading
    kind = text_at(resource, "resourceType")
    if kind not in R4_TYPES:
        reading.blame("bad-key-format" if kind else "missing-key", "resourceType", "a type of FHIR R4")
        return reading
    reading.key, reading.type, reading.content = key_of(line, resource), kind, digest(resource)
    if kind == "Patient":
        reading.patient = _patient(resource, reading)
    elif kind in RESOURCES:
        _event(resource, RESOURCES[kind], survey, reading)
    else:
        reading.blame("unmapped-resource", kind)
    return reading


def _patient(resource: Resource, reading: Reading) -> dict[str, Any]:
    number = next(
        (text_at(one, "value") for one in every(resource, "identifier") if text_at(one, "system") == NHS_NUMBER), ""
    )
    valid = parse_nhs_number(number) if number else None
    if number and valid is None:
        reading.blame("invalid-nhs-number", "nhs_number")
    name = _preferred(resource, "name", ("official", "usual", ""))
    address = _preferred(resource, "address", ("home", ""))
    born, died = text_at(resource, "birthDate"), text_at(resource, "deceasedDateTime")
    birth = parse_day(born)
    surname, first = text_at(name, "family"), text_at(name, "given")
    if birth is None and born and not (valid or surname):
        # Nobody is looked for by it: of a person known by a pseudonym a month, or a year, is all that is told.
        month = parse_time(born)
        birth = month.date() if month is not None else None
    if born and birth is None:
        reading.blame("bad-format", "birth_date", "a whole date")
    death = parse_time(died)
    if died and death is None:
        reading.blame("bad-format", "death_date", "a FHIR date or dateTime")
    ethnic = [one for one in every(resource, "extension") if text_at(one, "url") == ETHNIC_EXTENSION]
    doctors = [one for one in every(resource, "generalPractitioner.identifier") if text_at(one, "system") == ODS_CODE]
    sensitive = {one for one in every(resource, "meta.security.code") if isinstance(one, str)}
    lines = [one for one in every(address, "line") if isinstance(one, str)] + [text_at(address, "city")]
    phones = [
        text_at(one, "value") for one in every(resource, "telecom") if text_at(one, "system") in ("phone", "sms", "")
    ]
    return {
        "nhs_number": valid,
        "first_name": first or None,
        "surname": surname or None,
        "birth_date": birth if birth is not None and birth.year >= FIRST_YEAR else None,
        "sex": _SEX.get(text_at(resource, "gender"), "unknown"),
        "address": ", ".join(line for line in lines if line) or None,
        "postcode": text_at(address, "postalCode") or None,
        "phone": next(filter(None, phones), None),
        "restricted": bool(sensitive & {"R", "V"}),
        "ethnic_category": text_at(ethnic, "valueCodeableConcept.coding.code") or None,
        "practice": text_at(doctors, "value") or None,
        "death_date": death.date() if death is not None and death.year >= FIRST_YEAR else None,
        "recorded": parse_time(text_at(resource, "meta.lastUpdated")),
    }


def _preferred(resource: Resource, path: str, uses: tuple[str, ...]) -> Resource:
    """Of several names or addresses the one of the first use that there is, else the first."""
    given = [one for one in every(resource, path) if isinstance(one, dict)]
    for use in uses:
        for one in given:
            if text_at(one, "use") == use:
                return one
    return next((one for one in given if text_at(one, "use") != "old"), {})


def _event(resource: Resource, declared: ResourceMap, survey: Survey, reading: Reading) -> None:
    subject = text_at(resource, f"{declared.subject}.reference")
    if not subject:
        reading.blame("missing-key", declared.subject)
    else:
        reading.patient_key = _contained_patient(resource, subject, reading) or survey.resolve(subject)
    reading.encounter_key = _encounter(resource, declared, survey, reading)
    time, end = _time(resource, declared.time, reading), _time(resource, declared.end, reading)
    if time is not None and end is not None and end < time:
        reading.blame("negative-duration", declared.end[0], declared.time[0])
    codings = _codings(resource, declared, survey)
    house = bool(codings) and codings[0].house
    happened = house or not any(
        str(value) in values for path, values in declared.absent for value in every(resource, path)
    )
    if not happened:
        reading.blame("did-not-happen", declared.absent[0][0].partition(".")[0])
    if not codings:
        reading.blame("bad-format", declared.code[0], "a coding with a system and a code")
    coding = codings[0] if codings else Coding("LOCAL", "", False)
    number, unit, word = _value(resource, declared, reading)
    event = Event(
        part=0,
        happened=happened,
        time=time,
        end_time=end,
        recorded=_recorded(resource, declared),
        family="" if house else declared.family,
        vocabulary=coding.vocabulary,
        code=coding.code or None,
        number=number,
        unit=unit,
        word=word,
    )
    reading.events.append(event)
    reading.events += _components(resource, event) if declared.type == "Observation" else ()


def _contained_patient(resource: Resource, subject: str, reading: Reading) -> str:
    """Key of a Patient that a resource holds within itself; empty if it does not."""
    for one in every(resource, "contained") if subject.startswith("#") else ():
        if text_at(one, "resourceType") == "Patient" and text_at(one, "id") == subject[1:]:
            reading.patient = _patient(one, reading)
            return f"{reading.key}{subject}"
    return ""


def _encounter(resource: Resource, declared: ResourceMap, survey: Survey, reading: Reading) -> str | None:
    if declared.type == "Encounter":
        return reading.key
    given = text_at(resource, f"{declared.encounter}.reference") if declared.encounter else ""
    if not given:
        return None
    key = survey.resolve(given)
    if key not in survey.encounters:
        reading.blame("unknown-reference", declared.encounter)
    return key


def _time(resource: Resource, paths: tuple[str, ...], reading: Reading) -> datetime | None:
    for path in paths:
        written = text_at(resource, path)
        if written:
            moment = parse_time(written)
            if moment is None:
                reading.blame("bad-key-format", path, "a FHIR date or dateTime")
            elif moment.year < FIRST_YEAR:
                reading.blame("impossible-date", path)
            else:
                return moment
            return None
    return None


def _recorded(resource: Resource, declared: ResourceMap) -> datetime | None:
    for path in ("meta.lastUpdated", *declared.recorded):
        moment = parse_time(text_at(resource, path))
        if moment is not None:
            return moment
    return None


def _codings(resource: Resource, declared: ResourceMap, survey: Survey) -> list[Coding]:
    for path in declared.code:
        if path == "medicationReference":
            found = _medication(resource, survey)
        elif path == "class":
            # Codes of a closed list, so that they need not look like codes.
            given = text_at(resource, "class.code")
            found = [Coding("", given if given in ENCOUNTER_CLASSES else "other", False)] if given else []
        else:
            found = codings_at(resource, path)
        if declared.type == "Encounter" and path == "type" and not (found and found[0].house):
            found = []  # what kind of meeting it was stands in its class
        if found:
            return found
    return []


def _medication(resource: Resource, survey: Survey) -> list[Coding]:
    reference = text_at(resource, "medicationReference.reference")
    if reference.startswith("#"):
        inside = [one for one in every(resource, "contained") if text_at(one, "id") == reference[1:]]
        return codings_at(inside, "code")
    known = survey.medications.get(survey.resolve(reference))
    return [known] if known is not None else []


def _value(resource: Resource, declared: ResourceMap, reading: Reading) -> tuple[float | None, str | None, str | None]:
    """Number, unit and word; what is neither a number nor coded is left out with a warning."""
    number = unit = word = None
    for path in declared.number:
        quantity = next(every(resource, path), None)
        if isinstance(quantity, dict):
            number, unit, word = _quantity(quantity)
        elif number is None:
            number = number_at(resource, path)
    if declared.type == "MedicationRequest":
        return number, unit, _COURSE_WORDS.get(text_at(resource, "courseOfTherapyType.coding.code"))
    if declared.type == "Observation" and number is None and word is None:
        number, word, dropped = _result(resource)
        if dropped:
            reading.blame("bad-format", "value", "a number or a short coded text, not free text")
    for one in every(resource, "extension"):  # what the house writes where a type has no place for it
        if text_at(one, "url") == NUMBER_EXTENSION and number is None:
            number, unit, _ = _quantity(next((q for q in every(one, "valueQuantity") if isinstance(q, dict)), {}))
        elif text_at(one, "url") == WORD_EXTENSION and word is None:
            given = text_at(one, "valueCode")
            word = given if _HOUSE_WORD.fullmatch(given) else _kept_word(given)
    return number, unit, word


def _quantity(quantity: Resource) -> tuple[float | None, str | None, str | None]:
    value, sign = number_at(quantity, "value"), text_at(quantity, "comparator")
    is_ucum = text_at(quantity, "system") == UCUM
    unit = (text_at(quantity, "code") if is_ucum else "") or text_at(quantity, "unit") or None
    if sign in ("<", "<=", ">=", ">") and value is not None:
        return None, None, f"{sign}{value:g}"
    return value, unit, None


def _result(holder: Resource) -> tuple[float | None, str | None, bool]:
    """Number or word of an Observation or component, and whether something else had to be left out."""
    codings = codings_at(holder, "valueCodeableConcept")
    if codings:
        word = _kept_word(codings[0].code)
        return None, word, word is None
    if isinstance(holder.get("valueBoolean"), bool):
        return None, "yes" if holder["valueBoolean"] else "no", False
    text = text_at(holder, "valueString")
    if text:
        return _read_text(text)
    others = any(name.startswith("value") and name not in ("valueQuantity", "valueInteger") for name in holder)
    return None, None, others


def _read_text(text: str) -> tuple[float | None, str | None, bool]:
    if parse_nhs_number(text) is not None:
        return None, None, True
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number, None, False
    word = _kept_word(text)
    return None, word, word is None


def _kept_word(text: str) -> str | None:
    """A result word or code, else None: letters alone, or with a hyphen, could be a name.

    >>> _kept_word("Negative"), _kept_word("<0.5"), _kept_word("POS"), _kept_word("LA6576-8"), _kept_word("SMITH-LEE")
    ('negative', '<0.5', 'POS', 'LA6576-8', None)
    """
    if text.lower() in RESULT_WORDS:
        return text.lower()
    return text if _WORD.fullmatch(text) and (len(text) <= 3 or _SIGN.search(text)) else None


def _components(resource: Resource, event: Event) -> Iterator[Event]:
    for part, one in enumerate(every(resource, "component"), 1):
        codings = codings_at(one, "code")
        if not codings:
            continue
        quantity = one.get("valueQuantity") if isinstance(one, dict) else None
        number, unit, word = _quantity(quantity) if isinstance(quantity, dict) else (None, None, None)
        if not isinstance(quantity, dict):
            number, word, _ = _result(one)
        vocabulary, code, _ = codings[0]
        yield replace(event, part=part, vocabulary=vocabulary, code=code, number=number, unit=unit, word=word)
