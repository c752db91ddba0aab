"""Who in my care should be looked at first, why, and what changed?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.compute as pc
from starlette.responses import Response

from washhouse.action.caseload import Caseload, CaseloadRow, build_caseload, say_why_no_model
from washhouse.action.changes import Change
from washhouse.action.facts import read_facts
from washhouse.action.reviewed import STANDS_DAYS, still_stands, themes_of
from washhouse.action.told import tell_events
from washhouse.action.trend import SCORE_COLUMNS, Week, build_weeks
from washhouse.action.words import say_risk
from washhouse.desk.reviews import ACTIONS, Review, list_reviews
from washhouse.governance.reveal import RevealedIdentity
from washhouse.insight.crisis.label import HORIZON_DAYS
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.web.care.export import export_rows, say_export
from washhouse.web.care.filters import LENGTHS, ORDERS, QUIET_DAYS, SHOWS, UNCUT, Filters, read_filters, say_length
from washhouse.web.care.risk import (
    Lack,
    Risk,
    draw_risk,
    find_lacks,
    lacks_of_most,
    read_rests_on,
    say_lacks,
    say_shared_lacks,
)
from washhouse.web.care.saved_views import read_views
from washhouse.web.care.trend import SPARK_HEIGHT, SPARK_STEP, Drawing, draw_trend, top_of
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.layout import say_news_reach
from washhouse.web.shell.people import name_of, reveal_people
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import age_years, ago, nhs_number, plural, short_day

MOST_REASONS = 3


@dataclass(frozen=True)
class Line:
    """One person on the page.

    Attributes:
        person_id: The person.
        place: Place by risk on the whole caseload; None unless ranked.
        name: Name, or words where no service sends one.
        facts: Age, sex and NHS number.
        risk: The risk in words and drawing; None unless ranked.
        reasons: The strongest reasons, in words.
        lacks: What the score could not rest on.
        own_lacks: What of it is not so for most of the caseload, in words.
        contact: Day of the last attended contact.
        contact_ago: How long ago that was.
        changes: What changed since last week.
        change: The most of it.
        trend: The last 24 weeks as a drawing; None but for who is listed.
        gaps: Standards of care that the record does not meet, or not yet, in words.
        needs: What makes their care more work, in words.
        moved_only: Whether nothing changed but the place, which the others' changes move too.
        review: The latest review, in words.
        is_reviewed: Whether the latest review still stands.
        state: Why there is no risk.
        last_contact: Day of the last contact, for filters.
    """

    person_id: str
    place: int | None
    name: str
    facts: str
    risk: Risk | None
    reasons: tuple[str, ...]
    lacks: tuple[Lack, ...]
    own_lacks: tuple[str, ...]
    contact: str
    contact_ago: str
    changes: tuple[str, ...]
    change: Change
    trend: Drawing | None
    gaps: tuple[str, ...]
    needs: tuple[str, ...]
    moved_only: bool
    review: str
    is_reviewed: bool
    state: str
    last_contact: date | None


@dataclass(frozen=True)
class CaseloadPage:
    """Everything the page shows."""

    today: date
    total: int
    ranked: bool
    why_not_ranked: str
    expectation: str
    about: str
    failed_gates: tuple[str, ...]
    reach: tuple[str, ...]
    shared_lacks: str
    filters: Filters
    filtered: bool
    lengths: tuple[tuple[str, str], ...]
    shows: tuple[tuple[str, str], ...]
    orders: tuple[tuple[str, str], ...]
    headings: tuple[tuple[str, str], ...]
    caption: str
    rows: tuple[Line, ...]
    changed: int
    changed_href: str
    left_out: int
    narrowed: bool
    uncut: bool
    nobody: str
    in_crisis: tuple[Line, ...]
    others: tuple[Line, ...]
    export_href: str
    export_words: str
    index_date: date | None
    model_version: str


def show_caseload(visit: Visit) -> Response:
    """Show the visitor's caseload."""
    return render(visit, "care/caseload.html", list=read_page(visit), views=read_views(visit))


def search_caseload(visit: Visit) -> Response:
    """Show whom a name finds; a form without a name leads to the address that says the same."""
    filters = read_filters(visit)
    if filters.q:
        return show_caseload(visit)
    return redirect("/caseload", **filters.address)


def export_caseload(visit: Visit) -> Response:
    """Send the rows that the page shows, without names; noted in the audit for each person."""
    page = read_page(visit)
    return export_rows(visit, page)


def read_page(visit: Visit) -> CaseloadPage:
    """Gather what the page shows; names, scores and events are read under one grant, noted first.

    Only who is listed is named; a search by name has to name everybody.
    """
    today = visit.services.today()
    filters = read_filters(visit)
    caseload, scores = read_caseload(visit, filters.length if not filters.q else None)
    ranked, crisis, others = read_lines(visit, caseload, scores)
    shared = lacks_of_most([line.lacks for line in ranked])
    ranked = [
        replace(line, own_lacks=say_lacks([lack for lack in line.lacks if lack not in shared])) for line in ranked
    ]
    length = filters.length if caseload.is_ranked and not filters.q else None
    everybody = (ranked, crisis, others)

    def wanted(lines: Sequence[Line]) -> list[Line]:
        return [line for line in lines if is_wanted(line, filters, today)]

    def listed_of(lines: Sequence[Line]) -> list[Line]:
        if filters.order and length is not None:
            return sorted(lines, key=by_change)[:length]
        return [line for line in lines if length is None or (line.place or 0) <= length]

    # Who is listed is settled without names, so that one reveal, noted in one commit, names the whole page.
    asked = everybody if filters.q else tuple(map(wanted, everybody))
    named = {line.person_id: line for line in name_lines(visit, [*listed_of(asked[0]), *asked[1], *asked[2]])}
    ranked, crisis, others = (wanted([named.get(line.person_id, line) for line in group]) for group in asked)
    crisis, others = by_name(crisis), by_name(others)
    shown = sorted(ranked, key=by_change if filters.order else by_place) if caseload.is_ranked else others
    rows = draw_trends(listed_of(shown), scores.weeks_of)
    places = {row.person_id: row.place for row in rows if row.risk}
    note_scores(visit, caseload.model_version, caseload.index_date, places)
    below = [*crisis, *(others if caseload.is_ranked else ())]
    return CaseloadPage(
        today=today,
        total=sum(map(len, everybody)),
        ranked=caseload.is_ranked,
        why_not_ranked=caseload.explanation,
        expectation="" if filters.q or filters.show or filters.order else caseload.sentence,
        about=say_about(caseload),
        failed_gates=failed_gates(visit) if caseload.is_ranked else (),
        reach=say_news_reach(visit),
        shared_lacks=say_shared_lacks(shared),
        filters=filters,
        filtered=bool(filters.q or filters.address),
        lengths=tuple((value, say_length(value)) for value in LENGTHS),
        shows=tuple(SHOWS.items()),
        orders=tuple(ORDERS.items()),
        headings=_headings(caseload.is_ranked),
        caption=_caption(caseload.is_ranked, filters),
        rows=tuple(rows),
        changed=sum(not line.moved_only for line in everybody[0 if caseload.is_ranked else 2]),
        changed_href=f"/caseload?{urlencode({'n': 'all', 'show': 'changed', 'order': 'changed'})}",
        left_out=len(shown) - len(rows),
        narrowed=bool(filters.q or filters.show),
        uncut=filters.show in UNCUT,
        nobody=say_nobody(filters, bool(below)),
        in_crisis=tuple(crisis),
        others=tuple(others) if caseload.is_ranked else (),
        export_href=f"/caseload.csv?{urlencode(filters.address)}".rstrip("?"),
        export_words=say_export(len(rows)),
        index_date=caseload.index_date,
        model_version=caseload.model_version,
    )


def say_nobody(filters: Filters, others_match: bool) -> str:
    """What stands in place of an empty list."""
    if not (filters.q or filters.show):
        return "Nobody is on this list today."
    return "Nobody on this list matches; who does is below." if others_match else "Nobody on your caseload matches."


@dataclass(frozen=True)
class Scores:
    """What scores tell of the people of a caseload.

    Attributes:
        risks: The present risk by person.
        words: The risk in words by person and day, of the present and the last days.
        weeks_of: Tells a person's last 24 weeks.
    """

    risks: Mapping[str, Risk]
    words: Mapping[tuple[str, date | None], str]
    weeks_of: Callable[[str], tuple[Week, ...]]


def read_caseload(visit: Visit, length: int | None) -> tuple[Caseload, Scores]:
    """Read the caseload, and what its scores tell beside it."""
    record, people, today = visit.record, sorted(visit.grant.persons or ()), visit.services.today()
    # Events first: who is noted for them is noted for the rest.
    facts = read_facts(record, people)
    scores = record.scores(people, MODEL)
    caseload = build_caseload(
        record.people(people),
        facts,
        scores,
        as_of=record.as_of(),
        covers=record.covers(),
        today=today,
        key=record.events_key,
        capacity=length,
        has_model=MODEL in record.version.models,
        why_no_model=say_why_no_model(record.version.summary),
    )
    known = scores.select(["person_id", "index_date", "risk", "risk_lower", "risk_upper"])
    oldest = (caseload.index_date or today) - timedelta(STANDS_DAYS)
    recent = [
        row
        for row in known.filter(pc.greater_equal(known["index_date"], pa.scalar(oldest, pa.date32()))).to_pylist()
        if row["risk"] is not None
    ]
    risks = {
        row["person_id"]: draw_risk(row["risk"], row["risk_lower"], row["risk_upper"])
        for row in recent
        if row["index_date"] == caseload.index_date
    }
    words: dict[tuple[str, date | None], str] = {
        (row["person_id"], row["index_date"]): say_risk(row["risk"]) for row in recent
    }

    by_person: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def weeks_of(person: str) -> tuple[Week, ...]:
        if not by_person:
            for row in scores.select(["person_id", *SCORE_COLUMNS]).to_pylist():
                by_person[row["person_id"]].append(row)
        told = tell_events(person, facts, caseload.index_date or today, today, record.events_key)
        return build_weeks(by_person[person], told.with_team, today)

    return caseload, Scores(risks, words, weeks_of)


def draw_trends(lines: Sequence[Line], weeks_of: Callable[[str], tuple[Week, ...]]) -> list[Line]:
    """Draw the last weeks of some lines, all to one scale."""
    trends = {line.person_id: weeks_of(line.person_id) for line in lines if line.risk is not None}
    top = top_of(trends.values())
    return [
        replace(line, trend=draw_trend(trends[line.person_id], top, SPARK_STEP, SPARK_HEIGHT))
        if line.person_id in trends
        else line
        for line in lines
    ]


def by_place(line: Line) -> tuple[int, ...]:
    """Order by risk."""
    return (line.place or 0,)


def by_change(line: Line) -> tuple[int, ...]:
    """Order by what changed most since last week, then by risk."""
    return line.change, line.place or 0


def read_lines(visit: Visit, caseload: Caseload, scores: Scores) -> tuple[list[Line], list[Line], list[Line]]:
    """The people of the caseload, without names: the ranked, those in crisis care, all others."""
    services, today = visit.services, visit.services.today()
    groups = (caseload.ranked, caseload.in_crisis_care, caseload.not_ranked)
    people = [row.person_id for group in groups for row in group]
    latest: dict[str, Review] = {}
    known_as = visit.record.aliases(people)
    for review in list_reviews(services.desk, person_ids=known_as, model=MODEL):
        latest.setdefault(known_as[review.person_id], review)
    ranked, crisis, others = (
        [build_line(row, scores, latest.get(row.person_id), today) for row in group] for group in groups
    )
    return ranked, crisis, others


def name_lines(visit: Visit, lines: Sequence[Line]) -> list[Line]:
    """Name the people of some lines."""
    today = visit.services.today()
    named = reveal_people(visit, [line.person_id for line in lines])
    return [_name_line(line, named.get(line.person_id), today) for line in lines]


def _name_line(line: Line, identity: RevealedIdentity | None, today: date) -> Line:
    return replace(line, name=name_of(line.person_id, identity), facts=_facts(identity, today))


def build_line(row: CaseloadRow, scores: Scores, review: Review | None, today: date) -> Line:
    """Put one person's row into the words of the page, without a name."""
    themes = themes_of(reason.feature for reason in row.reasons)
    then = scores.words.get((row.person_id, review.index_date), "") if review else ""
    return Line(
        person_id=row.person_id,
        place=row.place,
        name=name_of(row.person_id, None),
        facts="",
        risk=scores.risks.get(row.person_id) if row.risk is not None else None,
        reasons=tuple(reason.text for reason in row.reasons[:MOST_REASONS]),
        lacks=find_lacks(read_rests_on(row.rests_on)),
        own_lacks=(),
        contact=short_day(row.last_contact) if row.last_contact else "None recorded",
        contact_ago=ago(row.last_contact, today) if row.last_contact else "",
        changes=(*row.shifts, *row.news),
        change=row.change,
        trend=None,
        gaps=row.gaps,
        needs=row.needs,
        moved_only=not row.news and all(words.endswith((" place", " places")) for words in row.shifts),
        review=f"Reviewed {short_day(review.at)}: {ACTIONS.get(review.action, review.action).lower()}"
        if review
        else "",
        is_reviewed=review is not None and still_stands(review, then, row.risk_words, themes, today),
        state=row.note,
        last_contact=row.last_contact,
    )


def is_wanted(line: Line, filters: Filters, today: date) -> bool:
    """Does a line match the filters?"""
    if filters.q.casefold() not in line.name.casefold():
        return False
    if filters.show == "changed":
        return not line.moved_only
    if filters.show == "no-contact":
        return line.last_contact is None or today - line.last_contact > timedelta(days=QUIET_DAYS)
    if filters.show == "gaps":
        return bool(line.gaps)
    if filters.show == "not-reviewed":
        return not line.is_reviewed
    return True


def by_name(lines: Sequence[Line]) -> list[Line]:
    """Lines in the order of their names, which says nothing about risk."""
    return sorted(lines, key=lambda line: (line.name.casefold().split()[-1:], line.name.casefold()))


def failed_gates(visit: Visit) -> tuple[str, ...]:
    """What each gate says that the crisis model does not pass; a version from before gates were kept says nothing."""
    return tuple(visit.published.summary.get("models", {}).get(MODEL, {}).get("failed_gates", ()))


def say_about(caseload: Caseload) -> str:
    """How the list was made, in a sentence or two."""
    if not caseload.is_ranked or caseload.index_date is None:
        return ""
    return (
        f"Risks hold from {short_day(caseload.index_date)} for {HORIZON_DAYS} days, by model {caseload.model_version}, "
        f"from what was known before that day. {plural(len(caseload.ranked), 'person is', 'people are')} scored."
    )


def _facts(identity: RevealedIdentity | None, today: date) -> str:
    if identity is None:
        return ""
    age = f"{age_years(identity.birth_date, today)} years" if identity.birth_date else ""
    number = nhs_number(identity.nhs_number) if identity.nhs_number else ""
    return ", ".join(part for part in (age, number) if part)


def _caption(ranked: bool, filters: Filters) -> str:
    if not ranked:
        return "People in your care, by name"
    first = "what changed since last week, then by " if filters.order else ""
    return f"People in your care, by {first}28-day crisis risk"


def _headings(ranked: bool) -> tuple[tuple[str, str], ...]:
    names = [("Person", "person"), ("Last contact", "contact"), ("Changed since last week", "changed")]
    if ranked:
        names[1:1] = [("28-day crisis risk", "risk"), ("Why", "why")]
        names.insert(0, ("Place", "rank"))
    return tuple((name, f"wh-caseload__{style}") for name, style in names)
