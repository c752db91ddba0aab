"""What a MEDS data set becomes, and where each of its rows went."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.core.errors import InputError
from washhouse.lake.engine import connect
from washhouse.sources.mappings import meds
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import read_identities, run_stage
from washhouse.sources.meds import SPEC, read_meds

BORN, SEEN, LATER = datetime(2128, 1, 1), datetime(2180, 3, 23, 11, 51), datetime(2180, 4, 1, 8)
Row = tuple[int | None, datetime | None, str | None, float | None, str | None]


def write(path: Path, rows: list[Row]) -> Path:
    """A file under MEDS 0.4."""
    subject, time, code, numeric, text = zip(*rows, strict=True)
    table = pa.table(
        {
            "subject_id": pa.array(subject, pa.int64()),
            "time": pa.array(time, pa.timestamp("us")),
            "code": pa.array(code, pa.string()),
            "numeric_value": pa.array(numeric, pa.float32()),
            "text_value": pa.array(text, pa.large_string()),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def values(path: Path, *columns: str) -> list[tuple[object, ...]]:
    rows = read_meds(path).tables["event"].rows
    return list(zip(*(rows[column].to_pylist() for column in columns), strict=True))


def test_every_row_is_accepted_set_aside_or_a_repeat(tmp_path):
    rows: list[Row] = [
        (1, BORN, "MEDS_BIRTH", None, None),
        (1, None, "GENDER//F", None, None),
        (1, SEEN, "LAB//50912//mg/dL", 1.5, None),
        (1, SEEN, "LAB//50912//mg/dL", 1.5, None),
        (None, SEEN, "LAB//50912//mg/dL", 1.5, None),
        (1, SEEN, None, 1.5, None),
        (1, SEEN, "x" * 300, 1.5, None),
        (1, datetime(1700, 1, 1), "LAB//1", None, None),
    ]
    (read,) = read_meds(write(tmp_path / "a.parquet", rows)).files.values()
    assert (read.lines, read.accepted, read.quarantined, read.duplicates) == (8, 3, 4, 1)
    issues = [(row["row"], row["column"], row["rule"]) for row in read.issues.to_pylist()]
    assert issues == [
        (4, None, "duplicate-row"),
        (5, "subject_id", "missing-key"),
        (6, "code", "missing-key"),
        (7, "code", "bad-key-format"),
        (8, "time", "impossible-date"),
    ]
    assert read.set_aside["row"].to_pylist() == [5, 6, 7, 8]


def test_codes_are_a_vocabulary_and_a_code(tmp_path):
    rows: list[Row] = [(1, SEEN, code, None, None) for code in ("LAB//1//mg", "ED_REGISTRATION", "Weight (Lbs)")]
    found = [code for (code,) in values(write(tmp_path / "a.parquet", rows), "code")]
    assert found == ["LAB//1//mg", "ED_REGISTRATION//recorded", "MEDS//Weight (Lbs)"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("LAB//220045//bpm", "LAB//220045//bpm"),
        ("DIAGNOSIS//ICD//10//F32", "DIAGNOSIS//ICD//10//F32"),
        ("SUBJECT_FLUID_OUTPUT//226559//ml", "SUBJECT_FLUID_OUTPUT//226559//ml"),
        ("Ada Lovelace, LS2 4AP", "MEDS//unreadable"),
        ("LOVELACE", "MEDS//unreadable"),
        ("MEDICATION//Ada Lovelace//Administered", "MEDICATION//unreadable//Administered"),
        ("LAB//9434765919", "LAB//unreadable"),
        ("LAB//943 476 5919//mg", "LAB//unreadable//mg"),
        ("LAB//12/03/1950", "LAB//unreadable"),
        ("LAB//Lovelace-9434765919", "LAB//unreadable"),
        ("Lovelace//1", "MEDS//1"),
    ],
)
def test_a_code_that_could_name_one_person_is_unreadable(tmp_path, code, shown):
    path = write(tmp_path / "a.parquet", [(1, SEEN, code, None, None)])
    assert values(path, "code") == [(shown,)]
    (read,) = read_meds(path).files.values()
    assert read.warned == ("unreadable" in shown)


def test_words_that_three_subjects_share_name_none_of_them(tmp_path):
    given = "MEDICATION//Milrinone//Started"
    rows: list[Row] = [(subject, SEEN, given, None, None) for subject in (1, 2)]
    write(tmp_path / "0.parquet", rows * 2)
    assert {code for (code,) in values(tmp_path, "code")} == {"MEDICATION//unreadable//Started"}
    write(tmp_path / "1.parquet", [(3, SEEN, "MEDICATION//START//milrinone", None, None)])
    assert [code for (code,) in values(tmp_path, "code")] == [given, given, "MEDICATION//START//milrinone"]


@pytest.mark.parametrize(
    ("text", "number", "kept"),
    [
        ("4.5", 4.5, None),
        ("NEG", None, "NEG"),
        ("<0.5", None, "<0.5"),
        ("Positive", None, "positive"),
        ("", None, None),
        ("Ann Example, 1 Invented Street", None, None),
        ("Example", None, None),
        ("NaN", None, None),
        ("SMITH", None, None),
        ("SMITH-JONES", None, None),
        ("9434765919", None, None),
        ("1970-01-31", None, None),
        ("0.123456789", 0.123456789, None),
        ("LA6576-8", None, "LA6576-8"),
    ],
)
def test_text_is_a_number_a_short_code_or_nothing(tmp_path, text, number, kept):
    path = write(tmp_path / "a.parquet", [(1, SEEN, "LAB//1", None, text)])
    assert values(path, "numeric_value", "text_value") == [(number, kept)]
    (read,) = read_meds(path).files.values()
    assert read.warned == ((number, kept) == (None, None) and text != "")


def test_the_kin_with_one_value_column(tmp_path):
    table = pa.table(
        {
            "subject_id": [1, 1],
            "time": pa.array([SEEN, SEEN], pa.timestamp("us")),
            "code": ["LAB//1", "LAB//2"],
            "table": ["labs", "labs"],
            "value": pa.array([1.5, float("inf")], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (read,) = read_meds(tmp_path).files.values()
    assert read.rows["numeric_value"].to_pylist() == [1.5, None]
    assert (read.accepted, read.warned) == (2, 1)


def test_times_with_an_offset_become_utc(tmp_path):
    table = pa.table(
        {
            "subject_id": ["s"],
            "time": pa.array([datetime(2180, 7, 1, 12, tzinfo=UTC)], pa.timestamp("ns", "Europe/London")),
            "code": ["LAB//1"],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert values(tmp_path, "subject_id", "time") == [("s", datetime(2180, 7, 1, 12))]


def test_the_newest_event_dates_the_batch(tmp_path):
    path = write(tmp_path / "a.parquet", [(1, SEEN, "LAB//1", None, None), (1, LATER, "LAB//1", None, None)])
    batch = read_meds(path)
    assert (batch.source, batch.batch, batch.as_of) == ("meds", "2180-04-01", date(2180, 4, 1))
    judged = read_meds(path, date(2180, 3, 31), batch="first")
    (read,) = judged.files.values()
    assert (judged.batch, read.accepted, read.quarantined) == ("first", 1, 1)
    assert read.issues["rule"].to_pylist() == ["future-date"]


def test_a_folder_of_shards_is_one_table(tmp_path):
    write(tmp_path / "data" / "train" / "0.parquet", [(1, SEEN, "LAB//1", None, None)])
    write(tmp_path / "data" / "held_out" / "0.parquet", [(2, SEEN, "LAB//1", None, None)])
    pq.write_table(pa.table({"code": ["LAB//1"]}), _made(tmp_path / "metadata") / "codes.parquet")
    batch = read_meds(tmp_path)
    assert sorted(batch.files) == ["data/held_out/0.parquet", "data/train/0.parquet"]
    rows = batch.tables["event"].rows
    assert list(zip(rows["subject_id"].to_pylist(), rows["_file"].to_pylist(), strict=True)) == [
        ("2", "data/held_out/0.parquet"),
        ("1", "data/train/0.parquet"),
    ]


@pytest.mark.parametrize("missing", ["subject_id", "time", "code"])
def test_a_file_without_a_key_column_is_refused_and_its_lines_are_counted(tmp_path, missing):
    path = write(tmp_path / "a.parquet", [(1, SEEN, "LAB//1", None, None)])
    pq.write_table(pq.read_table(path).drop_columns(missing), path)
    batch = read_meds(path)
    (read,) = batch.files.values()
    assert (read.rejected, read.lines, read.quarantined) == (True, 1, 1)
    assert missing in read.reason
    assert not batch.tables


@pytest.mark.parametrize("nested", ["subject_id", "code", "text_value"])
def test_a_file_whose_column_holds_lists_is_refused(tmp_path, nested):
    path = write(tmp_path / "a.parquet", [(1, SEEN, "LAB//1", None, None)])
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index(nested), nested, pa.array([["a"]])), path)
    (read,) = read_meds(path).files.values()
    assert (read.rejected, read.lines, read.quarantined) == (True, 1, 1)
    assert read.issues["rule"].to_pylist() == ["unreadable-file"]


def test_a_file_that_is_not_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"not at all")
    (read,) = read_meds(tmp_path).files.values()
    assert read.rejected


def test_nothing_there(tmp_path):
    with pytest.raises(InputError) as error:
        read_meds(_made(tmp_path / "empty"))
    assert error.value.code == "meds-not-found"


def test_subjects_are_people_of_their_own_and_facts_without_a_time_are_kept(tmp_path):
    path = write(
        tmp_path / "a.parquet",
        [
            (1, BORN, "MEDS_BIRTH", None, None),
            (1, None, "GENDER//F", None, None),
            (1, SEEN, "LAB//1", 2.5, None),
            (1, LATER, "MEDS_DEATH", None, None),
        ],
    )
    batch = read_meds(path)
    rows = batch.tables["event"].rows
    origin = {
        "_batch": (batch.batch, pa.string()),
        "_submitted_at": (batch.submitted_at, pa.timestamp("us")),
        "_as_of": (batch.as_of, pa.date32()),
        "_period_start": (None, pa.date32()),
        "_period_end": (None, pa.date32()),
        "_provider": (None, pa.string()),
        "_kind": (batch.kind, pa.string()),
    }
    for name, (value, kind) in origin.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), rows.num_rows))
    con = connect(threads=1)
    create_macros(con, "00")

    def typed(source, table):
        return rows

    (identity,) = read_identities(con, [(SPEC, meds.MAPPING)], typed).to_pylist()
    assert (identity["source_id"], identity["identity_kind"], identity["pseudo_nhs_number"]) == ("1", "pseudonym", None)
    assert (identity["birth_date"], identity["sex"]) == (BORN.date(), "female")
    assert identity["death_date"] == LATER.date()
    (stage,) = meds.MAPPING.events
    (sql,) = [
        con.execute(
            f"SELECT code, time, recorded_at, recorded_assumed, numeric_value FROM ({query}) ORDER BY code"
        ).fetchall()
        for query in run_stage(con, SPEC, stage, typed)
    ]
    assert sql == [
        ("DEATH//recorded", LATER, LATER, True, None),
        ("GENDER//F", None, BORN, True, None),
        ("LAB//1", SEEN, SEEN, True, 2.5),
        ("MEDS_BIRTH//recorded", BORN, BORN, True, None),
    ]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
