"""Are these two records one person's? Both side by side, why the linkage thinks so, and the steward's answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.desk.linkage import add_decision, add_label
from washhouse.governance.permissions import Action
from washhouse.governance.record_reveal import RecordIndex, RevealedRecord, reveal_records
from washhouse.governance.redaction import redact
from washhouse.governance.reveal import RevealedIdentity
from washhouse.record.link_review import Question
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit
from washhouse.web.steward.link_answers import ANSWERS, CAUSES, REASONS, address_of, pair_of, read_answers, review_of
from washhouse.web.steward.link_queue import chance, chosen_cause, pair_address
from washhouse.web.steward.link_words import MARKS, Bar, Row, bits, build_bars, build_rows, withheld_words

_PAIR = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}")
NOTE_LIMIT = 300
CHOOSE_ANSWER = "Choose one of the three answers"
CHOOSE_REASON = "Choose a reason"
SAY_WHAT = "Say what the reason is"
TOO_LONG = f"The note must be {NOTE_LIMIT} characters or fewer"
DONE = {
    "same": "Saved: same person.",
    "different": "Saved: different people.",
    "unsure": "Saved: cannot tell.",
    "already": "That pair has an answer already. Nothing was saved twice.",
    "undone": "The answer is taken back.",
}
KEYS = {"same": "s", "different": "d", "unsure": "c"}
"""Letter that gives each answer."""
KINDS = {"same": "must", "different": "cannot"}
"""The decision that an answer makes; “cannot tell” makes none."""


@dataclass(frozen=True)
class Side:
    """Who sent one record."""

    title: str
    lane: str


@dataclass(frozen=True)
class Form:
    """The form as shown; `token` is kept with the answer, so that the same form sent twice is kept once."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PairPage:
    """Everything the page shows."""

    address: str
    cause: str
    detail: str
    together: bool
    affected: int
    probability: str
    weight: str
    sides: tuple[Side, Side]
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    withheld: str
    answer: str
    answer_by: str
    place: int
    of: int


def show_pair(visit: Visit) -> Response:
    """Show the two records of a question."""
    return answer_with(visit, Form())


def answer_pair(visit: Visit) -> Response:
    """Keep the steward's answer and go on to the next pair, or show what is wrong with it."""
    question = question_of(visit)
    errors = check_answer(visit.form)
    if errors:
        return answer_with(visit, Form(values=visit.form, errors=errors), status=400)
    done = visit.form["answer"]
    if question.pair in read_answers(visit).settled:
        done = "already"
    else:
        save_answer(visit, question)
    cause = chosen_cause(visit.form.get("cause", ""))
    following = next_question(visit, question, cause)
    more = {"cause": cause} if cause else {}
    if following is None:
        return redirect("/link-review", **more, done=done)
    return redirect(f"/link-review/{address_of(following.pair)}", **more, done=done, last=address_of(question.pair))


def check_answer(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, by field; empty if nothing is.

    >>> check_answer({"answer": "same", "reason": "details-agree"})
    {}
    >>> sorted(check_answer({"reason": "other"})), sorted(check_answer({"answer": "perhaps"}))
    (['answer', 'note'], ['answer', 'reason'])
    """
    errors = {}
    note = form.get("note", "").strip()
    if form.get("reason") not in REASONS:
        errors["reason"] = CHOOSE_REASON
    if form.get("answer") not in ANSWERS:
        errors["answer"] = CHOOSE_ANSWER
    if form.get("reason") == "other" and not note:
        errors["note"] = SAY_WHAT
    if len(note) > NOTE_LIMIT:
        errors["note"] = TOO_LONG
    return errors


def save_answer(visit: Visit, question: Question) -> None:
    """Keep an answer that `check_answer` found nothing wrong with: a label, and a decision if it is certain."""
    services, user = visit.services, visit.user.actor
    services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"step": "answer"})
    now, answer, token = services.now(), visit.form["answer"], visit.form.get("token", "")[:64] or None
    left, right = question.pair
    if answer in KINDS:
        reason = say_reason(visit, question)
        add_decision(
            services.desk, left=left, right=right, kind=KINDS[answer], reason=reason, user=user, at=now, token=token
        )
    add_label(
        services.desk,
        left=left,
        right=right,
        answer=answer,
        probability=question.probability,
        queue_cause=f"{question.label_cause}/{visit.form['reason']}",
        user=user,
        at=now,
        token=token,
    )


def say_reason(visit: Visit, question: Question) -> str:
    """The reason in words, with the note; what could name somebody is taken out of it first."""
    reason, note = REASONS[visit.form["reason"]], visit.form.get("note", "").strip()
    if not note:
        return reason
    for record in reveal_pair(visit, question).values():
        note = redact(note, as_identity(record))
    return note if visit.form["reason"] == "other" else f"{reason}: {note}"


def as_identity(record: RevealedRecord) -> RevealedIdentity:
    """What is known of a person by one record, for redaction."""

    def text(*names: str, between: str = " ") -> str | None:
        return between.join(str(value) for name in names if (value := record.values.get(name))) or None

    born = record.values.get("birth_date")
    return RevealedIdentity(
        person_id=record.record_key,
        name=text("first_name", "surname"),
        birth_date=born if not isinstance(born, str) else None,
        nhs_number=text("nhs_number"),
        address=text("address", "postcode", between=", "),
        phone=text("phone"),
        restricted=record.restricted,
    )


def answer_with(visit: Visit, form: Form, status: int = 200) -> Response:
    """Render the page; the records are revealed for it."""
    question = question_of(visit)
    asked = visit.form.get("cause", "") if visit.request.method == "POST" else visit.query("cause")
    cause = chosen_cause(asked)
    following = next_question(visit, question, cause)
    last = visit.query("last") if visit.query("done") in ANSWERS and _PAIR.fullmatch(visit.query("last")) else ""
    return render(
        visit,
        "steward/link_pair.html",
        status=status,
        pair=read_pair(visit, question, cause),
        form=form,
        cause=cause,
        skip=pair_address(following, cause) if following else "",
        reasons=REASONS,
        answers=ANSWERS,
        keys=KEYS,
        marks=MARKS,
        note_limit=NOTE_LIMIT,
        done=DONE.get(visit.query("done"), ""),
        last=last,
    )


def read_pair(visit: Visit, question: Question, cause: str) -> PairPage:
    """Gather what the page shows; the audit is written before the records are read."""
    records = reveal_pair(visit, question)
    if len(records) != 2:
        raise HTTPException(404)
    left, right = (records[key] for key in question.pair)
    answered = read_answers(visit).labels.get(question.pair)
    review = review_of(visit)
    within = review.of(cause)
    place = next((n for n, each in enumerate(within, start=1) if each.pair == question.pair), 0)
    return PairPage(
        address=address_of(question.pair),
        cause=CAUSES[question.cause],
        detail=say_detail(question),
        together=question.together,
        affected=question.affected,
        probability=chance(question.probability),
        weight=bits(question.weight),
        sides=(side_of(left), side_of(right)),
        rows=tuple(build_rows(question, left, right)),
        bars=tuple(build_bars(question)),
        withheld=withheld_words((left, right)),
        answer=ANSWERS[answered.answer] if answered else "",
        answer_by=answered.display_name if answered else "",
        place=place,
        of=len(within),
    )


def say_detail(question: Question) -> str:
    """Why a pair is asked about, and where the different numbers are if neither of its records shows both."""
    differ = any(step.field == "nhs_number" and step.agreement == "different" for step in question.steps)
    if question.cause == "refused" and "NHS numbers" in question.detail and question.steps and not differ:
        return f"{question.detail} At least one of the numbers is on another record of theirs."
    return question.detail


def side_of(record: RevealedRecord) -> Side:
    """Who sent the record."""
    return Side(source_title(record.source), source_lane(record.source))


def reveal_pair(visit: Visit, question: Question) -> dict[str, RevealedRecord]:
    """Show what the two records say; the audit is written first."""
    index = visit.published.review_records or RecordIndex(None)
    return reveal_records(visit.grant, question.pair, index, visit.services.audit, visit.services.now())


def question_of(visit: Visit) -> Question:
    """The question that the address names.

    Raises:
        HTTPException: The version has no such question.
    """
    question = review_of(visit).find(pair_of(visit))
    if question is None:
        raise HTTPException(404)
    return question


def next_question(visit: Visit, question: Question, cause: str) -> Question | None:
    """The next waiting question after this one, or the first if none follows; None if nothing else waits."""
    review, answers = review_of(visit), read_answers(visit)
    order = {each.pair: n for n, each in enumerate(review.of(cause))}
    waiting = [q for q in review.waiting(cause, answers.settled, answers.apart) if q.pair != question.pair]
    here = order.get(question.pair, -1)
    later = [q for q in waiting if order[q.pair] > here]
    return next(iter(later or waiting), None)
