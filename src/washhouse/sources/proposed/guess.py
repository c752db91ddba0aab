"""What does a column seem to hold, by its header and its values?

A guess says why it was made and how sure it is; it is written into a proposal as a comment, for somebody who knows the
file to confirm. Values are looked at here and never leave but as the codes of a column that names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from washhouse.sources.contract import ColumnType, plain
from washhouse.sources.parse import parse_datetime
from washhouse.sources.proposed import shapes
from washhouse.sources.proposed.words import says

MOST_CODES = 40
"""Different values of a column that still counts as coded."""

FEWEST_EACH = 5
"""How often a text must stand in the file to be listed as a code: what is rarer may be somebody's."""


@dataclass(frozen=True)
class Guess:
    """What a column seems to hold.

    Attributes:
        type: Type that it would be declared with.
        why: Reason, in words; never a value.
        role: What it would be in the declaration: a key of `[identity]`, `time`, `clock`, `value`, `unit`, `code`,
            `category` or nothing.
        sure: Whether the values bear it out.
        format: Format of its dates, if it is not one of the usual.
        vocabulary: Of a code, its national vocabulary.
        codes: Values to list.
        personal: It may name a person; no value of it is shown.
        future: Some dates lie after today.
    """

    type: ColumnType
    why: str
    role: str = ""
    sure: bool = True
    format: str = ""
    vocabulary: str = ""
    codes: tuple[str, ...] = ()
    personal: bool = False
    future: bool = False


@dataclass(frozen=True)
class Seen:
    """One column's header and values.

    Attributes:
        header: As in the file.
        values: Different values, the most frequent first, as many as are looked at.
        counts: How often each stands there.
        rows: Rows looked at.
        missing: Rows without a value.
        distinct: Number of different values.
    """

    header: str
    values: Sequence[str]
    counts: Sequence[int]
    rows: int
    missing: int
    distinct: int

    def share(self, test: Callable[[str], bool]) -> float:
        """Share of the different values that pass a test, 0 to 1."""
        return sum(map(test, self.values)) / len(self.values) if self.values else 0.0

    def says(self, *words: str) -> bool:
        """Whether the header holds one of some words."""
        return says(self.header, words)


def guess(seen: Seen, today: datetime) -> Guess:
    """Guess what a column holds.

    Args:
        seen: The column.
        today: The present moment: a date behind it lies ahead.
    """
    if not seen.values:
        return Guess("text", "empty in every row looked at", sure=False)
    for ask in (_identifier, _person_part, _moment, _coded_value, _number, _category):
        found = ask(seen, today)
        if found is not None:
            return found
    length = sum(map(len, seen.values)) / len(seen.values)
    if length > 30:
        return Guess("text", "free text, which never enters the record", personal=True)
    return Guess("text", "text", sure=False)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _identifier(seen: Seen, today: datetime) -> Guess | None:
    nhs, named = seen.share(shapes.is_nhs_number), seen.says("nhsno", "nhsnum", "nhsid")
    hashed = seen.says("pseud", "token", "hash") or seen.share(shapes.is_pseudonym) > 0.95
    if hashed and seen.says("nhs", "person", "patient", "pseud") and seen.distinct > 1:
        return Guess("pseudonym", "a pseudonym by its header and shape", "pseudonym", sure=not named, personal=True)
    if seen.says("status", "verif", "trace", "superseded"):
        return None
    if nhs > 0.8 or (named and nhs > 0.3):
        lost = seen.share(shapes.is_power_of_ten)
        why = f"{_percent(nhs)} of its values have ten digits and a valid check digit"
        if lost:
            why += f"; {_percent(lost)} went through a spreadsheet (9.43E+09) and are lost"
        return Guess("nhs_number", why, "nhs_number", sure=nhs > 0.8, personal=True)
    if named and seen.share(shapes.is_power_of_ten) > 0.1:
        why = "its header; the numbers went through a spreadsheet (9.43E+09) and are lost: ask for the file again"
        return Guess("nhs_number", why, "nhs_number", sure=False, personal=True)
    return None


_PARTS = (
    ("first_name", ("forename", "firstname", "givenname", "christianname", "fname", "middlename"), None),
    ("surname", ("surname", "lastname", "familyname", "lname", "maidenname"), None),
    ("postcode", ("postcode", "postalcode", "pcode", "zip"), shapes.is_postcode),
    ("address", ("address", "addr", "street", "houseno", "town"), None),
    ("uprn", ("uprn",), None),
    ("phone", ("phone", "mobile", "telno", "telephone"), shapes.is_phone),
)
_PERSON_IDS = (
    *(
        "patientid",
        "personid",
        "clientid",
        "localpatient",
        "patientno",
        "patientnum",
        "personno",
        "clientno",
        "clientref",
    ),
    *("hospitalno", "hospitalnum", "mrn", "subjectid", "unitno", "pupilid", "residentid", "serviceuser", "tokenperson"),
    *(
        "uniqueidentifier",
        "personuniq",
        "pasid",
        "swiftid",
        "liquidlogic",
        "patientref",
        "personref",
        "patient",
        "pasno",
    ),
)
_STAFF = (
    *("consultant", "clinician", "doctor", "nurse", "worker", "staff", "carer", "kin", "contactname", "name"),
    *("email", "author", "enteredby", "signed", "gpname", "practitioner", "keyworker", "coordinator"),
)


def _person_part(seen: Seen, today: datetime) -> Guess | None:
    numbers = seen.share(lambda text: re.fullmatch(r"[\d.,]+", text) is not None)
    for role, words, test in _PARTS:
        fits = seen.share(test) if test is not None else 0.0
        named = seen.says(*words) and not seen.says("count", "flag", "status", "type")
        if test is not None and (fits > 0.8 or (named and fits > 0.3)):
            return Guess(
                "text", f"{_percent(fits)} of its values are shaped as a {role}", role, sure=fits > 0.8, personal=True
            )
        if test is not None and named:
            return Guess("text", f"{role}, by its header, but not by its values", sure=False, personal=True)
        if test is None and named and (role == "uprn" or numbers < 0.5):
            return Guess("text", f"{role.replace('_', ' ')}, by its header", role, personal=True)
    if seen.share(shapes.is_email) > 0.5:
        return Guess("text", "electronic addresses", personal=True)
    if seen.share(shapes.is_practice) > 0.9 and seen.says("gp", "practice", "surgery", "gmp"):
        return Guess("text", "codes of practices", "practice")
    if seen.share(shapes.is_small_area) > 0.9:
        return Guess("text", "codes of small areas", "small_area")
    if seen.says("ethnic") and seen.share(lambda text: re.fullmatch(r"[A-Z]|99?", text) is not None) > 0.8:
        return Guess("text", "national ethnic categories", "ethnic_category")
    if seen.says("sex", "gender") and seen.distinct <= 8 and not seen.says("date", "birthreg"):
        return Guess("text", "a sex by its header and its few values", "sex", codes=tuple(seen.values))
    if seen.says(*_PERSON_IDS) and not seen.says("date", "type", "status", "name", "category", "age", "class"):
        ids = not seen.share(lambda text: " " in text) > 0.2
        if ids and (seen.distinct > MOST_CODES // 4 or _is_key_name(seen)):
            return Guess("text", "the sender's id of the person by its header", "person", personal=True)
    if seen.says(*_STAFF) and numbers < 0.2 and not _is_code_like(seen):
        return Guess("text", "may name somebody", sure=False, personal=True)
    return None


def _is_code_like(seen: Seen) -> bool:
    return seen.share(lambda text: re.fullmatch(r"[A-Z0-9]{1,6}", text) is not None) > 0.9


_FORMATS: tuple[tuple[str, str], ...] = (
    (r"\d{1,2}/\d{1,2}/\d{2}", "%d/%m/%y"),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", "%d.%m.%y"),
    (r"\d{1,2}-\d{1,2}-\d{2}", "%d-%m-%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", "%d-%b-%y"),
    (r"\d{1,2}[A-Za-z]{3}\d{4}", "%d%b%Y"),
    (r"\d{1,2}[A-Za-z]{3}\d{4}:\d\d:\d\d:\d\d", "%d%b%Y:%H:%M:%S"),
    (r"\d{1,2}[A-Za-z]{3}\d{2}:\d\d:\d\d:\d\d", "%d%b%y:%H:%M:%S"),
    (r"\d{4}-\d{2}", "%Y-%m"),
    (r"\d{4}/\d{2}", "%Y/%m"),
)
_MONTH_FIRST = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?P<clock>[ T]\d{1,2}:\d{2}(?::\d{2})?(?: [AaPp][Mm])?)?"
)
_DATE_WORDS = ("date", "dob", "birth", "day", "time", "dt", "when", "start", "end", "from", "until", "month", "died")


def _moment(seen: Seen, today: datetime) -> Guess | None:
    american = _american(seen)
    if american:
        return _dated(seen, american, f"month before day: the second number passes 12 ({american})", today)
    bare = seen.share(lambda text: re.fullmatch(r"\d{8}", text) is not None) > 0.5
    usual = seen.share(lambda text: text[:1].isdigit() and parse_datetime(text)[1] == "" and len(text) >= 8)
    if usual > 0.9 and (not bare or seen.says(*_DATE_WORDS)):
        why = "dates" if usual == 1 else f"dates, {_percent(1 - usual)} of them unreadable"
        if not _tells_order(seen):
            why += "; no day passes 12, so that day before month is a guess"
        return _dated(seen, "", why, today, sure=_tells_order(seen))
    for pattern, format in _FORMATS:
        if format == "%d.%m.%y" and not seen.says(*_DATE_WORDS):
            continue  # numbers of sections are written so, too
        compiled = re.compile(pattern, re.ASCII)
        if seen.share(lambda text, compiled=compiled: compiled.fullmatch(text) is not None) > 0.9:  # type: ignore[misc]
            return _dated(seen, format, f"dates written as {format}", today)
    if seen.share(lambda text: re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", text) is not None) > 0.9:
        return Guess("time", "times of day", "clock")
    return None


def _american(seen: Seen) -> str:
    """The format of dates with the month first, if the values show it; else empty."""
    matches = [match for text in seen.values if (match := _MONTH_FIRST.fullmatch(text))]
    if len(matches) < 0.9 * len(seen.values):
        return ""
    if any(int(match[1]) > 12 for match in matches) or not any(int(match[2]) > 12 for match in matches):
        return ""
    sample = next(match for match in matches if int(match[2]) > 12)
    sign = sample[0][len(sample[1])]
    year = "%y" if re.fullmatch(r"\d+[-/.]\d+[-/.]\d{2}", sample[0].split(" ")[0].split("T")[0]) else "%Y"
    clock = sample["clock"] or ""
    half = " %p" if clock[-1:] in "mM" and clock else ""
    signs = "%I" if half else "%H"
    tail = "" if not clock else clock[0] + signs + (":%M:%S" if clock.count(":") == 2 else ":%M") + half
    return f"%m{sign}%d{sign}{year}{tail}"


def _tells_order(seen: Seen) -> bool:
    """Whether some date shows which of its numbers is the day."""
    both = [match for text in seen.values if (match := _MONTH_FIRST.fullmatch(text))]
    return not both or any(int(match[1]) > 12 for match in both)


def _dated(seen: Seen, format: str, why: str, today: datetime, sure: bool = True) -> Guess:
    moments = [moment for text in seen.values if (moment := read_moment(text, format)) is not None]
    timed = any(moment.hour or moment.minute or moment.second for moment in moments)
    type: ColumnType = "datetime" if timed else "date"
    ahead = any(moment > today for moment in moments)
    if seen.says("birth", "dob"):
        return Guess("date", f"{why}; a date of birth by its header", "birth_date", sure, format, personal=True)
    if seen.says("death", "died", "deceased", "dod"):
        return Guess("date", f"{why}; a date of death by its header", "death_date", sure, format, personal=True)
    if ahead:
        why += "; some lie ahead"
    return Guess(type, why, "time", sure, format, future=ahead)


def read_moment(text: str, format: str) -> datetime | None:
    """Read one date or moment in a format, or in one of the usual ways; None if it is none."""
    if not format:
        return parse_datetime(text)[0]
    try:
        return datetime.strptime(text, format).replace(tzinfo=None)
    except ValueError:
        return None


def _coded_value(seen: Seen, today: datetime) -> Guess | None:
    snomed, loinc = seen.share(shapes.is_snomed), seen.share(shapes.is_loinc)
    if snomed > 0.9 or (snomed > 0.6 and seen.says("snomed", "concept", "dmd")):
        vocabulary = "DMD" if seen.says("dmd", "drug", "medic", "vmp", "amp", "product") else "SNOMED"
        why = f"{_percent(snomed)} of its values have a SNOMED CT check digit"
        return Guess("code", why, "code", vocabulary == "SNOMED" or seen.says("dmd"), vocabulary=vocabulary)
    if seen.says("snomed", "dmd") and seen.share(shapes.is_power_of_ten) > 0.1:
        return Guess("code", "codes that a spreadsheet cut: ask for the file again", "code", False, vocabulary="SNOMED")
    if loinc > 0.9:
        return Guess(
            "code", f"{_percent(loinc)} of its values have a LOINC check digit", "code", loinc == 1, vocabulary="LOINC"
        )
    icd, opcs = seen.share(shapes.is_icd10), seen.share(shapes.is_opcs4)
    if opcs > 0.8 and seen.says("oper", "proc", "opcs"):
        return Guess("code", "shaped as OPCS-4 codes, as its header says", "code", vocabulary="OPCS4")
    named = seen.says("diag", "icd", "cause")
    repeats = seen.distinct * 2 < seen.rows - seen.missing
    if icd > 0.8 and (named or (repeats and seen.distinct > 10)):
        return Guess(
            "code", f"{_percent(icd)} of its values are shaped as ICD-10 codes", "code", named, vocabulary="ICD10"
        )
    return None


def _number(seen: Seen, today: datetime) -> Guess | None:
    def zeros(text: str) -> bool:
        return re.fullmatch(r"-?0\d+", text) is not None

    if seen.share(zeros) > 0 and seen.share(str.isdigit) > 0.9:
        return None if seen.distinct <= MOST_CODES else Guess("text", "digits with leading zeros, kept as text")
    if set(map(str.casefold, seen.values)) <= {"y", "n", "yes", "no", "true", "false"}:
        return Guess("flag", "yes and no")
    whole = seen.share(lambda text: re.fullmatch(r"-?\d{1,18}(\.0+)?", text, re.ASCII) is not None)
    number = seen.share(lambda text: re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text, re.ASCII) is not None)
    if number <= 0.9:
        return None
    type: ColumnType = "int" if whole == number else "float"
    tail = "" if number == 1 else f", {_percent(1 - number)} of the values are none"
    if type == "int" and _is_key_name(seen):
        return Guess("text", "numbers that are ids by their header")
    is_value = seen.says(
        *("value", "result", "score", "minutes", "mins", "duration", "measure", "reading", "quantity", "weight")
    )
    is_few = seen.distinct <= 12 and not seen.says("count", "number", "total", "age", "days")
    if type == "int" and is_few and not is_value:
        return None
    return Guess(type, ("whole numbers" if type == "int" else "numbers") + tail, "value" if is_value else "")


def _is_key_name(seen: Seen) -> bool:
    return re.search(r"(?:id|ref|reference|key|identifier|no|ident|num|number)$", plain(seen.header)) is not None


_FREE = ("note", "comment", "freetext", "narrative", "remark", "description", "detail", "letter", "history")


def _category(seen: Seen, today: datetime) -> Guess | None:
    if seen.says(*_FREE) and not _is_code_like(seen):
        return Guess("text", "free text by its header, which never enters the record", personal=True)
    filled = seen.rows - seen.missing
    if seen.distinct > MOST_CODES or filled < 2 * seen.distinct or max(map(len, seen.values)) > 80:
        return None
    if seen.says("unit", "uom") and seen.distinct <= MOST_CODES and not seen.says("community"):
        return Guess("text", "units by its header", "unit")
    listed = [
        re.sub(r"^(\d+)\.0$", r"\1", text.strip())
        for text, count in zip(seen.values, seen.counts, strict=True)
        if count >= FEWEST_EACH
    ]
    spelt: dict[str, str] = {}
    for text in sorted(listed):
        spelt.setdefault(plain(text) or text, text)
    rare = seen.distinct - len(listed)
    why = f"{rare} further values are too rare to be listed here" if rare else "few different values"
    if not spelt:
        return None
    return Guess("code", why, "category", sure=not rare, codes=tuple(sorted(spelt.values())))
