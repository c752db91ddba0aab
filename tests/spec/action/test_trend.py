"""Which week shows which score, and in which was the person not with the team?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from washhouse.action.trend import WEEKS, build_weeks, find_spans

TODAY = date(2024, 7, 1)


def score(day: date, risk: float | None) -> dict[str, Any]:
    status = "in-crisis-care" if risk is None else "scored"
    return {"index_date": day, "risk": risk, "risk_lower": risk, "risk_upper": risk, "status": status}


def referral(since: str, until: str = "", ref: str = "r", code: str = "MHS_REFERRAL//A06") -> dict[str, Any]:
    end = datetime.fromisoformat(until) if until else None
    return {"code": code, "time": datetime.fromisoformat(since), "end_time": end, "superseded_at": None, "ref": ref}


def test_a_week_shows_its_newest_score_and_others_none() -> None:
    scores = [score(TODAY, 0.2), score(TODAY - timedelta(3), 0.1), score(TODAY - timedelta(7), None)]
    weeks = build_weeks([*scores, score(TODAY - timedelta(7 * WEEKS), 0.9)], [], TODAY)
    assert len(weeks) == WEEKS and weeks[-1].start == date(2024, 6, 25)
    assert [(week.risk, week.in_crisis_care) for week in weeks[-3:]] == [(None, False), (None, True), (0.2, False)]
    assert weeks[-1].words == "about 5 of 25 people like this"
    assert all(week.risk is None for week in weeks[:-1]), "older than the trend"


def test_a_week_is_with_the_team_while_a_referral_is_open() -> None:
    rejected = referral("2024-01-01", code="MHS_REFERRAL_REJECTED//01", ref="x")
    events = [referral("2024-05-07", "2024-06-24"), referral("2024-01-01", ref="x"), rejected]
    with_team = [week.start for week in build_weeks([], find_spans(events), TODAY) if week.with_team]
    assert (with_team[0], with_team[-1]) == (date(2024, 5, 7), date(2024, 6, 18))
    assert not any(
        week.with_team
        for week in build_weeks([], find_spans([referral("2024-01-01", code="MHS_REFERRAL//A02")]), TODAY)
    )


def test_the_newest_score_is_for_the_day_after_the_data_and_is_shown() -> None:
    weeks = build_weeks([score(TODAY + timedelta(1), 0.2), score(TODAY - timedelta(6), 0.1)], [], TODAY)
    assert [week.risk for week in weeks[-2:]] == [0.1, 0.2]


def test_a_week_says_whether_it_was_scored_afterwards() -> None:
    scores = [score(TODAY, 0.2), {**score(TODAY - timedelta(7), 0.1), "scored_afterwards": True}]
    assert [week.afterwards for week in build_weeks(scores, [], TODAY)[-3:]] == [False, True, False]
