"""What one bucket becomes in OMOP, and which concepts its codes have: small tables in, small tables out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.lake.engine import connect
from washhouse.record.export.omop.concepts import (
    LOCAL_FIRST,
    MOST_CODE,
    SHORT_CODE,
    find_concepts,
    local_concepts,
    short_code,
)
from washhouse.record.export.omop.eras import condition_eras, drug_eras
from washhouse.record.export.omop.rows import Counts, prepare, to_omop

Omop = Callable[..., dict[str, list[dict[str, Any]]]]
DAY, LATER, AS_OF = datetime(2025, 3, 1, 9), datetime(2025, 3, 4, 16), date(2026, 7, 1)
ANN = {"subject_id": 7, "birth_year": 1950, "sex": "female", "ethnic_category": "A", "deprivation_decile": 3}

COLUMNS = (
    "concept_id|concept_name|domain_id|vocabulary_id|concept_class_id|standard_concept|concept_code|"
    "valid_start_date|valid_end_date|invalid_reason"
)
# An invented vocabulary as Athena sends one, but for its tabs: no concept here is OHDSI's.
ATHENA = {
    "CONCEPT": f"""
{COLUMNS}
101|Stroke "brain attack"|Condition|SNOMED|Disorder|S|1|19700101|20991231|
102|Stroke in ICD-10|Condition|ICD10|ICD10 code||I63.9|19700101|20991231|
103|Weight|Measurement|SNOMED|Observable Entity|S|2|19700101|20991231|
104|A tablet|Drug|dm+d|VMP||3|19700101|20991231|
105|A tablet in RxNorm|Drug|RxNorm|Clinical Drug|S|r3|19700101|20991231|
106|Its ingredient|Drug|RxNorm|Ingredient|S|r4|19700101|20991231|
107|Vascular disease|Condition|SNOMED|Disorder|S|9|19700101|20991231|
108|kilogram|Unit|UCUM|Unit|S|kg|19700101|20991231|
109|Pair in one code|Condition|ICD10|ICD10 code||G81.1|19700101|20991231|
110|A place|Spec Anatomic Site|SNOMED|Body Structure|S|5|19700101|20991231|
111|Not used|Condition|SNOMED|Disorder|S|6|19700101|20991231|
""",
    "CONCEPT_RELATIONSHIP": """
concept_id_1|concept_id_2|relationship_id|valid_start_date|valid_end_date|invalid_reason
102|101|Maps to|19700101|20991231|
104|105|Maps to|19700101|20991231|
109|101|Maps to|19700101|20991231|
109|107|Maps to|19700101|20991231|
102|111|Maps to|19700101|20991231|D
""",
    "CONCEPT_ANCESTOR": """
ancestor_concept_id|descendant_concept_id|min_levels_of_separation|max_levels_of_separation
107|101|1|1
106|105|1|1
""",
    "VOCABULARY": """
vocabulary_id|vocabulary_name|vocabulary_reference|vocabulary_version|vocabulary_concept_id
None|OMOP Standardized Vocabularies|OMOP generated|v5.0 01-JAN-26|0
SNOMED|Systematic Nomenclature|-|-|0
""",
}


@pytest.fixture
def athena(tmp_path: Path) -> Path:
    for name, text in ATHENA.items():
        (tmp_path / f"{name}.csv").write_text(text.lstrip("\n").replace("|", "\t"), encoding="utf-8")
    return tmp_path


@pytest.fixture
def omop(make_bucket) -> Omop:
    def make(
        events: list[dict[str, Any]],
        people: list[dict[str, Any]] | None = None,
        vocabulary: Path | None = None,
        counts: Counts | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        rows = [{"subject_id": 7, "recorded_at": DAY, "time": DAY, **row} for row in events]
        bucket = make_bucket([ANN] if people is None else people, rows)
        units = {row["unit"] for row in rows if row.get("unit")}
        with connect() as con:
            prepare(con, find_concepts(con, {row["code"] for row in rows}, units, vocabulary))
            tables = to_omop(con, bucket, AS_OF, counts or Counts())
        return {name: table.to_pylist() for name, table in tables.items()}

    return make


def told(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


@pytest.mark.parametrize(
    ("event", "table"),
    [
        ({"code": "ECDS_ATTENDANCE//01"}, "visit_occurrence"),
        ({"code": "MHS_CONTACT//5"}, "visit_occurrence"),
        ({"code": "MHS_CONTACT//3"}, "observation"),
        ({"code": "ICD10//I639"}, "condition_occurrence"),
        ({"code": "OPCS4//W401"}, "procedure_occurrence"),
        ({"code": "DMD//3"}, "drug_exposure"),
        ({"code": "HONOS//979641000000103"}, "measurement"),
        ({"code": "SNOMED//1"}, "observation"),
        ({"code": "SNOMED//1", "numeric_value": 80.0}, "measurement"),
        ({"code": "SNOMED//1", "parent_ref": 5}, "condition_occurrence"),
        ({"code": "LAB//50912//mg/dL", "numeric_value": 1.0}, "measurement"),
        ({"code": "CLD_SERVICE//long-term", "numeric_value": 3.0}, "observation"),
    ],
)
def test_the_table_of_a_row_without_a_standard_concept(omop: Omop, event: dict[str, Any], table: str) -> None:
    found = omop([event])
    places = [name for name, rows in found.items() if rows and name not in ("person", "observation_period")]
    assert places == [table]
    (row,) = found[table]
    stem = table.split("_")[0]
    assert row[f"{stem}_source_value"] == event["code"]
    assert row[f"{stem}_source_concept_id"] == local_concepts([event["code"]])[event["code"]] >= LOCAL_FIRST
    if table != "visit_occurrence":
        assert row[f"{stem}_concept_id"] == 0


@pytest.mark.parametrize(
    ("event", "table", "concepts"),
    [
        ({"code": "SNOMED//1"}, "condition_occurrence", [(101, 101)]),
        ({"code": "ICD10//I639"}, "condition_occurrence", [(101, 102)]),
        ({"code": "ICD10//G811"}, "condition_occurrence", [(101, 109), (107, 109)]),
        ({"code": "SNOMED//2"}, "measurement", [(103, 103)]),
        ({"code": "SNOMED//5"}, "observation", [(110, 110)]),
        ({"code": "DMD//3"}, "drug_exposure", [(105, 104)]),
        ({"code": "SNOMED//6"}, "condition_occurrence", [(111, 111)]),
    ],
)
def test_a_vocabulary_gives_the_standard_concept_and_its_table(
    omop: Omop, athena: Path, event: dict[str, Any], table: str, concepts: list[tuple[int, int]]
) -> None:
    stem = table.split("_")[0]
    rows = omop([event], vocabulary=athena)[table]
    assert told(rows, f"{stem}_concept_id", f"{stem}_source_concept_id") == concepts


def test_a_person_has_a_year_of_birth_and_no_more(omop: Omop) -> None:
    (row,) = omop([])["person"]
    given = {name: value for name, value in row.items() if value not in (None, 0)}
    assert given == {
        "person_id": 7,
        "gender_concept_id": 8532,
        "year_of_birth": 1950,
        "location_id": 3,
        "gender_source_value": "female",
        "race_source_value": "A",
    }


def test_without_a_year_of_birth_nothing_is_written_and_all_is_counted(omop: Omop) -> None:
    counts = Counts()
    found = omop([{"code": "SNOMED//1"}], [{"subject_id": 7, "sex": "male"}], counts=counts)
    assert not any(found.values())
    assert (counts.events, counts.without_birth, counts.of_them) == (1, 1, 1)


def test_a_fact_without_a_time_has_no_place(omop: Omop) -> None:
    counts = Counts()
    found = omop([{"code": "SNOMED//1", "time": None}], counts=counts)
    assert not found["observation"]
    assert counts.timeless == 1


def test_what_belongs_to_a_stay_names_its_visit(omop: Omop) -> None:
    stay = {"code": "APC_SPELL//21", "ref": 5, "end_time": LATER, "team": 11}
    found = omop([stay, {"code": "ICD10//I639", "parent_ref": 5}, {"code": "ICD10//I10", "parent_ref": 6}])
    columns = ("visit_concept_id", "visit_start_date", "visit_end_datetime", "care_site_id")
    assert told(found["visit_occurrence"], *columns) == [(9201, DAY.date(), LATER, 11)]
    visit = found["visit_occurrence"][0]["visit_occurrence_id"]
    assert told(found["condition_occurrence"], "condition_source_value", "visit_occurrence_id") == [
        ("ICD10//I10", None),
        ("ICD10//I639", visit),
    ]


def test_an_open_stay_ends_on_the_newest_day_an_attendance_on_its_own(omop: Omop) -> None:
    found = omop([{"code": "MHS_SPELL//200"}, {"code": "ECDS_ATTENDANCE//01"}])
    assert told(found["visit_occurrence"], "visit_concept_id", "visit_end_date") == [(9203, DAY.date()), (9201, AS_OF)]


def test_a_prescription_lasts_29_days_more(omop: Omop) -> None:
    found = omop([{"code": "DMD//3", "numeric_value": 28.0, "unit": "tablet"}])
    columns = ("drug_exposure_end_date", "quantity", "dose_unit_source_value", "drug_type_concept_id")
    assert told(found["drug_exposure"], *columns) == [(date(2025, 3, 30), 28.0, "tablet", 32838)]


def test_a_unit_has_a_concept_where_the_vocabulary_knows_it(omop: Omop, athena: Path) -> None:
    values = [{"code": "SNOMED//2", "numeric_value": 80.0, "unit": unit} for unit in ("kg", "stone")]
    rows = omop(values, vocabulary=athena)["measurement"]
    assert told(rows, "unit_source_value", "unit_concept_id") == [("kg", 108), ("stone", None)]


@pytest.mark.parametrize(
    ("events", "people", "end"),
    [
        ([{"code": "SNOMED//1"}], [ANN], DAY.date()),
        ([{"code": "MHS_ACT//02", "end_time": LATER}], [ANN], LATER.date()),
        ([{"code": "MHS_ACT//02", "end_time": datetime(2030, 1, 1)}], [ANN], AS_OF),
        ([{"code": "GP_REGISTRATION//recorded"}], [ANN], AS_OF),
        ([{"code": "GP_REGISTRATION//recorded"}], [{**ANN, "death_date": date(2025, 9, 9)}], date(2025, 9, 9)),
    ],
)
def test_until_when_somebody_is_watched(omop: Omop, events: Any, people: Any, end: date) -> None:
    rows = omop(events, people)["observation_period"]
    assert told(rows, "observation_period_start_date", "observation_period_end_date") == [(DAY.date(), end)]


def test_ids_go_on_from_bucket_to_bucket(omop: Omop) -> None:
    counts = Counts()
    first = omop([{"code": "SNOMED//1"}, {"code": "SNOMED//2"}], counts=counts)
    second = omop([{"code": "SNOMED//1"}], counts=counts)
    ids = [row["observation_id"] for found in (first, second) for row in found["observation"]]
    assert ids == [1, 2, 3]


def test_the_vocabulary_is_as_much_as_is_used(athena: Path) -> None:
    with connect() as con:
        found = find_concepts(con, {"ICD10//I639", "DMD//3", "MHS_SPELL//200"}, set(), athena)
    names = {row["concept_id"]: row["concept_name"] for row in found.tables["concept"].to_pylist()}
    assert {101, 102, 104, 105, 106, 107} <= set(names)
    assert not {103, 108, 110, 111} & set(names)
    assert names[101] == 'Stroke "brain attack"'
    assert len([one for one in names if one >= LOCAL_FIRST]) == 3
    assert found.version == "v5.0 01-JAN-26"
    assert found.ingredients.to_pylist() == [{"drug_concept_id": 105, "ingredient_concept_id": 106}]


def test_a_vocabulary_that_is_not_there_or_spoilt(athena: Path) -> None:
    with connect() as con:
        with pytest.raises(InputError) as caught:
            find_concepts(con, {"SNOMED//1"}, set(), athena / "nowhere")
        assert caught.value.code == "vocabulary-missing"
        (athena / "CONCEPT.csv").write_text("concept_id\nsecret\n", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            find_concepts(con, {"SNOMED//1"}, set(), athena)
        assert caught.value.code == "vocabulary-unreadable"
        assert "secret" not in str(caught.value)
        (athena / "CONCEPT.csv").unlink()
        with pytest.raises(InputError, match=r"CONCEPT\.csv"):
            find_concepts(con, {"SNOMED//1"}, set(), athena)


def spans(*rows: tuple[int, int | None], concept: int = 101) -> list[dict[str, Any]]:
    start = date(2025, 1, 1).toordinal()
    return [
        {
            "person_id": 7,
            "concept": concept,
            "first": date.fromordinal(start + first),
            "last": None if last is None else date.fromordinal(start + last),
        }
        for first, last in rows
    ]


@pytest.mark.parametrize(
    ("given", "eras"),
    [
        ([(0, None)], [(0, 1, 1)]),
        ([(0, 10), (40, 50)], [(0, 50, 2)]),
        ([(0, 10), (41, 50)], [(0, 10, 1), (41, 50, 1)]),
        ([(0, 90), (5, 6), (100, 101)], [(0, 101, 3)]),
    ],
)
def test_conditions_30_days_apart_are_one_era(given: Any, eras: list[tuple[int, int, int]]) -> None:
    rows = pa.Table.from_pylist(spans(*given)).rename_columns(
        ["person_id", "condition_concept_id", "condition_start_date", "condition_end_date"]
    )
    with connect() as con:
        con.register("condition_occurrence", rows.set_column(3, "condition_end_date", rows[3].cast(pa.date32())))
        found = condition_eras(con).to_pylist()
    start = date(2025, 1, 1)
    assert [
        (
            (row["condition_era_start_date"] - start).days,
            (row["condition_era_end_date"] - start).days,
            row["condition_occurrence_count"],
        )
        for row in found
    ] == eras


def test_days_of_a_drug_era_that_no_drug_covers_are_its_gap() -> None:
    rows = pa.Table.from_pylist(spans((0, 10), (5, 12), (30, 40))).rename_columns(
        ["person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date"]
    )
    with connect() as con:
        con.register("drug_exposure", rows.append_column("days_supply", pa.nulls(3, pa.int32())))
        con.register("ingredient", pa.table({"drug_concept_id": [101], "ingredient_concept_id": [106]}))
        (era,) = drug_eras(con).to_pylist()
    assert (era["drug_concept_id"], era["drug_exposure_count"], era["gap_days"]) == (106, 3, 18)


def test_two_long_codes_stay_two_and_sql_shortens_as_python_does() -> None:
    codes = ["SNOMED//1", "A//" + "x" * 47, *("CLD_SERVICE//" + "long-term-support-" * 3 + end for end in "ab")]
    short = [short_code(code) for code in codes]
    assert short[:2] == codes[:2] and len(set(short)) == 4 and max(map(len, short)) == MOST_CODE
    with connect() as con:
        assert [
            con.execute(f"SELECT {SHORT_CODE} FROM (SELECT $c AS code)", {"c": code}).fetchall() for code in codes
        ] == [[(one,)] for one in short]
