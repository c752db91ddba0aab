"""What is there to talk over of each person of a caseload in supervision, and how much work is a caseload?

Plain values only. Topics come from what happened and what was decided; whether care may be stepped down comes from the
declared criteria of `action.step_down` and from no score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from washhouse.action.caseload import Caseload, CaseloadRow
from washhouse.action.step_down import is_stable, judge_stability
from washhouse.action.words import say_day
from washhouse.desk.care_decisions import CareDecision
from washhouse.desk.reviews import ACTION_WORDS, ACTIONS, Review

FRESH_DAYS = 28
"""Days for which a review with something to do counts as a next action."""

SEEN_DAYS = 90
"""Days after which somebody should be talked over again. Set for these pages; no national standard."""


@dataclass(frozen=True)
class AgendaLine:
    """One person on an agenda.

    Attributes:
        person_id: The person.
        in_crisis_care: Whether they are on a ward or with a crisis team.
        risk_words: Risk in words; empty unless ranked.
        changes: What changed since last week.
        overdue: Decisions that are overdue, in words.
        asked: Reviews of which nobody said yet what came of them, in words.
        gaps: Standards of care that are not met, in words.
        may_step_down: Whether every declared criterion of stability is met.
        needs: What makes their care more work.
        next_action: What is to be done next, in words; empty where nothing is.
        last_seen: Day on which they were last talked over.
    """

    person_id: str
    in_crisis_care: bool
    risk_words: str
    changes: tuple[str, ...]
    overdue: tuple[str, ...]
    asked: tuple[str, ...]
    gaps: tuple[str, ...]
    may_step_down: bool
    needs: tuple[str, ...]
    next_action: str
    last_seen: date | None

    @property
    def calls_for_talk(self) -> bool:
        """Is there anything to talk over?"""
        topics = (self.in_crisis_care, self.changes, self.overdue, self.asked, self.gaps, self.may_step_down)
        return any(topics)


@dataclass(frozen=True)
class Load:
    """How much work a caseload is.

    Attributes:
        people: People.
        complexity: Needs of all of them together.
        complex_people: People with three needs or more.
        in_crisis_care: People on a ward or with a crisis team.
        no_next_action: People of whom nothing is to be done next.
        overdue: Decisions that are overdue.
        not_seen: People not talked over for `SEEN_DAYS`.
    """

    people: int
    complexity: int
    complex_people: int
    in_crisis_care: int
    no_next_action: int
    overdue: int
    not_seen: int


def build_agenda(
    caseload: Caseload,
    events: Mapping[str, Sequence[Mapping[str, Any]]],
    decisions: Iterable[CareDecision],
    reviews: Iterable[Review],
    due_reviews: Collection[int],
    today: date,
) -> tuple[AgendaLine, ...]:
    """Put an agenda together.

    Args:
        caseload: The caseload.
        events: Rows of `record.event` by person, those of `facts.read_facts`.
        decisions: Decisions about these people that hold, under the ids that they have now.
        reviews: Reviews of these people that hold, so too.
        due_reviews: Ids of the reviews of which it should be said what came of them.
        today: The present day.

    Returns:
        One line per person, in no order that says anything of them.
    """
    decided: dict[str, list[CareDecision]] = {}
    for one in decisions:
        decided.setdefault(one.person_id, []).append(one)
    reviewed: dict[str, list[Review]] = {}
    for review in reviews:
        reviewed.setdefault(review.person_id, []).append(review)
    groups = ((caseload.ranked, False), (caseload.in_crisis_care, True), (caseload.not_ranked, False))
    lines = [
        _line(
            row,
            crisis,
            events.get(row.person_id, ()),
            decided.get(row.person_id, ()),
            reviewed.get(row.person_id, ()),
            due_reviews,
            today,
        )
        for rows, crisis in groups
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda line: line.person_id))


def weigh(lines: Collection[AgendaLine], today: date) -> Load:
    """How much work are some people?"""
    oldest = today - timedelta(SEEN_DAYS)
    return Load(
        people=len(lines),
        complexity=sum(len(line.needs) for line in lines),
        complex_people=sum(len(line.needs) >= 3 for line in lines),
        in_crisis_care=sum(line.in_crisis_care for line in lines),
        no_next_action=sum(not line.next_action for line in lines),
        overdue=sum(len(line.overdue) for line in lines),
        not_seen=sum(line.last_seen is None or line.last_seen < oldest for line in lines),
    )


def _line(
    row: CaseloadRow,
    in_crisis_care: bool,
    events: Sequence[Mapping[str, Any]],
    decisions: Sequence[CareDecision],
    reviews: Sequence[Review],
    due_reviews: Collection[int],
    today: date,
) -> AgendaLine:
    actions = [one for one in decisions if one.kind == "action"]
    open_ones = [one for one in actions if one.answer is None]
    # A place moves with everybody else's: it is no news of this person.
    shifts = [words for words in row.shifts if not words.endswith((" place", " places"))]
    return AgendaLine(
        person_id=row.person_id,
        in_crisis_care=in_crisis_care,
        risk_words=row.risk_words,
        changes=(*shifts, *row.news),
        overdue=tuple(say_decision(one) for one in open_ones if one.is_overdue(today)),
        asked=tuple(
            f"{ACTION_WORDS[one.action]}, {say_day(one.at.date())}" for one in reviews if one.id in due_reviews
        ),
        gaps=row.gaps,
        may_step_down=is_stable(judge_stability(events, today)),
        needs=row.needs,
        next_action=_next_action(open_ones, reviews, today),
        last_seen=max((one.at.date() for one in decisions if one.session_id is not None), default=None),
    )


def say_decision(one: CareDecision) -> str:
    """A decision in words, with the day by which it is due."""
    return ACTIONS.get(one.choice, one.choice) + (f", due by {say_day(one.due)}" if one.due is not None else "")


def _next_action(open_ones: Sequence[CareDecision], reviews: Sequence[Review], today: date) -> str:
    if open_ones:
        return say_decision(min(open_ones, key=lambda one: one.due or today))
    fresh = [one for one in reviews if one.action != "no-change" and one.at.date() >= today - timedelta(FRESH_DAYS)]
    return ACTION_WORDS[max(fresh, key=lambda one: one.at).action] if fresh else ""
