"""Who has each record belonged to, and since when?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.columnar import Ints
from washhouse.linkage.person_ids import AGAIN, Key, Record, assign_ids, born_ids, keyed_id, retired_ids
from washhouse.linkage.splice import Rows, matched
from washhouse.linkage.tables import MEMBERSHIP

STEWARD = "steward"
"""Cause of a stay that a steward decided."""


@dataclass(frozen=True, slots=True)
class Span:
    """One record's stay with one person; open while `valid_to` is None."""

    record: Record
    person_id: str
    valid_from: datetime
    valid_to: datetime | None
    cause: str


def read_spans(table: pa.Table) -> list[Span]:
    """Return the spans of a membership table."""
    rows = zip(*(table.column(name).to_pylist() for name in arrow_schema(MEMBERSHIP).names), strict=True)
    return [Span((source, source_id), *rest) for source, source_id, *rest in rows]


def next_spans(
    before: Sequence[Span],
    now: Mapping[Record, str],
    new_causes: Mapping[Record, str],
    first_seen: Mapping[Record, datetime],
    at: datetime,
    living: Set[str] | None = None,
) -> list[Span]:
    """Carry the history on: unchanged stays as it is, a change closes one span and opens another.

    Args:
        before: All spans so far.
        now: Person of every record there is.
        new_causes: Why a record that is new belongs where it does; `STEWARD` also for one that is not.
        first_seen: When each record was first seen; from then on a new one belongs to its person, and one that comes
            back from when it left.
        at: When changes take effect.
        living: Ids of all people there are; those of `now` if not given.

    Returns:
        All spans, by record and start. A record that is gone has no open span. A stay that ends at the moment it began
        is kept with no length, so that no id that was ever handed out is forgotten.
    """
    living = set(now.values()) if living is None else living
    held = {span.record: span.person_id for span in before if span.valid_to is None}
    spans = [span for span in before if span.valid_to is not None]
    left = {span.record: span.valid_to for span in spans if span.valid_to is not None}
    for span in before:
        if span.valid_to is not None:
            continue
        if now.get(span.record) == span.person_id:
            spans.append(span)
        else:
            spans.append(replace(span, valid_to=max(at, span.valid_from)))
            left[span.record] = max(at, span.valid_from)
    for record, person in now.items():
        old = held.get(record)
        if old is None:
            since = max(first_seen[record], left.get(record, first_seen[record]))
            spans.append(Span(record, person, since, None, new_causes[record]))
        elif old != person:
            cause = "split" if old in living else "merged"
            decided = new_causes.get(record) == STEWARD
            spans.append(Span(record, person, left[record], None, STEWARD if decided else cause))
    return sorted(dict.fromkeys(spans), key=lambda span: (span.record, span.valid_from, span.valid_to or datetime.max))


def write_spans(spans: Sequence[Span]) -> pa.Table:
    """Return spans as a membership table."""
    columns = [
        [span.record[0] for span in spans],
        [span.record[1] for span in spans],
        [span.person_id for span in spans],
        [span.valid_from for span in spans],
        [span.valid_to for span in spans],
        [span.cause for span in spans],
    ]
    schema = arrow_schema(MEMBERSHIP)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


@dataclass(frozen=True)
class History:
    """Who every record belonged to until now, beside the records there are.

    Most records are new or stay where they were: they are dealt with as columns, the others one by one.

    Attributes:
        spans: Membership so far.
        row: For each span the row of its record among the records, -1 for one that is gone.
        records: `source, source_id, first_seen, last_seen` of the records, sorted by the first two.
        ever: Membership of everybody so far, where `spans` is only that of some.
    """

    spans: pa.Table
    row: npt.NDArray[np.int64]
    records: pa.Table
    ever: pa.Table

    @classmethod
    def read(cls, previous: pa.Table | None, records: pa.Table, ever: pa.Table | None = None) -> History:
        """Set the last membership beside the records.

        Args:
            previous: Membership that the last run gave; None at the first.
            records: Records, sorted by source and id.
            ever: Membership of everybody, where `previous` is only that of some.
        """
        spans = arrow_schema(MEMBERSHIP).empty_table() if previous is None else previous
        row = matched(records, spans)
        return cls(
            spans,
            row,
            records.select(["source", "source_id", "first_seen", "last_seen"]),
            spans if ever is None else ever,
        )

    @property
    def _is_open(self) -> npt.NDArray[np.bool_]:
        still: npt.NDArray[np.bool_] = pc.is_null(self.spans.column("valid_to")).to_numpy()
        return still

    def _record(self, row: int) -> Record:
        return self.records.column(0)[row].as_py(), self.records.column(1)[row].as_py()

    def name_people(self, person: Ints, founders: npt.NDArray[np.int64], key: Key) -> pa.StringArray:
        """Give every person an id, see `person_ids.assign_ids`.

        Args:
            person: Number of each record's person, from 0.
            founders: Founding record of each person.
            key: Keyed hash.

        Returns:
            The id of each person.
        """
        ever = self.spans.column("person_id").combine_chunks().dictionary_encode()
        open_spans = np.flatnonzero(self._is_open & (self.row >= 0))
        old = ever.indices.to_numpy().astype(np.int64)[open_spans]
        holder = person[self.row[open_spans]].astype(np.int64)
        who, what = np.divmod(np.unique(holder * max(len(ever.dictionary), 1) + old), max(len(ever.dictionary), 1))
        claims = np.bincount(who, minlength=len(founders))
        alone = (claims[who] == 1) & (np.bincount(what)[what] == 1 if len(what) else True)
        unborn = np.flatnonzero(claims == 0)
        born = born_ids(key, self.records.take(pa.array(founders[unborn])))
        clash = unborn[pc.is_in(born, value_set=ever.dictionary).to_numpy(zero_copy_only=False)]
        # Those who kept their id, then the newly born, each person at its number.
        place = np.zeros(len(founders), dtype=np.int64)
        place[who[alone]] = what[alone]
        place[unborn] = len(ever.dictionary) + np.arange(len(unborn))
        ids = pa.concat_arrays([ever.dictionary, born]).take(pa.array(place))
        unsettled = np.union1d(who[~alone], clash)
        return self._settle(person, founders, ids, unsettled, key) if len(unsettled) else ids

    def _settle(
        self,
        person: Ints,
        founders: npt.NDArray[np.int64],
        ids: pa.StringArray,
        unsettled: npt.NDArray[np.int64],
        key: Key,
    ) -> pa.StringArray:
        """Name people over whose id there may be a question."""
        order = np.argsort(person, kind="stable")
        ends = np.searchsorted(person[order], [unsettled, unsettled + 1])
        clusters = [[self._record(i) for i in order[a:b].tolist()] for a, b in ends.T.tolist()]
        founding = [self._record(i) for i in founders[unsettled].tolist()]
        theirs = np.isin(np.where(self.row >= 0, person[self.row], -1), unsettled) if len(self.row) else self.row > 0
        spans = read_spans(self.spans.filter(pa.array(theirs)))
        had: dict[Record, set[str]] = {}
        for span in spans:
            had.setdefault(span.record, set()).add(span.person_id)
        # A record had every id that was ever made of it, so that nobody else can have any but these.
        wanted = [made for f in founding for made in _made_of(f, had.get(f, set()), key)]
        if wanted:
            others = pc.is_in(self.ever.column("person_id"), value_set=pa.array(wanted, pa.string()))
            spans += read_spans(self.ever.filter(others))
        mine = {record for cluster in clusters for record in cluster}
        held = {s.record: s.person_id for s in spans if s.valid_to is None and s.record in mine}
        found = assign_ids(clusters, founding, held, key, [(s.record, s.person_id) for s in spans])
        return _replaced(ids, unsettled, pa.array(found, pa.string()))

    def carry_on(
        self, ids: pa.StringArray, person: Ints, causes: pa.StringArray, latest: datetime | None = None
    ) -> pa.Table:
        """Carry the history on.

        Args:
            ids: Id of each person.
            person: Number of each record's person.
            causes: Why each record, were it new, belongs to its person.
            latest: When changes take effect; when the newest of the records was last seen if not given.

        Returns:
            The membership, see `next_spans`.
        """
        now = ids.take(pa.array(person))
        there = np.flatnonzero(self.row >= 0)
        stays = np.zeros(len(self.row), dtype=bool)
        before = self.spans.column("person_id").take(pa.array(there)).combine_chunks()
        stays[there] = pc.equal(before, now.take(pa.array(self.row[there]))).to_numpy(zero_copy_only=False)
        stays &= self._is_open
        records = self.records.num_rows
        settled, new = np.zeros(records, dtype=bool), np.ones(records, dtype=bool)
        settled[self.row[stays]] = True
        new[self.row[there]] = False
        changed = np.flatnonzero(~settled & ~new)
        # Spans of records that neither changed nor went stand as they are.
        kept = np.where(self.row >= 0, settled[self.row], False) if records else np.zeros(len(self.row), dtype=bool)
        fresh = np.flatnonzero(new)
        rows = self.records.take(pa.array(fresh))
        added = pa.table(
            [
                rows.column("source"),
                rows.column("source_id"),
                now.take(pa.array(fresh)),
                rows.column("first_seen"),
                pa.nulls(len(fresh), arrow_schema(MEMBERSHIP).field("valid_to").type),
                causes.take(pa.array(fresh)),
            ],
            schema=arrow_schema(MEMBERSHIP),
        )
        parts = [self.spans.filter(pa.array(kept)), added]
        if not kept.all() or len(changed):
            here = [self._record(i) for i in changed.tolist()]
            moved = next_spans(
                read_spans(self.spans.filter(pa.array(~kept))),
                dict(zip(here, now.take(pa.array(changed)).to_pylist(), strict=True)),
                dict(zip(here, causes.take(pa.array(changed)).to_pylist(), strict=True)),
                dict(zip(here, self.records.column("first_seen").take(pa.array(changed)).to_pylist(), strict=True)),
                latest or pc.max(self.records.column("last_seen")).as_py() or datetime.min,
                set(ids.to_pylist()),
            )
            parts.append(write_spans(moved))
        whole = pa.concat_tables(parts)
        if sum(part.num_rows > 0 for part in parts) > 1:
            whole = whole.sort_by([(name, "ascending") for name in MEMBERSHIP.order])
        return whole


def _made_of(founder: Record, had: Set[str], key: Key) -> list[str]:
    """Return the ids that were made of a record, as far as it ever had them: the first, the second and so on."""
    made = []
    for again in AGAIN:
        new = keyed_id(key, "person", *founder, *again)
        if new not in had:
            break
        made.append(new)
    return made


def closed_spans(membership: pa.Table) -> pa.Table:
    """Return the stays that are over, in their order."""
    return membership.filter(pc.is_valid(membership.column("valid_to")))


def ids_left(closed: pa.Table, ids: pa.StringArray) -> pa.Array:
    """Return the ids of stays that are over which nobody has any more.

    Args:
        closed: Stays that are over.
        ids: Ids of all people there are.
    """
    left = closed.column("person_id").unique()
    return left.filter(pc.invert(pc.is_in(left, value_set=ids.filter(pc.is_in(ids, value_set=left)))))


def heirs(closed: pa.Table, left: pa.Array, records: pa.Table, now: Callable[[Rows], pa.Array]) -> dict[str, str]:
    """Return who took over from the ids that nobody has any more, see `retired_ids`.

    Args:
        closed: Stays that are over: whoever had such an id has left it.
        left: The ids.
        records: Records that there are, sorted by source and id.
        now: Gives the ids of the people of some rows of `records`.
    """
    if not len(left):
        return {}
    names = _names(closed)
    mine = names.filter(pc.is_in(closed.column("person_id"), value_set=left)).unique()
    concerned = closed.filter(pc.is_in(names, value_set=mine))
    spans = read_spans(concerned)
    row = matched(records, concerned)
    there = np.flatnonzero(row >= 0)
    here = [spans[i].record for i in there.tolist()]
    nobodys = set(left.to_pylist())
    return retired_ids(
        [(span.record, span.person_id) for span in spans],
        dict(zip(here, now(row[there]).to_pylist(), strict=True)),
        {span.person_id for span in spans} - nobodys,
    )


def _names(table: pa.Table) -> pa.ChunkedArray:
    """Name each row's record in one text."""
    return pc.binary_join_element_wise(table.column("source"), table.column("source_id"), "\x1f")


def _replaced(texts: pa.StringArray, rows: npt.NDArray[np.int64], by: pa.StringArray) -> pa.StringArray:
    """Replace some rows; `rows` are in ascending order."""
    mask = np.zeros(len(texts), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), by.combine_chunks() if isinstance(by, pa.ChunkedArray) else by)
