"""Into which level does each comparison fall?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from washhouse.linkage.encode import encode, with_setting
from washhouse.linkage.fields import FIELDS, Field, category_field, identifier_field
from washhouse.linkage.kernel import compare, level_counts, levels_of


def outcome(field: Field, a: str | None, b: str | None, others: int = 0) -> str:
    """Words of the level of two values among `others` unrelated records."""
    values = [a, b, *(f"FILLER{chr(65 + i % 26)}{chr(65 + i // 26)}" for i in range(others))]
    encoded = encode({field.name: pa.array(values, pa.string())}, [field])
    counts = level_counts(encoded.fields)
    level = levels_of(compare(encoded, np.array([0], np.int32), np.array([1], np.int32), counts), counts)[0, 0]
    return field.levels[level - 1].words if level else "missing"


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("Sarah", "SARAH", "the same, but common"),
        ("Sarah", None, "missing"),
        ("Sarah", "unknown", "missing"),
        ("José", "Jose", "the same, but common"),
        ("Sarah", "Sarha", "one slip apart"),
        ("Harriet", "Havviet", "one slip apart"),
        ("Elizabeth", "Liz", "forms of one name"),
        ("Alex", "Alexandra", "forms of one name"),
        ("Christabelle", "Christabella-Mae", "very alike"),
        ("J", "John", "one is short for the other, or part of it"),
        ("Anne-Marie", "Marie", "one is short for the other, or part of it"),
        ("Martin", "Marvyn", "alike"),
        ("Sarah", "Oliver", "different"),
        ("李", "王", "different"),
    ],
)
def test_first_names(a: str, b: str | None, words: str) -> None:
    assert outcome(FIELDS["first_name"], a, b) == words


def test_a_rare_name_that_agrees_is_told_from_a_common_one() -> None:
    assert outcome(FIELDS["surname"], "Zygmunt", "Zygmunt", others=600) == "the same"
    assert outcome(FIELDS["surname"], "Zygmunt", "Zygmunt", others=10) == "the same, but common"


def test_swapped_names_are_seen_in_both_fields() -> None:
    fields = [FIELDS["first_name"], FIELDS["surname"]]
    columns = {"first_name": pa.array(["Ada", "Byron"]), "surname": pa.array(["Byron", "Ada"])}
    encoded = encode(columns, fields)
    counts = level_counts(encoded.fields)
    levels = levels_of(compare(encoded, np.array([0], np.int32), np.array([1], np.int32), counts), counts)
    assert [f.levels[level - 1].words for f, level in zip(fields, levels[0], strict=True)] == [
        "first name and surname swapped"
    ] * 2


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("1980-02-03", "1980-02-03", "the same"),
        ("1980-01-01", "1980-01-01", "the same, but 1 January"),
        ("1980-02-03", "1900-01-01", "missing"),
        ("1980-02-03", "-02-03", "the known parts agree"),
        ("1980-02-03", "1980--", "missing"),
        ("1980-02-03", "1980-03-02", "day and month swapped"),
        ("1980-02-03", "1981-02-03", "one digit differs"),
        ("1980-02-03", "1980-02-08", "one digit differs"),
        ("1980-02-03", "1969-02-03", "day and month agree, the year does not"),
        ("1980-02-03", "1980-02-27", "the year and one other part agree"),
        ("1980-02-03", "1980-11-27", "only the year agrees"),
        ("1980-02-03", "1955-11-27", "different"),
    ],
)
def test_birth_dates(a: str, b: str, words: str) -> None:
    assert outcome(FIELDS["birth_date"], a, b) == words


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("L8 1TN", "l81tn", "the same"),
        ("L8 1TN", "L8 1TM", "one slip apart"),
        ("L8 1TN", "L8 1AB", "same sector"),
        ("L8 1TN", "L8 2AB", "same district"),
        ("L8 1TN", "L20 7AB", "same area"),
        ("L8 1TN", "M20 7AB", "different"),
        ("L8 1TN", "ZZ99 3VZ", "missing"),
    ],
)
def test_postcodes(a: str, b: str, words: str) -> None:
    assert outcome(FIELDS["postcode"], a, b) == words


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("14 Mill Rd", "14, MILL ROAD", "the same"),
        ("14 Mill Road", "14 Mil Road", "same number, street alike"),
        ("14 Mill Road", "41 Mill Road", "same street, number one slip apart"),
        ("14 Mill Road", "2 Mill Road", "same street"),
        ("14 Mill Road", "14 Orchard Crescent", "same number only"),
        ("14 Mill Road", "2 Orchard Crescent", "different"),
        ("14 Mill Road", "No fixed abode", "missing"),
    ],
)
def test_addresses(a: str, b: str, words: str) -> None:
    assert outcome(FIELDS["address"], a, b) == words


@pytest.mark.parametrize(
    ("field", "a", "b", "words"),
    [
        (FIELDS["nhs_number"], "943 476 5919", "9434765919", "the same"),
        (FIELDS["nhs_number"], "943 476 5919", "9434765870", "different"),
        (FIELDS["nhs_number"], "943 476 5919", "9434765918", "missing"),
        (FIELDS["sex"], "F", "female", "the same"),
        (FIELDS["sex"], "F", "M", "different"),
        (FIELDS["sex"], "F", "unknown", "missing"),
        (FIELDS["phone"], "+44 7700 900123", "07700 900123", "the same"),
        (FIELDS["phone"], "07700 900123", "07700 900132", "one slip apart"),
        (identifier_field("ssn"), "6719640", "6719641", "one slip apart"),
        (category_field("suburb"), "Mosman", "mosmam", "one slip apart"),
        (category_field("suburb"), "Mosman", "Dapto", "different"),
    ],
)
def test_other_fields(field: Field, a: str, b: str, words: str) -> None:
    assert outcome(field, a, b) == words


def test_an_address_is_not_compared_where_both_sides_have_a_uprn() -> None:
    fields = [FIELDS["address"], FIELDS["uprn"]]
    columns = {"address": pa.array(["1 Mill Road"] * 3), "uprn": pa.array(["100", "100", None])}
    encoded = encode(columns, fields)
    counts = level_counts(encoded.fields)
    pairs = np.array([0, 0], np.int32), np.array([1, 2], np.int32)
    assert levels_of(compare(encoded, *pairs, counts), counts).tolist() == [[0, 1], [1, 0]]


def test_the_setting_tells_which_sources_a_pair_joins() -> None:
    encoded = with_setting(
        encode({"sex": pa.array(["F", "F", "F"])}, [FIELDS["sex"]]), np.array([0, 0, 1], dtype=np.int32)
    )
    counts = level_counts(encoded.fields, settings=2)
    pairs = np.array([0, 0], np.int32), np.array([1, 2], np.int32)
    assert levels_of(compare(encoded, *pairs, counts), counts)[:, 1].tolist() == [1, 3]
