"""Do the parts of history stay apart, and are index dates what they say?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from washhouse.insight.models.history import lacking_weeks
from washhouse.insight.models.plan import choose_index_dates, split_index_dates, split_training
from washhouse.insight.outcomes.crisis import CRISIS

SUBMITTED = [date(year, month, 2) for year in range(2020, 2025) for month in range(1, 13)]


def test_index_dates_are_mondays_after_submissions_with_history_before_and_the_outcome_behind() -> None:
    today = date(2024, 12, 30)
    dates = choose_index_dates(CRISIS, [*SUBMITTED, *(date(2024, 12, day) for day in range(3, 30))], today)
    assert all(day.weekday() == 0 for day in dates)
    assert all(1 <= (day - max(s for s in SUBMITTED if s < day)).days <= 7 for day in dates)
    assert dates[0] >= date(2021, 1, 1)
    assert dates[-1] + timedelta(35) <= today
    assert len({(day.year, day.month) for day in dates}) == len(dates)


def test_without_nightly_changes_no_outcome_reaches_beyond_the_newest_submission() -> None:
    dates = choose_index_dates(CRISIS, SUBMITTED, date(2025, 3, 1))
    assert dates[-1] == date(2024, 11, 4)
    assert dates[-1] + timedelta(28) <= max(SUBMITTED)


def test_no_submission_no_index_date() -> None:
    assert choose_index_dates(CRISIS, [], date(2024, 1, 1)) == ()


@given(st.integers(0, 80))
def test_outcomes_of_a_part_end_a_washout_before_the_next_begins(months: int) -> None:
    first = date(2020, 1, 6)
    dates = [first + timedelta(28 * number) for number in range(months)]
    split = split_index_dates(CRISIS, dates)
    assert set(split.fit) | set(split.calibration) | set(split.test) <= set(dates)
    for earlier, later in ((split.fit, split.calibration), (split.calibration, split.test)):
        if earlier and later:
            assert earlier[-1] + timedelta(28 + 28) <= later[0]
    if months >= 40:
        assert len(split.fit) > len(split.test) > len(split.calibration) > 0


def test_yearly_outcomes_are_looked_at_every_third_month_and_none_reaches_the_test() -> None:
    yearly = replace(CRISIS, index="quarter", horizon_days=365, washout_days=0, test_share=0.1, calibration_share=0.1)
    dates = choose_index_dates(yearly, SUBMITTED, date(2024, 12, 30))
    assert all(80 <= (later - earlier).days <= 100 for earlier, later in pairwise(dates))
    split = split_index_dates(yearly, dates)
    assert split.fit and split.calibration and split.test
    assert split.fit[-1] + timedelta(365) <= split.calibration[0]
    assert split.calibration[-1] + timedelta(365) <= split.test[0]
    assert split_training(yearly, split) == (split.fit, split.calibration)


def test_outcomes_that_follow_an_event_are_looked_at_on_any_day() -> None:
    daily = replace(CRISIS, index="day", horizon_days=90)
    dates = choose_index_dates(daily, SUBMITTED, date(2024, 12, 30))
    assert dates[0] == date(2021, 1, 1)
    assert dates[-1] + timedelta(90) <= max(SUBMITTED)
    assert len(dates) == (dates[-1] - dates[0]).days + 1


def test_weeks_that_nobody_was_scored_in_are_scored_where_the_model_is_tested() -> None:
    today = date(2026, 6, 30)
    crisis = replace(CRISIS, history_weeks=6)
    none = lacking_weeks(crisis, today, (), date(2020, 1, 1))
    assert none == (date(2026, 6, 16), date(2026, 6, 9), date(2026, 6, 2), date(2026, 5, 26))
    kept = (date(2026, 6, 4), date(2026, 5, 26))
    assert lacking_weeks(crisis, today, kept, date(2020, 1, 1)) == (date(2026, 6, 16), date(2026, 6, 2))
    assert lacking_weeks(crisis, today, (), date(2026, 6, 3)) == (date(2026, 6, 16), date(2026, 6, 9))
    assert lacking_weeks(replace(crisis, history_weeks=0), today, (), date(2020, 1, 1)) == ()
