from datetime import date

import pytest

from washhouse.core.errors import UsageError
from washhouse.synthetic.calendar import DEFAULT_END, date_of, day_number, make_calendar


def test_the_default_end_closes_a_run_of_months_followed_by_28_nights():
    calendar = make_calendar(5, DEFAULT_END)
    months, nights = calendar.months(), calendar.nights()
    assert date_of(months[0].start) == date(2021, 7, 1)
    assert date_of(months[-1].end) == date(2026, 5, 31)
    assert [date_of(n.start) for n in (nights[0], nights[-1])] == [date(2026, 6, 1), DEFAULT_END]
    assert len(nights) == 28


def test_a_month_is_handed_in_on_the_second_and_a_night_on_the_morning_after():
    calendar = make_calendar(1, DEFAULT_END)
    assert date_of(calendar.months()[-1].declared) == date(2026, 6, 2)
    assert date_of(calendar.nights()[-1].declared) == date(2026, 6, 29)


def test_quarters_are_those_over_and_handed_in():
    quarters = make_calendar(1, DEFAULT_END).quarters()
    assert [date_of(q.end) for q in quarters] == [date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 31)]


def test_the_last_simulated_monday_is_the_day_after_the_end_where_that_is_a_monday():
    calendar = make_calendar(2, DEFAULT_END)
    assert date_of(calendar.monday(calendar.weeks - 1)) == date(2026, 6, 29)
    assert date_of(calendar.monday(0)).weekday() == 0


def test_a_leap_day_is_an_end_like_any_other():
    calendar = make_calendar(3, date(2024, 2, 29))
    assert date_of(calendar.start) == date(2021, 3, 1)
    assert calendar.nights()[-1].end == day_number(date(2024, 2, 29))


@pytest.mark.parametrize("years", [0, 31])
def test_years_outside_their_range_are_refused(years):
    with pytest.raises(UsageError) as error:
        make_calendar(years, DEFAULT_END)
    assert error.value.code == "city-years"
