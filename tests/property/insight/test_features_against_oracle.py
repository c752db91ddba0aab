"""Do features from SQL equal those of a short pure-Python reading, and can nothing later than the index move them?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.insight.codelists import Codelist
from washhouse.insight.features.compile import build_feature_tables, compile_summaries
from washhouse.insight.features.contract import Feature
from washhouse.insight.features.matrix import build_matrix
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.features.windowed import windowed_features

START = datetime(2024, 1, 1)
CODES = [
    "MHS_REFERRAL//A02",
    "MHS_REFERRAL//A06",
    "MHS_REFERRAL_REJECTED//01",
    "MHS_CONTACT//5",
    "MHS_CONTACT//3",
    "MHS_CONTACT//2",
    "MHS_SPELL//200",
    "MHS_SPELL//206",
    "MHS_SPELL_SOURCE//49",
    "MHS_SPELL_METHOD//21",
    "MHS_ACCOMMODATION//02",
    "MHS_ACCOMMODATION//18",
    "MHS_ACCOMMODATION//20",
    "MHS_EMPLOYMENT//01",
    "MHS_EMPLOYMENT//02",
    "MHS_ACT//03",
    "HONOS//979641000000103",
    "HONOS//979651000000100",
    "ECDS_ATTENDANCE//01",
    "DMD//321589009",
    "CLD_SERVICE//community",
]
FIELDS = {
    "person_id": pa.string(),
    "time": pa.timestamp("us"),
    "end_time": pa.timestamp("us"),
    "recorded_at": pa.timestamp("us"),
    "superseded_at": pa.timestamp("us"),
    "code": pa.string(),
    "numeric_value": pa.float64(),
    "ref": pa.string(),
    "parent_ref": pa.string(),
    "team": pa.string(),
    "source_file": pa.string(),
    "source_row": pa.int64(),
}
# A total of two items instead of ten, so that small examples reach it.
FEATURES: tuple[Feature, ...] = tuple(
    feature
    if feature.events is None or feature.events.derive != "total"
    else Feature(**{**vars(feature), "events": type(feature.events)(**{**vars(feature.events), "at_least": 2})})
    for feature in CRISIS_FEATURES
    if feature.events is not None
)

refs = st.sampled_from(["r1", "r2", "r3"])
half_days = st.integers(-2 * 25, 2 * 20)


@st.composite
def event(
    draw: st.DrawFn, code: str = "", ref: str = "", parent: str = "", moment: int | None = None
) -> dict[str, Any]:
    code = code or draw(st.sampled_from(CODES))
    time = START + timedelta(hours=12 * (draw(half_days) if moment is None else moment))
    recorded = time + timedelta(hours=12 * draw(st.sampled_from([0, 0, 1, 2, 8, 30, -1])))
    replaced = draw(st.sampled_from([None, None, None, 1, 4, 20]))
    length = draw(st.sampled_from([None, 0, 2, 20]))
    return {
        "person_id": draw(st.sampled_from(["p", "p", "p", "q"])),
        "time": time,
        "end_time": None if length is None else time + timedelta(hours=12 * length),
        "recorded_at": recorded,
        "superseded_at": None if replaced is None else recorded + timedelta(hours=12 * replaced),
        "code": code,
        "numeric_value": draw(st.sampled_from([None, 0.0, 1.0, 4.0])) if code.startswith("HONOS") else None,
        "ref": ref or draw(refs),
        "parent_ref": parent or draw(refs),
        "team": draw(st.sampled_from([None, None, "t1", "t2"])),
        "source_file": "f",
    }


@st.composite
def story(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One event, or the few that make a crisis or a rating."""
    ref, moment = draw(refs), draw(half_days)
    soon = moment + draw(st.integers(0, 6))
    kind = draw(st.sampled_from(["one", "team", "team", "stay", "rating"]))
    if kind == "team":
        first = draw(event("MHS_REFERRAL//A02", ref, moment=moment))
        return [first, draw(event("MHS_CONTACT//5", "c", ref, soon)) | {"person_id": first["person_id"]}]
    if kind == "stay":
        source = draw(st.sampled_from(["MHS_SPELL_SOURCE//49", "MHS_SPELL_SOURCE//19", "MHS_SPELL_METHOD//21"]))
        return [draw(event("MHS_SPELL//200", ref, moment=moment)), draw(event(source, ref, moment=moment))]
    if kind == "rating":
        return [draw(event(code, parent=ref, moment=moment)) for code in CODES if code.startswith("HONOS")]
    return [draw(event())]


def number_rows(stories: list[list[dict[str, Any]]], first: int = 0) -> list[dict[str, Any]]:
    events = [each for told in stories for each in told]
    return [{**each, "source_row": first + number} for number, each in enumerate(events)]


def is_in(codelist: Codelist | None, code: str) -> bool:
    assert codelist is not None
    return code not in codelist.without and (code in codelist.codes or code.startswith(codelist.prefixes or "\0"))


def crises(known: list[dict[str, Any]]) -> list[datetime]:
    def rejected(referral: dict[str, Any]) -> bool:
        return any(
            e["code"].startswith("MHS_REFERRAL_REJECTED//")
            and e["ref"] == referral["ref"]
            and (None in (e["team"], referral["team"]) or e["team"] == referral["team"])
            for e in known
        )

    accepted: dict[str, list[datetime]] = {}
    for r in known:
        if r["code"] == "MHS_REFERRAL//A02" and not rejected(r):
            for c in known:
                is_seen = c["code"] in ("MHS_CONTACT//5", "MHS_CONTACT//6") and c["parent_ref"] == r["ref"]
                same_team = None in (c["team"], r["team"]) or c["team"] == r["team"]
                if is_seen and same_team and c["time"] >= r["time"].replace(hour=0) - timedelta(hours=1):
                    received, first = accepted.setdefault(r["ref"], [r["time"], c["time"]])
                    accepted[r["ref"]] = [min(received, r["time"]), min(first, c["time"])]
    began: list[list[datetime]] = []
    for received, first in (accepted[ref] for ref in sorted(accepted, key=lambda ref: (accepted[ref][0], ref))):
        if began and (received.date() - began[-1][0].date()).days <= 5:
            began[-1] = [received, min(began[-1][1], first)]
        else:
            began.append([received, first])
    wards = {e["ref"] for e in known if e["code"] == "MHS_SPELL//200"}
    excluded = {e["ref"] for e in known if e["code"] == "MHS_SPELL_SOURCE//49"}
    stays = [
        min(e["time"] for e in known if e["ref"] == ref and e["code"] == "MHS_SPELL//200") for ref in wards - excluded
    ]
    return [first for _, first in began] + stays


def expected(feature: Feature, events: list[dict[str, Any]], index: datetime) -> float:
    known = [
        e
        for e in events
        if e["time"] < index
        and e["recorded_at"] < index
        and (e["superseded_at"] is None or e["superseded_at"] >= index)
    ]
    kind = feature.events
    assert kind is not None
    known.sort(key=lambda e: (e["time"], e["source_row"]))
    mine = [e for e in known if kind.codelist and is_in(kind.codelist, e["code"])]
    rows = [(e["time"], e["numeric_value"], e["end_time"] is None or e["end_time"] >= index) for e in mine]
    if kind.derive == "crisis":
        rows = [(time, None, False) for time in crises(known)]
    if kind.derive == "is":
        rows = [(e["time"], float(is_in(kind.other, e["code"])), False) for e in mine]
    if kind.derive == "change":
        rows = [(b["time"], None, False) for a, b in pairwise(mine) if a["code"] != b["code"]]
    if kind.derive == "total":
        groups: dict[tuple[Any, Any], list[dict[str, Any]]] = {}
        for e in mine:
            if e["numeric_value"] is not None:
                groups.setdefault((e["parent_ref"], e["time"]), []).append(e)
        whole = [g for g in groups.values() if len({e["code"] for e in g}) >= kind.at_least]
        whole.sort(key=lambda g: (g[0]["time"], max(e["source_row"] for e in g)))
        rows = [(g[0]["time"], sum(e["numeric_value"] for e in g), False) for g in whole]
    days = [(index.date() - time.date()).days for time, _, _ in rows]
    if feature.aggregation == "count":
        assert feature.window is not None
        return sum(feature.window.last_day <= day <= feature.window.first_day for day in days)
    if feature.aggregation == "open":
        return sum(is_open for _, _, is_open in rows)
    if feature.aggregation == "days-since":
        return min(days, default=float("nan"))
    return next((value for _, value, _ in reversed(rows) if value is not None), float("nan"))


def compute(events: list[dict[str, Any]], indexes: list[date], features: tuple[Feature, ...] = FEATURES) -> np.ndarray:
    rows = [(person, day) for day in indexes for person in ("p", "q")]
    row = pa.table(
        {
            "row": pa.array(range(len(rows)), pa.int32()),
            "person_id": [person for person, _ in rows],
            "index_date": pa.array([day for _, day in rows], pa.date32()),
        }
    )
    with duckdb.connect() as connection:
        # As the record has them: a person's events by time, code and line, each with its place.
        events = sorted(events, key=lambda e: (e["person_id"], e["time"], e["code"], e["source_row"]))
        table = pa.Table.from_pylist(events, schema=pa.schema(FIELDS))
        connection.register("event", table.append_column("place", pa.array(range(len(events)), pa.int64())))
        connection.register("row", row)
        for name, table in build_feature_tables(features).items():
            connection.register(name, table)
        summaries = connection.sql(compile_summaries(features)).to_arrow_table()
    return build_matrix(features, row, summaries).values


INDEXES = [date(2024, 1, 1), date(2024, 1, 15)]


GROUPS = windowed_features(
    [
        Codelist("contacts", "Contact", "test", prefixes=("MHS_CONTACT//",), without=("MHS_CONTACT//2",)),
        Codelist("ratings", "Rating", "test", prefixes=("HONOS//",)),
        Codelist("wards", "Ward", "test", codes=("MHS_SPELL//200",), prefixes=("MHS_SPELL_",)),
        Codelist("rated", "Rated on one item", "test", codes=("HONOS//979641000000103",)),
    ],
    (1, 7, 28),
)
"""Events as they are only: compiled the short way."""


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, suppress_health_check=QUIET)
@given(st.lists(story(), max_size=14))
def test_sql_equals_the_oracle(stories: list[list[dict[str, Any]]]) -> None:
    events = number_rows(stories)
    rows = [(person, datetime.combine(day, datetime.min.time())) for day in INDEXES for person in ("p", "q")]
    oracle = [[expected(f, [e for e in events if e["person_id"] == p], at) for f in FEATURES] for p, at in rows]
    np.testing.assert_array_equal(compute(events, INDEXES), np.array(oracle, dtype=np.float32))


@settings(max_examples=20, suppress_health_check=QUIET)
@given(st.lists(story(), max_size=8), st.lists(story(), min_size=1, max_size=8))
def test_the_future_moves_nothing(past: list[list[dict[str, Any]]], later: list[list[dict[str, Any]]]) -> None:
    index = datetime(2024, 1, 1)
    known = number_rows(past)
    future = [e for e in number_rows(later, first=100) if e["time"] >= index or e["recorded_at"] >= index]
    np.testing.assert_array_equal(compute(known, [index.date()]), compute(known + future, [index.date()]))


@settings(max_examples=60, suppress_health_check=QUIET)
@given(st.lists(story(), max_size=14))
def test_hundreds_at_once_equal_the_oracle_too(stories: list[list[dict[str, Any]]]) -> None:
    events = number_rows(stories)
    told = sorted(events, key=lambda e: (e["time"], e["code"], e["source_row"]))
    told = [{**event, "source_row": place} for place, event in enumerate(told)]  # at one time the record's order counts
    rows = [(person, datetime.combine(day, datetime.min.time())) for day in INDEXES for person in ("p", "q")]
    oracle = [[expected(f, [e for e in told if e["person_id"] == p], at) for f in GROUPS] for p, at in rows]
    np.testing.assert_array_equal(compute(events, INDEXES, GROUPS), np.array(oracle, dtype=np.float32))


@settings(max_examples=20, suppress_health_check=QUIET)
@given(st.lists(story(), max_size=8), st.lists(story(), min_size=1, max_size=8))
def test_the_future_moves_none_of_hundreds(past: list[list[dict[str, Any]]], later: list[list[dict[str, Any]]]) -> None:
    index = datetime(2024, 1, 1)
    known = number_rows(past)
    future = [e for e in number_rows(later, first=100) if e["time"] >= index or e["recorded_at"] >= index]
    both = compute(known + future, [index.date()], GROUPS)
    np.testing.assert_array_equal(compute(known, [index.date()], GROUPS), both)
