"""A kernel computes for everybody, a bucket at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from washhouse.core.errors import InputError, RefusedError, UsageError
from washhouse.core.tables import Column
from washhouse.record.kernels import Kernel, Stage, run, run_stages
from washhouse.record.writer import write_scores

ANN, BOB, CAT, _ = ("0000000" + digit + digit * 24 for digit in "0129")
COUNT = Kernel(
    name="count",
    sql="""SELECT p.person_id, count(e.code) AS events, max(w.weight) AS weight
           FROM person AS p LEFT JOIN event AS e ON e.person_id = p.person_id AND e.time >= $since
           LEFT JOIN weight AS w ON w.code = e.code
           GROUP BY p.person_id ORDER BY p.person_id""",
    columns=(
        Column("person_id", "string", "Person"),
        Column("events", "int64", "Events since"),
        Column("weight", "float64", "Heaviest"),
    ),
)
COUNT_OF = Kernel("count-of", "SELECT count(*) AS n FROM event", (Column("n", "int64", "Events"),), inputs=("event",))
PARAMS = {"since": date(2026, 1, 6)}
EXTRA = {"weight": pa.table({"code": ["SNOMED//3"], "weight": [2.0]})}


def test_one_table_a_bucket_and_every_person_once(world):
    parts = list(run(world.lake, world.version, world.system(), COUNT, PARAMS, EXTRA, audit=world.trail))
    assert len(parts) == world.version.buckets
    rows = {row["person_id"]: (row["events"], row["weight"]) for part in parts for row in part.to_pylist()}
    assert rows == {ANN: (2, 2.0), BOB: (0, None), CAT: (0, None)}
    assert world.audited() == [("read-population", None, "allow")]


def test_a_bucket_sees_no_other(world):
    crossing = Kernel(
        "crossing", "SELECT count(DISTINCT person_id) AS n FROM person", (Column("n", "int64", "n"),), ("person",)
    )
    parts = run(world.lake, world.version, world.system(), crossing)
    assert [part["n"][0].as_py() for part in parts] == [1, 1, 1, 0]


def test_only_leave_for_the_population_will_do_and_it_is_asked_for_at_once(world):
    for grant in (world.clinician(ANN), world.steward()):
        with pytest.raises(RefusedError):
            run(world.lake, world.version, grant, COUNT, PARAMS, EXTRA)


def test_a_table_without_a_bucket_is_seen_whole(world):
    kernel = Kernel("care", "SELECT count(*) AS n FROM care_relation", (Column("n", "int64", "n"),), ("care_relation",))
    assert [part["n"][0].as_py() for part in run(world.lake, world.version, world.system(), kernel)] == [3, 3, 3, 3]


def test_a_table_that_the_record_lacks(world):
    with pytest.raises(UsageError, match="identity"):
        run(world.lake, world.version, world.system(), Kernel("k", "SELECT 1", (), ("identity",)))


def test_the_version_of_a_kernel_is_all_that_decides_what_it_gives():
    same = Kernel(COUNT.name, COUNT.sql, COUNT.columns, COUNT.inputs)
    assert COUNT.version == same.version
    assert COUNT.version != Kernel(COUNT.name, COUNT.sql + " ", COUNT.columns).version
    assert len(COUNT.version) == 16


def test_scores_go_back_in_order_under_their_bucket(world):
    rows = {"model": "crisis", "model_version": "2", "index_date": date(2026, 7, 8), "status": "scored"}
    scores = pa.Table.from_pylist([{"person_id": person, **rows} for person in (CAT, ANN)])
    with pytest.raises(RefusedError):
        write_scores(world.lake, world.version, world.clinician(ANN), scores)
    version = write_scores(world.lake, world.version, world.system(), scores, audit=world.trail)
    from washhouse.record.tables import SCORE

    written = world.lake.read(SCORE, version)
    assert written["person_id"].to_pylist() == [ANN, CAT]
    assert written["bucket"].to_pylist() == [0, 2]
    with pytest.raises(InputError):
        write_scores(world.lake, world.version, world.system(), scores.drop_columns("status"))


def test_stages_share_a_bucket_and_only_kept_ones_come_back(world):
    late = Kernel(
        "late",
        "SELECT person_id, code FROM event WHERE time >= $since",
        (Column("person_id", "string", "Person"), Column("code", "string", "Code")),
        inputs=("event",),
    )
    stages = [
        Stage(late, params=PARAMS, is_kept=False),
        Stage(COUNT_OF, over={"event": "late"}),
        Stage(replace(COUNT_OF, name="of-all")),
    ]
    parts = list(run_stages(world.lake, world.version, world.system(), stages, audit=world.trail))
    assert [list(part) for part in parts] == [["count-of", "of-all"]] * 4
    counted = [[part[name]["n"].to_pylist() for part in parts] for name in ("count-of", "of-all")]
    assert counted[0] == [[2], [0], [0], [0]]
    assert sum(n for (n,) in counted[1]) > 2
    assert world.audited() == [("read-population", None, "allow")] * 3


def test_a_table_with_a_bucket_shows_each_bucket_its_own(world):
    mine = pa.table({"bucket": pa.array([2, 0, 2], pa.int32()), "row": [1, 2, 3]})
    kernel = Kernel("mine", 'SELECT "row" FROM mine ORDER BY "row"', (Column("row", "int64", "Row"),), inputs=())
    parts = run_stages(world.lake, world.version, world.system(), [Stage(kernel)], {"mine": mine})
    assert [part["mine"]["row"].to_pylist() for part in parts] == [[2], [], [1, 3], []]
