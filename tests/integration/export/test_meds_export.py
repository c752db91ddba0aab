"""Can others read the MEDS export, and do they find in it what our own SQL finds in the record?"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).parent

# One row per subject and moment of the trigger: the moment, and whether what is predicted came.
CURRENT = """
    WITH happened AS (
        SELECT n.subject_id, e.time, e.end_time, e.code, e.numeric_value
        FROM event AS e JOIN number AS n USING (person_id)
        WHERE e.superseded_at IS NULL)"""
SQL = {
    "readmission": """,
        died AS (SELECT n.subject_id, CAST(min(p.death_date) AS TIMESTAMP) AS time
                 FROM person AS p JOIN number AS n USING (person_id) WHERE p.death_date IS NOT NULL GROUP BY 1),
        trigger AS (SELECT DISTINCT subject_id, end_time AS time FROM happened
                    WHERE code LIKE 'APC_SPELL//%' AND end_time IS NOT NULL)
        SELECT t.subject_id, t.time, EXISTS (FROM happened AS h WHERE h.subject_id = t.subject_id
            AND h.code LIKE 'APC_SPELL//2%' AND h.time > t.time AND h.time <= t.time + INTERVAL 30 DAY) AS label
        FROM trigger AS t LEFT JOIN died AS d USING (subject_id)
        WHERE d.time IS NULL OR NOT (d.time > t.time AND d.time <= t.time + INTERVAL 30 DAY)""",
    "attendance_after_missed_contact": """,
        trigger AS (SELECT DISTINCT subject_id, time FROM happened WHERE code IN ('MHS_CONTACT//3', 'MHS_CONTACT//7'))
        SELECT t.subject_id, t.time, EXISTS (FROM happened AS h WHERE h.subject_id = t.subject_id
            AND h.code LIKE 'ECDS_ATTENDANCE//%' AND h.time > t.time AND h.time <= t.time + INTERVAL 28 DAY) AS label
        FROM trigger AS t
        WHERE EXISTS (FROM happened AS h WHERE h.subject_id = t.subject_id
                      AND h.code IN ('MHS_CONTACT//5', 'MHS_CONTACT//6')
                      AND h.time >= t.time - INTERVAL 90 DAY AND h.time < t.time)""",
    "metformin_after_high_hba1c": """,
        trigger AS (SELECT DISTINCT subject_id, time FROM happened
                    WHERE code = 'SNOMED//999791000000106' AND numeric_value >= 48)
        SELECT t.subject_id, t.time, EXISTS (FROM happened AS h WHERE h.subject_id = t.subject_id
            AND h.code = 'DMD//325278007' AND h.time > t.time AND h.time <= t.time + INTERVAL 365 DAY) AS label
        FROM trigger AS t
        WHERE t.subject_id IN (SELECT subject_id FROM number JOIN person USING (person_id) WHERE sex = 'female')""",
}


def test_the_package_meds_accepts_every_file(export, outside) -> None:
    out, report = export("meds")
    said = json.loads(outside("python", str(HERE / "check_meds.py"), str(out)).splitlines()[-1])
    assert said["codes"] == report["codes"]
    assert 0 < said["subjects"] <= report["subjects"]


@pytest.mark.parametrize("task", sorted(SQL))
def test_aces_finds_the_same_rows_as_our_own_sql(task, exported, export, outside, tmp_path) -> None:
    out, _ = export("meds")
    found = []
    for shard in sorted((out / "data").glob("*.parquet")):
        result = tmp_path / shard.name
        outside(
            "aces-cli",
            "data=single_file",
            "data.standard=meds",
            f"data.path={shard}",
            f"cohort_dir={tmp_path}",
            f"cohort_name={task}",
            f"config_path={HERE / 'tasks' / f'{task}.yaml'}",
            f"output_filepath={result}",
            f"log_dir={tmp_path / 'log'}",
        )
        rows = pq.read_table(result).to_pylist()
        found += [(row["subject_id"], row["prediction_time"], row["boolean_value"]) for row in rows]
    ours = exported.record().sql(CURRENT + SQL[task]).fetchall()
    assert sorted(found) == sorted(ours)
    assert {label for _, _, label in found} == {False, True}, "the task tells nothing apart"


def test_events_leave_once_and_the_opted_out_not_at_all(exported, export) -> None:
    out, report = export("meds")
    record = exported.record()
    left = record.sql("SELECT count(DISTINCT subject_id) FROM number").fetchall()[0][0]
    everybody = record.sql(
        """SELECT count(DISTINCT coalesce(v.view_id, p.person_id)) FROM person AS p
           LEFT JOIN (SELECT * FROM person_view WHERE view = 'lenient') AS v USING (person_id)"""
    ).fetchall()[0][0]
    assert report["people"] == left
    assert report["people"] + report["opted_out"] == everybody
    assert report["opted_out"] > 0
    rows = pq.read_table(out / "data")
    record.register("exported", rows)
    kinds = "split_part(code, '//', 1)"
    ours = record.sql(
        f"""SELECT {kinds}, count(*) FROM event JOIN number USING (person_id)
            WHERE superseded_at IS NULL AND {kinds} NOT IN ('DEATH', 'OPT_OUT') GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    facts = "('MEDS_BIRTH', 'MEDS_DEATH', 'GENDER', 'ETHNICITY', 'DEPRIVATION_DECILE')"
    theirs = record.sql(
        f"""SELECT {kinds}, count(*) FROM exported WHERE {kinds} NOT IN {facts} AND {kinds} NOT LIKE '%_END'
            GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    assert theirs == ours
    assert report["events"] == rows.num_rows


def test_of_a_birth_only_the_year_leaves(export) -> None:
    out, _ = export("meds")
    rows = pq.read_table(out / "data", filters=[("code", "=", "MEDS_BIRTH")])
    assert rows.num_rows
    assert {(moment.month, moment.day) for moment in rows["time"].to_pylist()} == {(1, 1)}


def test_an_export_is_the_same_again_and_another_project_shares_no_number(exported, export) -> None:
    out, _ = export("meds")
    again, _ = export("meds", "--memory-limit", "1GB")
    files = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [name for name in files if (out / name).read_bytes() != (again / name).read_bytes()] == []
    other, _ = export("meds", "--project", "frailty")
    splits = [pq.read_table(each / "metadata" / "subject_splits.parquet")["subject_id"] for each in (out, other)]
    assert len(splits[0]) == len(splits[1])
    assert not set(splits[0].to_pylist()) & set(splits[1].to_pylist())


def test_one_event_in_the_audit_with_the_hash_of_who_left(exported, export) -> None:
    _, report = export("meds", "--project", "audited")
    with sqlite3.connect(exported.home.desk_file) as desk:
        rows = desk.execute(
            "SELECT actor, purpose, subject, outcome, detail, at FROM audit WHERE action = 'export'"
        ).fetchall()
    (row,) = [row for row in rows if json.loads(row[4])["project"] == "audited"]
    detail = json.loads(row[4])
    assert row[:4] == ("system", "research", None, "allow")
    assert (detail["people"], detail["format"], detail["record_version"]) == (
        report["people"],
        "meds",
        report["version"],
    )
    assert len(detail["cohort_sha256"]) == 64
