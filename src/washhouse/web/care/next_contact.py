"""Whom in my care should be rung before their next contact, and what does the record say that may help?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from starlette.responses import Response

from washhouse.action.caseload import say_why_no_model
from washhouse.action.next_contact import (
    CONTACT_COLUMNS,
    CONTACT_FAMILIES,
    FEWEST,
    LEVEL,
    NEXT_CONTACT,
    Contacts,
    NextContactRow,
    NextContacts,
    build_next_contacts,
    say_missed,
    tell_contacts,
)
from washhouse.desk.reviews import ACTION_WORDS, CONTACT_ACTIONS, Review, list_reviews
from washhouse.governance.reveal import RevealedIdentity
from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.crisis import MENTAL_HEALTH, MODEL
from washhouse.web.care.export import say_export, send_csv
from washhouse.web.care.filters import DEFAULT_LENGTH, LENGTHS, say_length
from washhouse.web.care.risk import Risk, Score, draw_risk
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.people import in_order, name_of, reveal_people
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import age_years, short_day

MOST_REASONS = 3
COLUMNS = (
    "person_id",
    "place",
    "chance",
    "range",
    "reasons",
    "missed_12_months",
    "kept_12_months",
    "may_suit_better",
    "index_date",
    "model_version",
)


@dataclass(frozen=True)
class Line:
    """One person on the page.

    Attributes:
        person_id: The person.
        place: Place by chance on the whole caseload; None unless ranked.
        name: Name, or words where no service sends one.
        facts: Age.
        phone: Telephone number, or why there is none.
        risk: The chance in words and drawing; None unless ranked.
        reasons: The strongest reasons, in words; None where reasons were not worked out.
        contacts: What the record says of their contacts.
        review: The latest review of such a chance, in words.
        state: Why there is no chance.
    """

    person_id: str
    place: int | None
    name: str
    facts: str
    phone: str
    risk: Risk | None
    reasons: tuple[str, ...] | None
    contacts: Contacts
    review: str
    state: str


@dataclass(frozen=True)
class NextContactPage:
    """Everything the page shows."""

    today: date
    total: int
    ranked: bool
    why_not_ranked: str
    expectation: str
    failed_gates: tuple[str, ...]
    model: str
    index_date: date | None
    model_version: str
    n: str
    lengths: tuple[tuple[str, str], ...]
    rows: tuple[Line, ...]
    left_out: int
    in_crisis: tuple[Line, ...]
    others: tuple[Line, ...]
    export_href: str
    export_words: str
    fewest: int
    seldom: int


@dataclass(frozen=True)
class NextContactCard:
    """What one person's page says of their next contact."""

    score: Score
    contacts: Contacts
    actions: dict[str, str]


def show_next_contacts(visit: Visit) -> Response:
    """Show the visitor's caseload by the chance that the next contact is missed."""
    return render(visit, "care/next_contact.html", list=read_page(visit))


def export_next_contacts(visit: Visit) -> Response:
    """Send the rows that the page shows, without names; noted in the audit for each person."""
    page = read_page(visit)
    made = (page.index_date or "", page.model_version)
    rows = {
        row.person_id: (
            row.place or "",
            row.risk.words if row.risk else "",
            row.risk.range if row.risk else "",
            "; ".join(row.reasons or ()),
            row.contacts.missed,
            row.contacts.kept,
            " ".join(row.contacts.better),
            *made,
        )
        for row in page.rows
    }
    return send_csv(visit, f"next-contact-{page.today}{'' if page.ranked else '-not-ranked'}.csv", COLUMNS, rows)


def read_page(visit: Visit) -> NextContactPage:
    """Gather what the page shows; only who is listed is named."""
    today, n = visit.services.today(), visit.query("n")
    n = n if n in LENGTHS else DEFAULT_LENGTH
    found = read_next_contacts(visit)
    is_ranked = not found.explanation
    listed = found.ranked if n == "all" else found.ranked[: int(n)]
    lines = {
        line.person_id: line for line in read_lines(visit, [*listed, *found.in_crisis_care, *found.not_ranked], today)
    }
    crisis, others = (
        tuple(lines[one] for one in in_order({row.person_id: lines[row.person_id].name for row in group}))
        for group in (found.in_crisis_care, found.not_ranked)
    )
    rows = tuple(lines[row.person_id] for row in listed) if is_ranked else others
    places = {row.person_id: row.place for row in rows if row.risk}
    note_scores(visit, found.model_version, found.index_date, places, NEXT_CONTACT)
    told = visit.published.summary.get("models", {}).get(NEXT_CONTACT, {})
    return NextContactPage(
        today=today,
        total=len(found.ranked) + len(crisis) + len(others),
        ranked=is_ranked,
        why_not_ranked=found.explanation,
        expectation=say_missed([row.risk[0] for row in listed if row.risk]),
        failed_gates=tuple(told.get("failed_gates", ())) if is_ranked else (),
        model=NEXT_CONTACT,
        index_date=found.index_date,
        model_version=found.model_version,
        n=n,
        lengths=tuple((value, say_length(value)) for value in LENGTHS),
        rows=rows,
        left_out=len(found.ranked) - len(listed),
        in_crisis=crisis,
        others=others if is_ranked else (),
        export_href=f"/next-contact.csv?n={n}",
        export_words=say_export(len(rows)),
        fewest=FEWEST,
        seldom=round(1 / LEVEL),
    )


def read_next_contacts(visit: Visit) -> NextContacts:
    """Read the caseload by the chance of a missed contact; who is shown is noted first."""
    record, people = visit.record, sorted(visit.grant.persons or ())
    # Events first: who is noted for them is noted for the rest.
    events = record.events_of(people, CONTACT_FAMILIES)
    as_of = record.as_of()
    present = index_day(as_of, MENTAL_HEALTH)
    crisis = record.scores(people, MODEL, [present] if present else []).select(["person_id", "status"]).to_pylist()
    return build_next_contacts(
        record.people(people),
        events,
        record.scores(people, NEXT_CONTACT),
        {row["person_id"] for row in crisis if row["status"] == "in-crisis-care"},
        as_of=as_of,
        covers=record.covers(),
        today=visit.services.today(),
        has_model=NEXT_CONTACT in record.version.models,
        why_no_model=say_why_no_model(record.version.summary, NEXT_CONTACT),
    )


def read_lines(visit: Visit, rows: Sequence[NextContactRow], today: date) -> list[Line]:
    """Put rows into the words of the page, with names, numbers to ring and reviews."""
    people = [row.person_id for row in rows]
    named = reveal_people(visit, people)
    known_as = visit.record.aliases(people)
    latest: dict[str, Review] = {}
    for review in list_reviews(visit.services.desk, person_ids=known_as, model=NEXT_CONTACT):
        latest.setdefault(known_as[review.person_id], review)
    return [_line(row, named.get(row.person_id), latest.get(row.person_id), today) for row in rows]


def _line(row: NextContactRow, identity: RevealedIdentity | None, review: Review | None, today: date) -> Line:
    born = identity.birth_date if identity else None
    return Line(
        person_id=row.person_id,
        place=row.place,
        name=name_of(row.person_id, identity),
        facts=f"{age_years(born, today)} years" if born else "",
        phone=_say_phone(identity),
        risk=draw_risk(*row.risk) if row.risk else None,
        reasons=None if row.reasons is None else tuple(reason.text for reason in row.reasons[:MOST_REASONS]),
        contacts=row.contacts,
        review=f"Reviewed {short_day(review.at)}: {ACTION_WORDS.get(review.action, review.action).lower()}"
        if review
        else "",
        state=row.note,
    )


def _say_phone(identity: RevealedIdentity | None) -> str:
    if identity is not None and identity.restricted:
        return "Telephone number withheld"
    return (identity.phone if identity else None) or "No telephone number is recorded"


def build_card(score: Score | None, events: pa.Table, today: date) -> NextContactCard | None:
    """What a person's page says of their next contact; None where there is no chance to show.

    Args:
        score: The present score of a missed contact, if it may be shown.
        events: The person's rows of `record.event`.
        today: The present day.
    """
    if score is None or score.risk is None:
        return None
    return NextContactCard(score, tell_contacts(events.select(CONTACT_COLUMNS).to_pylist(), today), CONTACT_ACTIONS)
