"""Which links should a steward look at after this run? Built from what linking gave, kept in the vault."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.desk.database import Desk, open_desk
from washhouse.desk.linkage import list_decisions, list_labels
from washhouse.linkage.decisions import find_records
from washhouse.linkage.labelled import count_strata, labelled_quality
from washhouse.linkage.labelled_groups import labelled_groups
from washhouse.linkage.own_numbers import OwnNumbers
from washhouse.linkage.people import People
from washhouse.linkage.review import Hidden, Pair, review_queue
from washhouse.linkage.standing import stand
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
    if people.summary.get("quality"):
        people.summary["quality"]["labelled"] = _labelled(context, identity, people)
    context.vault.write("review", generation, review.pairs)
    context.vault.write("review_record", generation, review.records)
    return review.summary(), dict.fromkeys(("review", "review_record"), generation)


def _labelled(context: RunContext, identity: pa.Table, people: People) -> dict[str, Any]:
    """Measure the linkage by stewards' answers, for everybody and by group."""
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        labels = list_labels(desk)
    finally:
        desk.close()
    if not labels:
        return {"overall": None, "groups": []}
    numbers = OwnNumbers(identity, people.membership)
    linked, closed = stand(people.edges, people.refused, people.summary["threshold"], numbers)
    chances = people.edges.column("probability").to_numpy()[~closed]
    named = identity.filter(pc.equal(identity.column("identity_kind"), "clear"))
    current = people.membership.filter(pc.is_null(people.membership.column("valid_to")))
    held = named.select(["source", "source_id"]).append_column("row", pa.array(np.arange(named.num_rows)))
    joined = held.join(current.select(["source", "source_id", "person_id"]), ["source", "source_id"]).sort_by("row")
    _, person = np.unique(joined.column("person_id").to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    keys = {key for label in labels for key in (label.left_key, label.right_key)}
    records = find_records(named, keys, partial(context.vault.hmac, "record-key"))
    edges = people.edges.filter(pa.array(~closed))
    return {
        "overall": labelled_quality(labels, count_strata(chances, linked[~closed])),
        "groups": labelled_groups(named, person, edges, linked[~closed], labels, records),
    }


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
