"""One person's page: who, risk and reasons, what happened, household, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from washhouse.desk.reviews import ACTIONS, AGREEMENTS, NOTE_LIMIT, list_reviews
from washhouse.governance.policies import may_rank
from washhouse.governance.reveal import RevealedIdentity, reveal
from washhouse.web.care.address import person_address, person_of
from washhouse.web.care.happened import Timeline, build_timeline
from washhouse.web.care.household import Household, read_household
from washhouse.web.care.review import ReviewForm, ReviewLine, build_review_lines, check_form, save_review
from washhouse.web.care.risk import Score, read_score
from washhouse.web.care.timeline import build_entries, standing_facts
from washhouse.web.shell.labels import label
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import age_years, day, nhs_number

MODEL = "crisis"
DONE = {
    "reviewed": "Your review is saved. You can take it back below.",
    "undone": "Your review is taken back. It stays in the record as retracted.",
}


@dataclass(frozen=True)
class PersonPage:
    """Everything the page shows."""

    person_id: str
    address: str
    name: str
    withheld: str
    died: date | None
    facts: tuple[tuple[str, str], ...]
    score: Score | None
    earlier: Score | None
    why_not_ranked: str
    timeline: Timeline
    household: Household | None
    reviews: tuple[ReviewLine, ...]
    done: str


def show_person(visit: Visit) -> Response:
    """Show a person in the visitor's care."""
    person = person_of(visit)
    if person != visit.parameter("person_id"):
        return redirect(person_address(person))
    return answer(visit, person, ReviewForm())


def review_person(visit: Visit) -> Response:
    """Keep the review that was filled in, or show what is wrong with it."""
    person = person_of(visit)
    scores = read_scores(visit, person)
    errors = check_form(visit.form)
    if scores and scores[0].risk is not None and not errors:
        save_review(visit, person, scores[0])
        return redirect(person_address(person), done="reviewed")
    return answer(visit, person, ReviewForm(values=visit.form, errors=errors), status=400)


def answer(visit: Visit, person: str, form: ReviewForm, status: int = 200) -> Response:
    """Render the page."""
    return render(
        visit,
        "care/person.html",
        status=status,
        person=read_page(visit, person),
        form=form,
        agreements=AGREEMENTS,
        actions=ACTIONS,
        note_limit=NOTE_LIMIT,
    )


def read_scores(visit: Visit, person: str) -> list[Score]:
    """Scores of the person, the newest first."""
    rows = visit.record.scores([person], MODEL).to_pylist()
    return [read_score(row) for row in sorted(rows, key=lambda row: row["index_date"], reverse=True)]


def read_page(visit: Visit, person: str) -> PersonPage:
    """Gather what the page shows; the audit is written before each part is read."""
    record, services, today = visit.record, visit.services, visit.services.today()
    row = record.person(person)
    events = record.events(person)
    relations = record.relations(person).to_pylist()
    scores = read_scores(visit, person)
    named = reveal(visit.grant, [person], visit.published.identities, services.audit, services.now())
    fresh = may_rank(visit.published.as_of.get("mental_health"), today)
    return PersonPage(
        person_id=person,
        address=person_address(person),
        name=name_of(named.get(person)),
        withheld=named[person].note if person in named else "",
        died=row["death_date"],
        facts=tuple(say_facts(row, named.get(person), today)),
        score=scores[0] if scores and fresh else None,
        earlier=scores[1] if len(scores) > 1 and fresh else None,
        why_not_ranked="" if fresh else "Mental health data is older than 7 days, so no score is shown.",
        timeline=build_timeline(
            visit, build_entries(events), standing_facts(events), scores[0] if scores else None, today
        ),
        household=read_household(relations),
        reviews=tuple(
            build_review_lines(
                list_reviews(services.desk, person_ids=[person], include_retracted=True), visit.user.actor
            )
        ),
        done=DONE.get(visit.query("done"), ""),
    )


def name_of(identity: RevealedIdentity | None) -> str:
    """The person's name, or words where no service sends one."""
    return identity.name if identity is not None and identity.name else "Name not known"


def say_facts(row: Mapping[str, Any], identity: RevealedIdentity | None, today: date) -> list[tuple[str, str]]:
    """Who the person is, as pairs of words; what nobody sends is left out."""
    born = identity.birth_date if identity is not None else None
    until = row["death_date"] or today
    facts = []
    if born is not None:
        facts.append(("Born", f"{day(born)} ({age_years(born, until)} years)"))
    elif row["birth_month"] is not None:
        facts.append(("Born", f"{row['birth_month']:%B %Y} ({age_years(row['birth_month'], until)} years)"))
    if row["death_date"] is not None:
        facts.append(("Died", day(row["death_date"])))
    facts.append(("Sex", (row["sex"] or "not known").capitalize()))
    if identity is not None:
        facts.append(("NHS number", nhs_number(identity.nhs_number)))
        if identity.restricted:
            facts.append(("Address, phone", identity.note))
        else:
            facts += [
                (name, value) for name, value in (("Address", identity.address), ("Phone", identity.phone)) if value
            ]
    if row["ethnic_category"]:
        facts.append(("Ethnic category", label(f"ETHNIC//{row['ethnic_category']}")))
    if row["practice"]:
        facts.append(("GP practice", row["practice"]))
    return facts
