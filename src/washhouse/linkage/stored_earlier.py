"""What has to be kept beside an index so that the next linkage, in a process of its own, can go on from the last one?

Most of `earlier.Earlier` lies in the vault already: identities, membership, pairs, ties. What is kept here are numbers,
a row for each record or pair, which follow from those tables and would take longer to find again than to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.views import View
from washhouse.lake.schemas import conform
from washhouse.linkage.cluster import numbered_people
from washhouse.linkage.earlier import Earlier
from washhouse.linkage.grouping import Grouped, Population, in_order
from washhouse.linkage.incremental import weighed
from washhouse.linkage.index import LinkIndex
from washhouse.linkage.membership import closed_spans, ids_left
from washhouse.linkage.quality_groups import OwnGroups, newest_day, sources_of
from washhouse.linkage.shared_ends import KINDS, Carried, SharedEnds
from washhouse.linkage.splice import Rows, matched
from washhouse.linkage.tables import EDGE, PERSON_VIEW, REFUSED, SHARED_END
from washhouse.linkage.threads import spread
from washhouse.sources.identity import IDENTITY

FORMAT = 1
"""Version of these tables, and of what the functions that their numbers come from make of a record."""
TABLES = (
    "link_earlier",
    "link_record",
    "link_named",
    "link_pair",
    "link_decided",
    "link_view",
    "link_thing",
    "link_guard",
)
"""Tables of the vault that only going on from a linkage needs."""
OTHERS = ("identity", "membership", "edge", "refused", "relation", "retired")
"""Tables of the vault that it needs beside those, and beside the index."""
_CARRIED = ("written", "own", "place", "phone")
_DECIDED = ("must", "cannot")


def write_earlier(earlier: Earlier | None, digest: str) -> dict[str, pa.Table]:
    """Return what is kept of a linkage as tables, by their names (`TABLES`); none where not all of it is known.

    Args:
        earlier: What the linkage came to.
        digest: The digest of its trained model, thresholds included.
    """
    if earlier is None:
        return {}
    found, grouped = earlier.found, earlier.grouped
    carried, shared, said = earlier.carried, earlier.shared, earlier.said
    if found.scored is None or carried is None or shared is None or said is None or earlier.caught is None:
        return {}
    named = {f"label_{view.value}": grouped.labels[view] for view in View}
    named |= {name: getattr(carried, name) for name in _CARRIED}
    named |= {f"group_{name}": codes.astype(np.int16) for name, codes in said.codes.items()}
    decided = dict(zip(_DECIDED, found.decided, strict=True))
    guards = [shared.guards[kind] for kind in KINDS]
    return {
        "link_earlier": pa.table({"format": [FORMAT], "model": [digest]}),
        "link_record": pa.table(
            {"label": grouped.label, "point_0": carried.points[0], "point_1": carried.points[1]}
            | {"former": pa.array(carried.former)}
        ),
        "link_named": pa.table(named),
        "link_pair": pa.table({"caught": earlier.caught}),
        "link_decided": pa.table(
            {
                "kind": [name for name, pairs in decided.items() for _ in range(pairs.shape[1])],
                "left": np.concatenate([pairs[0] for pairs in decided.values()]),
                "right": np.concatenate([pairs[1] for pairs in decided.values()]),
            },
            schema=pa.schema([("kind", pa.string()), ("left", pa.int64()), ("right", pa.int64())]),
        ),
        "link_view": grouped.views.append_column("label", pa.array(grouped.views_label)),
        "link_thing": pa.table({"thing": shared.thing}),
        "link_guard": pa.table(
            {
                "kind": np.repeat(np.arange(len(KINDS), dtype=np.int8), [len(things) for things, _ in guards]),
                "thing": np.concatenate([things for things, _ in guards]),
                "guard": np.concatenate([each for _, each in guards]),
            }
        ),
    }


def read_earlier(
    index: LinkIndex, membership: pa.Table, read: Callable[[str], pa.Table], threads: int = 1
) -> LinkIndex:
    """Return an index with what its linkage came to; the index as it is where the two do not belong together.

    Args:
        index: The index that the linkage left.
        membership: The membership that it gave.
        read: Gives the stored table of a name (`TABLES`, `OTHERS`).
        threads: Threads to use.
    """
    if read("link_earlier").to_pylist() != [{"format": FORMAT, "model": index.trained.digest}]:
        return index
    names = (*TABLES[1:], *OTHERS)
    tables = dict(zip(names, spread(read, names, threads), strict=True))
    found = _population(index, tables)
    holds = membership.filter(pc.is_null(membership.column("valid_to")))
    if holds.num_rows != found.table.num_rows:
        return index
    grouped = _grouped(found, membership, holds, tables)
    groups = [name for name in tables["link_named"].column_names if name.startswith("group_")]
    earlier = Earlier(
        found=found,
        grouped=grouped,
        cuts={view: index.trained.thresholds[view.value] for view in View},
        edges=conform(EDGE, tables["edge"]).combine_chunks(),
        span_row=_span_rows(found.table, membership),
        left=ids_left(closed_spans(membership), grouped.ids),
        retired=dict(zip(*(tables["retired"].column(name).to_pylist() for name in ("old", "new")), strict=True)),
        carried=_carried(tables),
        shared=_shared(tables),
        caught=_numbers(tables["link_pair"], "caught"),
        said=OwnGroups(
            newest_day(found.named),
            sources_of(found.named),
            {name.removeprefix("group_"): _numbers(tables["link_named"], name).astype(np.int32) for name in groups},
        ),
    )
    return replace(index, earlier=earlier)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """Return a column of numbers that compiled code may write beside."""
    return np.require(table.column(name).to_numpy(), requirements="W")


def _population(index: LinkIndex, tables: Mapping[str, pa.Table]) -> Population:
    table = in_order(conform(IDENTITY, tables["identity"]).combine_chunks())
    clear = np.flatnonzero(pc.equal(table.column("identity_kind"), "clear").to_numpy(zero_copy_only=False))
    decided = tables["link_decided"]
    sides = np.stack([_numbers(decided, side) for side in ("left", "right")])
    must, cannot = (pc.equal(decided.column("kind"), kind).to_numpy(zero_copy_only=False) for kind in _DECIDED)
    return Population(
        table=table,
        clear=clear,
        named=table.take(pa.array(clear)) if len(clear) < table.num_rows else table,
        encoded=index.encoded,
        scored=weighed(index.trained, index.left, index.right, index.pattern),
        decided=(sides[:, must], sides[:, cannot]),
    )


def _grouped(found: Population, membership: pa.Table, holds: pa.Table, tables: Mapping[str, pa.Table]) -> Grouped:
    """Return the people; the stays that hold now are those of the records, in their order."""
    label = _numbers(tables["link_record"], "label")
    lowest = np.flatnonzero(label == np.arange(len(label)))
    refused = conform(REFUSED, tables["refused"]).combine_chunks()
    first = refused.select(["left_source", "left_id"]).rename_columns(["source", "source_id"])
    return Grouped(
        labels={view: _numbers(tables["link_named"], f"label_{view.value}") for view in View},
        label=label,
        person=numbered_people(label),
        ids=holds.column("person_id").combine_chunks().take(pa.array(lowest)),
        membership=membership,
        refused=refused,
        refused_left=matched(found.named, first),
        views=conform(PERSON_VIEW, tables["link_view"]).combine_chunks(),
        views_label=_numbers(tables["link_view"], "label"),
        unmet=0,
    )


def _span_rows(table: pa.Table, membership: pa.Table) -> Rows:
    """Return the row of each span's record, -1 for one that is gone; every record has one open span, in its order."""
    still = pc.is_null(membership.column("valid_to")).to_numpy()
    row = np.empty(len(still), dtype=np.int64)
    row[still] = np.arange(table.num_rows)
    row[~still] = matched(table, membership.filter(pa.array(~still)).combine_chunks())
    return row


def _carried(tables: Mapping[str, pa.Table]) -> Carried:
    rows = tables["link_record"]
    written, own, place, phone = (_numbers(tables["link_named"], name) for name in _CARRIED)
    return Carried(
        written,
        own,
        place,
        phone,
        points=(_numbers(rows, "point_0"), _numbers(rows, "point_1")),
        former=_numbers(rows, "former"),
    )


def _shared(tables: Mapping[str, pa.Table]) -> SharedEnds:
    kind, thing, guard = (_numbers(tables["link_guard"], name) for name in ("kind", "thing", "guard"))
    return SharedEnds(
        conform(SHARED_END, tables["relation"]).combine_chunks(),
        _numbers(tables["link_thing"], "thing"),
        {name: (thing[kind == k], guard[kind == k]) for k, name in enumerate(KINDS)},
    )
