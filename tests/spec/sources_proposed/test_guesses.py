"""What a column seems to hold, by its header and values: a table of examples."""

from __future__ import annotations

from datetime import datetime

import pytest

from washhouse.sources.proposed.guess import FEWEST_EACH, Guess, Seen, guess

TODAY = datetime(2026, 7, 1)
MANY = [f"{at}" for at in range(200, 400)]


def look(header: str, values: list[str], each: int = FEWEST_EACH) -> Guess:
    """Guess a column in which every value stands a few times."""
    return guess(Seen(header, values, [each] * len(values), each * len(values), 0, len(set(values))), TODAY)


@pytest.mark.parametrize(
    ("header", "values", "type", "role"),
    [
        ("NHS Number", ["9990001073", "999 000 1146"], "nhs_number", "nhs_number"),
        ("ident", ["9990001073", "9990001146"], "nhs_number", "nhs_number"),
        ("NHS No", ["9.43E+09", "9990001146"], "nhs_number", "nhs_number"),
        ("NHSNumberStatus", ["01", "02"], "code", "category"),
        ("Pseudo_NHS_Number", ["A1F0", "B2E1"], "pseudonym", "pseudonym"),
        ("person_key", ["0123456789abcdef" * 2, "fedcba9876543210" * 2], "pseudonym", "pseudonym"),
        ("Forename", ["Ada", "Ivo"], "text", "first_name"),
        ("family name", ["Ashdown"], "text", "surname"),
        ("Post Code", ["LS2 4AP", "M13 9PL"], "text", "postcode"),
        ("where", ["LS2 4AP", "M13 9PL"], "text", "postcode"),
        ("Address Line 1", ["2 Wash Lane"], "text", "address"),
        ("contact", ["07700 900123", "0113 496 0000"], "text", "phone"),
        ("Local Patient Id", MANY, "text", "person"),
        ("Patient type", ["in", "out"], "code", "category"),
        ("Sex", ["M", "F"], "text", "sex"),
        ("GP practice", ["A12345", "B54321"], "text", "practice"),
        ("LSOA", ["E01012345", "E01012346"], "text", "small_area"),
        ("Ethnic category", ["A", "Z", "99"], "text", "ethnic_category"),
        ("DOB", ["01/02/1950", "28/02/1950"], "date", "birth_date"),
        ("Date of death", ["2025-02-01"], "date", "death_date"),
        ("seen", ["2025-02-01", "2025-02-14"], "date", "time"),
        ("seen", ["2025-02-01 09:30:00", "2025-02-14T10:00"], "datetime", "time"),
        ("seen", ["2025-02-01 00:00:00.000", "2025-02-14 00:00:00.000"], "date", "time"),
        ("seen", ["09:30", "10:00:00"], "time", "clock"),
        ("visit_date", ["20250201", "20250214"], "date", "time"),
        ("batch_no", ["20250201", "20250214", *MANY], "text", ""),
        ("Units", ["mg", "mmol/L"], "text", "unit"),
        ("Result", ["1.5", "20"], "float", "value"),
        ("weight", [str(at) for at in range(40, 120)], "int", "value"),
        ("bed days", MANY, "int", ""),
        ("consented", ["Y", "N"], "flag", ""),
        ("kind", ["Home visit", "Clinic"], "code", "category"),
        ("grade", ["01", "02", "03"], "code", "category"),
        ("remarks", ["well", "unwell"], "text", ""),
        ("Consultant", ["Holt", "Day"], "text", ""),
        ("blank", [], "text", ""),
        ("ethnicity_source", ["a", "b"], "code", "category"),
        ("section", ["1.1.10", "1.1.11", "2.3.14"], "code", "category"),
    ],
)
def test_types_and_roles(header: str, values: list[str], type: str, role: str) -> None:
    found = look(header, values)
    assert (found.type, found.role) == (type, role), found.why


@pytest.mark.parametrize(
    ("header", "values", "vocabulary"),
    [
        ("finding", ["73211009", "38341003", "44054006"], "SNOMED"),
        ("dmd_code", ["319775004", "322236009"], "DMD"),
        ("Diagnosis 1", ["F20.0", "F319", "I10"], "ICD10"),
        ("OPERTN_01", ["X40", "E85.2"], "OPCS4"),
        ("test", ["4548-4", "2160-0"], "LOINC"),
        ("visit", [f"V{at}" for at in range(10, 99)], ""),
        ("number", ["12345678", "23456789"], ""),
    ],
)
def test_vocabularies(header: str, values: list[str], vocabulary: str) -> None:
    assert look(header, values, each=1).vocabulary == vocabulary


@pytest.mark.parametrize(
    ("values", "format", "sure"),
    [
        (["02/25/2025", "03/04/2025"], "%m/%d/%Y", True),
        (["02/25/25", "03/04/25"], "%m/%d/%y", True),
        (["02/25/2025 09:30", "03/04/2025 17:00"], "%m/%d/%Y %H:%M", True),
        (["02/25/2025 9:30:00 AM", "03/04/2025 5:00:00 PM"], "%m/%d/%Y %I:%M:%S %p", True),
        (["25/02/2025", "03/04/2025"], "", True),
        (["05/02/2025", "03/04/2025"], "", False),
        (["25/02/25", "03/04/25"], "%d/%m/%y", True),
        (["25FEB2025", "01MAR2025"], "%d%b%Y", True),
        (["25FEB2025:09:30:00"], "%d%b%Y:%H:%M:%S", True),
        (["2025-02", "2025-03"], "%Y-%m", True),
    ],
)
def test_formats_of_dates(values: list[str], format: str, sure: bool) -> None:
    found = look("seen", values)
    assert (found.format, found.sure) == (format, sure), found.why
    assert found.role == "time"


def test_a_date_that_lies_ahead_is_told() -> None:
    assert look("review due date", ["2026-08-01", "2026-05-01"]).future
    assert not look("review date", ["2026-07-01", "2026-05-01"]).future


@pytest.mark.parametrize(
    "header", ["Forename", "Next of kin", "Clinician name", "Notes", "Email", "Patient ID", "D.O.B.", "postcode"]
)
def test_a_column_that_may_name_somebody_lists_no_value(header: str) -> None:
    found = look(header, ["Quillfeather", "Zebedee"] if header != "D.O.B." else ["01/02/1950"])
    assert found.personal
    assert found.codes == ()


def test_rare_values_are_not_listed() -> None:
    seen = Seen("kind", ["Home visit", "Clinic", "Mrs Quillfeather"], [50, 40, FEWEST_EACH - 1], 94, 0, 3)
    found = guess(seen, TODAY)
    assert found.codes == ("Clinic", "Home visit")
    assert not found.sure
