"""Is a change of coding noticed by what stops arriving, and an unchanged source left alone?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from washhouse.insight.codelists import ATTENDED_CONTACT, MISSED_CONTACT
from washhouse.insight.models.history import together
from washhouse.insight.outcomes.contract import SUBMITTED
from washhouse.insight.watch.volumes import Volume, choose_windows, watch_volumes

Watch = Callable[[Any, date], dict[str, Volume]]


@pytest.fixture(scope="module")
def watch(computing: Callable[..., Any]) -> Watch:
    """Watch a caseload as it was known on a day, by name of the list."""

    def run(caseload: Any, day: date) -> dict[str, Volume]:
        compute = partial(together, computing(caseload))
        submitted = [row["day"] for row in compute(SUBMITTED, {}).to_pylist() if row["day"] <= day]
        lists = (MISSED_CONTACT, ATTENDED_CONTACT)
        return {each.codelist: each for each in watch_volumes(compute, {"mental_health": submitted}, lists)}

    return run


def test_an_unchanged_source_raises_no_alarm_at_any_delivery(watch: Watch, planted: Any, last_day: date) -> None:
    for months in range(6):
        found = watch(planted, last_day - timedelta(30 * months))
        assert set(found) == {"", "missed-contact", "attended-contact"}
        assert all(each.limits is not None for each in found.values())
        assert not any(each.is_outside for each in found.values()), months


def test_a_change_of_coding_is_noticed_within_two_deliveries(watch: Watch, planted: Any, last_day: date) -> None:
    changed_on = last_day - timedelta(62)
    event = planted.event
    is_new = pc.and_(
        pc.equal(event["code"], "MHS_CONTACT//3"),
        pc.greater_equal(
            event["time"], pa.scalar(datetime.combine(changed_on, datetime.min.time()), event["time"].type)
        ),
    )
    coded = pc.if_else(is_new, "MHS_CONTACT//DNA", event["code"])
    recoded = replace(planted, event=event.set_column(event.schema.get_field_index("code"), "code", coded))
    found = watch(recoded, last_day)
    assert found["missed-contact"].is_outside
    assert not found["attended-contact"].is_outside
    assert not found[""].is_outside, "as many people as ever were told of"


def test_what_is_not_sent_any_more_is_noticed(watch: Watch, planted: Any, last_day: date) -> None:
    kept = planted.event.filter(pc.not_equal(planted.event["code"], "MHS_CONTACT//3"))
    since = pa.scalar(datetime.combine(last_day - timedelta(62), datetime.min.time()), kept["time"].type)
    earlier = planted.event.filter(pc.less(planted.event["time"], since))
    later = kept.filter(pc.greater_equal(kept["time"], since))
    assert watch(replace(planted, event=pa.concat_tables([earlier, later])), last_day)["missed-contact"].is_outside


def test_windows_end_with_deliveries_and_never_overlap() -> None:
    days = [date(2026, 6, 30) - timedelta(number) for number in range(100)]
    ends = choose_windows({"gp": days, "social_care": [date(2026, 4, 10), date(2026, 1, 10)]}).to_pylist()
    gp = [row["until"] for row in ends if row["source"] == "gp"]
    assert gp == [date(2026, 6, 30) - timedelta(28 * number) for number in range(4)]
    assert [row["until"] for row in ends if row["source"] == "social_care"] == [date(2026, 4, 10), date(2026, 1, 10)]


def test_a_source_without_history_is_counted_and_not_judged(watch: Watch, planted: Any, last_day: date) -> None:
    first = min(planted.event["recorded_at"].to_pylist()).date()
    found = watch(planted, first + timedelta(100))
    assert found
    assert all(each.limits is None for each in found.values())
