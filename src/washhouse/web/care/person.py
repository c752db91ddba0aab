"""One person's page: who, risk and reasons, what happened, household, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.caseload import say_no_score
from washhouse.action.changes import WEEK_DAYS
from washhouse.action.complexity import list_needs
from washhouse.action.next_contact import NEXT_CONTACT
from washhouse.action.standards import STANDARD_COLUMNS, Standing, judge_standards
from washhouse.core.errors import RefusedError
from washhouse.desk.reviews import ACTIONS, ACTIONS_OF, AGREEMENTS, NOTE_LIMIT, list_reviews
from washhouse.governance.permissions import Action
from washhouse.governance.policies import MAX_AGE_DAYS_TO_RANK, may_rank
from washhouse.governance.reveal import RevealedIdentity, reveal_together
from washhouse.insight.models.reasons import MAX_EVENT_REFS, MAX_REASONS
from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.crisis import MENTAL_HEALTH, MODEL
from washhouse.record.reader import covers_of
from washhouse.web.care.address import person_of
from washhouse.web.care.emergency import Opened, leave_in_time, read_opened, show_way_in
from washhouse.web.care.follow_up import QUESTIONS, FollowUpForm, check_follow_up, find_review, save_follow_up
from washhouse.web.care.happened import Timeline, build_timeline
from washhouse.web.care.household import Household, read_household
from washhouse.web.care.next_contact import NextContactCard, build_card
from washhouse.web.care.patient_record import let_form_lead_out, opens_patient_record
from washhouse.web.care.review import (
    NEWER,
    ReviewForm,
    ReviewLine,
    build_review_lines,
    check_form,
    find_score,
    save_review,
)
from washhouse.web.care.risk import Score, read_score
from washhouse.web.care.timeline import build_entries, standing_facts
from washhouse.web.shell.errors import Problem, show_problem
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.labels import label
from washhouse.web.shell.people import name_of, person_address
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import age_years, day, nhs_number

NO_SCORE = Problem(
    409,
    "There is no score to review",
    "This person is not scored now, or the mental health data is too old for a score to be shown. Nothing was saved.",
    "Go back to the person's page, which says why.",
)
DONE = {
    "reviewed": "Your review is saved. You can take it back below.",
    "undone": "Your review is taken back. It stays in the record as retracted.",
    "followed-up": "What came of it is saved. You can take it back below.",
    "follow-up-undone": "What you said came of it is taken back.",
}


@dataclass(frozen=True)
class PersonPage:
    """Everything the page shows."""

    person_id: str
    address: str
    name: str
    emergency: Opened | None
    withheld: str
    opens: bool
    died: date | None
    facts: tuple[tuple[str, str], ...]
    score: Score | None
    earlier: Score | None
    why_not_scored: str
    next_contact: NextContactCard | None
    standings: tuple[Standing, ...]
    needs: tuple[str, ...]
    timeline: Timeline
    household: Household | None
    reviews: tuple[ReviewLine, ...]
    done: str


def show_person(visit: Visit) -> Response:
    """Show a person in the visitor's care, or whose record they have opened in an emergency."""
    person = person_of(visit)
    if person != visit.parameter("person_id"):
        return redirect(person_address(person))
    try:
        return answer(visit, person, ReviewForm())
    except RefusedError as refusal:
        if refusal.code != "not-permitted" or not visit.may(Action.BREAK_GLASS, person):
            raise
        return show_way_in(visit, person)


def review_person(visit: Visit) -> Response:
    """Keep the review that was filled in, or show what is wrong with it."""
    person = person_of(visit)
    model = visit.form.get("model", MODEL)
    if model not in ACTIONS_OF:
        raise HTTPException(404)
    present, _ = choose_scores(visit, person, model)
    if present is None:
        return show_problem(visit, NO_SCORE)
    errors = check_form(visit.form, model)
    score = None
    if present.risk is not None:
        score = find_score(read_scores(visit, person, model), present, visit.form.get("index_date", ""))
        if score is None:
            errors["risk"] = NEWER
    if score is not None and not errors:
        save_review(visit, person, model, score, is_present=score.index_date == present.index_date)
        return redirect(person_address(person), done="reviewed")
    return answer(visit, person, ReviewForm(model, values=visit.form, errors=errors), status=400)


def follow_up_review(visit: Visit) -> Response:
    """Keep what the visitor says came of their review, or show what is wrong with it."""
    person = person_of(visit)
    review = find_review(visit, person, "follow-up")
    errors = check_follow_up(visit.form)
    if not errors:
        save_follow_up(visit, person, review)
        return redirect(person_address(person), done="followed-up")
    return answer(visit, person, ReviewForm(), FollowUpForm(review.id, visit.form, errors), status=400)


def answer(
    visit: Visit, person: str, form: ReviewForm, later: FollowUpForm | None = None, status: int = 200
) -> Response:
    """Render the page."""
    page = read_page(visit, person)
    shown = render(
        visit,
        "care/person.html",
        status=status,
        person=page,
        forms={model: form if form.model == model else ReviewForm(model, form.token) for model in ACTIONS_OF},
        form=form,
        later=later or FollowUpForm(),
        may=partial(visit.may, person_id=person),
        actions_of=Action,
        most_reasons=MAX_REASONS,
        most_refs=MAX_EVENT_REFS,
        questions=QUESTIONS,
        agreements=AGREEMENTS,
        actions=ACTIONS,
        note_limit=NOTE_LIMIT,
    )
    if page.emergency is not None:
        leave_in_time(visit, shown, page.emergency)
    return let_form_lead_out(visit, shown) if page.opens else shown


def read_scores(visit: Visit, person: str, model: str = MODEL) -> list[Score]:
    """Scores of the person by a model, the newest first."""
    rows = visit.record.scores([person], model).to_pylist()
    return [read_score(row) for row in sorted(rows, key=lambda row: row["index_date"], reverse=True)]


def is_fresh(visit: Visit) -> bool:
    """Does mental-health data reach far enough for a score to be shown?"""
    return may_rank(covers_of(visit.published).get("mental_health"), visit.services.today())


def say_why_not_scored(visit: Visit) -> str:
    """Why somebody has no score: it may lie in the data, in the model or in the person."""
    if "mental_health" not in covers_of(visit.published):
        return "The record holds no mental health data, so there is no score."
    if not is_fresh(visit):
        return f"Mental health data is older than {MAX_AGE_DAYS_TO_RANK} days, so no score is shown."
    return say_no_score(MODEL in visit.published.models, visit.published.summary)


def choose_scores(visit: Visit, person: str, model: str = MODEL) -> tuple[Score | None, Score | None]:
    """The present score and the one a week before it; none where the present one is missing or may not be shown.

    Of somebody in crisis care no page shows another score than that they are.
    """
    present = index_day(visit.published.as_of, MENTAL_HEALTH)
    scores = read_scores(visit, person, model)
    if present is None or not is_fresh(visit) or not scores or scores[0].index_date != present:
        return None, None
    if model != MODEL and any(
        each.in_crisis_care and each.index_date == present for each in read_scores(visit, person, MODEL)
    ):
        return None, None
    week_ago = present - timedelta(WEEK_DAYS)
    return scores[0], next((score for score in scores if score.index_date == week_ago), None)


def read_page(visit: Visit, person: str) -> PersonPage:
    """Gather what the page shows; the audit of all of it is written first, in one commit."""
    record, services, today = visit.record, visit.services, visit.services.today()
    together = services.audit.together()
    record.announce(person, together)
    named = reveal_together(together, visit.grant, [person], visit.published.identities, services.now())
    record.announce_relations(person, together)
    together.commit()
    row = record.person(person)
    events = record.events(person)
    # An emergency is no time for a score: it orders whom a team reviews first, and decides no treatment.
    scored = visit.may(Action.READ_CASELOAD, person)
    score, earlier = choose_scores(visit, person) if scored else (None, None)
    contact = choose_scores(visit, person, NEXT_CONTACT)[0] if scored else None
    for shown, model in ((score, MODEL), (contact, NEXT_CONTACT)):
        if shown is not None and shown.risk is not None:
            note_scores(visit, shown.model_version, shown.index_date, {person: None}, model)
    known_as = record.aliases([person])
    return PersonPage(
        person_id=person,
        address=person_address(person),
        name=name_of(person, named.get(person)),
        emergency=read_opened(visit, person),
        withheld=named[person].note if person in named else "",
        opens=opens_patient_record(visit, person, row["sources"]),
        died=row["death_date"],
        facts=tuple(say_facts(row, named.get(person), today)),
        score=score,
        earlier=earlier,
        why_not_scored="" if score is not None else say_why_not_scored(visit),
        next_contact=build_card(contact, events, today),
        standings=judge_standards(events.select(STANDARD_COLUMNS).to_pylist(), today),
        needs=tuple(need.title for need in list_needs(events.select(STANDARD_COLUMNS).to_pylist(), today)),
        timeline=build_timeline(visit, build_entries(events), standing_facts(events), score, today),
        household=read_household(record.relations(person), today) if visit.may(Action.READ_RELATIONS, person) else None,
        reviews=tuple(
            build_review_lines(visit, list_reviews(services.desk, person_ids=known_as, include_retracted=True))
            if scored
            else ()
        ),
        done=DONE.get(visit.query("done"), ""),
    )


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
