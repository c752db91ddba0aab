"""How are risks and days said in words that a care team can use?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil, floor
from zoneinfo import ZoneInfo

PEOPLE = 25
"""People in "about n of 25 people like this"."""

_MANY = 5
"""Crises from which on their expected number is said without a decimal."""

_LONDON = ZoneInfo("Europe/London")


def say_risk(risk: float, people: int = PEOPLE) -> str:
    """A probability as people out of a group.

    Args:
        risk: Probability, 0 to 1.
        people: Size of the group.

    Returns:
        A phrase.

    Examples:
        >>> say_risk(0.13), say_risk(0.004)
        ('about 3 of 25 people like this', 'fewer than 1 of 25 people like this')
    """
    return f"{_about(risk * people)} of {people} people like this"


def say_interval(lower: float, upper: float, people: int = PEOPLE) -> str:
    """An interval of a probability as people out of a group, rounded outwards.

    Examples:
        >>> say_interval(0.05, 0.21), say_interval(0.001, 0.01)
        ('1 to 6 of 25', '0 to 1 of 25')
    """
    low = floor(lower * people + 1e-9)
    return f"{low} to {max(ceil(upper * people - 1e-9), low + 1)} of {people}"


def say_expected(risks: Sequence[float], listed: int, horizon_days: int) -> str:
    """What a list of the highest risks is expected to find.

    Args:
        risks: Calibrated risks of everyone who was scored on the caseload, 0 to 1, highest first.
        listed: Length of the list, at most as many.
        horizon_days: Days that a risk looks ahead.

    Returns:
        One sentence.

    Examples:
        >>> say_expected([0.4, 0.3, 0.2, 0.1] * 5, 4, 28).partition(" find ")[2]
        'about 1 of 5 crises in 28 days (95 % range 0 to 3) and to miss about 4 (1 to 7).'
        >>> say_expected([0.4, 0.3, 0.2, 0.1], 2, 28).partition(" find ")[2]
        'about 0.7 of 1.0 crises in 28 days (95 % range 0 to 2) and to miss about 0.3 (0 to 1).'
        >>> say_expected([0.1] * 12, 12, 28)
        'Among these 12 people about 1.2 crises are expected in 28 days (95 % range 0 to 4).'
    """
    # Whole numbers would make "1 of 1" out of 0.9 of 1.2: as if the list missed nobody.
    digits = 0 if sum(risks) >= _MANY else 1
    whole, found = round(sum(risks), digits), round(sum(risks[:listed]), digits)
    found_range = "{} to {}".format(*count_range(risks[:listed]))
    if listed < len(risks):
        missed_range = "{} to {}".format(*count_range(risks[listed:]))
        return (
            f"This list of {listed} is expected to find about {found:.{digits}f} of {whole:.{digits}f} crises"
            f" in {horizon_days} days (95 % range {found_range}) and to miss about {whole - found:.{digits}f}"
            f" ({missed_range})."
        )
    return (
        f"Among these {len(risks)} people about {whole:.{digits}f} crises are expected in {horizon_days} days "
        f"(95 % range {found_range})."
    )


def count_range(risks: Sequence[float], level: float = 0.95) -> tuple[int, int]:
    """How many of some people will have what their risks are about, as a central range of the Poisson binomial.

    It holds for risks that are calibrated and people who do not move each other; a caseload that is worse than its
    risks all over goes beyond it.

    Args:
        risks: Calibrated risks, 0 to 1.
        level: Probability that the count lies within, at least.

    References:
        Hong 2013, doi:10.1016/j.csda.2012.10.006, section 2; by convolution.

    Examples:
        >>> count_range([]), count_range([1.0, 0.0]), count_range([0.5] * 100)
        ((0, 0), (1, 1), (40, 60))
    """
    chance = [1.0]
    for risk in risks:
        chance = [stay * (1 - risk) + come * risk for stay, come in zip([*chance, 0.0], [0.0, *chance], strict=True)]
    tail, total = (1 - level) / 2, 0.0
    bounds: list[int] = []
    for count, each in enumerate(chance):
        total += each
        # Rounding leaves the last sum a hair below 1.
        while len(bounds) < 2 and total >= (tail, 1 - tail)[len(bounds)] - 1e-12:
            bounds.append(count)
    return bounds[0], bounds[1]


def say_day(day: date) -> str:
    """A day without its year.

    Examples:
        >>> say_day(date(2024, 3, 4))
        '4 March'
    """
    return f"{day.day} {day:%B}"


def local_time(time: datetime) -> datetime:
    """The local time of a naive UTC time, naive too.

    Examples:
        >>> local_time(datetime(2024, 7, 1, 23, 30))
        datetime.datetime(2024, 7, 2, 0, 30)
    """
    return time + (time.replace(tzinfo=ZoneInfo("UTC")).astimezone(_LONDON).utcoffset() or timedelta())


@lru_cache(maxsize=65_536)
def local_day(time: datetime) -> date:
    """The local day of a naive UTC time.

    Examples:
        >>> local_day(datetime(2024, 7, 1, 23, 30))
        datetime.date(2024, 7, 2)
    """
    return local_time(time).date()


def _about(count: float) -> str:
    return f"about {round(count)}" if round(count) else "fewer than 1"
