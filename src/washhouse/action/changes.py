"""What changed for a person since last week?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import Any

from washhouse.action.words import PEOPLE, local_day, say_day
from washhouse.insight.codelists import (
    ACCOMMODATION,
    ATTENDED_CONTACT,
    CANCELLED_CONTACT,
    CARE_REQUEST,
    CRISIS_TEAM,
    DETENTION,
    EMERGENCY_ADMISSION,
    EMERGENCY_ATTENDANCE,
    EMPLOYMENT,
    HOSPITAL_SPELL,
    MISSED_CONTACT,
    PLACE_OF_SAFETY,
    REFERRAL,
    UNPLANNED_CARE_REVIEW,
)

WEEK_DAYS = 7

LEFT_CRISIS_CARE = "Left crisis care since last week"
"""News of whoever was in crisis care a week ago and is scored now."""

NEWS_DAYS = 90
"""What happened longer ago is no news, though it be recorded this week."""

_HAPPENED = (
    (HOSPITAL_SPELL, "Admitted to a mental-health ward"),
    (CRISIS_TEAM, "Referred to a crisis team"),
    (REFERRAL, "Referred to a mental-health team"),
    (PLACE_OF_SAFETY, "Taken to a place of safety"),
    (DETENTION, "Detained under the Mental Health Act"),
    (MISSED_CONTACT, "Missed a contact"),
    (CANCELLED_CONTACT, "Contact cancelled"),
    (ATTENDED_CONTACT, "Contact"),
    (EMERGENCY_ATTENDANCE, "Went to A&E"),
    (EMERGENCY_ADMISSION, "Admitted to hospital as an emergency"),
    (UNPLANNED_CARE_REVIEW, "Social care reviewed unplanned"),
    (CARE_REQUEST, "Asked for social care"),
)
_CHANGED = ((ACCOMMODATION, "Accommodation changed"), (EMPLOYMENT, "Employment changed"))

NEWS_CODELISTS = tuple(codelist for codelist, _ in (*_HAPPENED, *_CHANGED))
"""Codes that can be news; other codes of the same families say only when a thing was first known."""


def list_news(events: Iterable[Mapping[str, Any]], index_date: date) -> list[str]:
    """What became known of a person in the week before an index date.

    Args:
        events: Rows of `record.event` of the person, all states.
        index_date: Day at whose start the week ends.

    Returns:
        Phrases, the newest first, e.g. `"Missed a contact on 3 March"`; each once.
    """
    end = datetime(index_date.year, index_date.month, index_date.day)
    begin, oldest = end - timedelta(WEEK_DAYS), end - timedelta(NEWS_DAYS)
    rows = [row for row in events if row["time"] is not None and row["time"] < end]
    first_known: dict[tuple[str, str], datetime] = {}
    for row in rows:
        known = first_known.setdefault(_thing(row), row["recorded_at"])
        first_known[_thing(row)] = min(known, row["recorded_at"])
    live = [row for row in rows if row["recorded_at"] < end and (row["superseded_at"] or end) >= end]
    news = [
        (row["time"], words)
        for row in live
        if begin <= first_known[_thing(row)] and row["time"] >= oldest
        for words in _say(row["code"])
    ]
    for codelist, words in _CHANGED:
        states = sorted((row for row in live if codelist.holds(row["code"])), key=lambda row: row["time"])
        news += [
            (later["time"], words)
            for earlier, later in pairwise(states)
            if earlier["code"] != later["code"] and begin <= first_known[_thing(later)] and later["time"] >= oldest
        ]
    phrases = [f"{words} on {say_day(local_day(time))}" for time, words in sorted(news, key=lambda each: each[0])]
    return list(dict.fromkeys(reversed(phrases)))


class Change(IntEnum):
    """The most of what changed since last week, in the order in which a list may show it first."""

    NEW = 0
    MOVED = 1
    EVENTS = 2
    NONE = 3

    @property
    def words(self) -> str:
        """What it is, in words; empty for none.

        >>> Change.MOVED.words
        'Risk moved'
        """
        return ("New on the list", "Risk moved", "New events", "")[self]


def sort_change(risk: float, risk_before: float | None, news: Sequence[str]) -> Change:
    """What changed most for somebody on the list.

    Args:
        risk: Now, 0 to 1.
        risk_before: A week ago, if scored then.
        news: What became known since.

    Examples:
        >>> [sort_change(*each).name for each in ((0.1, None, []), (0.2, 0.1, []), (0.1, 0.1, ["x"]), (0.1, 0.1, []))]
        ['NEW', 'MOVED', 'EVENTS', 'NONE']
    """
    if risk_before is None:
        return Change.NEW
    if round(risk * PEOPLE) != round(risk_before * PEOPLE):
        return Change.MOVED
    return Change.EVENTS if news else Change.NONE


def list_shifts(
    risk: float,
    risk_before: float | None,
    place: int,
    place_before: int | None,
    new_reasons: Sequence[str],
) -> list[str]:
    """How a person's risk, place and reasons moved since last week.

    Args:
        risk: Now.
        risk_before: A week ago, if scored then.
        place: Place on this caseload now, 1 the highest.
        place_before: Place a week ago, if scored then.
        new_reasons: Reasons, in words, of themes that were none a week ago.

    Returns:
        Phrases.

    Examples:
        >>> list_shifts(0.16, 0.04, 2, 9, ["Went to A&E once in the last 28 days"])
        ['Up from 1 to 4 of 25', 'Up 7 places', 'New reason: Went to A&E once in the last 28 days']
    """
    if risk_before is None or place_before is None:
        return ["Not on this list last week"]
    shifts = []
    now, before = round(risk * PEOPLE), round(risk_before * PEOPLE)
    if now != before:
        shifts.append(f"{'Up' if now > before else 'Down'} from {before} to {now} of {PEOPLE}")
    moved = place_before - place
    if moved:
        places = "place" if abs(moved) == 1 else "places"
        shifts.append(f"{'Up' if moved > 0 else 'Down'} {abs(moved)} {places}")
    return shifts + [f"New reason: {text}" for text in new_reasons]


def _thing(row: Mapping[str, Any]) -> tuple[str, str]:
    """What a state is a state of: the thing with its ref, else the line that showed it."""
    family = str(row["code"]).partition("//")[0]
    return (family, row["ref"]) if row["ref"] else (row["code"], f"{row['source_file']}#{row['source_row']}")


def _say(code: str) -> list[str]:
    return next(([words] for codelist, words in _HAPPENED if codelist.holds(code)), [])
