"""Whose care is stable enough that stepping it down may be talked over? By declared criteria, never by a score.

A criterion is a rule over what happened, shown with what it found. Nothing here knows of a model or a risk: a low score
is no sign of safety, and no ground for reducing anybody's care (NICE NG225, 2022, 1.6; NHS England, Staying safe from
suicide, 2025). That every criterion is met ends nothing either: a clinician decides, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from washhouse.action.words import local_day, say_day
from washhouse.insight.codelists import (
    ACCOMMODATION,
    ATTENDED_CONTACT,
    COMMUNITY_TEAM,
    CRISIS_TEAM,
    DETENTION,
    EMERGENCY_ADMISSION,
    EMERGENCY_ATTENDANCE,
    HOMELESS,
    HOSPITAL_SPELL,
    MISSED_CONTACT,
    PLACE_OF_SAFETY,
    REJECTED_REFERRAL,
)

YEAR_DAYS = 365
HALF_YEAR_DAYS = 182
MOST_MISSED = 1
FEWEST_CONTACTS = 2

OUTCOME_DAYS = (28, 90)
"""Days after which it is looked what became of somebody."""

_OWN = "Set for this page; no national standard. A team that has a rule of its own has it declared instead"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Criterion:
    """A sign of stability.

    Attributes:
        name: Kebab-case name, unique.
        title: What has to hold, in words.
        source: Who set it.
    """

    name: str
    title: str
    source: str = _OWN


@dataclass(frozen=True)
class Finding:
    """What a person's record says to a criterion.

    Attributes:
        criterion: The criterion.
        is_met: Whether it holds.
        words: What is recorded, in words.
    """

    criterion: Criterion
    is_met: bool
    words: str


@dataclass(frozen=True)
class After:
    """What became of somebody in the days after a day.

    Attributes:
        days: Days looked at: from the day (included) to so many days later (excluded).
        crisis_care: First day of crisis care; None if there was none.
        emergency: First day of an attendance or admission in an emergency; None if there was none.
        is_over: Whether all of the days have passed.
    """

    days: int
    crisis_care: date | None
    emergency: date | None
    is_over: bool

    @property
    def words(self) -> str:
        """What became of them, in words."""
        found = [
            f"{what} on {say_day(day)}"
            for what, day in (("crisis care", self.crisis_care), ("emergency care", self.emergency))
            if day is not None
        ]
        if found:
            text = ", ".join(found)
            return text[:1].upper() + text[1:]
        return "Neither crisis nor emergency care" if self.is_over else "Nothing so far, not all days have passed"


NO_CRISIS = Criterion("no-crisis-12-months", "No crisis care in the last 12 months")
KNOWN = Criterion("known-12-months", "With a community team for 12 months or more, without a break")
SEEN = Criterion("seen-6-months", f"At least {FEWEST_CONTACTS} attended contacts in the last 6 months")
KEEPS = Criterion("keeps-contacts", f"At most {MOST_MISSED} missed contact in the last 6 months")
NO_EMERGENCY = Criterion("no-emergency-6-months", "No A&E attendance or emergency admission in the last 6 months")
HOME = Criterion("settled-home", "A settled home, the same for 6 months")


def judge_stability(events: Iterable[Mapping[str, Any]], day: date) -> tuple[Finding, ...]:
    """Hold somebody's record against each criterion.

    Args:
        events: Rows of `record.event` of the person, with at least `STEP_DOWN_COLUMNS`.
        day: The day that the criteria are about; what happened after it does not count.

    Returns:
        One finding per criterion, in the order of `CRITERIA`.
    """
    rows = _until(events, day)
    return tuple(Finding(criterion, *judge(rows, day)) for criterion, judge in CRITERIA.items())


def is_stable(findings: Iterable[Finding]) -> bool:
    """Does every criterion hold?"""
    return all(finding.is_met for finding in findings)


def look_after(events: Iterable[Mapping[str, Any]], day: date, today: date) -> tuple[After, ...]:
    """What became of somebody after a day, for each of `OUTCOME_DAYS`.

    Args:
        events: Rows of `record.event` of the person, with at least `STEP_DOWN_COLUMNS`.
        day: First day looked at.
        today: The present day; nothing is known from it on.
    """
    rows = _until(events, today)
    crisis = sorted(local_day(row["time"]) for row in _crisis(rows))
    emergency = sorted(local_day(row["time"]) for row in rows if _is_emergency(row))
    found = []
    for days in OUTCOME_DAYS:
        end = day + timedelta(days)
        first_crisis, first_emergency = (
            next((each for each in when if day <= each < end), None) for when in (crisis, emergency)
        )
        found.append(After(days, first_crisis, first_emergency, end <= today))
    return tuple(found)


def _until(events: Iterable[Mapping[str, Any]], day: date) -> Rows:
    rows = [
        row
        for row in events
        if row["superseded_at"] is None and row["time"] is not None and local_day(row["time"]) <= day
    ]
    rejected = {row["ref"] for row in rows if row["ref"] and REJECTED_REFERRAL.holds(row["code"])}
    return [row for row in rows if row["ref"] is None or row["ref"] not in rejected]


def _crisis(rows: Rows) -> list[Mapping[str, Any]]:
    lists = (HOSPITAL_SPELL, CRISIS_TEAM, PLACE_OF_SAFETY, DETENTION)
    return [row for row in rows if any(each.holds(row["code"]) for each in lists)]


def _is_emergency(row: Mapping[str, Any]) -> bool:
    return EMERGENCY_ATTENDANCE.holds(row["code"]) or EMERGENCY_ADMISSION.holds(row["code"])


def _judge_crisis(rows: Rows, day: date) -> tuple[bool, str]:
    since = day - timedelta(YEAR_DAYS)
    ends = [
        (local_day(row["time"]), day if row["end_time"] is None else local_day(row["end_time"]))
        for row in _crisis(rows)
        # A detention or place of safety without an end says nothing of how long it lasted; a stay and a team do.
        if row["end_time"] is not None or HOSPITAL_SPELL.holds(row["code"]) or CRISIS_TEAM.holds(row["code"])
    ]
    ends += [(local_day(row["time"]),) * 2 for row in _crisis(rows) if row["end_time"] is None]
    last = max((end for _, end in ends), default=None)
    if last is None:
        return True, "None is recorded."
    return last < since, f"Last on {last:%-d %B %Y}." if last < day else "In crisis care now."


def _judge_known(rows: Rows, day: date) -> tuple[bool, str]:
    spans = sorted(
        (local_day(row["time"]), day if row["end_time"] is None else local_day(row["end_time"]))
        for row in rows
        if COMMUNITY_TEAM.holds(row["code"])
    )
    begun = ended = None
    for start, end in spans:
        if begun is None or ended is None or start > ended:
            begun, ended = start, end
        ended = max(ended, end)
    if begun is None or ended is None or ended < day:
        return False, "No open referral to a community team."
    return begun <= day - timedelta(YEAR_DAYS), f"Since {begun:%-d %B %Y}."


def _judge_seen(rows: Rows, day: date) -> tuple[bool, str]:
    days = [local_day(row["time"]) for row in rows if ATTENDED_CONTACT.holds(row["code"])]
    count = len([each for each in days if each > day - timedelta(HALF_YEAR_DAYS)])
    last = f", the last on {say_day(max(days))}" if days else ""
    return count >= FEWEST_CONTACTS, f"{count} attended{last}."


def _judge_keeps(rows: Rows, day: date) -> tuple[bool, str]:
    since = day - timedelta(HALF_YEAR_DAYS)
    count = len([row for row in rows if MISSED_CONTACT.holds(row["code"]) and local_day(row["time"]) > since])
    return count <= MOST_MISSED, f"{count} missed."


def _judge_emergency(rows: Rows, day: date) -> tuple[bool, str]:
    last = max((local_day(row["time"]) for row in rows if _is_emergency(row)), default=None)
    if last is None:
        return True, "None is recorded."
    return last <= day - timedelta(HALF_YEAR_DAYS), f"Last on {last:%-d %B %Y}."


def _judge_home(rows: Rows, day: date) -> tuple[bool, str]:
    states = sorted((row for row in rows if ACCOMMODATION.holds(row["code"])), key=lambda row: row["time"])
    if not states:
        return False, "No accommodation is recorded."
    now = states[-1]["code"]
    if HOMELESS.holds(now):
        return False, "The accommodation last recorded is temporary or none."
    begun = local_day(states[-1]["time"])
    for row in reversed(states):
        if row["code"] != now:
            break
        begun = local_day(row["time"])
    return begun <= day - timedelta(HALF_YEAR_DAYS), f"The same since {begun:%-d %B %Y} or before."


CRITERIA: Mapping[Criterion, Callable[[Rows, date], tuple[bool, str]]] = {
    NO_CRISIS: _judge_crisis,
    KNOWN: _judge_known,
    SEEN: _judge_seen,
    KEEPS: _judge_keeps,
    NO_EMERGENCY: _judge_emergency,
    HOME: _judge_home,
}
"""Every criterion with the rule that judges it."""

STEP_DOWN_COLUMNS = ["time", "end_time", "superseded_at", "code", "ref"]
"""Columns of events that the rules read."""

STEP_DOWN_CODELISTS = (
    HOSPITAL_SPELL, CRISIS_TEAM, PLACE_OF_SAFETY, DETENTION, COMMUNITY_TEAM, REJECTED_REFERRAL, ATTENDED_CONTACT,
    MISSED_CONTACT, EMERGENCY_ATTENDANCE, EMERGENCY_ADMISSION, ACCOMMODATION,
)  # fmt: skip
"""Codes that the rules read."""
