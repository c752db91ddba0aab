"""Does Spark come to the very tables that one process comes to?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.core.tables import Column
from washhouse.desk.clock import utc_now
from washhouse.governance.grants import system_grant
from washhouse.lake.engine import LocalEngine, Resources
from washhouse.lake.pointer import read_current
from washhouse.lake.spark import SparkEngine
from washhouse.lake.store import Lake
from washhouse.pipeline.run import run_inbox
from washhouse.record import staging
from washhouse.record.kernels import Kernel, run
from washhouse.record.tables import TABLES

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")

TOLD = Kernel(
    "told",
    """SELECT p.person_id, count(*) AS events, max(e.time) AS latest, arg_min(e.code, row(e.time, e.code)) AS first_code
       FROM person AS p JOIN event AS e ON e.person_id = p.person_id AND e.recorded_at < $until
       GROUP BY p.person_id ORDER BY p.person_id""",
    (
        Column("person_id", "string", "Person"),
        Column("events", "int64", "Events"),
        Column("latest", "timestamp", "Time of the latest"),
        Column("first_code", "string", "Code of the first"),
    ),
)


@pytest.fixture(scope="module")
def by_spark(stage, tmp_path_factory) -> Home:
    """The stage's first home, made by Spark."""
    home = Home(tmp_path_factory.mktemp("spark") / "home")
    command = ["run", "--home", str(home.root), "--inbox", str(stage.early), "--engine", "local[2]", "--json"]
    command += ["--buckets", "2", "--key-file", str(stage.key_file)]
    done = subprocess.run([sys.executable, "-m", "washhouse.cli.main", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "one object, and nothing of Spark's"
    return home


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    engine = SparkEngine("local[2]", Resources(), tmp_path_factory.mktemp("shared"))
    yield engine
    engine.close()


def test_every_table_is_the_same(stage, by_spark, contents_of):
    local, spark = contents_of(stage.first), contents_of(by_spark)
    assert {table.name for table in TABLES} <= local.keys()
    assert local["event"].num_rows > 0
    for name, told in local.items():
        assert told == spark[name], name
    assert not by_spark.spill.exists()


def test_people_told_some_at_a_time_by_spark_make_the_same_record(stage, contents_of, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(staging, "MOST_RECORDS_READ", 40)
    monkeypatch.setattr(staging.Staging, "_add_by_tasks", _noted(staging.Staging._add_by_tasks, asked))
    home = Home(tmp_path / "home")
    home.root.mkdir()
    run_inbox(home, replace(stage.settings, engine="local[2]"), stage.early)
    assert asked, "no task told a share of the people"
    local, spark = contents_of(stage.first), contents_of(home)
    assert {name for name in local if local[name] != spark[name]} == set()


def _noted(method, asked):
    def add(self, workers, spec, *rest):
        asked.append(spec.name)
        return method(self, workers, spec, *rest)

    return add


def test_a_kernel_comes_to_the_same_bucket_by_bucket(stage, spark):
    version = read_current(stage.first)
    assert version is not None
    until = {"until": version.published_at}

    def told(engine):
        return list(run(Lake(stage.first.lake), version, system_grant(utc_now()), TOLD, until, engine=engine))

    ours = told(LocalEngine(Resources()))
    assert len(ours) == version.buckets
    assert sum(part.num_rows for part in ours) > 0
    assert told(spark) == ours


def test_a_cluster_that_is_not_there_is_told_as_that(tmp_path):
    # In a process of its own: a session that could not start is kept by Spark's own library.
    asked = (
        "from pathlib import Path; from washhouse.lake.engine import Resources; "
        "from washhouse.lake.spark import SparkEngine; "
        f"SparkEngine('local[none]', Resources(), Path({str(tmp_path)!r})).map(print, [1])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert "HomeError: Spark did not start at local[none]" in done.stderr
    assert not list(tmp_path.glob("tasks-*"))


def _of(number: int, resources: Resources) -> pa.Table:
    if number == 3:
        raise InputError("table-null", "Table letters: 1 nulls, none allowed.", "Look at it.")
    if number == 5:
        raise ValueError("Ann Example of 1 Long Street")
    return pa.table({"number": [number], "threads": [resources.threads]})


def test_what_tasks_make_comes_in_order_with_one_thread_each(spark):
    made = [row for table in spark.map(_of, [2, 1, 0]) for row in table.to_pylist()]
    assert made == [{"number": number, "threads": 1} for number in (2, 1, 0)]
    assert list(spark.map(_of, [])) == []


def test_an_error_of_a_task_is_ours_and_any_other_says_nothing_of_rows(spark):
    with pytest.raises(InputError, match="1 nulls") as error:
        list(spark.map(_of, [1, 3]))
    assert (error.value.code, error.value.hint) == ("table-null", "Look at it.")
    with pytest.raises(HomeError) as other:
        list(spark.map(_of, [1, 5]))
    assert other.value.code == "engine-task"
    assert "Ann" not in f"{other.value!r} {other.value.__cause__!r}"
    assert not list(Path(spark._shared).glob("tasks-*"))
