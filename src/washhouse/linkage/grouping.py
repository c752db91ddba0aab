"""Who belongs together, once all pairs are weighed, and under which id? For any records whose links lead to no others.

Everybody is such a population, and so are the people whom a change may concern (`regrouping`): the same few steps make
people of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.views import View
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.blocking import Candidates
from washhouse.linkage.cluster import CAUSES, Pairs, numbered_people
from washhouse.linkage.columnar import standard_column
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.membership import STEWARD, History
from washhouse.linkage.person_ids import Key
from washhouse.linkage.scoring import Scored
from washhouse.linkage.similarity import compiled
from washhouse.linkage.splice import Rows
from washhouse.linkage.tables import REFUSED
from washhouse.linkage.views import Views, person_views

_SIDES = [(side, name) for side in ("left", "right") for name in ("source", "source_id")]


@dataclass(frozen=True)
class Population:
    """Records with their weighed pairs.

    Attributes:
        table: Identities, by source and id, see `sources.identity.IDENTITY`.
        clear: Rows under a clear identity.
        named: Those rows.
        encoded: The same, encoded.
        scored: Their pairs; None where there is nothing to compare.
        decided: Pairs of them that a steward put together, and pairs kept apart, each of shape (2, pairs).
    """

    table: pa.Table
    clear: Rows
    named: pa.Table
    encoded: Encoded
    scored: Scored | None
    decided: tuple[Pairs, Pairs]

    def take(self, rows: Rows) -> Population:
        """Return some of the records with the pairs between them.

        Args:
            rows: Rows of `table`, ascending. Of a decided pair both records are among them, or neither is.
        """
        place = np.full(self.table.num_rows, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        clear = np.flatnonzero(place[self.clear] >= 0)
        here = np.full(len(self.clear), -1, dtype=np.int32)
        here[clear] = np.arange(len(clear), dtype=np.int32)
        scored = self.scored
        if scored is not None:
            left, right = here[scored.candidates.left], here[scored.candidates.right]
            inside = np.flatnonzero((left >= 0) & (right >= 0))
            candidates = Candidates(left[inside], right[inside], ())
            scored = replace(scored, candidates=candidates, pattern=scored.pattern[inside])
        table = self.table.take(pa.array(rows)).combine_chunks()
        return Population(
            table=table,
            clear=place[self.clear[clear]].astype(np.int64),
            named=table if len(clear) == len(rows) else self.named.take(pa.array(clear)).combine_chunks(),
            encoded=replace(self.encoded, codes=self.encoded.codes[:, clear], parts={}, standard={}),
            scored=scored,
            decided=(here[self.decided[0]].astype(np.int64), here[self.decided[1]].astype(np.int64)),
        )


def in_order(table: pa.Table) -> pa.Table:
    """Return records by source and id; most tables come in that order.

    Raises:
        InputError: `identity-duplicated`: two rows have one source and id.
    """
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


@dataclass(frozen=True)
class Grouped:
    """People made of records.

    Attributes:
        labels: For each view the lowest clear record of each clear record's cluster.
        label: For each record the lowest record of its person, pseudonymous records included.
        person: Number of each record's person, from 0 in the order of `label`.
        ids: Id of each person.
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        refused_left: The first record of each of them, among the clear ones.
        views: Who is one with whom in other views, see `tables.PERSON_VIEW`.
        views_label: Lowest record of the person of each row of `views`.
        unmet: Decisions to put records together that contradict others.
    """

    labels: Mapping[View, Ints]
    label: Ints
    person: Ints
    ids: pa.StringArray
    membership: pa.Table
    refused: pa.Table
    refused_left: Rows
    views: pa.Table
    views_label: Rows
    unmet: int


def name_people(
    found: Population,
    views: Views,
    previous: pa.Table | None,
    key: Key,
    latest: datetime | None = None,
    ever: pa.Table | None = None,
) -> Grouped:
    """Give the people of some clusters their ids, and carry their history on.

    Args:
        found: The records.
        views: Who of them belongs together.
        previous: Membership that the last run gave; None at the first.
        key: Keyed hash (HMAC-SHA-256) under the vault's key, bytes to 32 bytes.
        latest: When changes take effect, see `membership.History.carry_on`.
        ever: Membership of everybody, where `previous` is only that of some.
    """
    strict = views.clusters[View.STRICT]
    label = _labels(found.table, found.clear, strict.label)
    person = numbered_people(label)
    founders = _founders(found.table, person)
    history = History.read(previous, found.table, ever)
    ids = history.name_people(person, founders, key)
    causes = _causes(person, founders, found.clear, found.decided)
    refused, left = _refused(found, views)
    joined, whose = person_views(views, found.scored, person[found.clear], _seniority(found.table, founders), ids)
    lowest = np.flatnonzero(label == np.arange(len(label)))
    return Grouped(
        labels={view: views.clusters[view].label for view in View},
        label=label,
        person=person,
        ids=ids,
        membership=history.carry_on(ids, person, causes, latest),
        refused=refused,
        refused_left=left,
        views=joined,
        views_label=lowest[whose],
        unmet=len(strict.unmet),
    )


def _labels(table: pa.Table, clear: npt.NDArray[np.int64], label: Ints) -> Ints:
    """Return for each record the lowest record of its person, pseudonymous records included."""
    labels = np.arange(table.num_rows, dtype=np.int32)
    labels[clear] = clear[label].astype(np.int32)
    if len(clear) == table.num_rows:
        return labels
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


def pair_columns(named: pa.Table, left: Ints, right: Ints) -> list[pa.ChunkedArray]:
    """Return source and id of both records of some pairs, a column each."""
    sides = {"left": pa.array(left), "right": pa.array(right)}
    return [named.column(name).take(sides[side]) for side, name in _SIDES]


def _refused(found: Population, views: Views) -> tuple[pa.Table, Rows]:
    """Return the links of the strict view whose union was refused, and the first record of each."""
    scored, clusters = found.scored, views.clusters[View.STRICT]
    if scored is None:
        return arrow_schema(REFUSED).empty_table(), np.empty(0, dtype=np.int64)
    chosen = views.links[View.STRICT][clusters.refused]
    left, right = scored.candidates.left[chosen], scored.candidates.right[chosen]
    # Records are sorted by their names, so that their rows sort the pairs.
    order = np.lexsort((right, left))
    left, right, chosen = left[order], right[order], chosen[order]
    columns = pair_columns(found.named, left, right)
    columns += [
        pa.array(scored.pair_weights[chosen]),
        pa.array(scored.pair_probabilities[chosen]),
        pa.array([CAUSES[c] for c in clusters.causes[order]], pa.string()),
    ]
    return pa.table(columns, schema=arrow_schema(REFUSED)), left.astype(np.int64)
