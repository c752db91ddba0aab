from datetime import date
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from washhouse.synthetic.calendar import make_calendar
from washhouse.synthetic.name_errors import misspell
from washhouse.synthetic.nhs_numbers import check_digits
from washhouse.synthetic.streams import Streams


@given(st.dates(date(2010, 1, 1), date(2040, 12, 31)), st.integers(1, 6))
def test_months_and_nights_leave_no_day_out(end, years):
    calendar = make_calendar(years, end)
    months, nights = calendar.months(), calendar.nights()
    covered = {day for period in (*months, *nights) for day in range(period.start, period.end + 1)}
    assert covered == set(range(calendar.start, calendar.end + 1))
    for before, after in pairwise(months):
        assert before.end + 1 == after.start
    assert all(period.end < period.declared <= calendar.end + 1 for period in (*months, *nights, *calendar.quarters()))


@given(st.integers(100_000_000, 999_999_999))
def test_the_check_digit_solves_the_sum(base):
    digit = int(check_digits(np.array([base]))[0])
    total = sum(int(d) * w for d, w in zip(str(base), range(10, 1, -1), strict=True)) + digit
    assert total % 11 == 0
    assert 0 <= digit <= 10


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12), st.integers(0, 1 << 40))
def test_a_slip_is_small_and_the_same_every_time(word, draw):
    slipped = misspell(word, draw)
    assert slipped == misspell(word, draw)
    assert abs(len(slipped) - len(word)) <= 2
    assert slipped[:1] == word[:1]


@given(st.integers(0, 1 << 32), st.text(min_size=1, max_size=20), st.integers(0, 50))
def test_a_stream_depends_on_its_name_and_block_alone(seed, name, block):
    one = Streams(seed).stream(name, block).integers(0, 1 << 60, 4)
    assert (one == Streams(seed).stream(name, block).integers(0, 1 << 60, 4)).all()
    assert (one != Streams(seed).stream(name, block + 1).integers(0, 1 << 60, 4)).any()
