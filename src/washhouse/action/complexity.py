"""How many needs does somebody have that make their care more work? A count of declared needs, beside the risk.

Complexity and risk are two axes: nothing here is read from a score, and no score from this. Every need counts one, so
that anybody can count along; none is a judgement of the person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from washhouse.action.words import local_day
from washhouse.insight.codelists import (
    ACCOMMODATION,
    CARE_SERVICE,
    DETENTION,
    EMERGENCY_ATTENDANCE,
    EMPLOYMENT,
    HOMELESS,
    HOSPITAL_SPELL,
    MISSED_CONTACT,
    NOT_WORKING,
    REFERRAL,
)

TWO_YEARS_DAYS = 730
YEAR_DAYS = 365
HALF_YEAR_DAYS = 182

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Need:
    """Something that makes care more work.

    Attributes:
        name: Kebab-case name, unique.
        title: In words.
    """

    name: str
    title: str


def list_needs(events: Iterable[Mapping[str, Any]], today: date) -> tuple[Need, ...]:
    """The declared needs that somebody's record shows now.

    Args:
        events: Rows of `record.event` of the person, with at least `time, end_time, superseded_at, code`.
        today: The present day; what lies after it does not count.

    Returns:
        Needs in the order of `NEEDS`; complexity is how many there are.
    """
    rows = [
        row
        for row in events
        if row["superseded_at"] is None and row["time"] is not None and local_day(row["time"]) <= today
    ]
    return tuple(need for need, has in NEEDS.items() if has(rows, today))


def _is_open(row: Mapping[str, Any], today: date) -> bool:
    return row["end_time"] is None or local_day(row["end_time"]) > today


def _several_teams(rows: Rows, today: date) -> bool:
    return len({row["code"] for row in rows if REFERRAL.holds(row["code"]) and _is_open(row, today)}) >= 2


def _social_care(rows: Rows, today: date) -> bool:
    return any(CARE_SERVICE.holds(row["code"]) and _is_open(row, today) for row in rows)


def _latest(rows: Rows, holds: Callable[[str], bool]) -> str:
    return str(
        max((row for row in rows if holds(row["code"])), key=lambda row: row["time"], default={"code": ""})["code"]
    )


def _unsettled(rows: Rows, today: date) -> bool:
    return HOMELESS.holds(_latest(rows, ACCOMMODATION.holds))


def _not_working(rows: Rows, today: date) -> bool:
    return NOT_WORKING.holds(_latest(rows, EMPLOYMENT.holds))


def _count(rows: Rows, holds: Callable[[str], bool], since: date) -> int:
    return sum(holds(row["code"]) and local_day(row["time"]) > since for row in rows)


def _detained(rows: Rows, today: date) -> bool:
    return _count(rows, DETENTION.holds, today - timedelta(TWO_YEARS_DAYS)) >= 1


def _stays(rows: Rows, today: date) -> bool:
    return _count(rows, HOSPITAL_SPELL.holds, today - timedelta(TWO_YEARS_DAYS)) >= 2


def _attends(rows: Rows, today: date) -> bool:
    return _count(rows, EMERGENCY_ATTENDANCE.holds, today - timedelta(YEAR_DAYS)) >= 3


def _misses(rows: Rows, today: date) -> bool:
    return _count(rows, MISSED_CONTACT.holds, today - timedelta(HALF_YEAR_DAYS)) >= 3


NEEDS: Mapping[Need, Callable[[Rows, date], bool]] = {
    Need("several-teams", "two or more mental-health teams"): _several_teams,
    Need("social-care", "adult social care service"): _social_care,
    Need("unsettled-home", "temporary or no accommodation"): _unsettled,
    Need("not-working", "unemployed or long-term sick"): _not_working,
    Need("detained", "detained in the last 2 years"): _detained,
    Need("ward-stays", "two or more ward stays in 2 years"): _stays,
    Need("emergency", "three or more A&E attendances in a year"): _attends,
    Need("hard-to-reach", "three or more missed contacts in 6 months"): _misses,
}
"""Every need with the rule that finds it. Set for these pages; no published scale."""

COMPLEXITY_CODELISTS = (
    REFERRAL, CARE_SERVICE, ACCOMMODATION, EMPLOYMENT, DETENTION, HOSPITAL_SPELL, EMERGENCY_ATTENDANCE, MISSED_CONTACT,
)  # fmt: skip
"""Codes that the rules read."""
