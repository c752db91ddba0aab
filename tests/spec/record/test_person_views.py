"""Who is one person depends on what the record is asked for; rows of one person in any view lie in one bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from washhouse.core.errors import RefusedError
from washhouse.core.tables import Column
from washhouse.core.views import View
from washhouse.governance.grants import Purpose, Role, mint_grant, system_grant
from washhouse.record.buckets import bucket_of
from washhouse.record.kernels import Kernel, run
from washhouse.record.reader import open_record
from washhouse.record.tables import EVENT, PERSON, PERSON_VIEW, SCORE
from washhouse.record.views import VIEW_OF, bucket_finder
from washhouse.record.writer import write_scores

ANN, BOB, CAT, _ = ("0000000" + digit + digit * 24 for digit in "0129")
NOT_ONE = {View.STRICT: {}, View.BALANCED: {ANN: (ANN, 1.0), BOB: (ANN, 0.7)}}
LENIENT = {ANN: (ANN, 1.0), BOB: (ANN, 0.7), CAT: (ANN, 0.2)}
PEOPLE = Kernel(
    name="people",
    sql="""SELECT coalesce(v.view_id, p.person_id) AS bears, count(DISTINCT p.person_id) AS people,
                  count(e.code) AS events, min(coalesce(v.probability, 1.0)) AS weakest
           FROM person AS p LEFT JOIN person_view AS v USING (person_id) LEFT JOIN event AS e USING (person_id)
           GROUP BY bears ORDER BY bears""",
    columns=(
        Column("bears", "string", "Id in the view"),
        Column("people", "int64", "People of the record"),
        Column("events", "int64", "Events"),
        Column("weakest", "float64", "Weakest link"),
    ),
    inputs=("person", "person_view", "event"),
)


@pytest.fixture
def joined(world):
    """The small record, in which planning takes two people for one and research three."""
    lake, version = world.lake, world.version
    rows = [
        {
            "bucket": 0,
            "view": view.value,
            "person_id": who,
            "view_id": bears,
            "joined_to": None if who == bears else bears,
            "link_probability": chance,
            "probability": chance,
        }
        for view, people in {**NOT_ONE, View.LENIENT: LENIENT}.items()
        for who, (bears, chance) in people.items()
    ]
    tables = {PERSON_VIEW.name: lake.write(PERSON_VIEW, pa.Table.from_pylist(rows))}
    for table in (PERSON, EVENT, SCORE):
        whole = lake.read(table, version.tables[table.name])
        moved = whole.set_column(0, "bucket", pa.array([0] * whole.num_rows, pa.int32()))
        tables[table.name] = lake.write(table, moved)
    world.before, world.version = version, replace(version, tables={**version.tables, **tables})
    return world


def grant_for(world, purpose: Purpose):
    if purpose is Purpose.DIRECT_CARE:
        return world.clinician(ANN, BOB, CAT)
    if purpose is Purpose.STEWARDSHIP:
        return world.steward()
    now = world.system().issued_at
    return mint_grant(actor="system", role=Role.SYSTEM, purpose=purpose, persons=None, now=now)


@pytest.mark.parametrize(
    ("purpose", "view"),
    [
        ("direct-care", "strict"),
        ("stewardship", "strict"),
        ("operations", "strict"),
        ("planning", "balanced"),
        ("research", "lenient"),
    ],
)
def test_each_purpose_has_its_view(joined, purpose, view):
    assert joined.open(grant_for(joined, Purpose(purpose))).view == view


def test_every_purpose_is_told_its_view():
    assert set(VIEW_OF) == set(Purpose)


@pytest.mark.parametrize(
    ("purpose", "ones"),
    [
        ("operations", {ANN: (1, 3, 1.0), BOB: (1, 1, 1.0), CAT: (1, 0, 1.0)}),
        ("planning", {ANN: (2, 4, 0.7), CAT: (1, 0, 1.0)}),
        ("research", {ANN: (3, 4, 0.2)}),
    ],
)
def test_a_kernel_sees_the_people_of_its_purpose_whole(joined, purpose, ones):
    grant = grant_for(joined, Purpose(purpose))
    rows = [row for part in run(joined.lake, joined.version, grant, PEOPLE) for row in part.to_pylist()]
    assert {row["bears"]: (row["people"], row["events"], row["weakest"]) for row in rows} == ones


def test_who_is_one_with_whom_is_read_under_leave_for_the_population(joined):
    for purpose, size in (("operations", 0), ("planning", 2), ("research", 3)):
        rows = joined.open(grant_for(joined, Purpose(purpose))).person_view()
        assert rows.num_rows == size
    assert joined.audited()[-1] == ("read-population", None, "allow")
    for grant in (joined.clinician(ANN, BOB), joined.steward()):
        with pytest.raises(RefusedError):
            joined.open(grant).person_view()


def test_care_reads_each_person_of_the_record_apart_wherever_their_rows_lie(joined):
    record = joined.open(joined.clinician(ANN, BOB, CAT))
    assert record.person(BOB)["person_id"] == BOB
    assert record.events(BOB)["code"].to_pylist() == ["SNOMED//1"]
    assert record.people([CAT, BOB])["person_id"].to_pylist() == [BOB, CAT]
    assert record.scores([BOB], "crisis").num_rows == 1


def test_whoever_a_new_link_moves_is_found_in_every_version_where_it_has_them(joined):
    clinician = joined.clinician(BOB, CAT)
    for version, buckets in ((joined.before, [1, 2]), (joined.version, [0, 0]), (joined.before, [1, 2])):
        record = open_record(joined.lake, version, clinician, joined.trail)
        rows = record.people([BOB, CAT])
        assert rows["bucket"].to_pylist() == buckets
        assert rows["person_id"].to_pylist() == [BOB, CAT]
        assert record.events(BOB)["bucket"].to_pylist() == buckets[:1]


def test_scores_go_to_the_bucket_of_the_lenient_view(joined):
    rows = {"model": "crisis", "model_version": "2", "index_date": date(2026, 7, 8), "status": "scored"}
    scores = pa.Table.from_pylist([{"person_id": person, **rows} for person in (CAT, BOB)])
    written = write_scores(joined.lake, joined.version, joined.system(), scores)
    assert joined.lake.read(SCORE, written)["bucket"].to_pylist() == [0, 0]


def test_a_version_from_before_the_views_has_everybody_in_a_bucket_of_their_own(world):
    tables = {name: number for name, number in world.version.tables.items() if name != PERSON_VIEW.name}
    old = replace(world.version, tables=tables)
    find = bucket_finder(world.lake, old)
    assert [find(person) for person in (ANN, BOB, CAT)] == [bucket_of(person, 4) for person in (ANN, BOB, CAT)]
    research = mint_grant(
        actor="system",
        role=Role.SYSTEM,
        purpose=Purpose.RESEARCH,
        persons=None,
        now=system_grant(old.published_at).issued_at,
    )
    rows = [row for part in run(world.lake, old, research, PEOPLE) for row in part.to_pylist()]
    assert sorted(row["bears"] for row in rows) == [ANN, BOB, CAT]
