"""How are dates, counts and shares written on a page?"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import ceil, floor
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
PEOPLE_LIKE_THIS = 25


def day(value: date | datetime | None) -> str:
    """A day in words.

    >>> day(date(2025, 7, 4)), day(None)
    ('4 July 2025', 'not known')
    """
    if value is None:
        return "not known"
    return f"{value.day} {value:%B %Y}"


def short_day(value: date | datetime | None) -> str:
    """A day with the month cut to three letters.

    >>> short_day(date(2025, 9, 4))
    '4 Sep 2025'
    """
    if value is None:
        return "not known"
    return f"{value.day} {value:%b %Y}"


def local(value: datetime) -> datetime:
    """A naive UTC moment as a local one.

    >>> local(datetime(2025, 7, 4, 11, 0)).isoformat()
    '2025-07-04T12:00:00+01:00'
    """
    return value.replace(tzinfo=UTC).astimezone(LONDON)


def moment(value: datetime | None) -> str:
    """A naive UTC moment in words, local time.

    >>> moment(datetime(2025, 7, 4, 11, 5))
    '4 July 2025, 12:05'
    """
    if value is None:
        return "not known"
    here = local(value)
    return f"{day(here)}, {here:%H:%M}"


def stamp(value: datetime | None) -> str:
    """A naive UTC moment cut short, local time.

    >>> stamp(datetime(2025, 9, 4, 11, 5))
    '4 Sep 2025, 12:05'
    """
    if value is None:
        return "not known"
    here = local(value)
    return f"{short_day(here)}, {here:%H:%M}"


def count(value: float | int | None) -> str:
    """A whole number with its thousands set apart.

    >>> count(1234567), count(None)
    ('1,234,567', 'not known')
    """
    return "not known" if value is None else f"{value:,.0f}"


def plural(value: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "person", "people"), plural(2, "day")
    ('1 person', '2 days')
    """
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def about(value: float) -> str:
    """An expected count for a sentence: whole from 10, halves told as less than one.

    >>> about(0.2), about(3.4), about(11.6)
    ('fewer than 1', 'about 3', 'about 12')
    """
    return "fewer than 1" if value < 0.5 else f"about {value:.0f}"


def people_like_this(risk: float) -> str:
    """A probability as a count of 25 people like this.

    >>> people_like_this(0.13), people_like_this(0.01)
    ('about 3 of 25', 'fewer than 1 of 25')
    """
    return f"{about(risk * PEOPLE_LIKE_THIS)} of {PEOPLE_LIKE_THIS}"


def people_between(lower: float, upper: float) -> str:
    """The ends of an interval as counts of 25 people, rounded outwards.

    >>> people_between(0.05, 0.21), people_between(0.0, 0.03)
    ('1 to 6', '0 to 1')
    """
    low = floor(lower * PEOPLE_LIKE_THIS + 1e-9)
    high = min(PEOPLE_LIKE_THIS, max(ceil(upper * PEOPLE_LIKE_THIS - 1e-9), low + 1))
    return f"{low} to {high}"


def share(value: float | None) -> str:
    """A share of one as a percentage.

    >>> share(0.1234), share(1.0), share(None)
    ('12.3 %', '100 %', 'not known')
    """
    if value is None:
        return "not known"
    return "100 %" if value >= 0.99995 else f"{value * 100:.1f} %"


def ago(value: date, today: date) -> str:
    """How long ago a day was.

    >>> ago(date(2025, 7, 1), date(2025, 7, 1)), ago(date(2025, 6, 30), date(2025, 7, 1))
    ('today', 'yesterday')
    >>> ago(date(2025, 6, 1), date(2025, 7, 1)), ago(date(2024, 6, 1), date(2025, 7, 1))
    ('30 days ago', '13 months ago')
    """
    days = (today - value).days
    if days < 0:
        return f"in {plural(-days, 'day')}"
    if days < 2:
        return ("today", "yesterday")[days]
    if days < 60:
        return f"{days} days ago"
    months = round(days / 30.44)
    return f"{months} months ago" if months < 24 else f"{days // 365} years ago"


def age_years(birth: date, today: date) -> int:
    """Completed years.

    >>> age_years(date(1980, 7, 2), date(2025, 7, 1))
    44
    """
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def bytes_in_words(value: int) -> str:
    """A size of a file.

    >>> bytes_in_words(900), bytes_in_words(1_234_567)
    ('900 B', '1.2 MB')
    """
    size = float(value)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def nhs_number(value: str | None) -> str:
    """An NHS number spaced 3-3-4, as on letters.

    >>> nhs_number("9434765919"), nhs_number(None)
    ('943 476 5919', 'not known')
    """
    if not value:
        return "not known"
    return f"{value[:3]} {value[3:6]} {value[6:]}"
