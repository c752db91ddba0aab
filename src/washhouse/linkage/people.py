"""Whose record is it? From source records to people with ids that last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.tables import Table
from washhouse.core.views import View
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.cluster import CAUSES, Clusters, Pairs, numbered_people
from washhouse.linkage.columnar import standard_column
from washhouse.linkage.decisions import count_decisions, rows_of_pairs
from washhouse.linkage.encode import Ints
from washhouse.linkage.expected_errors import Totals
from washhouse.linkage.index import KEPT_EDGE, LinkIndex
from washhouse.linkage.membership import STEWARD, History
from washhouse.linkage.model import Model
from washhouse.linkage.pairs import index_of, pair_records
from washhouse.linkage.person_ids import Key, Record
from washhouse.linkage.quality import linkage_quality
from washhouse.linkage.scoring import Progress, Scored, no_progress
from washhouse.linkage.shared_ends import find_shared
from washhouse.linkage.similarity import compiled
from washhouse.linkage.summary import linkage_summary
from washhouse.linkage.tables import EDGE, REFUSED, RETIRED_ID
from washhouse.linkage.threads import aside
from washhouse.linkage.threshold import Strictness, view_thresholds
from washhouse.linkage.trained import TrainedModel
from washhouse.linkage.views import cluster_views, person_views, view_figures
from washhouse.sources.identity import IDENTITY

_USUAL = Strictness()


@dataclass(frozen=True)
class People:
    """What linking people gives.

    Attributes:
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        retired: Ids that gave way, see `tables.RETIRED_ID`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        relations: Who shares a home, a telephone number or an address, see `tables.SHARED_END`.
        views: Who is one with whom in other views than the strict one, see `tables.PERSON_VIEW`.
        summary: Counts and estimates for a steward; no identifiers.
        model: The model that weighed the pairs; None where there was nothing to compare.
        index: What later increments and single records are compared with, its trained model included.
    """

    membership: pa.Table
    edges: pa.Table
    retired: pa.Table
    refused: pa.Table
    relations: pa.Table
    views: pa.Table
    summary: dict[str, Any]
    model: Model | None = None
    index: LinkIndex | None = None


def link_people(
    identities: pa.Table,
    *,
    previous: pa.Table | None,
    key: Key,
    progress: Progress | None = None,
    threads: int = 1,
    model: TrainedModel | None = None,
    index: LinkIndex | None = None,
    must: Sequence[tuple[Record, Record]] = (),
    cannot: Sequence[tuple[Record, Record]] = (),
    strictness: Strictness = _USUAL,
) -> People:
    """Link the source records of people.

    Records under a clear identity are compared on what they say; a record under a pseudonym joins the person whose
    clear records carry that pseudonym, and nothing else.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`. The order of rows does not matter.
        previous: Membership that the last run gave; None at the first.
        key: Keyed hash (HMAC-SHA-256) under the vault's key, bytes to 32 bytes.
        progress: Told the step and how much of it is done.
        threads: Threads to use; the result does not depend on it.
        model: Trained model to link under; a new one is fitted if left out.
        index: Index that an earlier run under `model` gave: only new and changed records are then compared. The
            result is that of a rebuild under the model; the summary counts compared pairs from `KEPT_EDGE` on.
        must: Pairs of records that a steward put together, the oldest first.
        cannot: Pairs of records that a steward keeps apart. Pairs with a record that is not there, or not under a
            clear identity, wait.
        strictness: What the views' thresholds are bound by, where the model does not bring its own.

    Returns:
        The people, with ids that carry on from `previous`.

    Raises:
        InputError: Two rows have one source and id.
    """
    tell = progress or no_progress
    table = _in_order(conform(IDENTITY, identities).combine_chunks())
    clear = np.flatnonzero(pc.equal(table.column("identity_kind"), "clear").to_numpy(zero_copy_only=False))
    named = table.take(pa.array(clear)) if len(clear) < table.num_rows else table
    tell("standardise", 0.0)
    paired = pair_records(named, model, index, threads, tell)
    encoded, scored = paired.encoded, paired.scored
    tell("cluster", 0.0)
    cuts = _cuts(scored, model, strictness)
    decided = rows_of_pairs(named, must), rows_of_pairs(named, cannot)
    views = cluster_views(encoded, named, scored, cuts, *decided)
    clusters, links = views.clusters[View.STRICT], views.links[View.STRICT]
    report = partial(linkage_quality, named, encoded, scored, clusters.label, paired.trained, decided, 1)
    with aside(report, threads) as reported:
        labels = _labels(table, clear, clusters)
        tell("name", 0.0)
        person = numbered_people(labels)
        founders = _founders(table, person)
        history = History.read(previous, table)
        ids = history.name_people(person, founders, key)
        membership, retired = history.carry_on(ids, person, _causes(person, founders, clear, decided))
        tell("households", 0.0)
        shared = find_shared(named, table, clear, encoded, person, ids, key)
        quality = reported()
    homes = shared.homes
    tell("done", 1.0)
    pairs = _Pairs(named)
    joined = person_views(views, scored, person[clear], _seniority(table, founders), ids)
    figures = view_figures(views, scored, joined, len(ids), _totals(quality), decided)
    return People(
        membership=membership,
        edges=_edges(pairs, scored),
        retired=_table(RETIRED_ID, _columns(retired.items(), 2)),
        refused=_refused(pairs, scored, clusters, links),
        relations=shared.table,
        views=joined,
        summary=linkage_summary(table, clear, encoded, scored, figures, clusters, labels, len(ids), homes)
        | {"shared": shared.summary}
        | {"pairing": paired.summary, "decisions": count_decisions(must, cannot, decided, clusters)}
        | {"quality": quality},
        model=scored.model if scored else None,
        index=index_of(paired, named, ids.take(pa.array(person[clear])), {view.value: cuts[view] for view in View}),
    )


def _cuts(scored: Scored | None, model: TrainedModel | None, strictness: Strictness) -> dict[View, float]:
    """Return the thresholds of a model that has them, else choose them."""
    if model is not None and all(view in model.thresholds for view in View):
        return {view: model.thresholds[view] for view in View}
    chances = scored.pair_probabilities if scored else np.empty(0)
    # An increment knows no others; the thresholds must not depend on how the pairs were come by.
    return view_thresholds(chances[chances >= KEPT_EDGE], strictness)


def _totals(quality: Mapping[str, Any] | None) -> Totals:
    """Return what is expected of the people that were made."""
    names = ("linked_pairs", "expected_false", "expected_missed")
    return Totals(*(float(quality[name]) if quality else 0.0 for name in names))


def _in_order(table: pa.Table) -> pa.Table:
    """Return records by source and id; most tables come in that order. Refuse two of one source and id."""
    if _rises(table):
        return table
    table = table.sort_by([("source", "ascending"), ("source_id", "ascending")]).combine_chunks()
    if not _rises(table):
        raise InputError(
            "identity-duplicated", "Two identity rows have the same source and source_id; one was expected."
        )
    return table


def _rises(table: pa.Table) -> bool:
    """Say whether each row comes after the one before, by source and id."""
    (source, next_source), (own, next_own) = (
        (column.slice(0, max(len(column) - 1, 0)), column.slice(1)) for column in table.columns[:2]
    )
    later = pc.or_(pc.less(source, next_source), pc.and_(pc.equal(source, next_source), pc.less(own, next_own)))
    return pc.all(later).as_py() is not False


def _labels(table: pa.Table, clear: npt.NDArray[np.int64], clusters: Clusters) -> Ints:
    """Return for each record the lowest record of its person, pseudonymous records included."""
    labels = np.arange(table.num_rows, dtype=np.int32)
    labels[clear] = clear[clusters.label].astype(np.int32)
    pseudonym = standard_column(table.column("pseudo_nhs_number"), lambda text: text).codes
    is_clear = np.zeros(table.num_rows, dtype=bool)
    is_clear[clear] = True
    carriers = np.flatnonzero(is_clear & (pseudonym >= 0))
    pairs, count = np.unique(
        pseudonym[carriers].astype(np.int64) * table.num_rows + labels[carriers], return_counts=True
    )
    # Of the people who carry a pseudonym, the one with most records that do; of several, the lowest.
    best = np.lexsort((pairs, -count, pairs // max(table.num_rows, 1)))
    whose = np.full(int(pseudonym.max(initial=-1)) + 1, -1, dtype=np.int64)
    whose[(pairs[best] // max(table.num_rows, 1))[::-1]] = (pairs[best] % max(table.num_rows, 1))[::-1]
    apart = np.flatnonzero(~is_clear & (pseudonym >= 0))
    unknown = apart[whose[pseudonym[apart]] < 0]
    whose[pseudonym[unknown[::-1]]] = unknown[::-1]
    labels[apart] = whose[pseudonym[apart]].astype(np.int32)
    return labels


def _founders(table: pa.Table, person: Ints) -> npt.NDArray[np.int64]:
    """Return the founding record of each person: the first seen, a clear one before a pseudonymous one."""
    seen = pc.cast(table.column("first_seen"), pa.int64()).to_numpy()
    apart = pc.not_equal(table.column("identity_kind"), "clear").to_numpy(zero_copy_only=False)
    founders = np.full(int(person.max(initial=-1)) + 1, -1, dtype=np.int64)
    _take_first(person, apart, seen, founders)
    return founders


@compiled
def _take_first(
    person: npt.NDArray[Any], apart: npt.NDArray[Any], seen: npt.NDArray[Any], first: npt.NDArray[Any]
) -> None:
    for i in range(len(person)):
        best = first[person[i]]
        if best < 0 or apart[i] < apart[best] or (apart[i] == apart[best] and seen[i] < seen[best]):
            first[person[i]] = i


def _seniority(table: pa.Table, founders: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return each person's place in the order of founding, 0 the first; of several at a time, by their records."""
    seen = pc.cast(table.column("first_seen"), pa.int64()).to_numpy()[founders]
    place = np.empty(len(founders), dtype=np.int64)
    place[np.lexsort((founders, seen))] = np.arange(len(founders))
    return place


def _causes(
    person: Ints, founders: npt.NDArray[np.int64], clear: npt.NDArray[np.int64], decided: tuple[Pairs, Pairs]
) -> pa.StringArray:
    """Say why a record that is new, or was decided on, belongs to its person."""
    causes = np.full(len(person), 2, dtype=np.int8)
    causes[clear] = 1
    causes[founders] = 0
    causes[clear[np.concatenate([pairs.ravel() for pairs in decided])]] = 3
    return pa.array(["founded", "linked", "pseudonym", STEWARD], pa.string()).take(pa.array(causes))


class _Pairs:
    """Names the records of candidate pairs."""

    def __init__(self, named: pa.Table) -> None:
        self._names = named.select(["source", "source_id"])

    def columns(self, left: Ints, right: Ints) -> list[pa.ChunkedArray]:
        """Source and id of both sides."""
        return [
            self._names.column(column).take(pa.array(side))
            for side in (left, right)
            for column in ("source", "source_id")
        ]


def _edges(pairs: _Pairs, scored: Scored | None) -> pa.Table:
    if scored is None:
        return arrow_schema(EDGE).empty_table()
    chances = scored.pair_probabilities
    kept = np.flatnonzero(chances >= KEPT_EDGE)
    # Records are sorted by their names, so that their rows sort the pairs.
    kept = kept[np.lexsort((scored.candidates.right[kept], scored.candidates.left[kept]))]
    columns = pairs.columns(scored.candidates.left[kept], scored.candidates.right[kept])
    columns += [
        pa.array(scored.patterns[scored.pattern[kept]]),
        pa.array(scored.pair_weights[kept]),
        pa.array(chances[kept]),
        pa.array([scored.model.digest] * len(kept), pa.string()),
    ]
    return pa.table(columns, schema=arrow_schema(EDGE))


def _refused(pairs: _Pairs, scored: Scored | None, clusters: Clusters, links: npt.NDArray[np.int64]) -> pa.Table:
    if scored is None:
        return arrow_schema(REFUSED).empty_table()
    chosen = links[clusters.refused]
    columns = pairs.columns(scored.candidates.left[chosen], scored.candidates.right[chosen])
    columns += [
        pa.array(scored.pair_weights[chosen]),
        pa.array(scored.pair_probabilities[chosen]),
        pa.array([CAUSES[c] for c in clusters.causes], pa.string()),
    ]
    return _table(REFUSED, columns)


def _columns(rows: Any, width: int) -> list[Any]:
    columns = list(zip(*rows, strict=True))
    return [list(c) for c in columns] if columns else [[] for _ in range(width)]


def _table(contract: Table, columns: Sequence[Any]) -> pa.Table:
    schema = arrow_schema(contract)
    arrays = [
        c if isinstance(c, pa.ChunkedArray | pa.Array) else pa.array(c, f.type)
        for c, f in zip(columns, schema, strict=True)
    ]
    table = pa.table(arrays, schema=schema)
    return table.sort_by([(name, "ascending") for name in contract.order])
