"""What one bucket becomes as MEDS: small tables in, small tables out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from washhouse.lake.engine import connect
from washhouse.record.export.meds import to_meds

Meds = Callable[[list[dict[str, Any]], list[dict[str, Any]]], list[tuple[Any, ...]]]
DAY, LATER, KNOWN = datetime(2025, 3, 1, 9), datetime(2025, 3, 4, 16), datetime(2025, 4, 1)


@pytest.fixture
def meds(make_bucket) -> Meds:
    def make(people: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        bucket = make_bucket(people, [{"recorded_at": KNOWN, **row} for row in events])
        with connect() as con:
            return [tuple(row.values()) for row in to_meds(con, bucket).to_pylist()]

    return make


def test_a_person_is_told_by_facts_that_stand_a_birth_year_and_a_death(meds: Meds) -> None:
    ann = {
        "subject_id": 7,
        "birth_year": 1950,
        "sex": "female",
        "ethnic_category": "A",
        "deprivation_decile": 3,
        "death_date": date(2025, 5, 6),
    }
    assert [row[1:3] for row in meds([ann], [])] == [
        (None, "DEPRIVATION_DECILE//3"),
        (None, "ETHNICITY//A"),
        (None, "GENDER//F"),
        (datetime(1950, 1, 1), "MEDS_BIRTH"),
        (datetime(2025, 5, 6), "MEDS_DEATH"),
    ]


@pytest.mark.parametrize(("sex", "code"), [("male", "GENDER//M"), ("indeterminate", "GENDER//I"), ("unknown", None)])
def test_sex(meds: Meds, sex: str, code: str | None) -> None:
    assert [row[2] for row in meds([{"subject_id": 7, "sex": sex}], [])] == ([code] if code else [])


def test_an_event_keeps_value_unit_text_and_when_it_was_known(meds: Meds) -> None:
    value = {"subject_id": 7, "time": DAY, "code": "DMD//1", "numeric_value": 28.0, "unit": "tablet"}
    assert meds([], [{**value, "text_value": "repeat"}]) == [(7, DAY, "DMD//1", 28.0, "repeat", "tablet", KNOWN)]


def test_an_end_is_a_row_of_its_own_without_the_value(meds: Meds) -> None:
    stay = {"subject_id": 7, "time": DAY, "end_time": LATER, "code": "MHS_SPELL//200", "text_value": "710"}
    assert [row[1:5] for row in meds([], [stay])] == [
        (DAY, "MHS_SPELL//200", None, "710"),
        (LATER, "MHS_SPELL_END//200", None, None),
    ]


def test_a_code_of_several_parts_keeps_them_at_its_end(meds: Meds) -> None:
    lasting = {"subject_id": 7, "time": DAY, "end_time": LATER, "code": "INFUSION//225158//mL"}
    assert meds([], [lasting])[1][2] == "INFUSION_END//225158//mL"


def test_rows_are_by_subject_then_time_with_what_has_no_time_first(meds: Meds) -> None:
    rows = [(9, DAY, "B//1"), (7, LATER, "A//1"), (7, None, "Z//1"), (7, DAY, "B//2"), (7, DAY, "B//1")]
    events = [{"subject_id": who, "time": time, "code": code} for who, time, code in rows]
    assert [row[:3] for row in meds([], events)] == [
        (7, None, "Z//1"),
        (7, DAY, "B//1"),
        (7, DAY, "B//2"),
        (7, LATER, "A//1"),
        (9, DAY, "B//1"),
    ]


def test_a_value_beyond_32_bits_is_left_out_not_made_infinite(meds: Meds) -> None:
    assert meds([], [{"subject_id": 7, "time": DAY, "code": "A//1", "numeric_value": 1e300}])[0][3] is None
