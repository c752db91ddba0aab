"""Is what events tell worked out once for each version and day, and never handed to another?"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from washhouse.action.standards import FOLLOW_UP, PLAN
from washhouse.action.told import tell_events

TODAY = date(2024, 3, 5)


def events(code: str, time: datetime = datetime(2024, 3, 1, 10), end_time: datetime | None = None) -> pa.Table:
    texts = dict.fromkeys(("ref", "text_value", "source_file", "superseded_at", "source_row"))
    return pa.Table.from_pylist([{"code": code, "time": time, "end_time": end_time, "recorded_at": time, **texts}])


def test_what_events_tell_is_held_for_one_key_person_and_day(tmp_path: Path) -> None:
    seen, plan = (dict.fromkeys("ab", events(code)) for code in ("MHS_CONTACT//5", "MHS_CARE_PLAN//10"))
    key = (str(tmp_path), 1)
    first = tell_events("a", seen, TODAY, TODAY, key)
    assert first.last_contact == date(2024, 3, 1) and first.news == ("Contact on 1 March",)
    assert tell_events("a", plan, TODAY, TODAY, key) is first
    assert not first.is_stable, "with no community team"
    for other in (
        tell_events("b", plan, TODAY, TODAY, key),
        tell_events("a", plan, TODAY, TODAY, (str(tmp_path), 2)),
        tell_events("a", plan, TODAY, date(2024, 3, 6), key),
        tell_events("a", plan, date(2024, 3, 4), TODAY, key),
        tell_events("a", plan, TODAY, TODAY),
    ):
        assert other.last_contact is None and PLAN in other.shows


def test_nobody_without_events_is_told_of_as_met() -> None:
    told = tell_events("a", {}, TODAY, TODAY)
    assert told.news == () and told.needs == () and PLAN.name in {standard.name for standard, _ in told.gaps}


def test_a_follow_up_that_came_too_late_is_no_task() -> None:
    stay = events("MHS_SPELL//200", datetime(2024, 2, 1), datetime(2024, 2, 20))
    late = pa.concat_tables([stay, events("MHS_CONTACT//5")], promote_options="permissive")
    due, past = ({each for each, _ in tell_events("a", {"a": rows}, TODAY, TODAY).gaps} for rows in (stay, late))
    assert FOLLOW_UP in due and FOLLOW_UP not in past


def test_a_follow_up_that_is_not_due_yet_is_a_task() -> None:
    left = events("MHS_SPELL//200", datetime(2024, 2, 1), datetime(2024, 3, 3))
    assert FOLLOW_UP in {each for each, _ in tell_events("a", {"a": left}, TODAY, TODAY).gaps}
