"""How are dates, counts and shares written on a page?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


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


@lru_cache(maxsize=65_536)
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


def listed(values: Sequence[str]) -> str:
    """Things one after another.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *first, last = values
    return f"{', '.join(first)} and {last}" if first else last


def share(value: float | None) -> str:
    r"""A share of one as a percentage.

    >>> share(0.1234), share(1.0), share(None)
    ('12.3\xa0%', '100\xa0%', 'not known')
    """
    if value is None:
        return "not known"
    number = "100" if value >= 0.99995 else f"{value * 100:.1f}"
    return f"{number}\N{NO-BREAK SPACE}%"


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


def telephone(value: str) -> str:
    """Address that rings a number as services wrote it; empty where the text is not one number and nothing else.

    >>> telephone("07700 900123"), telephone("+44 (0)151 496-0123"), telephone("0151 496 0123 (mother)")
    ('tel:07700900123', 'tel:+441514960123', '')

    References:
        ITU-T E.164: 15 digits at most.
    """
    bare = value.strip()
    digits = re.sub(r"[\s().-]", "", bare.replace("(0)", "") if bare.startswith("+") else bare)
    return f"tel:{digits}" if re.fullmatch(r"\+?\d{7,15}", digits, re.ASCII) else ""


def nhs_number(value: str | None) -> str:
    r"""An NHS number spaced 3-3-4, as on letters.

    >>> nhs_number("9434765919"), nhs_number(None)
    ('943\xa0476\xa05919', 'not known')
    """
    if not value:
        return "not known"
    return f"{value[:3]}\N{NO-BREAK SPACE}{value[3:6]}\N{NO-BREAK SPACE}{value[6:]}"
