"""Who belongs together after a few records changed? Only whom a change may concern is asked about; the rest stands.

A change concerns the people of the records that are new, changed or gone, of both ends of a pair that came or went, and
of whoever a steward decided on; then whoever any of them is linked to, before or after. Nobody's links lead out of that
circle, so its people can be made as if there were no others, and take the place of those that were there (property
test: what comes out is what a rebuild gives).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.views import View
from washhouse.linkage.cluster import Pairs, numbered_people
from washhouse.linkage.earlier import Earlier, edge_rows, retired_of
from washhouse.linkage.encode import Ints
from washhouse.linkage.grouping import Grouped, Population, name_people
from washhouse.linkage.hashes import hash_columns
from washhouse.linkage.incremental import Update
from washhouse.linkage.lookup import among
from washhouse.linkage.person_ids import Key
from washhouse.linkage.similarity import compiled
from washhouse.linkage.splice import Changes, Flags, Rows, matched, order_by_texts, spliced
from washhouse.linkage.tables import REFUSED
from washhouse.linkage.trained import TrainedModel
from washhouse.linkage.views import cluster_views, sorted_views

Array = npt.NDArray[Any]
CONCERNING = (
    "identity_kind",
    "nhs_number",
    "pseudo_nhs_number",
    "sex",
    "death_date",
    "restricted",
    "first_seen",
)
"""Columns that say who belongs together, or since when, beside those that are compared."""


def clear_row(earlier: Earlier, found: Population, changes: Changes) -> Rows:
    """Return for each clear record its place among the clear ones of before, -1 for others."""
    place = np.full(earlier.found.table.num_rows + 1, -1, dtype=np.int64)
    place[earlier.found.clear] = np.arange(len(earlier.found.clear))
    return place[changes.row[found.clear]]


def unchanged_rows(earlier: Earlier, changes: Changes, clear: Rows, model: TrainedModel) -> Rows:
    """Return for each record in clear its place among those of before, if it says the same under a model; else -1."""
    place = np.full(earlier.found.table.num_rows + 1, -1, dtype=np.int64)
    place[earlier.found.clear] = np.arange(len(earlier.found.clear))
    return place[np.where(changes.of(model.field_names), -1, changes.row)[clear]]


def regroup(
    earlier: Earlier, found: Population, changes: Changes, update: Update, fields: Sequence[str], key: Key, threads: int
) -> Earlier:
    """Make people of records most of which were there before.

    Args:
        earlier: What the linkage before came to, under the same model and thresholds.
        found: The records and their pairs.
        changes: What differs between the two.
        update: Which pairs came and went.
        fields: Columns that are compared.
        key: Keyed hash (HMAC-SHA-256) under the vault's key.
        threads: Threads to use.

    Returns:
        What this linkage comes to.
    """
    now = np.full(earlier.found.table.num_rows, -1, dtype=np.int32)
    there = np.flatnonzero(changes.row >= 0)
    now[changes.row[there]] = there
    was, is_ = _concerned(earlier, found, changes, update, fields)
    rows = np.flatnonzero(is_)
    inner = found.take(rows)
    views = cluster_views(inner.encoded, inner.named, inner.scored, earlier.cuts, *inner.decided)
    asked = _asked_spans(earlier, found.table, changes, was)
    previous = earlier.grouped.membership
    latest = pc.max(found.table.column("last_seen")).as_py()
    mine = previous.filter(pa.array(asked)).combine_chunks()
    small = name_people(inner, views, mine, key, latest, ever=previous)
    grouped = _joined(earlier, found, small, rows, asked, was, now, changes.row, threads)
    held = mine.filter(pc.is_null(mine.column("valid_to"))).column("person_id")
    left = pa.chunked_array([earlier.left, *held.chunks], pa.string()).unique()
    left = left.filter(pc.invert(pc.is_in(left, value_set=small.ids)))
    order, spans = grouped.order, small.membership
    span_row = np.concatenate(
        [
            np.where(earlier.span_row >= 0, now[earlier.span_row], -1) if len(now) else earlier.span_row,
            _at(rows, matched(inner.table, spans)),
        ]
    )[order]
    came = edge_rows(found.named, update.scored, np.flatnonzero(update.order >= len(update.lost)))
    return Earlier(
        found=found,
        grouped=grouped.grouped,
        cuts=earlier.cuts,
        edges=spliced(earlier.edges, came, update.order, threads),
        span_row=span_row,
        left=left,
        retired=retired_of(found.table, grouped.grouped, left),
    )


def _at(rows: Rows, places: Rows) -> Rows:
    """Return rows by their places; -1 stays -1."""
    return np.where(places >= 0, rows[places], -1) if len(rows) else places


def _concerned(
    earlier: Earlier, found: Population, changes: Changes, update: Update, fields: Sequence[str]
) -> tuple[Flags, Flags]:
    """Say which of the earlier records, and of those of now, the changes may concern."""
    before = earlier.found
    names = [name for name in (*CONCERNING, *fields) if name in changes.differs]
    is_ = changes.of(names)
    was = changes.gone.copy()
    if before.scored is not None:
        c = before.scored.candidates
        for side in (c.left, c.right):
            was[before.clear[side[update.lost]]] = True
    if found.scored is not None:
        c = found.scored.candidates
        came = update.order >= len(update.lost)
        for side in (c.left, c.right):
            is_[found.clear[side[came]]] = True
    _mark_decided(before.decided, before, was)
    _mark_decided(found.decided, found, is_)
    is_ |= _with_a_number_made_one(earlier, found)
    was[changes.row[is_ & (changes.row >= 0)]] = True
    least = min(earlier.cuts.values())
    _grow(was, before, least)
    here = np.flatnonzero(changes.row >= 0)
    is_[here[was[changes.row[here]]]] = True
    _grow(is_, found, least)
    was[changes.row[is_ & (changes.row >= 0)]] = True
    return was, is_


def _mark_decided(decided: tuple[Pairs, Pairs], found: Population, flags: Flags) -> None:
    for pairs in decided:
        flags[found.clear[pairs.ravel()]] = True


def _with_a_number_made_one(earlier: Earlier, found: Population) -> Flags:
    """Say who bears an NHS number that a steward's decision makes, or made, one with another."""
    flags = np.zeros(found.table.num_rows, dtype=bool)
    row = found.encoded.row("nhs_number")
    if row < 0 or not (earlier.found.decided[0].size or found.decided[0].size):
        return flags
    # Values keep their numbers while an index grows.
    borne = [each.encoded.codes[row, each.decided[0].ravel()] for each in (earlier.found, found)]
    codes = found.encoded.codes[row]
    flags[found.clear[np.isin(codes, np.concatenate(borne)) & (codes >= 0)]] = True
    return flags


def _grow(flags: Flags, found: Population, least: float) -> None:
    """Let whoever may be of one person with somebody flagged be flagged too, in any view."""
    ties = [found.clear[found.decided[0]]]
    if found.scored is not None:
        s = found.scored
        links = np.flatnonzero(s.pair_probabilities >= least)
        ties.append(np.stack([found.clear[s.candidates.left[links]], found.clear[s.candidates.right[links]]]))
    if len(found.clear) < found.table.num_rows:
        ties.append(_pseudonym_ties(found))
    left, right = np.concatenate(ties, axis=1)
    _spread_flags(flags, left, right)


def _pseudonym_ties(found: Population) -> Pairs:
    """Tie all records with a pseudonym that a pseudonymous record bears, in a chain."""
    numbers = hash_columns([found.table.column("pseudo_nhs_number")])
    apart = np.ones(found.table.num_rows, dtype=bool)
    apart[found.clear] = False
    borne = pc.is_valid(found.table.column("pseudo_nhs_number")).to_numpy()
    rows = among(numbers, np.unique(numbers[apart & borne]))
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    same = numbers[rows[1:]] == numbers[rows[:-1]]
    ties: Pairs = np.stack([rows[:-1][same], rows[1:][same]])
    return ties


@compiled
def _spread_flags(flags: Array, left: Array, right: Array) -> None:
    more = True
    while more:
        more = False
        for e in range(len(left)):
            if flags[left[e]] != flags[right[e]]:
                flags[left[e]] = flags[right[e]] = True
                more = True


def _asked_spans(earlier: Earlier, table: pa.Table, changes: Changes, was: Flags) -> Flags:
    """Say which spans are of records that are asked about, or come back after they were gone."""
    asked = np.zeros(len(earlier.span_row), dtype=bool)
    there = np.flatnonzero(earlier.span_row >= 0)
    asked[there] = was[earlier.span_row[there]]
    gone = np.flatnonzero(earlier.span_row < 0)
    new = np.flatnonzero(changes.row < 0)
    if len(gone) and len(new):
        spans = earlier.grouped.membership.take(pa.array(gone))
        asked[gone] = matched(table.take(pa.array(new)), spans) >= 0
    return asked


@compiled
def _relabel(label: Array, now: Array, row: Array, out: Array) -> None:
    for i in range(len(row)):
        if row[i] >= 0:
            out[i] = now[label[row[i]]]


@dataclass(frozen=True)
class _Joined:
    grouped: Grouped
    order: Rows


def _joined(
    earlier: Earlier,
    found: Population,
    small: Grouped,
    rows: Rows,
    asked: Flags,
    was: Flags,
    now: Ints,
    row: Rows,
    threads: int,
) -> _Joined:
    """Put the people that were made anew in the place of those that were there."""
    old, before = earlier.grouped, earlier.found
    label = np.empty(found.table.num_rows, dtype=np.int32)
    _relabel(old.label, now, row, label)
    label[rows] = rows[small.label]
    person = numbered_people(label)
    # Clear records among the clear ones, before and now.
    place = np.full(found.table.num_rows, -1, dtype=np.int32)
    place[found.clear] = np.arange(len(found.clear), dtype=np.int32)
    inner = place[rows][place[rows] >= 0]
    place_before = np.full(before.table.num_rows, -1, dtype=np.int64)
    place_before[before.clear] = np.arange(len(before.clear))
    named_now = np.where(now[before.clear] >= 0, place[now[before.clear]], -1).astype(np.int32)
    named_row = row[found.clear]
    named_row = np.where(named_row >= 0, place_before[named_row], -1) if len(before.clear) else named_row
    labels = {}
    for view in View:
        labels[view] = np.empty(len(found.clear), dtype=np.int32)
        _relabel(old.labels[view], named_now, named_row, labels[view])
        labels[view][inner] = inner[small.labels[view]]
    order = order_by_texts(old.membership, ~asked, small.membership, ("source", "source_id"))
    stands = ~was[old.views_label]
    joined, whose = sorted_views(
        pa.concat_tables([old.views.filter(pa.array(stands)), small.views]),
        np.concatenate([now[old.views_label[stands]], rows[small.views_label]]),
    )
    stands = ~was[before.clear[old.refused_left]]
    refused = pa.concat_tables([old.refused.filter(pa.array(stands)), small.refused])
    left = np.concatenate([named_now[old.refused_left[stands]], inner[small.refused_left]]).astype(np.int64)
    sorting = pc.sort_indices(refused, [(name, "ascending") for name in REFUSED.order])
    grouped = Grouped(
        labels=labels,
        label=label,
        person=person,
        ids=_ids(old, small, label, row, rows),
        membership=spliced(old.membership, small.membership, order, threads),
        refused=refused.take(sorting),
        refused_left=left[sorting.to_numpy()],
        views=joined,
        views_label=whose,
        unmet=small.unmet,
    )
    return _Joined(grouped, order)


def _ids(old: Grouped, small: Grouped, label: Ints, row: Rows, rows: Rows) -> pa.StringArray:
    """Return the id of each person: the one it had, or the one that it was given now."""
    lowest = np.flatnonzero(label == np.arange(len(label)))
    whose = np.full(len(label), -1, dtype=np.int64)
    whose[rows] = small.person
    place = whose[lowest]
    stands = place < 0
    place += len(old.ids)
    place[stands] = old.person[row[lowest[stands]]]
    return pa.concat_arrays([old.ids, small.ids]).take(pa.array(place))
