"""What does a declared feature count, and what can it not see?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.insight.codelists import MISSED_CONTACT
from washhouse.insight.features.compile import build_feature_tables, compile_evidence, compile_summaries, list_events
from washhouse.insight.features.contract import Events, Feature, Theme, Window, check_features
from washhouse.insight.features.matrix import build_matrix
from washhouse.insight.features.registry import CRISIS_FEATURES

INDEX = date(2024, 3, 4)
ROW = pa.table(
    {
        "row": pa.array([0], pa.int32()),
        "person_id": ["p"],
        "index_date": pa.array([INDEX], pa.date32()),
        "birth_month": pa.array([date(1980, 3, 1)], pa.date32()),
        "sex": ["female"],
        "deprivation_decile": pa.array([None], pa.int32()),
    }
)
HEADER = "person_id | time | end_time | recorded_at | superseded_at | code | numeric_value | ref | parent_ref"


@pytest.fixture
def features(run_sql: Callable[..., Any], read_events: Callable[[str], pa.Table]) -> Callable[..., dict[str, float]]:
    """Every crisis feature of person p at the index, for events written as text."""

    def run(*lines: str) -> dict[str, float]:
        events = read_events("\n".join([HEADER, *(f"p | {line}" for line in lines)]))
        tables = {"event": events, "row": ROW, **build_feature_tables(CRISIS_FEATURES)}
        matrix = build_matrix(CRISIS_FEATURES, ROW, run_sql(compile_summaries(CRISIS_FEATURES), **tables))
        return dict(zip(matrix.names, matrix.values[0].tolist(), strict=True))

    return run


@pytest.mark.parametrize(
    ("line", "feature", "value"),
    [
        ("2024-03-03T23:00 | - | - | - | MHS_CONTACT//3 | - | c | r", "missed_28d", 1),
        ("2024-03-03T23:00 | - | - | - | MHS_CONTACT//7 | - | c | r", "missed_28d", 1),
        ("2024-03-03T23:00 | - | - | - | MHS_CONTACT//2 | - | c | r", "missed_28d", 0),  # cancelled, not missed
        ("2024-03-03T23:00 | - | - | - | MHS_CONTACT//4 | - | c | r", "cancelled_28d", 1),
        ("2024-02-05T00:00 | - | - | - | MHS_CONTACT//3 | - | c | r", "missed_28d", 1),  # the window's first day
        ("2024-02-04T23:59 | - | - | - | MHS_CONTACT//3 | - | c | r", "missed_28d", 0),
        ("2024-02-04T23:59 | - | - | - | MHS_CONTACT//3 | - | c | r", "missed_90d", 1),
        ("2024-03-04T00:00 | - | - | - | MHS_CONTACT//3 | - | c | r", "missed_28d", 0),  # at the index
        ("2024-03-01T10:00 | - | 2024-03-04T00:00 | - | MHS_CONTACT//3 | - | c | r", "missed_28d", 0),  # recorded at it
        ("2024-03-01T10:00 | - | 2024-03-02T00:00 | 2024-03-03T00:00 | MHS_CONTACT//3 | - | c | r", "missed_28d", 0),
        ("2024-03-01T10:00 | - | 2024-03-02T00:00 | 2024-03-04T00:00 | MHS_CONTACT//3 | - | c | r", "missed_28d", 1),
        ("2024-03-03T23:00 | - | - | - | MHS_CONTACT//5 | - | c | r", "days_since_contact", 1),
        ("2024-01-04T10:00 | - | - | - | MHS_REFERRAL//A06 | - | r | -", "days_since_referral", 60),
        ("2024-01-04T10:00 | - | - | - | MHS_REFERRAL//A06 | - | r | -", "open_referrals", 1),
        ("2024-01-04T10:00 | 2024-03-01T00:00 | - | - | MHS_REFERRAL//A06 | - | r | -", "open_referrals", 0),
        ("2024-03-01T10:00 | - | - | - | MHS_ACT//20 | - | m | -", "place_of_safety_365d", 1),
        ("2024-03-01T10:00 | - | - | - | MHS_ACT//20 | - | m | -", "detentions_1095d", 0),
        ("2024-03-01T10:00 | - | - | - | MHS_ACT//02 | - | m | -", "detentions_1095d", 1),
        ("2024-03-01T10:00 | - | - | - | MHS_ACCOMMODATION//18 | - | - | -", "is_homeless", 1),
        ("2024-03-01T10:00 | - | - | - | MHS_ACCOMMODATION//02 | - | - | -", "is_homeless", 0),
        ("2024-03-01T10:00 | - | - | - | MHS_ACCOMMODATION//18 | - | - | -", "moves_365d", 0),  # first seen: no change
        ("2024-03-01T10:00 | - | - | - | HONOS//979691000000108 | 3 | - | r", "honos_item_6", 3),
        ("2024-03-01T10:00 | - | - | - | ECDS_ATTENDANCE//01 | - | a | -", "emergency_28d", 1),
        ("2024-03-01T10:00 | - | - | - | APC_SPELL//21 | - | s | -", "emergency_admissions_365d", 1),
        ("2024-03-01T10:00 | - | - | - | APC_SPELL//11 | - | s | -", "emergency_admissions_365d", 0),
        ("2024-03-01T10:00 | - | - | - | CLD_REVIEW//unplanned-hospital | - | - | -", "unplanned_care_reviews_365d", 1),
        ("2024-03-01T10:00 | - | - | - | CLD_REVIEW//planned | - | - | -", "unplanned_care_reviews_365d", 0),
    ],
)
def test_one_event(features: Callable[..., dict[str, float]], line: str, feature: str, value: float) -> None:
    assert features(line)[feature] == value


def test_nothing_known(features: Callable[..., dict[str, float]]) -> None:
    values = features()
    assert values["missed_28d"] == values["open_referrals"] == values["crises_1095d"] == 0
    assert all(
        np.isnan(values[name]) for name in ("days_since_crisis", "is_homeless", "honos_total", "deprivation_decile")
    )
    assert (round(values["age_years"], 1), values["is_female"]) == (44.0, 1)


@pytest.mark.parametrize(
    ("codes", "changes", "days"),
    [
        (("01", "02"), 1, 3),
        (("01", "02", "01"), 2, 2),
        (("01", "01", "01"), 0, None),
        (("01", "20", "01"), 0, None),  # 20 is the admission itself: never seen
        (("01", "20", "02"), 1, 2),
    ],
)
def test_changes_of_accommodation(features, codes: tuple[str, ...], changes: int, days: int | None) -> None:
    times = ("2024-02-29T00:00", "2024-03-01T00:00", "2024-03-02T00:00")
    lines = [
        f"{at} | - | - | - | MHS_ACCOMMODATION//{code} | - | - | -" for at, code in zip(times, codes, strict=False)
    ]
    values = features(*lines)
    assert values["moves_365d"] == changes
    assert values["days_since_move"] == days or (days is None and np.isnan(values["days_since_move"]))


def team(ref: str, received: str, seen: str) -> tuple[str, str]:
    return (
        f"{received} | - | - | - | MHS_REFERRAL//A02 | - | {ref} | -",
        f"{seen} | - | - | - | MHS_CONTACT//5 | - | c{ref} | {ref}",
    )


@pytest.mark.parametrize(
    ("received", "crises"),
    [
        (("2024-01-01", "2024-01-06"), 1),  # five days apart: one
        (("2024-01-01", "2024-01-07"), 2),  # six: two
        (("2024-01-01", "2024-01-06", "2024-01-11"), 1),  # each five from the one before
        (("2024-01-01", "2024-01-07", "2024-01-10"), 2),
    ],
)
def test_crisis_team_referrals_five_days_apart_count_once(features, received: tuple[str, ...], crises: int) -> None:
    lines = [team(f"r{n}", f"{day}T09:00", f"{day}T21:00") for n, day in enumerate(received)]
    assert features(*(line for pair in lines for line in pair))["crises_1095d"] == crises


def test_an_admission_and_a_crisis_team_are_two_starts_of_crisis_care(features) -> None:
    stay = "2024-01-20T10:00 | 2024-02-20T10:00 | - | - | MHS_SPELL//200 | - | s | -"
    assert features(*team("r", "2024-01-01T09:00", "2024-01-02T09:00"), stay)["crises_365d"] == 2


@pytest.mark.parametrize(("rated", "total"), [(12, 12), (10, 10), (9, None)])
def test_a_honos_total_needs_ten_items(features, rated: int, total: int | None) -> None:
    from washhouse.insight.codelists import HONOS

    lines = [f"2024-02-01T10:00 | - | - | - | {code} | 1 | - | r" for code in HONOS.codes[:rated]]
    value = features(*lines)["honos_total"]
    assert value == total or (total is None and np.isnan(value))


def test_evidence_names_the_newest_events(run_sql: Callable[..., Any], read_events: Callable[[str], pa.Table]) -> None:
    lines = [f"p | 2024-02-{day:02d}T10:00 | - | - | - | MHS_CONTACT//3 | - | c{day} | r" for day in range(1, 12)]
    events = read_events("\n".join([HEADER, *lines]))
    kinds = [kind.name for kind in list_events(CRISIS_FEATURES)]

    def find(*names: str) -> list[str]:
        asked = pa.table(
            {"row": pa.array([0] * len(names), pa.int32()), "events": [kinds.index(name) for name in names]}
        )
        tables = {"event": events, "row": ROW, "cited": asked, **build_feature_tables(CRISIS_FEATURES)}
        return [row["event_ref"] for row in run_sql(compile_evidence(), **tables).to_pylist()]

    assert find("missed-contact") == [f"c{day}" for day in range(11, 3, -1)]
    assert find("crisis") == []


MISSED = Events("missed-contact", MISSED_CONTACT)
THEME = Theme("missed", "Missed contacts")


@pytest.mark.parametrize("window", [Window(28, 0), Window(28, -7), Window(7, 28)])
def test_a_window_that_reaches_the_index_is_refused(window: Window) -> None:
    with pytest.raises(InputError) as refusal:
        check_features([Feature("missed", THEME, MISSED, "count", "count", "words", window)])
    assert refusal.value.code == "feature-after-index"


@pytest.mark.parametrize(
    ("days", "recorded"), [(0, datetime(2024, 3, 1)), (-3, datetime(2024, 3, 1)), (2, datetime(2024, 3, 4))]
)
def test_a_summary_of_the_future_is_refused(days: int, recorded: datetime) -> None:
    feature = Feature("days", THEME, MISSED, "days-since", "recency", "words")
    summaries = pa.table(
        {
            "row": pa.array([0], pa.int32()),
            "events": pa.array([0], pa.int32()),
            "days": pa.array([days], pa.int32()),
            "recorded_at": pa.array([recorded], pa.timestamp("us")),
        }
    )
    with pytest.raises(InputError) as refusal:
        build_matrix([feature], ROW, summaries)
    assert refusal.value.code == "feature-after-index"


def test_accommodation_in_hospital_is_declared_nowhere() -> None:
    kinds = {feature.events for feature in CRISIS_FEATURES if feature.events is not None}
    lists = [each for kind in kinds for each in (kind.codelist, kind.other) if each is not None]
    assert not any("MHS_ACCOMMODATION//20" in each.codes for each in lists)
    assert all(
        "MHS_ACCOMMODATION//20" in each.without
        for each in lists
        if any("MHS_ACCOMMODATION//20".startswith(prefix) for prefix in each.prefixes)
    )


def test_self_injury_is_no_feature_of_its_own() -> None:
    item_2 = "HONOS//979651000000100"
    alone = [f.name for f in CRISIS_FEATURES if f.events and f.events.codelist and f.events.codelist.codes == (item_2,)]
    assert alone == []
