"""Whose record is it? From source records to people with ids that last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Table
from washhouse.core.views import View
from washhouse.lake.engine import Engine
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.decisions import count_decisions, rows_of_pairs
from washhouse.linkage.earlier import Earlier
from washhouse.linkage.encode import Ints
from washhouse.linkage.expected_errors import Totals
from washhouse.linkage.grouping import Population, in_order, name_people
from washhouse.linkage.index import LinkIndex
from washhouse.linkage.model import Model
from washhouse.linkage.pairs import Paired, index_of, pair_records
from washhouse.linkage.person_ids import Key, Record
from washhouse.linkage.quality import linkage_quality, rules_that_give
from washhouse.linkage.quality_groups import GROUPING, OwnGroups, own_groups, own_groups_again
from washhouse.linkage.regrouping import clear_row, regroup, unchanged_rows
from washhouse.linkage.scoring import KEPT_EDGE, Progress, Scored, no_progress, worth_keeping
from washhouse.linkage.shared_again import share
from washhouse.linkage.splice import Changes, find_changes
from washhouse.linkage.summary import linkage_summary
from washhouse.linkage.tables import RETIRED_ID
from washhouse.linkage.threads import aside
from washhouse.linkage.threshold import Strictness, view_thresholds
from washhouse.linkage.trained import TrainedModel
from washhouse.linkage.views import cluster_views, view_figures
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
    engine: Engine | None = None,
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
        engine: What finds and compares pairs, but for increments; left out, this process. The result is the same.

    Returns:
        The people, with ids that carry on from `previous`.

    Raises:
        InputError: Two rows have one source and id.
    """
    tell = progress or no_progress
    table = in_order(conform(IDENTITY, identities).combine_chunks())
    earlier = _to_go_on_from(index, model, previous)
    changes = find_changes(earlier.found.table, table, threads) if earlier else None
    clear = np.flatnonzero(pc.equal(table.column("identity_kind"), "clear").to_numpy(zero_copy_only=False))
    named = table.take(pa.array(clear)) if len(clear) < table.num_rows else table
    tell("standardise", 0.0)
    unchanged = unchanged_rows(earlier, changes, clear, model) if earlier and changes and model else None
    paired = pair_records(named, model, index, threads, tell, unchanged, engine)
    encoded, trained = paired.encoded, paired.trained
    tell("cluster", 0.0)
    cuts = _cuts(paired.scored, model, strictness)
    decided = rows_of_pairs(named, must), rows_of_pairs(named, cannot)
    scored = worth_keeping(paired.scored) if paired.scored else None
    found = Population(table, clear, named, encoded, scored, decided)
    now: Earlier | None = None
    going_on = bool(earlier and paired.update and cuts == earlier.cuts)
    if going_on and earlier and changes and trained and paired.update:
        now = regroup(earlier, found, changes, paired.update, trained.field_names, key, threads)
        label = now.grouped.labels[View.STRICT]
    else:
        views = cluster_views(encoded, named, scored, cuts, *decided)
        label = views.clusters[View.STRICT].label
    report = partial(_report, found, label, paired, earlier if going_on else None, changes)
    with aside(report, threads) as reported:
        tell("name", 0.0)
        if now is None:
            now = Earlier.of(found, name_people(found, views, previous, key), cuts)
        made = now.grouped
        tell("households", 0.0)
        carried, shared = share(found, made, earlier if going_on else None, changes, trained, key, threads)
        quality, caught, said = reported()
    now = replace(now, carried=carried, shared=shared, caught=caught, said=said)
    tell("done", 1.0)
    figures = view_figures(cuts, made.labels, scored, made.views, len(made.ids), _totals(quality), decided)
    summary = linkage_summary(
        table, named, encoded, paired.scored, figures, made.refused, made.label, len(made.ids), shared
    )
    persons = pa.DictionaryArray.from_arrays(pa.array(made.person[clear]), made.ids)
    index = index_of(paired, scored, named, persons, {view.value: cuts[view] for view in View})
    return People(
        membership=made.membership,
        edges=now.edges,
        retired=_table(RETIRED_ID, _columns(now.retired.items(), 2)),
        refused=made.refused,
        relations=shared.table,
        views=made.views,
        summary=summary
        | {"pairing": paired.summary, "decisions": count_decisions(must, cannot, decided, made.unmet)}
        | {"quality": quality},
        model=paired.scored.model if paired.scored else None,
        index=replace(index, earlier=now) if index else None,
    )


def _report(
    found: Population, label: Ints, paired: Paired, earlier: Earlier | None, changes: Changes | None
) -> tuple[dict[str, Any] | None, npt.NDArray[np.int8] | None, OwnGroups]:
    """Report on the linkage; also say how many rules give each pair, and into which groups records fall."""
    update, trained = paired.update, paired.trained
    if earlier and changes and earlier.said:
        row = clear_row(earlier, found, changes)
        said = own_groups_again(earlier.said, found.named, row, (changes.of(GROUPING)[found.clear]) | (row < 0))
    else:
        said = own_groups(found.named)
    if found.scored is None or trained is None:
        return None, None, said
    caught = update.caught if update else None
    if caught is None:
        caught = rules_that_give(found.encoded, found.scored, trained)
    told = linkage_quality(found.named, found.encoded, found.scored, label, trained, found.decided, caught, said)
    return told, caught, said


def _to_go_on_from(index: LinkIndex | None, model: TrainedModel | None, previous: pa.Table | None) -> Earlier | None:
    """Return what an index's own linkage came to, where nothing else came between."""
    earlier = index.earlier if index else None
    if index is None or earlier is None or model is None or previous is None or index.trained.digest != model.digest:
        return None
    last = earlier.grouped.membership
    return earlier if previous is last or previous.equals(last) else None


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
