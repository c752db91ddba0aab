"""Which links wait for a steward, how many are done, and what do the answers say of the linkage?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from washhouse.governance.permissions import Action
from washhouse.record.link_review import LinkReview, Question
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import share
from washhouse.web.steward.link_answers import CAUSES, Answers, address_of, read_answers, review_of

PAIRS_A_PAGE = 25
ABOUT = {
    "": "The pairs whose answer is worth most come first: those that could put many records right.",
    "refused": "The comparison joins these records, and a rule keeps them apart. A mistyped number is a common cause.",
    "household": "Records of one home, unlike each other, that only others hold together: perhaps two relatives.",
    "over-size": "The weakest link of a person who has more records than people have.",
    "near-threshold": "Pairs that are linked, or not, by little.",
    "sample": "Pairs drawn at random, most of them easy. Their answers tell how good the linkage is; "
    "the doubtful pairs alone cannot.",
}


@dataclass(frozen=True)
class Filter:
    """One choice of what to review."""

    cause: str
    title: str
    waiting: int
    href: str
    current: bool


@dataclass(frozen=True)
class Line:
    """One waiting pair."""

    place: int
    href: str
    cause: str
    detail: str
    now: str
    probability: str
    affected: int


@dataclass(frozen=True)
class Measure:
    """Precision or recall, with its interval."""

    title: str
    words: str
    estimate: str
    interval: str


def show_queue(visit: Visit) -> Response:
    """Show what waits, the most valuable first."""
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"page": "queue"})
    review, answers = review_of(visit), read_answers(visit)
    cause = chosen_cause(visit.query("cause"))
    waiting = review.waiting(cause, answers.settled, answers.apart)
    pager = build_pager(visit, len(waiting), PAIRS_A_PAGE, anchor="pairs")
    quality = review.quality(answers.labels.values())
    return render(
        visit,
        "steward/link_queue.html",
        filters=build_filters(review, answers, cause),
        cause=cause,
        about=ABOUT[cause],
        total=len(review.of(cause)),
        answered=len(review.of(cause)) - len(waiting),
        left_off=review.left_off,
        lines=[build_line(question, cause) for question in waiting[pager.first : pager.last]],
        start=pair_address(waiting[0], cause) if waiting else "",
        answers=len(answers.labels),
        has_review=visit.published.link_review is not None,
        pager=pager,
        quality=quality,
        measures=build_measures(quality),
        done="Nothing is left to answer here." if visit.query("done") and not waiting else "",
    )


def chosen_cause(asked: str) -> str:
    """A known cause, or none."""
    return asked if asked in CAUSES else ""


def pair_address(question: Question, cause: str) -> str:
    """Address of a pair's page, inside a filter."""
    address = f"/link-review/{address_of(question.pair)}"
    return f"{address}?{urlencode({'cause': cause})}" if cause else address


def build_filters(review: LinkReview, answers: Answers, chosen: str) -> list[Filter]:
    """Every cause with what waits of it."""
    return [
        Filter(
            cause=cause,
            title=title,
            waiting=len(review.waiting(cause, answers.settled, answers.apart)),
            href=f"/link-review?{urlencode({'cause': cause})}" if cause else "/link-review",
            current=cause == chosen,
        )
        for cause, title in {"": "All doubts", **CAUSES}.items()
    ]


def build_line(question: Question, cause: str) -> Line:
    """Put a waiting pair into words."""
    return Line(
        place=question.place,
        href=pair_address(question, cause),
        cause=CAUSES[question.cause],
        detail=question.detail,
        now="Together" if question.together else "Apart",
        probability=chance(question.probability),
        affected=question.affected,
    )


def chance(probability: float) -> str:
    r"""A probability as a percentage that never claims to be certain.

    >>> chance(0.42), chance(0.99999), chance(0.0001)
    ('42.0\xa0%', 'over 99.9\xa0%', 'under 0.1\xa0%')
    """
    if probability > 0.999:
        return f"over {share(0.999)}"
    return f"under {share(0.001)}" if probability < 0.001 else share(probability)


def build_measures(quality: Mapping[str, Any]) -> list[Measure]:
    """Precision and recall in words; none while too little was answered."""
    told = {
        "precision": ("Precision", "of the links made join records of one person"),
        "recall": ("Recall", "of the links that should be made are made, among compared pairs"),
    }
    return [
        Measure(
            title=title,
            words=words,
            estimate=share(quality[name]["estimate"]),
            interval=f"{share(quality[name]['lower'])} to {share(quality[name]['upper'])}",
        )
        for name, (title, words) in told.items()
        if quality[name] is not None
    ]
