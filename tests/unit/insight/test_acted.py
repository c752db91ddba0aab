"""Which person-indexes are left out of a refit because somebody acted on the score?"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from washhouse.insight.models.acted import acted_on


def test_an_action_counts_from_four_weeks_before_to_a_week_after_and_for_its_person_only() -> None:
    days = [date(2025, 3, 3), date(2025, 3, 10), date(2025, 3, 17), date(2025, 4, 14), date(2025, 4, 15)]
    rows = pa.table({"person_id": ["a"] * 5 + ["b"], "index_date": pa.array([*days, date(2025, 3, 17)], pa.date32())})
    actions = pa.table({"person_id": ["a", "c"], "day": pa.array([date(2025, 3, 17)] * 2, pa.date32())})
    assert acted_on(rows, actions).tolist() == [False, True, True, True, False, False]


def test_without_actions_nobody_is_left_out() -> None:
    rows = pa.table({"person_id": ["a"], "index_date": pa.array([date(2025, 3, 3)], pa.date32())})
    nothing = pa.table({"person_id": pa.array([], pa.string()), "day": pa.array([], pa.date32())})
    assert acted_on(rows, nothing).tolist() == [False]
