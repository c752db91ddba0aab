"""Which links wait for a steward, and what do the answers so far say of the linkage?

Questions carry opaque record keys, levels and weights; no value of a record and no person. What the records say is
`governance.record_reveal`'s to show.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from washhouse.governance.reveal import VaultTables
from washhouse.linkage.explain import Agreement, Step
from washhouse.linkage.labelled import Label, Stratum, cause_of, labelled_quality
from washhouse.linkage.review import Pair

SAMPLE = "sample"
"""Filter for the pairs that were drawn at random, whatever else they are."""


@dataclass(frozen=True)
class Question:
    """Are two records one person's?

    Attributes:
        pair: Keys of the two records, the lower first.
        cause: Why it is asked: `refused`, `household`, `over-size`, `near-threshold` or `sample`.
        detail: The same in words.
        sampled: The pair was drawn at random.
        together: The records are one person's now.
        weight: Weight of the pair, bits.
        probability: Probability to be one person, 0 to 1.
        affected: Records that change their person if the answer is against the linkage.
        place: Place in the queue.
        steps: How the weight comes about; empty where the model is not at hand.
    """

    pair: Pair
    cause: str
    detail: str
    sampled: bool
    together: bool
    weight: float
    probability: float
    affected: int
    place: int
    steps: tuple[Step, ...]

    @property
    def label_cause(self) -> str:
        """What a label keeps of why it was asked."""
        return cause_of(self.cause, self.together, self.sampled)


@dataclass(frozen=True)
class LinkReview:
    """The questions of one published version.

    Attributes:
        questions: In the order in which to ask; those that are only a sample follow.
        left_off: Pairs worth asking about that the queue had no room for.
        strata: What labels are weighed by.
        sides: The two people of each question, opaque; equal where the records are together.
    """

    questions: tuple[Question, ...] = ()
    left_off: int = 0
    strata: tuple[Stratum, ...] = ()
    sides: Mapping[Pair, frozenset[str]] = field(default_factory=dict, repr=False)

    def find(self, pair: Pair) -> Question | None:
        """The question about a pair, answered or not; None if there is none."""
        return next((question for question in self.questions if question.pair == pair), None)

    def of(self, cause: str = "") -> list[Question]:
        """Questions of one cause; of all but those that are only a sample, if none is named."""
        if cause == SAMPLE:
            drawn = [question for question in self.questions if question.sampled]
            # The order of keys is random: whoever stops early has still answered a random part.
            return sorted(drawn, key=lambda question: question.pair)
        return [q for q in self.questions if q.cause == cause or (not cause and q.cause != SAMPLE)]

    def waiting(self, cause: str, answered: Collection[Pair], kept_apart: Collection[Pair] = ()) -> list[Question]:
        """Questions that nobody has answered yet.

        Args:
            cause: As for `of`.
            answered: Pairs with an answer.
            kept_apart: Pairs of them that are different people: other pairs of the same two people wait no more.
        """
        settled = set(answered)
        apart = {self.sides[pair] for pair in kept_apart if len(self.sides.get(pair, ())) == 2}
        return [q for q in self.of(cause) if q.pair not in settled and self.sides.get(q.pair) not in apart]

    def quality(self, labels: Iterable[Label]) -> dict[str, Any]:
        """Precision and recall by the labels that stand; see `linkage.labelled.labelled_quality`."""
        return labelled_quality(labels, self.strata)


def read_link_review(
    vault: VaultTables, generations: Mapping[str, str], summary: Mapping[str, Any]
) -> LinkReview | None:
    """Read the questions of a published version; None if it has no link review.

    Args:
        vault: The vault.
        generations: The version's vault tables.
        summary: The version's figures; those of the review are under `linkage` and `review`.
    """
    generation = generations.get("review")
    if generation is None:
        return None
    figures = summary.get("linkage", {}).get("review", {})
    return build_link_review(vault.read("review", generation), figures)


def build_link_review(pairs: pa.Table, figures: Mapping[str, Any]) -> LinkReview:
    """Put `vault.review` and its summary into the shape that pages use."""
    rows = sorted(pairs.to_pylist(), key=lambda row: int(row["place"]))
    return LinkReview(
        questions=tuple(_question(row) for row in rows),
        left_off=figures.get("left_off", 0),
        strata=tuple(Stratum(**stratum) for stratum in figures.get("strata", ())),
        sides={
            (row["left_key"], row["right_key"]): frozenset((row["left_person"], row["right_person"])) for row in rows
        },
    )


def _question(row: Mapping[str, Any]) -> Question:
    steps = json.loads(row["steps"])
    return Question(
        pair=(row["left_key"], row["right_key"]),
        cause=row["cause"],
        detail=row["detail"],
        sampled=row["sampled"],
        together=row["together"],
        weight=row["weight"],
        probability=row["probability"],
        affected=row["affected"] or 0,
        place=row["place"],
        steps=tuple(Step(**{**step, "agreement": Agreement(step["agreement"])}) for step in steps),
    )
