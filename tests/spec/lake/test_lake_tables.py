"""A lake table: written whole in one commit, every version readable, put back after a run that died."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.core.errors import HomeError, InputError
from washhouse.core.tables import Column, Table
from washhouse.lake.engine import connect
from washhouse.lake.store import Lake

VISIT = Table(
    name="visit",
    grain="one row per visit",
    key=("person_id", "time"),
    order=("person_id", "time"),
    partition_by=("bucket",),
    columns=(
        Column("bucket", "int32", "Bucket", nullable=False),
        Column("person_id", "string", "Person", nullable=False),
        Column("time", "timestamp", "When"),
        Column("day", "date", "Day"),
        Column("kept", "bool", "Kept"),
        Column("value", "float64", "Value"),
    ),
)
TEAM = Table("team", "one row per team", ("team",), (Column("team", "string", "Team", nullable=False),), ("team",))


def visits(*people: tuple[int, str]) -> pa.Table:
    return pa.table(
        {
            "person_id": [person for _, person in people],
            "time": [dt.datetime(2025, 1, 1 + index) for index in range(len(people))],
            "bucket": [bucket for bucket, _ in people],
            "day": [dt.date(2025, 1, 1)] * len(people),
            "kept": [True] * len(people),
        }
    )


def test_rows_come_back_sorted_by_bucket_and_order_with_absent_nullable_columns_null(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    version = lake.write(VISIT, visits((1, "c"), (0, "b"), (1, "a")))
    rows = lake.read(VISIT, version).to_pylist()
    assert [(row["bucket"], row["person_id"]) for row in rows] == [(0, "b"), (1, "a"), (1, "c")]
    assert {row["value"] for row in rows} == {None}


def test_a_write_replaces_and_the_older_version_stays_readable(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = lake.write(VISIT, visits((0, "a")))
    second = lake.write(VISIT, visits((1, "b")))
    assert second == first + 1 == lake.version("visit")
    assert lake.read(VISIT, first, columns=["person_id"]).to_pylist() == [{"person_id": "a"}]
    assert lake.read(VISIT, second, columns=["person_id"]).to_pylist() == [{"person_id": "b"}]


def test_one_bucket_is_read_from_its_own_files(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    version = lake.write(VISIT, visits((0, "a"), (1, "b"), (11, "c")))
    assert len(lake.files("visit", version)) == 3
    assert lake.read(VISIT, version, bucket=1)["person_id"].to_pylist() == ["b"]
    assert lake.read(VISIT, version, bucket=7).num_rows == 0


def test_an_empty_table_keeps_its_schema(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    version = lake.write(VISIT, visits())
    assert lake.read(VISIT, version).schema.names == list(VISIT.column_names)
    with connect() as connection:
        lake.create_view(connection, VISIT, version)
        assert connection.sql("SELECT count(person_id) FROM visit").fetchall() == [(0,)]


def test_an_engine_sees_a_bucket_as_a_view_with_its_partition_column(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    version = lake.write(VISIT, visits((0, "a"), (1, "b")))
    with connect() as connection:
        lake.create_view(connection, VISIT, version, bucket=1, name="mine")
        assert connection.sql("SELECT bucket, person_id, typeof(bucket) FROM mine").fetchall() == [(1, "b", "INTEGER")]


def test_a_stream_keeps_its_order_across_row_groups(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with connect() as connection:
        stream = connection.sql(
            "SELECT (i % 2)::INTEGER AS bucket, lpad(i::VARCHAR, 7, '0') AS person_id FROM range(300000) AS t(i) "
            "ORDER BY bucket, person_id"
        ).to_arrow_reader(50_000)
        version = lake.write(VISIT, stream)
    for bucket in (0, 1):
        people = lake.read(VISIT, version, bucket=bucket)["person_id"].to_pylist()
        assert len(people) == 150_000
        assert people == sorted(people)


def test_a_stream_that_comes_back_to_a_partition_loses_nothing_and_keeps_its_order(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    places = [0, 1] * 12
    rows = pa.table({"bucket": pa.array(places, pa.int32()), "person_id": [f"{n:02}" for n in range(len(places))]})
    version = lake.write(VISIT, pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=1)))
    assert lake.read(VISIT, version, bucket=0)["person_id"].to_pylist() == [f"{n:02}" for n in range(0, 24, 2)]
    assert lake.read(VISIT, version, bucket=1)["person_id"].to_pylist() == [f"{n:02}" for n in range(1, 24, 2)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pa.table({"person_id": ["a"]}), "table-column-missing"),
        (pa.table({"bucket": [0], "person_id": pa.array([None], pa.string())}), "table-null"),
        (pa.table({"bucket": [0], "person_id": ["a"], "value": ["secret"]}), "table-type"),
        (
            pa.table(
                {"bucket": [0], "person_id": ["a"], "time": pa.array([0], pa.timestamp("us", tz="Europe/London"))}
            ),
            "table-type",
        ),
    ],
)
def test_data_that_breaks_the_contract_is_refused_without_quoting_it(tmp_path: Path, data: pa.Table, code: str) -> None:
    with pytest.raises(InputError) as caught:
        Lake(tmp_path).write(VISIT, data)
    assert caught.value.code == code
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_restore_brings_tables_back_removes_unpublished_ones_and_is_idempotent(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    published = {"visit": lake.write(VISIT, visits((0, "a")))}
    lake.write(VISIT, visits((0, "b")))
    lake.write(TEAM, pa.table({"team": ["t"]}))
    assert lake.restore(published) == ["team", "visit"]
    newest = lake.version("visit")
    assert newest is not None
    assert lake.read(VISIT, newest)["person_id"].to_pylist() == ["a"]
    assert lake.version("team") is None
    assert lake.restore(published) == []
    assert lake.version("visit") == newest


def test_restore_leaves_a_table_that_only_an_earlier_version_names(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    earlier = {"visit": lake.write(VISIT, visits((0, "a"))), "team": lake.write(TEAM, pa.table({"team": ["t"]}))}
    assert lake.restore({"visit": earlier["visit"]}, earlier.keys()) == []
    assert lake.read(TEAM, earlier["team"])["team"].to_pylist() == ["t"]


def test_prune_deletes_what_no_kept_version_uses(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    versions = [lake.write(VISIT, visits((0, person))) for person in "abc"]
    assert lake.prune({"visit": versions[1:]}) == 1
    assert lake.read(VISIT, versions[1])["person_id"].to_pylist() == ["b"]
    assert lake.read(VISIT, versions[2])["person_id"].to_pylist() == ["c"]
    assert len(list((tmp_path / "visit").rglob("*.parquet"))) == 2


@pytest.mark.parametrize("spelling", ["relative", "linked"])
def test_prune_keeps_what_is_used_however_the_home_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    lake = Lake(Path("home") if spelling == "relative" else tmp_path / "linked")
    version = lake.write(VISIT, visits((0, "a"), (1, "b")))
    assert lake.prune({"visit": [version]}) == 0
    assert lake.read(VISIT, version)["person_id"].to_pylist() == ["a", "b"]


@pytest.mark.parametrize("folder", ["a b", "zürich", "50%", "a#b", "it's", "x=1"])
def test_a_home_may_have_any_name(tmp_path: Path, folder: str) -> None:
    lake = Lake(tmp_path / folder)
    for person in "ab":
        version = lake.write(VISIT, visits((0, person)))
    team = lake.write(TEAM, pa.table({"team": ["t"]}))
    with connect() as connection:
        lake.create_view(connection, VISIT, version)
        assert connection.sql("SELECT person_id, bucket FROM visit").fetchall() == [("b", 0)]
    assert lake.read(TEAM, team).to_pylist() == [{"team": "t"}]
    lake.restore({"visit": 0, "team": team})
    assert lake.prune({"visit": [0], "team": [team]}) == 1


def test_a_changed_contract_replaces_the_schema(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    old = lake.write(TEAM, pa.table({"team": ["t"]}))
    wider = Table("team", TEAM.grain, TEAM.key, (*TEAM.columns, Column("site", "string", "Site")), TEAM.order)
    new = lake.write(wider, pa.table({"team": ["t"], "site": ["s"]}))
    assert lake.read(wider, new).to_pylist() == [{"team": "t", "site": "s"}]
    assert lake.read(TEAM, old).to_pylist() == [{"team": "t"}]


def test_a_version_that_is_not_there_is_a_broken_home(tmp_path: Path) -> None:
    with pytest.raises(HomeError) as caught:
        Lake(tmp_path).read(TEAM, 3)
    assert caught.value.code == "lake-version"
