"""Do OHDSI's tools run on the OMOP export, and do they find in it what our own SQL finds in the record?"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.lake.engine import connect
from washhouse.record.export.omop.eras import condition_eras, drug_eras

HERE = Path(__file__).parent
GIBLEED = HERE.parents[2].parent / "shared" / "data" / "omop" / "gibleed"
_spec = importlib.util.spec_from_file_location("cohorts", HERE / "cohorts.py")
assert _spec is not None and _spec.loader is not None
cohorts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cohorts)

RECORD = """
    WITH born AS (
        SELECT n.subject_id, min(year(p.birth_month)) AS birth_year, max(nullif(p.sex, 'unknown')) AS sex,
               min(p.death_date) AS death
        FROM person AS p JOIN number AS n USING (person_id) GROUP BY 1 HAVING birth_year IS NOT NULL),
    happened AS (
        SELECT n.subject_id, CAST(e.time AS DATE) AS day, e.code, split_part(e.code, '//', 1) AS family,
               e.numeric_value, e.parent_ref
        FROM event AS e JOIN number AS n USING (person_id) JOIN born USING (subject_id)
        WHERE e.superseded_at IS NULL AND e.time IS NOT NULL),
    watched AS (SELECT subject_id, min(day) AS since FROM happened
                WHERE family NOT IN ('DEATH', 'OPT_OUT') GROUP BY 1)
"""


def test_achilles_runs_without_a_failure(export, outside, tmp_path) -> None:
    out, report = export("omop")
    shutil.copy(out / "cdm.duckdb", tmp_path / "cdm.duckdb")
    said = outside("duckcdm", "achilles", str(tmp_path / "cdm.duckdb"), "--small-cell", "0")
    ran = re.search(r"(\d+) analyses, (\d+) failed", said)
    assert ran is not None
    assert int(ran[1]) >= 110 and ran[2] == "0"
    with connect() as con:
        con.execute(f"ATTACH '{tmp_path / 'cdm.duckdb'}' AS cdm (READ_ONLY)")
        people = con.sql("SELECT count_value FROM cdm.results.achilles_results WHERE analysis_id = 1").fetchall()
    assert people == [(report["rows"]["person"],)]


def test_circe_finds_the_people_that_our_own_sql_finds(exported, export, outside, tmp_path) -> None:
    out, _ = export("omop")
    shutil.copy(out / "cdm.duckdb", tmp_path / "cdm.duckdb")
    concept = {
        row["concept_code"]: row["concept_id"]
        for row in pq.read_table(out / "parquet" / "concept.parquet").to_pylist()
        if row["vocabulary_id"] == "washhouse"
    }
    definitions = {
        name: cohorts.define(
            kind,
            [[code if isinstance(code, int) else concept.get(code, -1) for code in codes] for codes in sets],
            **more,
        )
        for name, (kind, sets, more, _) in cohorts.COHORTS.items()
    }
    (tmp_path / "cohorts.json").write_text(json.dumps(definitions), encoding="utf-8")
    arguments = (str(HERE / "check_circe.py"), str(tmp_path / "cdm.duckdb"), str(tmp_path / "cohorts.json"))
    found = json.loads(outside("python", *arguments).splitlines()[-1])
    record = exported.record()
    assert len(found) == 20
    different = {}
    for name, (_, _, _, sql) in cohorts.COHORTS.items():
        ours = sorted([subject, str(day)] for subject, day in record.sql(RECORD + sql).fetchall())
        if sorted(found[name]) != ours:
            different[name] = (len(found[name]), len(ours))
    assert different == {}
    empty = [name for name, rows in found.items() if not rows]
    assert len(empty) <= 3, f"these tell nothing in so small a city: {empty}"


def test_every_event_is_a_row_or_left_out_with_a_reason(export) -> None:
    _, report = export("omop")
    events = ("visit_occurrence", *report["mapped"])
    left_out = report["left_out"]["without_time"] + report["left_out"]["of_people_without_birth_year"]
    assert sum(report["rows"][table] for table in events) + left_out == report["events"]
    assert all(report["rows"][table] for table in (*events, "death", "care_site", "provider", "observation_period"))


def test_rows_belong_to_persons_visits_and_periods(export) -> None:
    out, _ = export("omop")
    with connect() as con:
        for path in (out / "parquet").glob("*.parquet"):
            con.register(path.stem, pq.read_table(path))
        days = {
            "condition_occurrence": "condition_start_date",
            "drug_exposure": "drug_exposure_start_date",
            "measurement": "measurement_date",
            "observation": "observation_date",
            "procedure_occurrence": "procedure_date",
            "visit_occurrence": "visit_start_date",
        }
        for table, day in days.items():
            orphans = f"SELECT count(*) FROM {table} ANTI JOIN person USING (person_id)"
            assert con.sql(orphans).fetchall() == [(0,)]
            outside = f"""SELECT count(*) FROM {table} AS t JOIN observation_period AS o USING (person_id)
                          WHERE t.{day} NOT BETWEEN observation_period_start_date AND observation_period_end_date"""
            assert con.sql(outside).fetchall() == [(0,)]
            ids = con.sql(f"SELECT count(*), count(DISTINCT {table}_id), max({table}_id) FROM {table}").fetchall()
            assert len(set(ids[0])) == 1, f"ids of {table} are not 1 to the number of its rows"
        visits = """SELECT v.visit_occurrence_id IS NULL AS apart, regexp_matches(condition_source_value, '(^|//)F')
                    FROM condition_occurrence AS c LEFT JOIN visit_occurrence AS v
                      ON v.visit_occurrence_id = c.visit_occurrence_id AND v.person_id = c.person_id"""
        found = set(con.sql(visits).fetchall())
        assert (True, False) not in found, "every diagnosis belongs to a visit, but for a mental-health referral's"
        assert {(False, False), (True, True)} <= found
        local = con.sql(
            "SELECT count(*) FROM observation WHERE observation_source_concept_id NOT IN "
            "(SELECT concept_id FROM concept)"
        ).fetchall()
        assert local == [(0,)]


def test_the_database_holds_what_the_files_hold_and_the_same_again(exported, export) -> None:
    out, report = export("omop")
    again, _ = export("omop", "--memory-limit", "2GB")
    for path in sorted((out / "parquet").glob("*.parquet")):
        assert path.read_bytes() == (again / "parquet" / path.name).read_bytes(), path.name
    with connect() as con:
        con.execute(f"ATTACH '{out / 'cdm.duckdb'}' AS cdm (READ_ONLY)")
        for table, rows in report["rows"].items():
            assert con.sql(f'SELECT count(*) FROM cdm."{table}"').fetchall() == [(rows,)]


@pytest.mark.skipif(not GIBLEED.is_dir(), reason="GiBleed is not beside the repository")
def test_vocabularies_give_standard_concepts_and_the_share_is_told(export) -> None:
    out, report = export("omop", "--vocabulary", str(GIBLEED))
    plain = export("omop")[1]
    assert sum(plain["mapped"][table]["mapped"] for table in plain["mapped"]) == 0
    count = report["mapped"]["condition_occurrence"]
    assert count["mapped"] > 0
    assert count["share"] == round(count["mapped"] / count["rows"], 4)
    rows = pq.read_table(out / "parquet" / "condition_occurrence.parquet")
    asthma = [row for row in rows.to_pylist() if row["condition_source_value"] == "SNOMED//195967001"]
    assert {row["condition_concept_id"] for row in asthma} == {317009}
    eras = pq.read_table(out / "parquet" / "condition_era.parquet")
    assert 0 < eras.num_rows == report["rows"]["condition_era"]


@pytest.mark.skipif(not GIBLEED.is_dir(), reason="GiBleed is not beside the repository")
def test_eras_are_those_that_ohdsi_derived_for_gibleed() -> None:
    with connect() as con:
        for table in (
            "condition_occurrence",
            "drug_exposure",
            "condition_era",
            "drug_era",
            "concept_ancestor",
            "concept",
        ):
            con.register(table, pq.read_table(GIBLEED / f"{table}.parquet"))
        con.execute(
            """CREATE TEMP VIEW ingredient AS SELECT DISTINCT descendant_concept_id AS drug_concept_id,
                      ancestor_concept_id AS ingredient_concept_id
               FROM concept_ancestor JOIN concept ON concept_id = ancestor_concept_id
               WHERE concept_class_id = 'Ingredient' AND vocabulary_id = 'RxNorm'"""
        )
        ours: dict[str, pa.Table] = {"condition_era": condition_eras(con), "drug_era": drug_eras(con)}
        for table, rows in ours.items():
            con.register("ours", rows)
            # Theirs has eras of the concept 0, and its gap_days are no days: 4,276 in an era of 37.
            concept = f"{table.removesuffix('_era')}_concept_id"
            key = ", ".join(name for name in rows.column_names if name not in ("gap_days", f"{table}_end_date"))
            theirs = f"SELECT * FROM {table} WHERE {concept} <> 0"
            for left, right in (("FROM ours", f"FROM ({theirs})"), (f"FROM ({theirs})", "FROM ours")):
                lacking = f"SELECT count(*) FROM (SELECT {key} {left} EXCEPT ALL SELECT {key} {right})"
                assert con.sql(lacking).fetchall() == [(0,)]
            ends = con.sql(
                f"""SELECT count(*) FILTER (WHERE o.{table}_end_date > t.{table}_end_date),
                           count(*) FILTER (WHERE o.{table}_end_date < t.{table}_end_date)
                    FROM ours AS o JOIN ({theirs}) AS t USING ({key})"""
            ).fetchall()
            # Where two drugs start on one day, theirs may end with the shorter of the two; it should not.
            assert ends == [(8 if table == "drug_era" else 0, 0)]
            assert rows.num_rows > 50_000
