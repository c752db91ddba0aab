"""Which rows of one or two tables belong together?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.linkage.assign import assign, one_to_one_probabilities
from washhouse.linkage.blocking import RuleReport, rules_for
from washhouse.linkage.cluster import cluster
from washhouse.linkage.config import LinkConfig, SideConfig
from washhouse.linkage.encode import Encoded, Ints, encode
from washhouse.linkage.fields import Field
from washhouse.linkage.model import Floats
from washhouse.linkage.read import select_column, select_ids
from washhouse.linkage.scoring import Progress, Scored, no_progress, score_pairs
from washhouse.linkage.standardise import birth_date
from washhouse.linkage.summary import rule_row
from washhouse.linkage.threshold import Threshold, at_threshold, best_threshold

SIDES = ("left", "right")


@dataclass(frozen=True)
class Linked:
    """What linking tables gives.

    Attributes:
        pairs: One row per pair: `left_id, right_id, weight, probability, linked`, one `w_<field>` a field, strongest
            first. The parts sum to the weight minus the prior. With one-to-one also `probability_one_to_one`.
        clusters: One row per record: `side, id, cluster_id`.
        summary: Counts, estimates, blocking, weights, warnings.
    """

    pairs: pa.Table
    clusters: pa.Table
    summary: dict[str, Any]


def link_tables(
    left: pa.Table,
    right: pa.Table | None,
    config: LinkConfig,
    *,
    names: tuple[str, str] = SIDES,
    every_pair: bool = False,
    threads: int = 1,
    progress: Progress = no_progress,
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

    Returns:
        Pairs, clusters and summary. They do not depend on the order of rows.

    Raises:
        InputError: The tables do not fit the configuration, or there is nothing to compare.
    """
    if config.one_to_one and right is None:
        raise InputError("link-config", "one_to_one needs two tables.", "Leave it out to find duplicates in one.")
    started = time.perf_counter()
    progress("standardise", 0.0)
    tables = [left] if right is None else [left, right]
    records = _Records.read(tables, config, names)
    encoded, warnings = _encode(records, config)
    side = records.side if right is not None else None
    if not rules_for(encoded, side):
        raise InputError(
            "link-no-blocking",
            "No rule says which records to compare with these fields.",
            "Map more fields: a name, a birth date, a postcode or an identifier.",
        )
    scored = score_pairs(encoded, side=side, max_block_pairs=config.max_block_pairs, threads=threads, progress=progress)
    progress("decide", 0.0)
    chances = scored.pair_probabilities
    if config.one_to_one:
        sizes = (int((records.side == 0).sum()), int((records.side == 1).sum()))
        c = scored.candidates
        chances = one_to_one_probabilities(c.left, c.right, scored.pair_weights, scored.model.prior, sizes)
    threshold, linked = _decide(scored, chances, config)
    row = encoded.row("nhs_number")
    grouped = cluster(
        encoded.records,
        scored.candidates.left[linked],
        scored.candidates.right[linked],
        scored.pair_weights[linked],
        nhs_number=encoded.codes[row] if row >= 0 else None,
        limit=max(encoded.records, 2),
    )
    warnings += [_skipped(report) for report in scored.candidates.reports if report.skipped_blocks]
    progress("done", 1.0)
    summary = _summary(records, encoded, scored, threshold, warnings) | {
        "clusters": len(np.unique(grouped.label)),
        "seconds": round(time.perf_counter() - started, 2),
    }
    pairs = _pairs(records, scored, chances, linked, config, every_pair)
    return Linked(pairs, _clusters(records, grouped.label), summary)


def _skipped(report: RuleReport) -> str:
    return (
        f"Blocking on {' and '.join(report.rule)}: {report.skipped_blocks} blocks skipped as too large "
        f"({report.skipped_records} records, {report.skipped_pairs} pairs). "
        "True pairs among them that no other rule reaches are missed."
    )


@dataclass(frozen=True)
class _Records:
    """Rows of both tables under one numbering: left before right, each by id."""

    ids: pa.Array
    side: Ints
    columns: Mapping[str, pa.Array]

    @classmethod
    def read(cls, tables: list[pa.Table], config: LinkConfig, names: tuple[str, str]) -> _Records:
        ids, columns, sides = [], [], []
        for s, (table, side) in enumerate(zip(tables, (config.left, config.right), strict=False)):
            if table.num_rows == 0:
                raise InputError("link-empty", f"{names[s]} has no rows.")
            own = select_ids(table, side, names[s])
            order = pa.array(np.argsort(np.array(own.to_pylist(), dtype=object), kind="stable"))
            ids.append(own.take(order))
            columns.append(
                {
                    f.name: select_column(table, f.name, side.columns[f.name], names[s]).take(order)
                    for f in config.fields
                }
            )
            sides.append(np.full(table.num_rows, s, dtype=np.int32))
        joined = {f.name: pa.concat_arrays([c[f.name] for c in columns]) for f in config.fields}
        return cls(pa.concat_arrays(ids), np.concatenate(sides), joined)


def _encode(records: _Records, config: LinkConfig) -> tuple[Encoded, list[str]]:
    """Encode the fields that say something; warn of the ones that do not."""
    warnings: list[str] = []
    present: list[Field] = []
    for field in config.fields:
        values = records.columns[field.name]
        if values.null_count == len(values):
            warnings.append(f"{field.name} is missing everywhere and is not compared.")
        else:
            present.append(_dated(field, config.left, config.right))
    if not present:
        raise InputError("link-all-missing", "Every mapped field is missing in every row.")
    encoded = encode({f.name: records.columns[f.name] for f in present}, present)
    for i, field in enumerate(encoded.fields):
        lost = encoded.unusable[field.name]
        known = int((encoded.codes[i] >= 0).sum())
        if lost and not known and field.name == "birth_date":
            raise InputError(
                "link-dates-unreadable",
                "No birth date could be read.",
                'Say how they are written: birth_date = {column = "...", parse = "%d.%m.%Y"}.',
            )
        if lost:
            warnings.append(f"{field.name}: {lost} values say nothing (placeholders, or not in the expected form).")
    return encoded, warnings


def _dated(field: Field, left: SideConfig, right: SideConfig) -> Field:
    """Let a date be read in the formats that were declared; both sides', where they differ."""
    if field.name != "birth_date":
        return field
    formats = sorted({side.columns["birth_date"].parse for side in (left, right)})
    return replace(field, standard=partial(_read_date, formats=formats))


def _read_date(text: str, formats: list[str]) -> str | None:
    return next((found for form in formats if (found := birth_date(text, form))), None)


def _decide(scored: Scored, chances: Floats, config: LinkConfig) -> tuple[Threshold, npt.NDArray[np.int64]]:
    """Choose the threshold, and the pairs that are links."""
    c = scored.candidates
    held = np.ones(len(chances), dtype=bool)
    if config.one_to_one:
        held = assign(c.left, c.right, chances, scored.pair_weights)
    if config.threshold is None:
        threshold = best_threshold(np.where(held, chances, 0.0)) if held.any() else best_threshold(chances)
    else:
        threshold = at_threshold(np.where(held, chances, 0.0), config.threshold)
    return threshold, np.flatnonzero(held & (chances >= threshold.probability))


def _pairs(
    records: _Records,
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


def _clusters(records: _Records, label: Ints) -> pa.Table:
    _, number = np.unique(label, return_inverse=True)
    return pa.table(
        {
            "side": pa.array([SIDES[s] for s in records.side.tolist()], pa.string()),
            "id": records.ids,
            "cluster_id": pa.array(number.astype(np.int64)),
        }
    )


def _summary(
    records: _Records, encoded: Encoded, scored: Scored, threshold: Threshold, warnings: list[str]
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
        "blocking": [rule_row(r) for r in scored.candidates.reports],
        "completeness": {
            f.name: {SIDES[s]: round(float(present[i, records.side == s].mean()), 4) for s in np.unique(records.side)}
            for i, f in enumerate(encoded.fields)
        },
        "weights": scored.model.table(),
        "model": scored.model.digest,
        "warnings": warnings,
    }
