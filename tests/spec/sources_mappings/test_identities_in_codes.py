"""What is typed into a code's column by mistake does not cross into the record: a name, an NHS number."""

from __future__ import annotations

import pytest

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.lake.engine import Connection, connect
from washhouse.sources.mappings.macros import create_macros, is_personal


@pytest.fixture(scope="module")
def con() -> Connection:
    con = connect(threads=1)
    create_macros(con, "00" * 32)
    return con


def ask(con: Connection, call: str, *values: str | None) -> object:
    row = con.execute(f"SELECT {call}", list(values)).fetchone()
    return row[0] if row else None


@pytest.mark.parametrize(
    ("vocabulary", "code", "shown"),
    [
        ("SNOMED", "58214004", "58214004"),
        ("SNOMED", "1119303003", "1119303003"),
        ("SNOMED", "999791000000106", "999791000000106"),
        ("SNOMED", "9434765919", "unreadable"),
        ("SNOMED", "9434765918", "9434765918"),
        ("SNOMED", "Smith", "unreadable"),
        ("SNOMED", "Ann Smith", "unreadable"),
        ("MHS_CONTACT", "5", "5"),
        ("MHS_EMPLOYMENT", "ZZ", "ZZ"),
        ("MHS_REFERRAL", "A06", "A06"),
        ("MHS_REFERRAL", "Lee", "unreadable"),
        ("MHS_REFERRAL", None, "unknown"),
        ("CTV3", "XaBVJ", "XaBVJ"),
        ("CTV3", "Smith", "unreadable"),
        ("CTV3", "SMITH", "unreadable"),
        ("READ2", "C10..", "C10.."),
        ("EMIS", "EMISNQRE112", "EMISNQRE112"),
        ("EMIS", "943-476-5919", "unreadable"),
        ("EMIS", "943.476.5919", "unreadable"),
        ("SNOMED", "943-476-5919", "unreadable"),
        ("EMIS", "9434765919A", "unreadable"),
        ("EMIS", "NHS9434765919", "unreadable"),
        ("READ2", "9434765919", "unreadable"),
        ("EMIS", "9434765918A", "9434765918A"),
        ("EMIS", "L81TN", "unreadable"),
        ("EMIS", "l8-1tn", "unreadable"),
        ("EMIS", "SW1A1AA", "unreadable"),
        ("EMIS", "12-03-1950", "unreadable"),
        ("EMIS", "1950-03-12", "unreadable"),
        ("EMIS", "07700900123", "unreadable"),
        ("SNOMED", "Smith1", "unreadable"),
        ("CTV3", "X75pQ", "X75pQ"),
        ("GP_REGISTRATION", "N82001", "N82001"),
    ],
)
def test_a_code_is_shown_if_it_is_shaped_like_one(
    con: Connection, vocabulary: str, code: str | None, shown: str
) -> None:
    assert ask(con, "coded(?, ?)", vocabulary, code) == f"{vocabulary}//{shown}"


@pytest.mark.parametrize(
    "unit",
    [
        "mmol/L",
        "kg/m2",
        "10*9/L",
        "10^9/L",
        "mm[Hg]",
        "%",
        "mL",
        "mL/min/1.73m2",
        "mU/L",
        "beats/min",
        "kPa",
        "bpm",
        "tablet",
        "Capsule",
        "pre-filled syringe",
        "unit dose",
        None,
    ],
)
def test_a_unit_is_shown(con: Connection, unit: str | None) -> None:
    assert ask(con, "unit_of(?)", unit) == unit


@pytest.mark.parametrize(
    "unit",
    [
        "Smith",
        "Ann Smith",
        "9434765919",
        "12/03/1950",
        "ann.smith@example.org",
        "Ann",
        "Lee",
        "Khan",
        "Ann/Lee",
        "Smith*",
        "943 476 5919/L",
        "9434765919 mL",
        "12 03 1950 g",
        "L8 1TN",
    ],
)
def test_what_is_no_unit_is_not_shown(con: Connection, unit: str) -> None:
    assert ask(con, "unit_of(?)", unit) == "unreadable"


@pytest.mark.parametrize(
    ("call", "code", "shown"),
    [
        ("practice_of(?)", "N82001", "N82001"),
        ("practice_of(?)", "Smith", None),
        ("small_area_of(?)", "E01006512", "E01006512"),
        ("small_area_of(?)", "95AA01S1", "95AA01S1"),
        ("small_area_of(?)", "L8 7NN", None),
        ("small_area_of(?)", "9434765919", None),
        ("ethnic_of(?)", "99", "99"),
        ("ethnic_of(?)", "A", "A"),
        ("ethnic_of(?)", "SMITH", None),
        ("ethnic_of(?)", None, None),
    ],
)
def test_a_code_of_a_person_is_shown_if_it_is_shaped_like_one(
    con: Connection, call: str, code: str | None, shown: str | None
) -> None:
    assert ask(con, call, code) == shown


@pytest.mark.parametrize("number", ["9434765919", "9434765918", "4010232137", "0000000000", "123", "943476591X"])
def test_the_engine_knows_an_nhs_number_as_core_does(con: Connection, number: str) -> None:
    fillers = len(set(number)) == 1
    assert ask(con, "is_nhs_number(?)", number) == (parse_nhs_number(number) is not None or fillers)


@pytest.mark.parametrize(
    "text",
    [
        *("9434765919", "NHS9434765919", "943-476-5919", "9434765918", "19434765919", "1111111111", "0000000000"),
        *("L81TN", "l8-1tn", "SW1A1AA", "L8 1TN", "12-03-1950", "1950_03_12", "12.3.50", "12/03/1950"),
        *("07700900123", "0770090012", "077009001", "220045", "F32", "XaBVJ", "", "Smith"),
    ],
)
def test_what_tells_of_a_person_is_the_same_in_and_out_of_the_engine(con: Connection, text: str) -> None:
    assert is_personal(text) is ask(con, "is_personal(?)", text)
