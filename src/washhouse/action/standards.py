"""Which standards of care does somebody's record not meet now? Read beside the risk, never from it.

A standard is a declared rule over what happened, with its source. It says what is recorded: care that was given and not
recorded, or recorded with a service that does not send it, looks like care not given, and the words say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from washhouse.action.words import local_day, say_day
from washhouse.insight.codelists import (
    ATTENDED_CONTACT,
    CARE_PLAN,
    COMMUNITY_TEAM,
    DIALOG,
    HOSPITAL_SPELL,
    PHYSICAL_CHECK,
    SEVERE_MENTAL_ILLNESS,
    Codelist,
)

FOLLOW_UP_DAYS = 3
RECENT_DISCHARGE_DAYS = 28
PLAN_DAYS = 365
QUIET_DAYS = 28
CHECK_DAYS = 365
OUTCOME_DAYS = 183

DIRECT_MECHANISMS = frozenset({"01", "02", "04", "11"})
"""`ConsMechanismMH` that make a contact a follow-up: face to face, telephone, talk type, video."""

_NHSE_CHAPTER_12 = "NHS England, mental health bulletin, Chapter 12 preparation (measures 12a to 12c, MHS78 to MHS80)"


@dataclass(frozen=True)
class Standard:
    """A standard of care.

    Attributes:
        name: Kebab-case name, unique.
        title: What is expected, in words.
        source: Who set it, and how it is judged.
        sent_as: What shows that it is kept; where nobody's is sent, its lack says nothing of anybody. None if that is
            not asked.
    """

    name: str
    title: str
    source: str
    sent_as: Codelist | None = None


@dataclass(frozen=True)
class Standing:
    """How somebody's record stands to a standard.

    Attributes:
        standard: The standard.
        is_met: Whether it is met; None where it does not apply now, or is not due yet.
        words: What is recorded, in words.
        is_past: Whether nothing can be done about it any more, so that it is no task.
        is_pending: Whether it applies and is not due yet: a task, and nothing that was missed.
    """

    standard: Standard
    is_met: bool | None
    words: str
    is_past: bool = False
    is_pending: bool = False

    @property
    def is_task(self) -> bool:
        """Whether somebody can still do something about it."""
        return self.is_pending or (self.is_met is False and not self.is_past)


FOLLOW_UP = Standard(
    "follow-up-72-hours",
    "Followed up within 72 hours of leaving a mental-health ward",
    f"{_NHSE_CHAPTER_12}: an attended direct contact on one of the three days after the day of discharge, a new stay "
    "counts; shown here for every ward, for 28 days. A later contact does not meet it",
)
CONTACT = Standard(
    "contact-28-days",
    "An attended contact in the last 28 days",
    "Set for this page; no national standard. Change it with the team's own rule",
)
PLAN = Standard(
    "care-plan-12-months",
    "A care plan made or brought up to date in the last 12 months",
    "NHS England's measures of care and crisis plans count MHS008 plans made or updated in the 12 months before",
    CARE_PLAN,
)
PHYSICAL = Standard(
    "physical-check-12-months",
    "An annual physical health check in severe mental illness",
    "NHS England, Improving the physical health of people living with severe mental illness, guidance for integrated "
    "care systems, 2024: six core elements a year for those on the GP register. Five are judged, each in the last 12 "
    "months; alcohol is not, as no list of its codes is declared here; remission is not known",
)
OUTCOME = Standard(
    "outcome-measure-6-months",
    "An outcome measure (DIALOG) in the last 6 months",
    "NHS England's task and finish group of 2021 recommends DIALOG, ReQoL-10 and goal-based outcomes in community "
    "mental health, with no interval that we found; six months at most is a trust's rule (Rotherham, Doncaster and "
    "South Humber, Moving towards personalised care). Change it with the team's own rule",
    DIALOG,
)

Rows = Sequence[Mapping[str, Any]]


def judge_standards(events: Iterable[Mapping[str, Any]], today: date) -> tuple[Standing, ...]:
    """Hold somebody's record against each standard.

    Args:
        events: Rows of `record.event` of the person, with at least `STANDARD_COLUMNS`.
        today: The present day; what lies after it does not count.

    Returns:
        One standing per standard, in the order of `STANDARDS`.
    """
    rows = [
        row
        for row in events
        if row["superseded_at"] is None and row["time"] is not None and local_day(row["time"]) <= today
    ]
    return tuple(Standing(standard, *judge(rows, today)) for standard, judge in STANDARDS.items())


class _Judged(NamedTuple):
    """What a rule makes of a record, as in `Standing`."""

    is_met: bool | None
    words: str
    is_past: bool = False
    is_pending: bool = False


def _judge_follow_up(rows: Rows, today: date) -> _Judged:
    stays = [row for row in rows if HOSPITAL_SPELL.holds(row["code"])]
    left = [local_day(row["end_time"]) for row in stays if row["end_time"] is not None]
    recent = [day for day in left if today - timedelta(RECENT_DISCHARGE_DAYS) <= day <= today]
    if not recent:
        return _Judged(None, f"No discharge from a ward in the last {RECENT_DISCHARGE_DAYS} days.")
    discharged = max(recent)
    seen = [local_day(row["time"]) for row in rows if _is_direct(row)] + [local_day(row["time"]) for row in stays]
    after = min((day for day in seen if day > discharged), default=None)
    due = discharged + timedelta(FOLLOW_UP_DAYS)
    if after is not None and after <= due:
        return _Judged(True, f"Discharged on {say_day(discharged)}, seen on {say_day(after)}.")
    if after is not None:
        late = f"seen on {say_day(after)}, after the {FOLLOW_UP_DAYS} days"
        return _Judged(False, f"Discharged on {say_day(discharged)}, {late}.", is_past=True)
    if today <= due:
        return _Judged(None, f"Discharged on {say_day(discharged)}: follow-up due by {say_day(due)}.", is_pending=True)
    return _Judged(False, f"Discharged on {say_day(discharged)}: no follow-up recorded, due by {say_day(due)}.")


def _judge_contact(rows: Rows, today: date) -> _Judged:
    days = [local_day(row["time"]) for row in rows if ATTENDED_CONTACT.holds(row["code"])]
    if not days:
        return _Judged(False, "No attended contact recorded.")
    if max(days) < today - timedelta(QUIET_DAYS):
        return _Judged(False, f"No attended contact for more than {QUIET_DAYS} days, the last on {say_day(max(days))}.")
    return _Judged(True, f"Last attended contact on {say_day(max(days))}.")


def _judge_plan(rows: Rows, today: date) -> _Judged:
    days = [local_day(row["time"]) for row in rows if CARE_PLAN.holds(row["code"])]
    if not days:
        return _Judged(False, "No care plan recorded.")
    return _Judged(
        max(days) >= today - timedelta(PLAN_DAYS),
        f"Care plan last made or brought up to date on {max(days):%-d %B %Y}.",
    )


def _judge_physical(rows: Rows, today: date) -> _Judged:
    if not any(SEVERE_MENTAL_ILLNESS.holds(row["code"]) for row in rows):
        return _Judged(None, "No severe mental illness on the GP record.")
    begin = today - timedelta(CHECK_DAYS)
    recent = {row["code"] for row in rows if local_day(row["time"]) >= begin}
    missing = [each.meaning for each in PHYSICAL_CHECK if not any(map(each.holds, recent))]
    if missing:
        return _Judged(False, f"Physical check: not recorded in 12 months: {', '.join(missing)}.")
    return _Judged(True, "Every element that is judged is recorded in the last 12 months; alcohol is not judged.")


def _judge_outcome(rows: Rows, today: date) -> _Judged:
    open_ones = (COMMUNITY_TEAM.holds(row["code"]) for row in rows if _is_open(row, today))
    if not any(open_ones):
        return _Judged(None, "No open referral to a community mental-health team.")
    days = [local_day(row["time"]) for row in rows if DIALOG.holds(row["code"])]
    if not days:
        return _Judged(False, "No outcome measure (DIALOG) recorded.")
    return _Judged(
        max(days) >= today - timedelta(OUTCOME_DAYS),
        f"Outcome measure (DIALOG): the last on {max(days):%-d %B %Y}.",
    )


def _is_open(row: Mapping[str, Any], today: date) -> bool:
    return row["end_time"] is None or local_day(row["end_time"]) >= today


def _is_direct(row: Mapping[str, Any]) -> bool:
    return ATTENDED_CONTACT.holds(row["code"]) and (row["text_value"] or "01") in DIRECT_MECHANISMS


STANDARDS: Mapping[Standard, Callable[[Rows, date], _Judged]] = {
    FOLLOW_UP: _judge_follow_up,
    CONTACT: _judge_contact,
    PLAN: _judge_plan,
    PHYSICAL: _judge_physical,
    OUTCOME: _judge_outcome,
}
"""Every standard with the rule that judges it."""

STANDARD_COLUMNS = ["time", "end_time", "superseded_at", "code", "text_value"]
"""Columns of events that the rules read."""

STANDARD_CODELISTS = (
    HOSPITAL_SPELL,
    ATTENDED_CONTACT,
    CARE_PLAN,
    SEVERE_MENTAL_ILLNESS,
    *PHYSICAL_CHECK,
    COMMUNITY_TEAM,
    DIALOG,
)
"""Codes that the rules read."""
