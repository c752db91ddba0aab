"""What does one linkage leave behind for the next one to go on from?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.core.views import View
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.encode import Ints
from washhouse.linkage.grouping import Grouped, Population, pair_columns
from washhouse.linkage.membership import closed_spans, heirs, ids_left
from washhouse.linkage.quality_groups import OwnGroups
from washhouse.linkage.scoring import Scored
from washhouse.linkage.shared_ends import Carried, SharedEnds
from washhouse.linkage.splice import Rows, matched
from washhouse.linkage.tables import EDGE


@dataclass(frozen=True)
class Earlier:
    """What a linkage came to, as far as the next one can go on from it.

    Attributes:
        found: Its records and pairs; every pair is worth keeping, and they are in the order of their records.
        grouped: Its people.
        cuts: Probability from which on a pair was a link.
        edges: The pairs, see `tables.EDGE`.
        span_row: Row of each span's record, -1 for one that was gone.
        left: Ids that nobody had any more.
        retired: The heirs of those that have one.
        carried: What its records carried that ties may rest on.
        shared: What its people had in common.
        caught: How many blocking rules gave each pair.
        said: Into which groups its clear records fell by what they said themselves.
    """

    found: Population
    grouped: Grouped
    cuts: Mapping[View, float]
    edges: pa.Table
    span_row: Rows
    left: pa.Array
    retired: Mapping[str, str]
    carried: Carried | None = None
    shared: SharedEnds | None = None
    caught: npt.NDArray[np.int8] | None = None
    said: OwnGroups | None = None

    @classmethod
    def of(cls, found: Population, grouped: Grouped, cuts: Mapping[View, float]) -> Earlier:
        """Keep a linkage of all records."""
        scored = found.scored
        edges = arrow_schema(EDGE).empty_table()
        if scored is not None:
            edges = edge_rows(found.named, scored, np.arange(len(scored.pattern)))
        left = ids_left(closed_spans(grouped.membership), grouped.ids)
        span_row = matched(found.table, grouped.membership)
        return cls(found, grouped, cuts, edges, span_row, left, retired_of(found.table, grouped, left))


def retired_of(table: pa.Table, grouped: Grouped, left: pa.Array) -> dict[str, str]:
    """Return who took over from ids that nobody has any more, see `membership.heirs`."""

    def now(rows: Rows) -> pa.Array:
        return grouped.ids.take(pa.array(grouped.person[rows]))

    return heirs(closed_spans(grouped.membership), left, table, now)


def edge_rows(named: pa.Table, scored: Scored, chosen: Rows) -> pa.Table:
    """Return some pairs as rows of `tables.EDGE`.

    Args:
        named: The records.
        scored: Their pairs.
        chosen: Which of them.
    """
    left: Ints = scored.candidates.left[chosen]
    columns = pair_columns(named, left, scored.candidates.right[chosen])
    columns += [
        pa.array(scored.patterns[scored.pattern[chosen]]),
        pa.array(scored.pair_weights[chosen]),
        pa.array(scored.pair_probabilities[chosen]),
        pa.array([scored.model.digest] * len(chosen), pa.string()),
    ]
    return pa.table(columns, schema=arrow_schema(EDGE))
