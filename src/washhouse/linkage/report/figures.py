"""What did a linkage learn, what did it decide, and what may it have missed? Numbers, ready for JSON; never a value.

Waterfalls are those of patterns: how fields compare, and how many pairs compare so. Nothing of a record is in them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.explain import say_field, waterfall
from washhouse.linkage.fields import Kind
from washhouse.linkage.link import Linked
from washhouse.linkage.model import Floats, Model, probability

CUTS = np.arange(-10.0, 31.0)
"""Thresholds that are compared, bits of log2 odds."""
BIN_BITS = 2.0
"""Width of a bar of the histogram, bits."""


def report_figures(linked: Linked) -> dict[str, Any]:
    """Return all figures of the training report.

    Args:
        linked: What linking gave.

    Returns:
        The summary's figures, and `parameters` (a row per level of each field), `thresholds` (a row per cut),
        `histogram` (a row per range of weights), `completeness` (a row per field and table), `waterfalls` (an entry
        per pattern shown).
    """
    summary = linked.summary
    kept = (
        "left",
        "right",
        "compared",
        "pairs",
        "clusters",
        "threshold",
        "prior",
        "blocking",
        "rules_left_out",
        "model",
        "warnings",
    )
    estimates = ("estimated_false_links", "estimated_missed_links", "estimated_f1", "trained_model")
    return {
        **{name: summary[name] for name in (*kept, *estimates)},
        "kinds": [
            {"kind": kind.name, "pairs": float(size)}
            for kind, size in zip(linked.model.model.kinds, linked.model.model.sizes, strict=True)
        ],
        "parameters": parameter_rows(linked),
        "thresholds": threshold_rows(np.where(linked.held, linked.chances, 0.0)),
        "histogram": histogram_rows(linked.scored.pair_weights, _links(linked)),
        "completeness": [
            {"field": say_field(name), "table": side, "share": share}
            for name, shares in summary["completeness"].items()
            for side, share in shares.items()
        ],
        "waterfalls": waterfall_rows(linked),
    }


def parameter_rows(linked: Linked) -> list[dict[str, Any]]:
    """Return a row per level of each field: shares among one person's pairs and strangers', weight, pairs seen."""
    scored, model = linked.scored, linked.scored.model
    seen = np.bincount(scored.pattern, minlength=len(scored.patterns))
    rows = iter(model.table())
    return [
        next(rows)
        | {
            "title": say_field(field.name),
            "place": level,
            "pairs": int(seen[scored.levels[:, f] == level].sum()),
        }
        for f, field in enumerate(model.fields)
        if field.kind is not Kind.SETTING
        for level in range(1, len(field.levels) + 1)
    ]


def threshold_rows(chances: Floats, cuts: Floats = CUTS) -> list[dict[str, Any]]:
    """Return what the model expects of each cut: links, precision, recall among compared pairs, F1.

    Args:
        chances: Probability of each compared pair, 0 where it may be no link.
        cuts: Cuts, bits of log2 odds.
    """
    order = np.sort(chances)[::-1]
    right = np.concatenate([[0.0], np.cumsum(order)])
    rows = []
    for bits, cut in zip(cuts.tolist(), probability(cuts).tolist(), strict=True):
        links = int(np.searchsorted(-order, -cut, side="right"))
        precision = float(right[links] / links) if links else 1.0
        recall = float(right[links] / right[-1]) if right[-1] else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        rows.append(
            {"bits": bits, "probability": cut, "links": links, "precision": precision, "recall": recall, "f1": f1}
        )
    return rows


def histogram_rows(weights: Floats, links: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Count compared pairs, and links among them, by weight."""
    if not len(weights):
        return []
    place = np.floor(weights / BIN_BITS).astype(np.int64)
    first = int(place.min())
    pairs = np.bincount(place - first)
    linked = np.bincount(place - first, weights=links)
    return [
        {
            "from": (first + i) * BIN_BITS,
            "to": (first + i + 1) * BIN_BITS,
            "pairs": int(pairs[i]),
            "links": int(linked[i]),
        }
        for i in range(len(pairs))
    ]


def waterfall_rows(linked: Linked) -> list[dict[str, Any]]:
    """Tell some patterns step by step: the usual and the doubtful, on either side of the threshold."""
    scored, links = linked.scored, _links(linked)
    seen = np.bincount(scored.pattern, minlength=len(scored.patterns))
    linking = np.bincount(scored.pattern[links], minlength=len(scored.patterns))
    often = 2 * linking >= np.maximum(seen, 1)
    shown: dict[int, str] = {}
    for why, among, score in (
        ("the commonest links", often, seen),
        ("the commonest links that a field speaks against", often & (scored.parts.min(axis=1, initial=0) < -1), seen),
        ("the weakest links", often, -scored.weights),
        ("the strongest pairs left apart", ~often, scored.weights),
        ("the commonest pairs left apart", ~often, seen),
    ):
        patterns = np.flatnonzero(among)
        if len(patterns):
            shown.setdefault(int(patterns[np.argmax(score[patterns])]), why)
    return [
        {
            "why": why,
            "pairs": int(seen[at]),
            "weight": float(scored.weights[at]),
            "probability": float(probability(scored.weights[at : at + 1])[0]),
            "steps": _steps(scored.model, scored.levels[at].tolist()),
        }
        for at, why in shown.items()
    ]


def _steps(model: Model, levels: list[int]) -> list[dict[str, Any]]:
    return [
        {"field": step.title, "outcome": step.outcome, "bits": step.bits, "total": step.total, "words": step.words}
        for step in waterfall(model, levels)
    ]


def _links(linked: Linked) -> npt.NDArray[np.bool_]:
    links: npt.NDArray[np.bool_] = linked.held & (linked.chances >= linked.cut)
    return links
