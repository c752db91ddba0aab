"""How did somebody's risk move over the last 24 weeks, and in which of them were they not with the team?

A week shows the score as it was published then, not as a later model would have it: the trend tells what people saw.
A week that nobody was scored in may have been scored afterwards, from what was known then; it is marked so.
Weeks without a score stay empty, and nothing is drawn across them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from washhouse.action.words import local_day, say_interval, say_risk
from washhouse.insight.codelists import COMMUNITY_TEAM, REJECTED_REFERRAL

WEEKS = 24


@dataclass(frozen=True)
class Week:
    """One week of a trend.

    Attributes:
        start: First day.
        risk: Probability of crisis care in the horizon, 0 to 1; None where nothing was scored.
        words: The risk in words; empty where there is none.
        range: Its 95 % interval in words; empty where there is none.
        in_crisis_care: Whether the person was on a ward or with a crisis team when scores were made.
        with_team: Whether a referral to a community team was open on any day of the week.
        afterwards: Whether the score was made later, from what was known at the start of its day; no page showed it.
    """

    start: date
    risk: float | None
    words: str
    range: str
    in_crisis_care: bool
    with_team: bool
    afterwards: bool = False


TREND_CODELISTS = (COMMUNITY_TEAM, REJECTED_REFERRAL)
"""Codes that say when somebody was with the team."""

TREND_COLUMNS = ["time", "end_time", "superseded_at", "code", "ref"]
"""Columns of events that `find_spans` reads."""

SCORE_COLUMNS = ["index_date", "status", "risk", "risk_lower", "risk_upper", "scored_afterwards"]
"""Columns of scores that it reads."""


Span = tuple[date, date | None]
"""First and last day; no last day where it lasts."""


def find_spans(events: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """When somebody was with a community team.

    Args:
        events: Rows of `record.event` of the person, with at least `TREND_COLUMNS`.
    """
    rows = [row for row in events if row["superseded_at"] is None and row["time"] is not None]
    rejected = {row["ref"] for row in rows if row["ref"] and REJECTED_REFERRAL.holds(row["code"])}
    return tuple(
        (local_day(row["time"]), None if row["end_time"] is None else local_day(row["end_time"]))
        for row in rows
        if COMMUNITY_TEAM.holds(row["code"]) and (row["ref"] is None or row["ref"] not in rejected)
    )


def build_weeks(scores: Iterable[Mapping[str, Any]], spans: Iterable[Span], today: date) -> tuple[Week, ...]:
    """Put a trend together.

    Args:
        scores: Rows of `record.score` of the person and of one model.
        spans: When the person was with the team, by `find_spans`.
        today: The present day; the last week ends with it, or with the newest score, made for the day after.

    Returns:
        `WEEKS` weeks, the oldest first; of several scores in one the newest counts.
    """
    known = sorted(scores, key=lambda row: row["index_date"])
    last = max([today, *(row["index_date"] for row in known[-1:])])
    weeks = []
    for number in reversed(range(WEEKS)):
        start = last - timedelta(7 * (number + 1) - 1)
        end = start + timedelta(7)
        score = next((row for row in reversed(known) if start <= row["index_date"] < end), None)
        risk = None if score is None else score["risk"]
        weeks.append(
            Week(
                start=start,
                risk=risk,
                words="" if risk is None else say_risk(risk),
                range="" if risk is None or score is None else say_interval(score["risk_lower"], score["risk_upper"]),
                in_crisis_care=score is not None and score["status"] == "in-crisis-care",
                afterwards=bool(score and score.get("scored_afterwards")),
                with_team=any(begun < end and (ended is None or ended >= start) for begun, ended in spans),
            )
        )
    return tuple(weeks)
