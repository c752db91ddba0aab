"""Which links should a steward look at after this run? Built from what linking gave, kept in the vault."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.desk.database import Desk, open_desk
from washhouse.desk.linkage import list_decisions, list_labels
from washhouse.linkage.people import People
from washhouse.linkage.review import Hidden, Pair, review_queue
from washhouse.pipeline.context import RunContext

_SEED = 1866


def write_review(
    context: RunContext, identity: pa.Table, people: People, generation: str, hidden: Hidden | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Queue the pairs that a steward should be asked about and keep the queue in the vault.

    Args:
        context: The run.
        identity: `vault.identity`.
        people: What linking gave.
        generation: Name of the new generation of the vault's tables.
        hidden: True for two records between which a sensitive change lies.

    Returns:
        Figures of the queue, without identifiers; and the generation of each vault table.
    """
    answered, apart = read_answers(context)
    # Another sample at every version: one that is answered never comes again, one that is not may.
    number = context.published.number if context.published else 0
    review = review_queue(
        identity,
        people.membership,
        people.edges,
        people.refused,
        key=partial(context.vault.hmac, "record-key"),
        threshold=people.summary["threshold"],
        model=people.model,
        answered=answered,
        kept_apart=apart,
        hidden=hidden,
        rng=np.random.default_rng([_SEED, number]),
    )
    context.vault.write("review", generation, review.pairs)
    context.vault.write("review_record", generation, review.records)
    return review.summary(), dict.fromkeys(("review", "review_record"), generation)


def read_answers(context: RunContext) -> tuple[set[Pair], set[Pair]]:
    """Return the pairs that stewards have answered or decided, and those that they found to be different people."""
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        return answered_pairs(desk, context)
    finally:
        desk.close()


def answered_pairs(desk: Desk, context: RunContext) -> tuple[set[Pair], set[Pair]]:
    """Return the same from an open desk."""
    decisions = list_decisions(desk, at=context.now)
    decided = {(decision.left_key, decision.right_key) for decision in decisions}
    apart = {(decision.left_key, decision.right_key) for decision in decisions if decision.kind == "cannot"}
    return decided | {(label.left_key, label.right_key) for label in list_labels(desk)}, apart
