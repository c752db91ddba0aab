"""What became of a team's people, and of what was said and decided about them? Counts beside those of the span before.

They describe; they do not show what caused what. Whoever left the team is not counted, and few people make any count
jump: read them as a reason to ask, never as a judgement of a worker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from washhouse.action.standards import STANDARDS, judge_standards
from washhouse.action.step_down import look_after
from washhouse.action.words import local_day
from washhouse.desk.care_decisions import CareDecision
from washhouse.desk.follow_ups import FollowUp
from washhouse.desk.reviews import Review
from washhouse.insight.codelists import ATTENDED_CONTACT

SPANS = (28, 90)
"""Days looked back over."""


@dataclass(frozen=True)
class Count:
    """One count over a span, beside that of the span before.

    Attributes:
        title: What is counted, in words.
        now: In the last days; `before` in as many days before them. None where not all of those days are known yet.
        of: Out of how many; None where it is a count of things and not of people.
        pending: People beside those of whom it cannot be said yet.
    """

    title: str
    now: int | None
    before: int | None
    of: int | None
    pending: int = 0


def count_outcomes(
    events: Mapping[str, Sequence[Mapping[str, Any]]], today: date, days: int, emergency_known: date = date.max
) -> tuple[Count, ...]:
    """Count what happened to some people in the last days.

    Args:
        events: Rows of `record.event` by person, those of `facts.read_facts`; everybody who is counted is there.
        today: The present day, counted in.
        days: One of `SPANS`.
        emergency_known: Day up to which emergency care is known: a span that reaches past it would seem to have less.
    """
    end = today + timedelta(1)
    people = len(events)
    counts = {"crisis": [0, 0], "emergency": [0, 0], "seen": [0, 0]}
    for rows in events.values():
        for place, start in enumerate((end - timedelta(days), end - timedelta(2 * days))):
            after = next(each for each in look_after(rows, start, end) if each.days == days)
            seen = any(
                ATTENDED_CONTACT.holds(row["code"])
                and row["superseded_at"] is None
                and start <= local_day(row["time"]) < start + timedelta(days)
                for row in rows
                if row["time"] is not None
            )
            counts["crisis"][place] += after.crisis_care is not None
            counts["emergency"][place] += after.emergency is not None
            counts["seen"][place] += seen
    known = [end - timedelta(1 + days * place) <= emergency_known for place in (0, 1)]
    now, before = (count if is_known else None for count, is_known in zip(counts["emergency"], known, strict=True))
    return (
        Count("People whose crisis care began", counts["crisis"][0], counts["crisis"][1], people),
        Count("People with emergency care", now, before, people),
        Count("People with an attended contact", counts["seen"][0], counts["seen"][1], people),
    )


def count_standards(events: Mapping[str, Sequence[Mapping[str, Any]]], today: date) -> tuple[Count, ...]:
    """Count for each standard of care how many of those it applies to meet it now; who is not due yet counts apart."""
    found: dict[str, Counter[str]] = {standard.title: Counter() for standard in STANDARDS}
    for rows in events.values():
        for standing in judge_standards(rows, today):
            if standing.is_met is not None or standing.is_pending:
                counted = "pending" if standing.is_pending else "met" if standing.is_met else "missed"
                found[standing.standard.title][counted] += 1
    return tuple(
        Count(title, each["met"], None, each["met"] + each["missed"], each["pending"])
        for title, each in found.items()
        if each
    )


def count_said(
    reviews: Iterable[Review],
    followed: Collection[FollowUp],
    decisions: Iterable[CareDecision],
    today: date,
) -> tuple[Count, ...]:
    """Count what was said of scores and decided in supervision, and what came of it."""
    given = list(reviews)
    actions = [one for one in decisions if one.kind == "action"]
    became = Counter(one.answer.choice for one in actions if one.answer is not None)
    done = [one for one in actions if one.answer is not None and one.answer.choice in ("yes", "partly")]
    on_time = [one for one in done if one.answer and one.due and local_day(one.answer.at) <= one.due]
    return (
        Count("Reviews of a score", len(given), None, None),
        Count("Reviews that say the score fits", sum(one.agree == "yes" for one in given), None, len(given)),
        Count("Reviews of which it was said what came of them", len(followed), None, len(given)),
        Count(
            "Reviews after which something changed for the better",
            sum(x.changed == "better" for x in followed),
            None,
            len(followed),
        ),
        Count(
            "Reviews in which the score was useful", sum(one.useful == "yes" for one in followed), None, len(followed)
        ),
        Count("Decisions of supervision", len(actions), None, None),
        Count("Decisions done", became["yes"], None, len(actions)),
        Count("Decisions done in part", became["partly"], None, len(actions)),
        Count("Decisions no longer needed", became["not-needed"], None, len(actions)),
        Count("Decisions done, wholly or in part, by the day that was set", len(on_time), None, len(done)),
        Count("Decisions overdue now", sum(one.is_overdue(today) for one in actions), None, len(actions)),
    )
