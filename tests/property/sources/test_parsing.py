"""A value is read the same way whatever stands beside it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from washhouse.core.nhs_number import check_digit, parse_nhs_number
from washhouse.sources.contract import ColumnSpec
from washhouse.sources.parse import parse_column

ODD = {"date": "31/12/2020", "datetime": "31/12/2020 10:00", "int": "5.0", "float": "nan", "time": "5", "flag": "?"}
TEXTS = st.one_of(
    st.dates(date(1802, 1, 1), date(9998, 1, 1)).map(str),
    st.datetimes(datetime(1802, 1, 1), datetime(9998, 1, 1)).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["2025-07-01 08", "2025-07-01T08:30", "0x1F", "+5", "-0", "1e5", ".5", "5.", "1_000", "١٢٣", "inf"]
    ),
    st.text("0123456789-/:. TZ+eE", max_size=20),
)


@settings(max_examples=400)
@given(st.sampled_from(list(ODD)), TEXTS)
@example("datetime", "2025-07-01 08")
@example("int", "0x1F")
@example("int", "9223372036854775807")
@example("float", "1e400")
@example("date", "0202-01-01")
def test_a_value_is_read_alike_beside_any_other(kind: str, text: str) -> None:
    """Columns in the usual form are read by the engine, others value by value: nobody may tell the difference."""
    spec = ColumnSpec("x", kind)  # type: ignore[arg-type]
    raw = text.strip() or None
    alone = parse_column(spec, pa.array([raw], pa.string()))
    beside = parse_column(spec, pa.array([raw, ODD[kind]], pa.string()))

    assert alone.values[0].as_py() == beside.values[0].as_py()
    assert {rule for rule, mask in alone.broken.items() if mask[0]} == {
        rule for rule, mask in beside.broken.items() if mask[0]
    }


@settings(max_examples=200)
@given(st.dates(date(1850, 1, 1), date(2100, 1, 1)))
def test_every_way_to_write_a_date_gives_that_date(day: date) -> None:
    ways = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%d/%m/%Y 00:00:00", "%Y-%m-%dT23:59"]
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    texts = [day.strftime(way) for way in ways] + [f"{day.day}/{day.month}/{day.year}"]
    texts += [f"{day.day:02d}-{months[day.month - 1]}-{day.year}"]
    parsed = parse_column(ColumnSpec("x", "date"), pa.array(texts))

    assert parsed.values.to_pylist() == [day] * len(texts)
    assert parsed.broken == {}


@settings(max_examples=200)
@given(st.lists(st.one_of(st.integers(0, 10**10 - 1).map("{:010d}".format), st.text("0123456789 -.", max_size=13))))
def test_nhs_numbers_at_once_and_one_by_one(texts: list[str]) -> None:
    valid = [f"{nine}{check_digit(nine)}" for nine in ("943476591", "999000100", "400000000") if check_digit(nine)]
    texts = [*texts, *valid]
    parsed = parse_column(ColumnSpec("x", "nhs_number"), pa.array([text or None for text in texts], pa.string()))

    assert parsed.values.to_pylist() == [parse_nhs_number(text) for text in texts]


@settings(max_examples=100)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)), st.integers(-12, 14))
def test_an_offset_is_turned_to_local_time(local: datetime, hours: int) -> None:
    """In January local time is UTC."""
    local = local.replace(month=1, day=min(local.day, 28), microsecond=0)
    there = local + timedelta(hours=hours)
    text = f"{there.isoformat()}{hours:+03d}:00"
    assert parse_column(ColumnSpec("x", "datetime"), pa.array([text])).values.to_pylist() == [local]
