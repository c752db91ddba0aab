"""What was answered about links, by whom, and how is it taken back?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.desk.linkage import Label, list_decisions, list_labels, undo_decision, undo_label
from washhouse.governance.permissions import Action
from washhouse.record.link_review import LinkReview
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import redirect, render
from washhouse.web.shell.visit import Visit

ANSWERS = {"same": "Same person", "different": "Different people", "unsure": "Cannot tell"}
"""Answers as buttons and lists show them."""
CAUSES = {
    "refused": "Union refused",
    "household": "One home",
    "over-size": "Many records",
    "near-threshold": "Near the threshold",
    "sample": "Quality sample",
}
"""Why a pair is asked about."""
REASONS = {
    "details-agree": "What identifies the person agrees",
    "details-differ": "What identifies the person differs",
    "changed": "Moved, or changed their name",
    "mistyped": "A number or date is mistyped",
    "relatives": "Twins or other relatives",
    "checked": "Checked with a sender",
    "too-little": "Too little to go on",
    "other": "Something else (say what below)",
}
"""Why an answer was given."""
ANSWERS_A_PAGE = 25
Pair = tuple[str, str]


@dataclass(frozen=True)
class Answers:
    """Answers that stand.

    Attributes:
        labels: The latest answer about each pair.
        decided: Pairs that a decision keeps together or apart, answered here or not.
        apart: Those of them that are kept apart.
        reasons: Why a decision was taken.
    """

    labels: Mapping[Pair, Label]
    decided: frozenset[Pair]
    apart: frozenset[Pair]
    reasons: Mapping[Pair, str]

    def reason(self, pair: Pair) -> str:
        """Why a pair was answered as it was, in words."""
        code = (*self.labels[pair].queue_cause.split("/"), "", "")[2]
        return self.reasons.get(pair) or REASONS.get(code, "")

    @property
    def settled(self) -> frozenset[Pair]:
        """Pairs that need no answer."""
        return self.decided | self.labels.keys()


@dataclass(frozen=True)
class AnswerLine:
    """One answer as shown."""

    at: datetime
    author: str
    mine: bool
    answer: str
    style: str
    cause: str
    reason: str
    pair: str
    place: int


STYLES = {"same": "blue", "different": "orange", "unsure": "grey"}


def review_of(visit: Visit) -> LinkReview:
    """The questions of the pinned version; none where it has no review."""
    return visit.published.link_review or LinkReview()


def read_answers(visit: Visit) -> Answers:
    """Read the answers and decisions that stand now."""
    desk, now = visit.services.desk, visit.services.now()
    decisions = list_decisions(desk, at=now)
    labels = sorted(list_labels(desk), key=lambda label: label.id)
    return Answers(
        labels={(label.left_key, label.right_key): label for label in labels},
        decided=frozenset((each.left_key, each.right_key) for each in decisions),
        apart=frozenset((each.left_key, each.right_key) for each in decisions if each.kind == "cannot"),
        reasons={(each.left_key, each.right_key): each.reason for each in decisions},
    )


def show_answers(visit: Visit) -> Response:
    """List the answers that stand, the latest first, each with a way to take it back."""
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"page": "answers"})
    lines = build_lines(read_answers(visit), review_of(visit), visit.user.actor)
    mine = visit.query("of") == "mine"
    chosen = [line for line in lines if not mine or line.mine]
    pager = build_pager(visit, len(chosen), ANSWERS_A_PAGE)
    return render(
        visit,
        "steward/link_answers.html",
        lines=chosen[pager.first : pager.last],
        pager=pager,
        mine=mine,
        done="The answer is taken back. The pair is asked about again." if visit.query("done") else "",
    )


def build_lines(answers: Answers, review: LinkReview, user: str) -> list[AnswerLine]:
    """Put answers into words, the latest first."""
    places = {question.pair: question.place for question in review.questions}
    return [
        AnswerLine(
            at=label.at,
            author=label.display_name,
            mine=label.username == user,
            answer=ANSWERS[label.answer],
            style=STYLES[label.answer],
            cause=CAUSES.get(label.queue_cause.partition("/")[0], ""),
            reason=answers.reason(pair),
            pair=address_of(pair),
            place=places.get(pair, 0),
        )
        for pair, label in sorted(answers.labels.items(), key=lambda each: each[1].id, reverse=True)
    ]


def undo_answer(visit: Visit) -> Response:
    """Take the answer about a pair back, whoever gave it, with the decision that came of it."""
    pair = pair_of(visit)
    visit.services.audit.authorise(visit.grant, Action.REVIEW_LINKS, detail={"step": "undo"})
    desk, now, user = visit.services.desk, visit.services.now(), visit.user.actor
    labels = [label for label in list_labels(desk) if (label.left_key, label.right_key) == pair]
    if not labels:
        raise HTTPException(404)
    for decision in list_decisions(desk, at=now):
        if (decision.left_key, decision.right_key) == pair:
            undo_decision(desk, decision.id, user=user, at=now)
    for label in labels:
        undo_label(desk, label.id, user=user, at=now)
    if visit.form.get("back") == "pair":
        return redirect(f"/link-review/{address_of(pair)}", done="undone")
    return redirect("/link-review/answers", done="undone")


def address_of(pair: Pair) -> str:
    """A pair as part of an address: two opaque keys."""
    return f"{pair[0]}-{pair[1]}"


def pair_of(visit: Visit) -> Pair:
    """The pair that the address names.

    Raises:
        HTTPException: The address is not shaped like one.
    """
    left, _, right = visit.parameter("pair").partition("-")
    if not (left and right):
        raise HTTPException(404)
    return left, right
