"""Does a score say which sources know the person, and which have been silent for longer than its model has seen?"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from washhouse.insight.models.known import SLACK_DAYS, Known, read_known
from washhouse.insight.models.plan import longest_lags

TODAY = date(2026, 7, 1)
SENT = {"mental_health": [date(2026, 6, 29), date(2026, 6, 30)], "gp": [date(2026, 5, 1)], "new": [TODAY]}
MODEL = {"record": {"data": {"longest_lags": {"mental_health": 9, "gp": 61}}}}


def tell(known: Known, day: date, *sources: str) -> list[list[dict[str, Any]]]:
    people = pa.table({"index_date": pa.array([day] * len(sources), pa.date32()), "sources": list(sources)})
    return [json.loads(text) for text in known.tell(people)["rests_on"].to_pylist()]


def test_every_source_stands_with_when_it_last_sent_and_whether_it_knows_the_person() -> None:
    known = read_known(MODEL, SENT)
    both, one, again = tell(known, TODAY, "gp,mental_health", "mental_health", "gp,mental_health")
    assert both == again
    assert [(each["source"], each["sent"], each["knows"], each["is_late"]) for each in one] == [
        ("gp", "2026-05-01", False, False),
        ("mental_health", "2026-06-30", True, False),
    ]
    assert all(each["knows"] for each in both)
    assert known.say_late(TODAY) == ""


def test_of_an_earlier_day_what_had_been_sent_then_is_told() -> None:
    ((gp, mental),) = tell(read_known(MODEL, SENT), date(2026, 6, 30), "gp")
    assert (gp["sent"], mental["sent"]) == ("2026-05-01", "2026-06-29")


@pytest.mark.parametrize(("days_on", "is_late"), [(0, False), (SLACK_DAYS, False), (SLACK_DAYS + 1, True)])
def test_a_silence_longer_than_the_model_was_fitted_through_is_said(days_on: int, is_late: bool) -> None:
    day = TODAY + timedelta(days_on)
    known = read_known(MODEL, {**SENT, "mental_health": [day - timedelta(1)]})
    assert ("gp sent nothing after 2026-05-01" in known.say_late(day)) is is_late
    assert "mental_health" not in known.say_late(day)
    assert tell(known, day, "gp")[0][0]["is_late"] is is_late


def test_a_model_from_before_lags_were_kept_finds_nothing_late() -> None:
    for model in ({"record": {"data": {}}}, None):
        assert read_known(model, SENT).say_late(TODAY + timedelta(999)) == ""


def test_a_lag_is_counted_from_what_had_been_sent_before_the_day() -> None:
    days = [date(2024, 3, 4), date(2024, 4, 1)]
    assert longest_lags(days, {"gp": [date(2024, 3, 4), date(2024, 3, 30)]}) == {"gp": 2}, "that of the day comes later"
    assert longest_lags(days, {"new": [date(2024, 4, 1)]}) == {}
