"""Where each line of an OMOP data set went, in whatever form it comes."""

from __future__ import annotations

import gzip
import sqlite3
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from washhouse.core.errors import InputError
from washhouse.lake.engine import connect
from washhouse.pipeline.cdm_set import CdmSet
from washhouse.sources.omop.read import find_tables, read_omop

TABLES = {
    "person": "person_id,gender_concept_id,year_of_birth\n1,8507,1980\n2,8532,1990\n",
    "condition_occurrence": "condition_occurrence_id,person_id,condition_concept_id,condition_start_date\n"
    "1,1,5,2020-03-01\n2,1,5,2020-03-02\n2,1,5,2020-03-02\n3,9,5,2020-03-01\n4,1,5,the first\n5,,5,2020-03-01\n",
    "observation_period": "observation_period_id,person_id,observation_period_start_date,observation_period_end_date\n"
    "1,1,2019-01-01,2021-12-31\n2,7,2019-01-01,2021-12-31\n",
    "condition_era": "condition_era_id,person_id\n1,1\n2,1\n",
    "cohort_of_mine": "a,b\n1,2\n",
}


def write(folder: Path, form: str) -> Path:
    """The same data set as a folder of files or as one database; returns what to import."""
    folder.mkdir(exist_ok=True)
    read = {name: pa.csv.read_csv(pa.BufferReader(text.encode())) for name, text in TABLES.items()}
    if form == "duckdb":
        with connect() as con:
            con.execute(f"ATTACH '{folder / 'cdm.duckdb'}' AS cdm")
            con.execute("CREATE SCHEMA cdm.omop")
            for name, table in read.items():
                con.register("t", table)
                con.execute(f"CREATE TABLE cdm.omop.{name} AS SELECT * FROM t")
        return folder / "cdm.duckdb"
    for name, text in TABLES.items():
        if form == "parquet":
            pq.write_table(read[name], folder / f"{name}.parquet")
        else:
            tabs = text.replace(",", "\t") if form == "tabs" else text
            (folder / f"{name.upper()}.CSV").write_text(tabs.upper() if form == "tabs" else tabs, encoding="utf-8")
    return folder


@pytest.mark.parametrize("form", ["csv", "tabs", "parquet", "duckdb"])
def test_every_line_is_accepted_set_aside_or_a_repeat(tmp_path, form):
    result = read_omop(find_tables(write(tmp_path / "set", form)))
    counts = {
        read.table or name.partition(".")[0].partition("/")[2] or name.partition(".")[0].lower(): (
            *(read.lines, read.accepted, read.quarantined, read.duplicates),
            read.rejected,
        )
        for name, read in result.files.items()
    }
    own = {name.rpartition("/")[2]: count for name, count in counts.items()}
    unknown = next(name for name in own if name.startswith("unknown"))
    assert own == {
        "person": (2, 2, 0, 0, False),
        "condition_occurrence": (6, 2, 3, 1, False),
        "observation_period": (2, 1, 1, 0, False),
        "condition_era": (2, 2, 0, 0, False),
        unknown: (1, 1, 0, 0, False),
    }
    assert (result.as_of, result.batch) == (date(2020, 3, 2), "2020-03-02")


def test_reasons_are_in_plain_words_and_nothing_is_dropped_in_silence(tmp_path):
    result = read_omop(find_tables(write(tmp_path, "csv")))
    rules = {
        (row["row"], row["rule"]) for read in result.files.values() for row in read.issues.to_pylist() if row["row"]
    }
    assert rules == {
        (3, "duplicate-row"),
        (4, "orphan-row"),
        (5, "bad-key-format"),
        (6, "missing-key"),
        (2, "orphan-row"),
    }
    words = [row["reason"] for read in result.files.values() for row in read.issues.to_pylist()]
    assert any("condition_era of the OMOP CDM is not mapped" in one for one in words)
    assert any("no table of the file's name" in one for one in words)
    assert not any("cohort_of_mine" in text for text in [*words, *result.files])


def test_what_lies_after_the_day_that_was_given_is_set_aside(tmp_path):
    result = read_omop(find_tables(write(tmp_path, "csv")), date(2020, 3, 1))
    read = result.files["CONDITION_OCCURRENCE.CSV"]
    assert (read.lines, read.accepted, read.quarantined, read.duplicates) == (6, 1, 4, 1)
    assert result.as_of == date(2020, 3, 1)


def test_without_persons_nothing_is_used(tmp_path):
    write(tmp_path, "csv")
    (tmp_path / "PERSON.CSV").unlink()
    result = read_omop(find_tables(tmp_path))
    assert result.tables == {} and result.files["CONDITION_OCCURRENCE.CSV"].quarantined == 6


def test_a_set_landed_before_is_not_landed_again(tmp_path):
    write(tmp_path, "csv")
    (batch,) = CdmSet(tmp_path).find([]).batches
    assert (batch.source, batch.name) == ("omop", "2020-03-02")
    assert CdmSet(tmp_path).find([batch.id]).batches == ()


def in_parts(folder: Path, name: str, part: str) -> None:
    """Take a table's file apart into two parts of the form asked for; the second is packed."""
    header, *lines = TABLES[name].splitlines(keepends=True)
    (folder / f"{name.upper()}.CSV").unlink()
    for number, some in enumerate((lines[:1], lines[1:])):
        path = folder / f"{part.format(name=name, number=number)}.csv{'.gz' if number else ''}"
        path.parent.mkdir(exist_ok=True)
        data = "".join([header, *some]).encode()
        path.write_bytes(gzip.compress(data) if number else data)


@pytest.mark.parametrize(
    "part",
    ["{name}_{number}", "{name}-0000{number}-of-00002", "{name}/part-0000{number}-c000", "{name}/Ann Smith {number}"],
)
def test_a_table_may_come_in_parts(tmp_path, part):
    whole = read_omop(find_tables(write(tmp_path / "whole", "csv")))
    parts = write(tmp_path / "parts", "csv")
    for name in ("person", "condition_occurrence", "condition_era"):
        in_parts(parts, name, part)
    result = read_omop(find_tables(parts))
    read, all_of_it = result.tables["condition_occurrence"], whole.tables["condition_occurrence"]
    assert (
        read.rows.drop(["_row", "_file"])
        .sort_by("condition_start_date")
        .equals(all_of_it.rows.drop(["_row"]).sort_by("condition_start_date"))
    )
    assert len(set(read.rows["_file"].to_pylist())) == 2
    own = [one for one in result.files.values() if one.table == "condition_occurrence"]
    assert (len(own), sum(one.lines for one in own), sum(one.duplicates for one in own)) == (2, 6, 1)
    assert sum(one.lines for one in result.files.values()) == sum(one.lines for one in whole.files.values())
    assert not any("Smith" in name for name in result.files)
    words = [row["reason"] for one in result.files.values() for row in one.issues.to_pylist()]
    assert sum("condition_era of the OMOP CDM is not mapped" in one for one in words) == 2


def test_a_packed_part_that_breaks_off_is_refused_and_the_others_are_read(tmp_path):
    write(tmp_path, "csv")
    in_parts(tmp_path, "condition_occurrence", "{name}_{number}")
    (packed,) = tmp_path.glob("*.gz")
    packed.write_bytes(packed.read_bytes()[:-9])
    result = read_omop(find_tables(tmp_path))
    assert result.files[packed.name].rejected and "damaged" in result.files[packed.name].reason
    assert result.tables["condition_occurrence"].accepted == 1


@pytest.mark.parametrize("name", ["nowhere", "empty", "file.txt"])
def test_nothing_there_is_said_plainly(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        find_tables(tmp_path / name)
    assert caught.value.code == "omop-not-found"


def test_a_file_that_is_no_duckdb_is_said_plainly(tmp_path):
    path = tmp_path / "cdm.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE person (person_id INTEGER)")
    for content in (path.read_bytes(), b"", b"Ann Smith"):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_omop(find_tables(path))
        assert caught.value.code == "database-unreadable" and "Smith" not in str(caught.value)
