"""Which rows of one or two tables belong together?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.linkage.assign import assign, one_to_one_probabilities
from washhouse.linkage.blocking import WIDE_RULES, rules_for
from washhouse.linkage.blocking_cost import SkippedCost, skipped_costs
from washhouse.linkage.cluster import cluster
from washhouse.linkage.config import LinkConfig
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.model import Floats
from washhouse.linkage.records import Records, check_model, encode_records, read_records
from washhouse.linkage.scoring import Progress, Scored, no_progress, score_pairs
from washhouse.linkage.summary import rule_row
from washhouse.linkage.threshold import Threshold, at_threshold, best_threshold
from washhouse.linkage.trained import TrainedModel

SIDES = ("left", "right")
PURPOSE = "link"
"""What a trained model calls the threshold that was chosen here."""


@dataclass(frozen=True, repr=False)
class Linked:
    """What linking tables gives.

    Attributes:
        pairs: One row per pair: `left_id, right_id, weight, probability, linked`, one `w_<field>` a field, strongest
            first. The parts sum to the weight minus the prior. With one-to-one also `probability_one_to_one`.
        clusters: One row per record: `side, id, cluster_id`.
        summary: Counts, estimates, blocking, weights, warnings.
        model: What was learnt; weighs the pairs of other tables alike.
        scored: Every compared pair with its pattern.
        chances: Probability that each compared pair was judged by. Shape (pairs,).
        held: Whether each may be a link at all (one-to-one leaves a record one partner). Shape (pairs,).
        cut: Probability from which on they are links.
    """

    pairs: pa.Table
    clusters: pa.Table
    summary: dict[str, Any]
    model: TrainedModel
    scored: Scored
    chances: Floats
    held: npt.NDArray[np.bool_]
    cut: float

    def __repr__(self) -> str:
        told = self.summary
        return f"Linked({told['pairs']} links, {told['compared']} pairs compared, threshold {told['threshold']})"


def link_tables(
    left: pa.Table,
    right: pa.Table | None,
    config: LinkConfig,
    *,
    names: tuple[str, str] = SIDES,
    every_pair: bool = False,
    threads: int = 1,
    progress: Progress = no_progress,
    model: TrainedModel | None = None,
) -> Linked:
    """Link two tables, or find the duplicates of one.

    Args:
        left: The first table.
        right: The second; None to look for duplicates in the first.
        config: Which columns to compare, and how.
        names: What the tables are called in errors.
        every_pair: Give all compared pairs, not only the links.
        threads: Threads to use; the result does not depend on it.
        progress: Told the step and how much of it is done.
        model: Weighs and decides as it was trained to; one is trained on these tables if left out.

    Returns:
        Pairs, clusters and summary. They do not depend on the order of rows.

    Raises:
        InputError: The tables do not fit the configuration, or there is nothing to compare.
    """
    if config.one_to_one and right is None:
        raise InputError("link-config", "one_to_one needs two tables.", "Leave it out to find duplicates in one.")
    if model is not None:
        check_model(model, config)
    started = time.perf_counter()
    progress("standardise", 0.0)
    records = read_records([left] if right is None else [left, right], config, names)
    encoded, warnings = encode_records(records, config, model)
    side = records.side if right is not None else None
    rules, unused = _rules(encoded, side, config, model)
    limit = config.max_block_pairs if model is None else model.max_block_pairs
    scored = score_pairs(
        encoded,
        side=side,
        rules=rules,
        max_block_pairs=limit,
        threads=threads,
        progress=progress,
        model=model.model if model is not None else None,
    )
    progress("decide", 0.0)
    chances = scored.pair_probabilities
    if config.one_to_one:
        sizes = (int((records.side == 0).sum()), int((records.side == 1).sum()))
        c = scored.candidates
        chances = one_to_one_probabilities(c.left, c.right, scored.pair_weights, scored.model.prior, sizes)
    held, threshold, linked = _decide(scored, chances, config, model)
    row = encoded.row("nhs_number")
    grouped = cluster(
        encoded.records,
        scored.candidates.left[linked],
        scored.candidates.right[linked],
        scored.pair_weights[linked],
        nhs_number=encoded.codes[row] if row >= 0 else None,
        limit=max(encoded.records, 2),
    )
    costs = skipped_costs(encoded, scored.candidates, chances, side, limit)
    warnings += [*unused, *(cost.words for cost in costs), *_odd(scored, threshold, model, encoded.records)]
    learnt = model or TrainedModel(
        scored.model, (), tuple(rules), limit, encoded.bands, {PURPOSE: threshold.probability}, encoded.records
    )
    progress("done", 1.0)
    summary = _summary(records, encoded, scored, threshold, costs, warnings) | {
        "trained_model": learnt.digest,
        "rules_left_out": _left_out(encoded, rules, config, model),
        "clusters": len(np.unique(grouped.label)),
        "seconds": round(time.perf_counter() - started, 2),
    }
    pairs = _pairs(records, scored, chances, linked, config, every_pair)
    return Linked(
        pairs, _clusters(records, grouped.label), summary, learnt, scored, chances, held, threshold.probability
    )


def _rules(
    encoded: Encoded, side: Ints | None, config: LinkConfig, model: TrainedModel | None
) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    """Return the blocking rules, and warnings of rules that cannot be used."""
    standard = rules_for(encoded, side) if config.standard_rules and model is None else ()
    rules = standard if model is None else model.rules
    own = [rule for rule in dict.fromkeys(config.rules) if rule not in rules]
    usable = [rule for rule in own if all(part in encoded.parts for part in rule)]
    if not rules and not usable:
        raise InputError(
            "link-no-blocking",
            "No rule says which records to compare with these fields.",
            "Map more fields (a name, a birth date, a postcode or an identifier), or write rules in [blocking].",
        )
    unused = [f"The rule {' + '.join(r)} is not used: a field of it is not compared." for r in own if r not in usable]
    return (*rules, *usable), unused


def _left_out(
    encoded: Encoded, rules: Sequence[tuple[str, ...]], config: LinkConfig, model: TrainedModel | None
) -> list[str]:
    """Name the wide rules that would give too many pairs, and so are not used."""
    if model is not None or not config.standard_rules:
        return []
    wide = [rule for rule in WIDE_RULES if rule not in rules and all(part in encoded.parts for part in rule)]
    return [" + ".join(part.replace("_", " ") for part in rule) for rule in wide]


def _odd(scored: Scored, threshold: Threshold, model: TrainedModel | None, records: int) -> list[str]:
    """Say what else a reader should know before the links are used."""
    told = []
    if not len(scored.pattern):
        told.append("No pair was compared: no two records share what a rule asks for, or every such block was skipped.")
    elif not threshold.links:
        told.append("No compared pair is likely enough to be a link.")
    if model is not None and not 0.25 <= records / max(model.records, 1) <= 4:
        told.append(
            f"The model was trained on {model.records} records and is used on {records}: its prior, and so its "
            "probabilities and threshold, may not fit. Weights without the prior do."
        )
    return told


def _decide(
    scored: Scored, chances: Floats, config: LinkConfig, model: TrainedModel | None
) -> tuple[npt.NDArray[np.bool_], Threshold, npt.NDArray[np.int64]]:
    """Say which pairs may be links at all, choose the threshold, and the pairs that are links."""
    c = scored.candidates
    held = np.ones(len(chances), dtype=bool)
    if config.one_to_one:
        held = assign(c.left, c.right, chances, scored.pair_weights)
    cut = config.threshold
    if cut is None and model is not None:
        cut = model.thresholds.get(PURPOSE)
    if cut is None:
        threshold = best_threshold(np.where(held, chances, 0.0)) if held.any() else best_threshold(chances)
    else:
        threshold = at_threshold(np.where(held, chances, 0.0), cut)
    return held, threshold, np.flatnonzero(held & (chances >= threshold.probability))


def _pairs(
    records: Records,
    scored: Scored,
    chances: Floats,
    linked: npt.NDArray[np.int64],
    config: LinkConfig,
    every_pair: bool,
) -> pa.Table:
    c = scored.candidates
    is_link = np.zeros(len(chances), dtype=bool)
    is_link[linked] = True
    chosen = np.arange(len(chances)) if every_pair else linked
    weights = scored.pair_weights[chosen]
    chosen = chosen[np.lexsort((c.right[chosen], c.left[chosen], -weights))]
    columns: dict[str, Any] = {
        "left_id": records.ids.take(pa.array(c.left[chosen])),
        "right_id": records.ids.take(pa.array(c.right[chosen])),
        "weight": pa.array(scored.pair_weights[chosen]),
        "probability": pa.array(scored.pair_probabilities[chosen]),
    }
    if config.one_to_one:
        columns["probability_one_to_one"] = pa.array(chances[chosen])
    columns["linked"] = pa.array(is_link[chosen])
    position = {f.name: i for i, f in enumerate(scored.model.fields)}
    for field in config.fields:
        at = position.get(field.name)
        part = scored.parts[scored.pattern[chosen], at] if at is not None else np.zeros(len(chosen))
        columns[f"w_{field.name}"] = pa.array(part)
    return pa.table(columns)


def _clusters(records: Records, label: Ints) -> pa.Table:
    _, number = np.unique(label, return_inverse=True)
    return pa.table(
        {
            "side": pa.array([SIDES[s] for s in records.side.tolist()], pa.string()),
            "id": records.ids,
            "cluster_id": pa.array(number.astype(np.int64)),
        }
    )


def _summary(
    records: Records,
    encoded: Encoded,
    scored: Scored,
    threshold: Threshold,
    costs: tuple[SkippedCost, ...],
    warnings: list[str],
) -> dict[str, Any]:
    present = encoded.codes >= 0
    return {
        "left": int((records.side == 0).sum()),
        "right": int((records.side == 1).sum()),
        "pairs": threshold.links,
        "compared": len(scored.pattern),
        "threshold": round(threshold.probability, 6),
        "prior": round(scored.model.prior, 4),
        "estimated_false_links": round(threshold.false_links, 1),
        "estimated_missed_links": round(threshold.missed_links, 1),
        "estimated_f1": round(threshold.f1, 4),
        "blocking": [rule_row(r) | _cost_row(costs, r.rule) for r in scored.candidates.reports],
        "completeness": {
            f.name: {SIDES[s]: round(float(present[i, records.side == s].mean()), 4) for s in np.unique(records.side)}
            for i, f in enumerate(encoded.fields)
        },
        "weights": scored.model.table(),
        "model": scored.model.digest,
        "warnings": warnings,
    }


def _cost_row(costs: tuple[SkippedCost, ...], rule: tuple[str, ...]) -> dict[str, Any]:
    cost = next((cost for cost in costs if cost.rule == rule), None)
    if cost is None:
        return {"missed_links": 0.0, "recall_cost": 0.0}
    return {"missed_links": cost.missed_links, "recall_cost": cost.recall_cost}
