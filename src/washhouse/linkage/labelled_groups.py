"""How good is the linkage for each group of people, judged by stewards' answers?

The same estimate as for everybody (`labelled`), over the pairs and the answers of one group. A pair of two people of
different groups counts for both. Until a group has enough sampled answers its figures are withheld, and it is said how
many are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.linkage.decisions import rows_of_pairs
from washhouse.linkage.labelled import Label, count_strata, labelled_quality
from washhouse.linkage.person_ids import Record
from washhouse.linkage.quality import LEAST_PEOPLE
from washhouse.linkage.quality_groups import dimensions
from washhouse.linkage.sensitive import Flags

_SIDES = (("left_source", "left_id"), ("right_source", "right_id"))


def labelled_groups(
    table: pa.Table,
    person: npt.NDArray[np.integer[Any]],
    edges: pa.Table,
    linked: Flags,
    labels: Iterable[Label],
    records: Mapping[str, Record],
) -> list[dict[str, Any]]:
    """Estimate precision and recall by group.

    Args:
        table: Records under a clear identity, see `sources.identity.IDENTITY`.
        person: Number of each record's person, from 0 without gaps. Shape (records,).
        edges: Compared pairs that may be asked about, see `tables.EDGE`.
        linked: True where an edge's records are one person's now.
        labels: Answers that stand, the latest of a pair last.
        records: The records that labels name, by their opaque keys.

    Returns:
        One row per group with at least `LEAST_PEOPLE` people and one answer: `dimension, title, group, answers, needed,
        precision, recall`; the last two as `labelled_quality` gives them, None where too little was answered.
    """
    told = [label for label in labels if label.left_key in records and label.right_key in records]
    if not told:
        return []
    asked = rows_of_pairs(table, [(records[label.left_key], records[label.right_key]) for label in told])
    if asked.shape[1] < len(told):  # an answer about a record under a pseudonym only
        known = [bool(rows_of_pairs(table, [(records[t.left_key], records[t.right_key])]).shape[1]) for t in told]
        told = [label for label, here in zip(told, known, strict=True) if here]
    sides = [edges.column(name).to_pylist() for names in _SIDES for name in names]
    pairs = rows_of_pairs(table, [((a, b), (c, d)) for a, b, c, d in zip(*sides, strict=True)])
    chances = edges.column("probability").to_numpy()
    rows = []
    for dimension in dimensions(table, person):
        of_edges, of_labels = (dimension.of_person[ends] for ends in (pairs, asked))
        for code, group in enumerate(dimension.groups):
            mine = np.flatnonzero((of_labels == code).any(axis=0)).tolist()
            if not mine or len(np.unique(person[dimension.of_person == code])) < LEAST_PEOPLE:
                continue
            here = (of_edges == code).any(axis=0)
            found = labelled_quality([told[i] for i in mine], count_strata(chances[here], linked[here]))
            kept = {name: found[name] for name in ("answers", "needed", "precision", "recall")}
            rows.append({"dimension": dimension.name, "title": dimension.title, "group": group} | kept)
    return rows


def groups_told(rows: Sequence[Mapping[str, Any]]) -> int:
    """Count the groups for which a figure can be told.

    >>> groups_told([{"precision": None}, {"precision": {"estimate": 0.9}}])
    1
    """
    return sum(row["precision"] is not None for row in rows)
