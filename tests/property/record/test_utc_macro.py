"""Does SQL turn local time into UTC as `core.time` does?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.core.time import to_utc
from washhouse.lake.engine import connect
from washhouse.sources.mappings.macros import create_macros


@pytest.fixture(scope="module")
def con():
    engine = connect(threads=1)
    create_macros(engine, "00")
    return engine


def in_sql(con, moments):
    rows = con.execute(
        "SELECT utc_moment(unnest), utc(CAST(unnest AS DATE), CAST(unnest AS TIME)) FROM unnest($m)", {"m": moments}
    )
    both = rows.fetchall()
    assert all(first == second for first, second in both)
    return [first for first, _ in both]


@settings(max_examples=50)
@given(st.lists(st.datetimes(datetime(1996, 1, 1), datetime(2037, 12, 31)), min_size=1, max_size=50))
def test_any_time(con, moments):
    assert in_sql(con, moments) == [to_utc(moment) for moment in moments]


@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27", "2025-03-30", "2025-10-26"])
def test_every_quarter_of_the_days_on_which_clocks_change(con, day):
    start = datetime.fromisoformat(day) - timedelta(hours=2)
    moments = [start + timedelta(minutes=15 * step) for step in range(30 * 4)]
    assert in_sql(con, moments) == [to_utc(moment) for moment in moments]
