"""What is there to talk over of each person of a caseload in supervision, and how much work is a caseload?

Plain values only. Topics come from what happened and what was decided; whether care may be stepped down comes from the
declared criteria of `action.step_down` and from no score. How a score moved is told beside a person and is no topic:
what an agenda about stepping down chooses is not chosen by a risk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.action.caseload import Caseload, CaseloadRow
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
        news: What became known in the last week.
        shifts: How risk and reasons moved since last week; no topic.
        overdue: Decisions that are overdue, in words.
        asked: Reviews of which nobody said yet what came of them, in words.
        gaps: Standards of care that are not met, or due soon, in words.
        may_step_down: Whether every declared criterion of stability is met.
        needs: What makes their care more work.
        next_action: What is to be done next, in words; empty where nothing is.
        last_seen: Day on which they were last talked over, before the session that is asked for.
        is_seen: Whether that was in the last `SEEN_DAYS` days.
    """

    person_id: str
    in_crisis_care: bool
    news: tuple[str, ...]
    shifts: tuple[str, ...]
    overdue: tuple[str, ...]
    asked: tuple[str, ...]
    gaps: tuple[str, ...]
    may_step_down: bool
    needs: tuple[str, ...]
    next_action: str
    last_seen: date | None
    is_seen: bool

    @property
    def calls_for_talk(self) -> bool:
        """Is there anything to talk over?"""
        topics = (self.in_crisis_care, self.news, self.overdue, self.asked, self.gaps, self.may_step_down)
        return any(topics) or not self.is_seen


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
    decisions: Iterable[CareDecision],
    reviews: Iterable[Review],
    due_reviews: Collection[int],
    today: date,
    session_id: int | None = None,
) -> tuple[AgendaLine, ...]:
    """Put an agenda together.

    Args:
        caseload: The caseload.
        decisions: Decisions about these people that hold, under the ids that they have now.
        reviews: Reviews of these people that hold, so too.
        due_reviews: Ids of the reviews of which it should be said what came of them.
        today: The present day.
        session_id: The session that the agenda is of: nobody leaves its topics by being talked over in it.

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
            decided.get(row.person_id, ()),
            reviewed.get(row.person_id, ()),
            due_reviews,
            today,
            session_id,
        )
        for rows, crisis in groups
        for row in rows
    ]
    return tuple(sorted(lines, key=lambda line: line.person_id))


def weigh(lines: Collection[AgendaLine]) -> Load:
    """How much work are some people?"""
    return Load(
        people=len(lines),
        complexity=sum(len(line.needs) for line in lines),
        complex_people=sum(len(line.needs) >= 3 for line in lines),
        in_crisis_care=sum(line.in_crisis_care for line in lines),
        no_next_action=sum(not line.next_action for line in lines),
        overdue=sum(len(line.overdue) for line in lines),
        not_seen=sum(not line.is_seen for line in lines),
    )


def _line(
    row: CaseloadRow,
    in_crisis_care: bool,
    decisions: Sequence[CareDecision],
    reviews: Sequence[Review],
    due_reviews: Collection[int],
    today: date,
    session_id: int | None,
) -> AgendaLine:
    seen = [one.at.date() for one in decisions if one.session_id is not None and one.session_id != session_id]
    last_seen = max(seen, default=None)
    actions = [one for one in decisions if one.kind == "action"]
    open_ones = [one for one in actions if one.answer is None]
    return AgendaLine(
        person_id=row.person_id,
        in_crisis_care=in_crisis_care,
        news=row.news,
        # A place moves with everybody else's: it tells nothing of this person.
        shifts=tuple(words for words in row.shifts if not words.endswith((" place", " places"))),
        overdue=tuple(say_decision(one) for one in open_ones if one.is_overdue(today)),
        asked=tuple(
            f"{ACTION_WORDS[one.action]}, {say_day(one.at.date())}" for one in reviews if one.id in due_reviews
        ),
        gaps=row.gaps,
        may_step_down=row.is_stable,
        needs=row.needs,
        next_action=_next_action(open_ones, reviews, today),
        last_seen=last_seen,
        is_seen=last_seen is not None and last_seen >= today - timedelta(SEEN_DAYS),
    )


def say_decision(one: CareDecision) -> str:
    """A decision in words, with the day by which it is due."""
    return ACTIONS.get(one.choice, one.choice) + (f", due by {say_day(one.due)}" if one.due is not None else "")


def _next_action(open_ones: Sequence[CareDecision], reviews: Sequence[Review], today: date) -> str:
    if open_ones:
        return say_decision(min(open_ones, key=lambda one: one.due or today))
    fresh = [one for one in reviews if one.action != "no-change" and one.at.date() >= today - timedelta(FRESH_DAYS)]
    return ACTION_WORDS[max(fresh, key=lambda one: one.at).action] if fresh else ""
