"""What should a steward know about a linkage? Counts and the model's own estimates, never an identifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.views import View
from washhouse.linkage.blocking import RuleReport
from washhouse.linkage.cluster import CAUSES
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.fields import FIELDS, Kind
from washhouse.linkage.scoring import Scored
from washhouse.linkage.shared_ends import SharedEnds
from washhouse.linkage.similarity import compiled


def linkage_summary(
    table: pa.Table,
    named: pa.Table,
    encoded: Encoded,
    scored: Scored | None,
    views: Mapping[str, Mapping[str, Any]],
    refused: pa.Table,
    labels: Ints,
    people: int,
    shared: SharedEnds,
) -> dict[str, Any]:
    """Summarise a linkage of people.

    Args:
        table: The identities, in the order of `labels`.
        named: Those under a clear identity.
        encoded: The same, encoded.
        scored: Their candidate pairs; None where there was nothing to compare.
        views: What each view comes to, see `views.view_figures`; the strict one makes the people.
        refused: Links whose union was refused, see `tables.REFUSED`.
        labels: Lowest record of each record's person.
        people: Number of people.
        shared: What people have in common.

    Returns:
        A dictionary of plain numbers and texts, ready for JSON.
    """
    strict = views[View.STRICT]
    sizes = np.bincount(np.bincount(labels)).tolist()
    causes = Counter(refused.column("cause").to_pylist())
    return {
        "records": table.num_rows,
        "people": people,
        "threshold": strict["threshold"],
        "pairs": len(scored.pattern) if scored else 0,
        "links": strict["links"],
        "estimated_false_links": strict["estimated_false_links"],
        "estimated_missed_links": strict["estimated_missed_links"],
        "views": {view: dict(figures) for view, figures in views.items()},
        "refused": {cause: causes.get(cause, 0) for cause in CAUSES[1:]},
        "records_per_person": {str(size): count for size, count in enumerate(sizes) if size and count},
        **shared.summary(),
        "blocking": [rule_row(r) for r in scored.candidates.reports] if scored else [],
        "weights": scored.model.table() if scored else [],
        "kinds_of_pair": (
            {
                kind.name: round(float(size), 1)
                for kind, size in zip(scored.model.kinds, scored.model.sizes, strict=True)
            }
            if scored
            else {}
        ),
        "by_source": _by_source(table),
        "completeness": completeness(named, encoded),
        "unusable_values": dict(encoded.unusable),
        "model": scored.model.digest if scored else "",
    }


def rule_row(report: RuleReport) -> dict[str, Any]:
    """Return what a blocking rule did, as a row."""
    return {
        "rule": " + ".join(part.replace("_", " ") for part in report.rule),
        "pairs": report.pairs,
        "skipped_blocks": report.skipped_blocks,
        "skipped_records": report.skipped_records,
        "skipped_pairs": report.skipped_pairs,
    }


def completeness(table: pa.Table, encoded: Encoded) -> list[dict[str, Any]]:
    """Return the share of records whose field says something, by source and field."""
    names = sorted(table.column("source").unique().to_pylist())
    source = pc.index_in(table.column("source"), value_set=pa.array(names, pa.string())).to_numpy()
    records = np.bincount(source, minlength=len(names))
    said = np.zeros((len(encoded.fields), len(names)), dtype=np.int64)
    _count_said(encoded.codes, source, said)
    rows = []
    for s, name in enumerate(names):
        shares = {
            f.name: round(said[i, s] / records[s], 4)
            for i, f in enumerate(encoded.fields)
            if f.kind is not Kind.SETTING
        }
        rows.append({"source": name, "records": int(records[s])} | {f: float(shares.get(f, 0.0)) for f in FIELDS})
    return rows


@compiled
def _count_said(codes: Ints, source: Any, said: Any) -> None:
    for f in range(len(codes)):
        for i in range(len(source)):
            if codes[f, i] >= 0:
                said[f, source[i]] += 1


def _by_source(table: pa.Table) -> dict[str, dict[str, int]]:
    counted = table.group_by(["source", "identity_kind"]).aggregate([([], "count_all")])
    rows: dict[str, dict[str, int]] = {}
    for row in counted.sort_by([("source", "ascending"), ("identity_kind", "ascending")]).to_pylist():
        rows.setdefault(row["source"], {"clear": 0, "pseudonym": 0})[row["identity_kind"]] = row["count_all"]
    known = table.append_column("known", pc.is_valid(table.column("nhs_number")))
    for row in known.group_by("source").aggregate([("known", "sum")]).to_pylist():
        rows[row["source"]]["with_nhs_number"] = int(row["known_sum"] or 0)
    return rows
