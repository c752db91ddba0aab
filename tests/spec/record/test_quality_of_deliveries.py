"""Two deliveries, the second with a fault: the check that is meant finds it; chance alone is never told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from washhouse.lake.engine import connect
from washhouse.record.quality.batch_checks import BATCH_CHECKS, Delivery, check_deliveries, compared_with
from washhouse.record.quality.drift import CLUSTERED, chance_index, lower_share, stability_index
from washhouse.record.quality.other_sources import count_disagreements
from washhouse.record.quality.profile import MOST_CATEGORIES, TableProfile, profile_tables, read_profile
from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec

COUNTS = {"files": 1, "rejected": 0, "lines": 2000, "warned": 10, "quarantined": 2, "duplicates": 1}
PROFILE = TableProfile(
    2000, {"sex": 20, "note": 1000}, {"sex": {"F": 1000, "M": 980}, "ward": {"1": 15_000, "2": 5_000}}
)
JUNE = Delivery(
    "gp", "2026-06-01", date(2026, 6, 1), False, (date(2026, 5, 1), date(2026, 5, 31)), {"t": COUNTS}, {"t": PROFILE}
)
JULY = replace(JUNE, name="2026-07-01", as_of=date(2026, 7, 1), period=(date(2026, 6, 1), date(2026, 6, 30)))


def profile(**changes: Any) -> Delivery:
    return replace(JULY, profile={"t": replace(PROFILE, **changes)})


def counts(**changes: int) -> Delivery:
    return replace(JULY, counts={"t": COUNTS | changes})


PLANTED: dict[str, Delivery] = {
    "file-rejected": counts(rejected=1),
    "lines-set-aside": counts(quarantined=200),
    "lines-warned": counts(warned=900),
    "lines-repeated": counts(duplicates=400),
    "days-left-out": replace(JULY, period=(date(2026, 6, 8), date(2026, 6, 30))),
    "rows-changed": profile(rows=700, missing={"sex": 7, "note": 350}),
    "missing-changed": profile(missing={"sex": 20, "note": 1400}),
    "codes-changed": profile(mixes={**PROFILE.mixes, "ward": {"1": 5_000, "2": 15_000}}),
    "category-new": profile(mixes={**PROFILE.mixes, "ward": {"1": 14_600, "2": 5_000, "3": 400}}),
    "category-vanished": profile(mixes={**PROFILE.mixes, "ward": {"1": 15_000, "2": 5_000}}),
}


def over(*deliveries: Delivery, **limits: float) -> set[str]:
    return {one.check for one in check_deliveries(deliveries, limits) if one.status == "over"}


def test_deliveries_alike_break_no_check_and_every_check_is_asked() -> None:
    assert over(JUNE, JULY) == set()
    assert {one.check for one in check_deliveries([JUNE, JULY], {})} == {check.id for check in BATCH_CHECKS}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found_by_the_check_that_is_meant(check: str) -> None:
    june = JUNE
    if check == "category-vanished":
        june = replace(
            JUNE, profile={"t": replace(PROFILE, mixes={**PROFILE.mixes, "ward": {"1": 14_600, "2": 5_000, "3": 400}})}
        )
    assert over(june, PLANTED[check]) == {check}
    assert PLANTED.keys() == {one.id for one in BATCH_CHECKS}


def test_a_table_that_is_not_sent_any_more_is_a_change_of_its_rows() -> None:
    (found,) = [one for one in check_deliveries([JUNE, replace(JULY, profile={})], {}) if one.status == "over"]
    assert (found.check, found.source_table, found.count, found.denominator) == ("rows-changed", "t", 0, 2000)


def test_the_column_that_is_furthest_off_is_named() -> None:
    (found,) = [one for one in check_deliveries([JUNE, PLANTED["missing-changed"]], {}) if one.status == "over"]
    assert (found.column, found.compared_with, found.count) == ("note", "2026-06-01", 1400)
    assert found.value == pytest.approx(0.2)


def test_a_limit_of_the_deployers_counts() -> None:
    assert over(JUNE, PLANTED["lines-set-aside"], **{"lines-set-aside": 0.2}) == set()
    assert over(JUNE, JULY, **{"lines-warned": 0.0}) == {"lines-warned"}


def test_small_deliveries_are_not_judged_by_what_chance_does() -> None:
    small = {"t": TableProfile(12, {"sex": 0}, {"sex": {"F": 12}})}
    other = {"t": TableProfile(4, {"sex": 4}, {"sex": {"M": 4}})}
    assert over(replace(JUNE, profile=small), replace(JULY, profile=other)) == set()


def test_only_the_most_frequent_of_many_areas_are_compared() -> None:
    rng, areas = np.random.default_rng(7), np.full(900, 1 / 900)

    def drawn(shares: Any) -> TableProfile:
        rows = sorted(enumerate(map(int, rng.multinomial(26_000, shares))), key=lambda area: -area[1])
        kept = {f"area-{number}": count for number, count in rows[:MOST_CATEGORIES]}
        rest = sum(count for _, count in rows[MOST_CATEGORIES:])
        return TableProfile(26_000, {"area": 0}, {"area": kept | {"": rest}})

    june, moved = replace(JUNE, profile={"t": drawn(areas)}), areas.copy()
    moved[0] = 1.0  # half of all rows stand under one area
    assert over(june, replace(JULY, profile={"t": drawn(areas)})) == set(), "which are most frequent is chance"
    assert over(june, replace(JULY, profile={"t": drawn(moved / moved.sum())})) == {"codes-changed"}


def test_what_comes_daily_is_compared_with_the_week_before() -> None:
    days = [
        replace(JUNE, name=f"2026-06-{day:02}-delta", as_of=date(2026, 6, day), is_delta=True) for day in range(1, 11)
    ]
    found = compared_with(days[-1], [JUNE, *days[:-1]])
    assert found is not None and found.as_of == days[-1].as_of - timedelta(days=7)
    assert compared_with(days[2], days[:2]) is None
    assert compared_with(JULY, [JUNE, *days]) == JUNE, "a whole delivery is not compared with changes"
    assert compared_with(JUNE, []) is None


def test_the_stability_index_is_what_its_definition_says() -> None:
    before, after = {"a": 700, "b": 200, "c": 100}, {"a": 500, "b": 300, "c": 200}
    p, q = np.array([700.5, 200.5, 100.5]) / 1001.5, np.array([500.5, 300.5, 200.5]) / 1001.5
    assert stability_index(before, after) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p))


def test_chance_alone_stays_below_its_limit() -> None:
    rng = np.random.default_rng(7)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    worst = 0.0
    for _ in range(2000):
        draws = [dict(zip("abcd", map(int, rng.multinomial(400, shares)), strict=True)) for _ in range(2)]
        worst = max(worst, stability_index(*draws))
    limit = chance_index(4, 400, 400) / CLUSTERED
    assert worst < 1.25 * limit, "2,000 draws exceed the one in 10,000 limit hardly ever, and never by much"
    assert worst > 0.4 * limit, "nor is the limit far off what chance does"


@pytest.mark.parametrize(("count", "among"), [(0, 50), (1, 50), (7, 9), (50, 50)])
def test_the_lower_limit_of_a_share(count: int, among: int) -> None:
    assert lower_share(count, among) == pytest.approx(stats.binomtest(count, among).proportion_ci(0.95).low)


SPEC = SourceSpec(
    "s",
    "S",
    (
        TableSpec(
            "t",
            (ColumnSpec("who", personal=True), ColumnSpec("code", "code", allowed=("a", "b")), ColumnSpec("note")),
            ("who",),
        ),
    ),
)


def test_a_profile_counts_rows_gaps_and_codes_and_keeps_no_person() -> None:
    rows = [
        pa.table(
            {"who": ["Ann", "Bob"], "code": ["a", None], "note": [None, None]},
            pa.schema([("who", pa.string()), ("code", pa.string()), ("note", pa.string())]),
        ),
        pa.table({"who": ["Cat"], "code": ["a"], "note": ["x"]}),
    ]
    table = profile_tables(SPEC, {"t": rows})
    assert read_profile(table) == {
        "t": TableProfile(3, {"who": 0, "code": 1, "note": 2}, {"code": {"a": 2}, "note": {"x": 1}})
    }
    assert "Ann" not in str(table.to_pydict())


def test_a_column_of_many_values_has_no_mix() -> None:
    ids = pa.table({"who": ["p"] * 3000, "code": ["a"] * 3000, "note": [f"n{n}" for n in range(3000)]})
    assert read_profile(profile_tables(SPEC, {"t": [ids]}))["t"].mixes == {"code": {"a": 3000}}


def test_records_are_held_against_the_register() -> None:
    born, other = date(1980, 1, 1), date(1980, 1, 2)
    identity = pa.Table.from_pylist(
        [
            {"source": "gp", "source_id": "1", "birth_date": born, "sex": "female"},
            {"source": "hospital", "source_id": "1", "birth_date": born, "sex": "female"},
            {"source": "hospital", "source_id": "2", "birth_date": other, "sex": "unknown"},
            {"source": "hospital", "source_id": "3", "birth_date": born, "sex": "male"},
        ]
    )
    member = [("gp", "1", "A"), ("hospital", "1", "A"), ("hospital", "2", "A"), ("hospital", "3", "B")]
    membership = pa.Table.from_pylist(
        [{"source": s, "source_id": i, "person_id": p, "valid_to": None} for s, i, p in member],
        schema=pa.schema(
            [(n, pa.string()) for n in ("source", "source_id", "person_id")] + [("valid_to", pa.timestamp("us"))]
        ),
    )
    with connect() as con:
        found = {
            check.id: (failed, among) for check, _, failed, among in count_disagreements(con, identity, membership)
        }
        assert list(count_disagreements(con, identity.slice(1), membership.slice(1))) == [], "no register, no judgement"
    assert found == {"birth-date-disagrees": (1, 2), "sex-disagrees": (0, 1), "not-in-register": (1, 3)}
