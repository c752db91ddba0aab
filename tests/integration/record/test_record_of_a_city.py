"""Does a whole city become a record that repeats itself, hides who is who and never shows the future?"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from washhouse.lake.engine import LocalEngine, Resources, connect
from washhouse.lake.shares import Share
from washhouse.record import staging
from washhouse.record.buckets import bucket_of
from washhouse.record.tables import CARE_RELATION, EVENT, PERSON, RELATION

# Which team has which type is a fact about teams, and whose referral it is a fact about people: both are as last known.
SAME = [name for name in EVENT.column_names if name not in ("superseded_at", "code", "person_id", "bucket")]


@pytest.fixture(scope="module")
def record(city, tmp_path_factory):
    return city.build(tmp_path_factory.mktemp("spill"))


def test_the_same_inputs_give_the_same_rows_in_the_same_order(city, record, tmp_path):
    again = city.build(tmp_path, threads=1)
    assert all(again[name].equals(record[name]) for name in record)


@pytest.mark.parametrize(("most", "side_by_side"), [(50, False), (100, True), (700, True)])
def test_people_taken_some_at_a_time_make_the_same_record(city, record, tmp_path, monkeypatch, most, side_by_side):
    shares = []
    monkeypatch.setattr(staging, "MOST_RECORDS_READ", most)
    monkeypatch.setattr(staging, "Share", lambda *given: shares.append(Share(*given)) or shares[-1])
    engine = LocalEngine(Resources(threads=2)) if side_by_side else None
    again = city.build(tmp_path, sent=city.sent, engine=engine)
    assert len(set(shares)) > 1, "nobody was taken apart"
    assert all(again[name].equals(record[name]) for name in record)


def test_the_order_of_batches_is_of_no_account(city, record, tmp_path):
    turned = type(city)({key: rows[::-1] for key, rows in city.typed.items()}, city.identities, city.membership)
    assert turned.build(tmp_path)["event"].equals(record["event"])


def test_rows_lie_in_their_buckets_in_the_order_of_the_contract(record):
    for table in (PERSON, EVENT, RELATION):
        rows = record[table.name]
        keys = [(name, "ascending") for name in ("bucket", *table.order)]
        ordered = rows.sort_by(keys).select([name for name, _ in keys])
        assert ordered.equals(rows.select([name for name, _ in keys]).combine_chunks()) or ordered.to_pylist() == (
            rows.select([name for name, _ in keys]).to_pylist()
        )
        people = dict(zip(rows["person_id"].to_pylist(), rows["bucket"].to_pylist(), strict=True))
        assert all(bucket == bucket_of(person, 4) for person, bucket in people.items())
    care = record["care_relation"]
    order = [(name, "ascending") for name in CARE_RELATION.order]
    assert care.sort_by(order).select(CARE_RELATION.order).to_pylist() == care.select(CARE_RELATION.order).to_pylist()


def test_every_person_with_a_record_is_there_once(city, record):
    people = record["person"]["person_id"].to_pylist()
    assert sorted(people) == sorted(set(city.membership["person_id"].to_pylist()))
    known = set(people)
    for name in ("event", "relation", "care_relation"):
        assert set(record[name]["person_id"].to_pylist()) <= known


def test_a_row_is_known_by_its_key(record):
    rows = record["event"].select(list(EVENT.key)).to_pylist()
    assert max(Counter(tuple(row.values()) for row in rows).values()) == 1


def test_states_are_sound(record):
    events = record["event"]
    assert not pc.any(pc.less_equal(events["superseded_at"], events["recorded_at"])).as_py()
    assert not pc.any(pc.less(events["end_time"], events["time"])).as_py()
    standing = set(events.filter(pc.is_null(events["time"]))["code"].to_pylist())
    assert standing == {"OPT_OUT//type-1"}
    assert pc.all(pc.match_substring_regex(events["code"], "^[A-Z0-9_]+//[^ ]+$")).as_py()


def test_no_identifier_reaches_the_record(city, record):
    hidden = {
        value
        for name in ("source_id", "nhs_number", "pseudo_nhs_number", "first_name", "surname", "address", "phone")
        for value in city.identities[name].to_pylist()
        if value is not None and len(value) > 4
    }
    hidden |= {value for value in city.identities["postcode"].to_pylist() if value is not None}
    for name, rows in record.items():
        for column in rows.schema:
            if pa.types.is_string(column.type):
                assert hidden.isdisjoint(rows[column.name].to_pylist()), f"{name}.{column.name}"


@pytest.mark.parametrize("weeks_back", [2, 9, 40])
def test_an_as_of_view_is_what_a_record_of_that_day_would_have_shown(city, record, tmp_path, weeks_back):
    newest = max(rows["_submitted_at"][0].as_py() for parts in city.typed.values() for rows in parts if rows.num_rows)
    moment = newest - timedelta(weeks=weeks_back)
    then = city.build(tmp_path, moment)["event"]
    con = connect()
    con.register("event_now", record["event"])
    con.register("event_then", then)
    columns = ", ".join(SAME)
    seen = """SELECT {columns} FROM {table} WHERE recorded_at <= $moment
              AND (superseded_at IS NULL OR superseded_at > $moment) AND source <> 'gp'"""
    before, after = (seen.format(columns=columns, table=table) for table in ("event_now", "event_then"))
    for one, other in ((before, after), (after, before)):
        assert con.execute(f"{one} EXCEPT ALL {other}", {"moment": moment}).fetchall() == []
    assert con.execute(f"SELECT count(*) FROM ({after})", {"moment": moment}).fetchone()[0] > 100


def test_a_practices_entry_is_known_by_its_own_record_date_and_by_the_snapshot_at_the_latest(city, record):
    events = record["event"].filter(pc.equal(record["event"]["source"], "gp"))
    journal = events.filter(pc.starts_with(events["code"], "SNOMED//"))
    first_snapshot = min(rows["_submitted_at"][0].as_py() for rows in city.typed["gp", "journal"])
    assert pc.all(pc.greater_equal(journal["recorded_at"], journal["time"])).as_py()
    assert pc.mean(pc.cast(pc.less(journal["recorded_at"], pa.scalar(first_snapshot)), pa.float64())).as_py() > 0.9
    newest = max(rows["_submitted_at"][0].as_py() for rows in city.typed["gp", "journal"])
    assert pc.max(journal["recorded_at"]).as_py() <= newest


def test_no_psychiatric_stay_is_counted_twice(record):
    con = connect()
    con.register("event", record["event"])
    doubled = con.sql(
        """WITH live AS (SELECT * FROM event WHERE superseded_at IS NULL)
           SELECT count(*) FROM live AS a JOIN live AS m ON m.person_id = a.person_id
           WHERE starts_with(a.code, 'APC_SPELL//') AND a.text_value = '710' AND starts_with(m.code, 'MHS_SPELL//')
             AND CAST(a.time AS DATE) <= coalesce(CAST(m.end_time AS DATE), DATE '9999-12-31')
             AND CAST(m.time AS DATE) <= coalesce(CAST(a.end_time AS DATE), DATE '9999-12-31')"""
    ).fetchall()
    assert doubled == [(0,)]
    kinds = Counter(code.partition("//")[0] for code in record["event"]["code"].to_pylist())
    assert kinds["MHS_SPELL"] and kinds["APC_SPELL"]


def test_care_relations_name_workers_and_teams_of_the_caseload(record):
    care = record["care_relation"]
    assert care["worker"].drop_null().length() > 0
    named = pc.is_valid(care["worker"])
    with_team = pc.sum(pc.and_(named, pc.is_valid(care["team"]))).as_py()
    assert with_team / pc.sum(named).as_py() > 0.8
    today = datetime(2026, 6, 29).date()
    assert pc.all(pc.less_equal(care["since"], pa.scalar(today))).as_py()


def test_every_vocabulary_is_on_the_page_of_codes(record):
    page = (Path(__file__).parents[3] / "docs/reference/event-codes.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([A-Z0-9_]+)//", page))
    assert {code.partition("//")[0] for code in record["event"]["code"].to_pylist()} <= listed
