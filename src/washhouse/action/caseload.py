"""Who on this caseload should be reviewed first, why, and what changed since last week?

Plain values only; names are added by whoever may reveal them. The order is that of the risk of crisis care, and of
nothing else. Where mental-health data is too old, or there is no model, nothing is ranked and the list says why.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.action.changes import LEFT_CRISIS_CARE, WEEK_DAYS, Change, list_shifts, sort_change
from washhouse.action.facts import read_facts
from washhouse.action.reviewed import THEMES
from washhouse.action.standards import STANDARDS
from washhouse.action.told import tell_events
from washhouse.action.words import say_expected, say_interval, say_risk
from washhouse.governance.policies import MAX_AGE_DAYS_TO_RANK, may_rank
from washhouse.insight.crisis.label import HORIZON_DAYS
from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.crisis import MENTAL_HEALTH, MODEL
from washhouse.record.reader import Record

NO_MODEL = "Its status is on the steward's pages."

NOT_SCORED_NOW = "Not on a community caseload as an adult now: not scored."
"""Note of whoever has no present score; an earlier one is never shown in its place."""


@dataclass(frozen=True)
class Reason:
    """One reason behind a risk.

    Attributes:
        feature: Name of the feature.
        text: In words.
        contribution: What its theme adds to the log-odds.
        event_refs: The events that say so.
    """

    feature: str
    text: str
    contribution: float
    event_refs: tuple[str, ...]


@dataclass(frozen=True)
class CaseloadRow:
    """One person on a caseload.

    Attributes:
        person_id: The person.
        place: Place on this caseload, 1 the highest risk; none unless ranked.
        is_listed: Whether the place lies within the team's capacity.
        risk: Probability of crisis care in the horizon, 0 to 1; none unless ranked.
        risk_words: `"about 3 of 25 people like this"`; empty unless ranked.
        interval_words: 95 % interval in the same unit, `"1 to 6 of 25"`; empty unless ranked.
        reasons: Strongest first.
        points: Points of the points list; none unless ranked.
        rests_on: What the score rests on, as in `record.score`; none unless ranked and noted.
        last_contact: Day of the last attended contact with a mental-health team.
        shifts: How risk, place and reasons moved since last week.
        news: What became known in the last week.
        change: The most of what changed since last week.
        gaps: Standards of care that the record does not meet, or not yet, in words.
        needs: What makes their care more work, in words; read from no score.
        is_stable: Whether every declared criterion of stability is met; read from no score.
        note: Why the person has no risk; empty if ranked.
    """

    person_id: str
    place: int | None
    is_listed: bool
    risk: float | None
    risk_words: str
    interval_words: str
    reasons: tuple[Reason, ...]
    points: int | None
    rests_on: str | None
    last_contact: date | None
    shifts: tuple[str, ...]
    news: tuple[str, ...]
    change: Change
    gaps: tuple[str, ...]
    needs: tuple[str, ...]
    is_stable: bool
    note: str


@dataclass(frozen=True)
class Caseload:
    """A caseload as a team reads it.

    Attributes:
        is_ranked: Whether `ranked` is in the order of risk.
        ranked: People at risk, highest first; empty unless ranked.
        in_crisis_care: People on a ward or with a crisis team, by id; never scored.
        not_ranked: Everybody else, by id, which says nothing about them.
        sentence: What the list is expected to find; empty unless ranked.
        explanation: Why nothing is ranked; empty if ranked.
        index_date: Day at whose start the risks hold.
        model_version: Version of the model behind the risks; empty without.
        as_of: Newest declared date of each source.
    """

    is_ranked: bool
    ranked: tuple[CaseloadRow, ...]
    in_crisis_care: tuple[CaseloadRow, ...]
    not_ranked: tuple[CaseloadRow, ...]
    sentence: str
    explanation: str
    index_date: date | None
    model_version: str
    as_of: dict[str, date]


def read_caseload(record: Record, person_ids: Collection[str], *, today: date, capacity: int | None = None) -> Caseload:
    """Read the caseload of a worker or team.

    Args:
        record: The record, opened under a grant that covers the people.
        person_ids: The people in their care.
        today: The present day; decides whether the data is fresh enough to rank.
        capacity: People that the team can review; everybody unless given.

    Returns:
        The caseload.

    Raises:
        RefusedError: The grant does not cover the people.
    """
    wanted = sorted(set(person_ids))
    # Events first: who is noted for them is noted for the rest.
    events = read_facts(record, wanted)
    people = record.people(wanted)
    scores = record.scores(wanted, MODEL)
    return build_caseload(
        people,
        events,
        scores,
        as_of=record.as_of(),
        covers=record.covers(),
        today=today,
        capacity=capacity,
        has_model=MODEL in record.version.models,
        why_no_model=say_why_no_model(record.version.summary),
    )


def say_why_no_model(summary: Mapping[str, Any], model: str = MODEL) -> str:
    """Why a version has no model of an outcome, in the words of the run that made it; empty where it has one."""
    told = summary.get("models", {}).get(model, {})
    # That nobody is scored is said already by whoever asks why.
    return str(told.get("message", "")).removeprefix("Nobody is scored. ") if told.get("status") != "scored" else ""


def say_no_score(has_model: bool, summary: Mapping[str, Any]) -> str:
    """Why somebody has no score although the data is new enough.

    Args:
        has_model: Whether the version has a crisis model.
        summary: Figures of the version's run.

    Examples:
        >>> told = {"models": {"crisis": {"status": "gates-not-met", "message": "Nobody is scored."}}}
        >>> say_no_score(False, told)
        'Not scored: there is no crisis model. Nobody is scored.'
        >>> say_no_score(True, {})
        'Not scored. The model covers adults with an open referral to a community mental health team.'
    """
    if not has_model:
        return f"Not scored: there is no crisis model. {say_why_no_model(summary) or NO_MODEL}"
    return "Not scored. The model covers adults with an open referral to a community mental health team."


def build_caseload(
    people: pa.Table,
    events: Mapping[str, pa.Table],
    scores: pa.Table,
    *,
    as_of: Mapping[str, date],
    covers: Mapping[str, date] | None = None,
    today: date,
    key: Hashable = None,
    capacity: int | None = None,
    has_model: bool = False,
    why_no_model: str = "",
) -> Caseload:
    """Put a caseload together.

    Args:
        people: Rows of `record.person` of the caseload.
        events: Rows of `record.event` by person, at least those of `read_facts`.
        scores: Rows of `record.score` of those people, at least of the newest index date and the one a week before.
        as_of: Newest declared date of each source; its day of mental health decides which scores are the present ones.
        covers: Day up to which each source's data reaches, which decides whether anything is ranked; the declared
            dates unless given.
        today: The present day.
        key: Names the events, so that what they tell is worked out once, see `told.tell_events`; none holds nothing.
        capacity: People that the team can review; everybody unless given.
        has_model: Whether the record has a crisis model; decides in which words nobody's having a risk is told.
        why_no_model: Why it has none, in the run's words.

    Returns:
        The caseload. People known to have died are on no list.
    """
    alive = sorted(
        row["person_id"] for row in people.select(["person_id", "death_date"]).to_pylist() if row["death_date"] is None
    )
    present = index_day(as_of, MENTAL_HEALTH)
    now, before = _now_and_before(scores, present)
    reaches_to = (as_of if covers is None else covers).get(MENTAL_HEALTH)
    explanation = _why_not_ranked(reaches_to, today, now, has_model, why_no_model)
    index_date = present or today
    told = {person: tell_events(person, events, index_date, today, key) for person in alive}
    sent = {each for each in STANDARDS if each.sent_as is None}.union(*(one.shows for one in told.values()))
    places, places_before = _place(now, alive), _place(before, alive)
    ranked, crisis, others = [], [], []
    for person in alive:
        score = now.get(person)
        common = {
            "person_id": person,
            "last_contact": told[person].last_contact,
            "news": told[person].news,
            # Where nobody's care plan is sent, say, its lack says nothing of anybody.
            "gaps": tuple(words for standard, words in told[person].gaps if standard in sent),
            "needs": told[person].needs,
            "is_stable": told[person].is_stable,
        }
        if score is not None and score["status"] == "in-crisis-care":
            when = "when last known" if explanation else "now"
            crisis.append(_without_risk(common, f"In crisis care {when}: on a ward or with a crisis team."))
        elif score is None or explanation:
            others.append(_without_risk(common, explanation or NOT_SCORED_NOW))
        else:
            ranked.append(_ranked(common, score, before.get(person), places, places_before, capacity))
    ranked.sort(key=lambda row: row.place or 0)
    risks = [row.risk or 0.0 for row in ranked]
    return Caseload(
        is_ranked=not explanation,
        ranked=tuple(ranked),
        in_crisis_care=tuple(crisis),
        not_ranked=tuple(others),
        sentence=say_expected(risks, min(capacity or len(risks), len(risks)), HORIZON_DAYS) if risks else "",
        explanation=explanation,
        index_date=present if now else None,
        model_version=next((row["model_version"] for row in now.values() if row["status"] == "scored"), ""),
        as_of=dict(as_of),
    )


def _now_and_before(
    scores: pa.Table, present: date | None
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]]]:
    """The scores of the present index date and of the one a week before, by person."""
    if present is None:
        return {}, {}
    days = (present, present - timedelta(WEEK_DAYS))
    # Half a year of scores comes along for the trend: only two days' become rows.
    rows = scores.filter(pc.is_in(scores["index_date"], value_set=pa.array(days, pa.date32()))).to_pylist()
    now, before = ({row["person_id"]: row for row in rows if row["index_date"] == day} for day in days)
    return now, before


def _why_not_ranked(
    reaches_to: date | None, today: date, now: Mapping[str, Mapping[str, Any]], has_model: bool, why_no_model: str
) -> str:
    no_data = say_no_data(reaches_to, today)
    if no_data or any(row["status"] == "scored" for row in now.values()):
        return no_data
    if not has_model:
        return f"Not ranked: there is no crisis model for these people. {why_no_model or NO_MODEL}"
    if now:
        return "Not ranked: everybody here whom the crisis model covers is in crisis care now, so nobody has a risk."
    return (
        "Not ranked: nobody here has a risk for today. The crisis model covers adults with an open referral to a "
        "community mental health team."
    )


def say_no_data(reaches_to: date | None, today: date) -> str:
    """Why mental-health data lets nobody be ranked; empty if it does.

    Args:
        reaches_to: Day up to which it reaches; None where there is none.
        today: The present day.
    """
    if reaches_to is None:
        return "Not ranked: the record holds no mental-health data."
    if not may_rank(reaches_to, today):
        days = (today - reaches_to).days
        return f"Not ranked: mental-health data is {days} days old, more than {MAX_AGE_DAYS_TO_RANK}."
    return ""


def _place(scores: Mapping[str, Mapping[str, Any]], among: Collection[str]) -> dict[str, int]:
    """Place of each scored person of a caseload, 1 the highest risk."""
    scored = [scores[person] for person in among if person in scores and scores[person]["status"] == "scored"]
    scored.sort(key=lambda row: (-row["risk"], row["rank"], row["person_id"]))
    return {row["person_id"]: number for number, row in enumerate(scored, start=1)}


def _ranked(
    common: Mapping[str, Any],
    score: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    places: Mapping[str, int],
    places_before: Mapping[str, int],
    capacity: int | None,
) -> CaseloadRow:
    person, reasons = score["person_id"], read_reasons(score["reasons"])
    old = {THEMES.get(reason.feature) for reason in read_reasons(before["reasons"])} if before else set()
    fresh = [reason.text for reason in reasons if THEMES.get(reason.feature) not in old]
    risk_before = before["risk"] if before else None
    left = before is not None and before["status"] == "in-crisis-care"
    news = (LEFT_CRISIS_CARE, *common["news"]) if left else common["news"]
    shifts = [] if left else list_shifts(score["risk"], risk_before, places[person], places_before.get(person), fresh)
    return CaseloadRow(
        place=places[person],
        is_listed=capacity is None or places[person] <= capacity,
        risk=score["risk"],
        risk_words=say_risk(score["risk"]),
        interval_words=say_interval(score["risk_lower"], score["risk_upper"]),
        reasons=reasons,
        points=round(score["points"]),
        rests_on=score["rests_on"],
        shifts=tuple(shifts),
        change=sort_change(score["risk"], risk_before, common["news"]),
        note="",
        **{**common, "news": news},
    )


def _without_risk(common: Mapping[str, Any], note: str) -> CaseloadRow:
    return CaseloadRow(
        place=None,
        is_listed=False,
        risk=None,
        risk_words="",
        interval_words="",
        reasons=(),
        points=None,
        rests_on=None,
        shifts=(),
        change=Change.EVENTS if common["news"] else Change.NONE,
        note=note,
        **common,
    )


def read_reasons(text: str | None) -> tuple[Reason, ...]:
    """Read the reasons of a score, strongest first."""
    given: list[dict[str, Any]] = json.loads(text) if text else []
    return tuple(
        Reason(each["feature"], each["text"], each["contribution"], tuple(each["event_refs"])) for each in given
    )
