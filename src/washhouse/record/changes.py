"""Of whom does a source say something else than it did in an earlier version?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.lake.shares import Chosen, Share
from washhouse.record.staging import Rows
from washhouse.sources.contract import Delivery, SourceSpec
from washhouse.sources.delivery import resolve_history
from washhouse.sources.mappings.contract import Mapping, Stage
from washhouse.sources.mappings.run import SmallHeld
from washhouse.sources.stack import in_chunks
from washhouse.sources.submissions import Submission, order_submissions, standing_of
from washhouse.sources.tracing import Tracer


class KeptRows(Protocol):
    """Typed rows of a version, batch by batch."""

    def __call__(self, source: str, table: str) -> Iterable[pa.Table] | None:
        """All rows of a table, None if it was never sent."""

    def rows(
        self, source: str, table: str, generations: Iterable[str], columns: list[str] | None = None
    ) -> Iterable[pa.Table]:
        """Rows of some of a table's batches."""

    def of_share(self, source: str, table: str, share: Share) -> Iterable[pa.Table] | None:
        """Rows of a table of some people only, None if it was never sent."""

    def of_people(self, source: str, table: str, people: Chosen) -> Iterable[pa.Table] | None:
        """Rows of a table of people who are named, None if it was never sent."""

    def generations(self, source: str, table: str) -> tuple[str, ...]:
        """Batches that hold a table, in the order of landing."""

    def submissions(self, source: str, table: str) -> list[tuple[str, Submission, str]]:
        """Batch, submission and file (`batch/file`) of all that was submitted of a table."""


@dataclass(frozen=True)
class Whom:
    """Whom a change concerns: the people of a table `source_id`, or everybody of the source where there is none."""

    people: str | None


class SourceChange:
    """What changed in one source since an earlier version.

    Args:
        con: The engine, with a table `member` of all records of people, by `source`.
        spec: The source's contract.
        mapping: Its mapping.
        typed: Typed rows of now.
        now: The same, batch by batch.
        before: Typed rows of the earlier version.
        is_new: The source was read or mapped otherwise then: everything of it counts as changed.
    """

    def __init__(
        self,
        con: Connection,
        spec: SourceSpec,
        mapping: Mapping,
        typed: SmallHeld,
        now: KeptRows,
        before: KeptRows,
        is_new: bool,
    ) -> None:
        self._con = con
        self._spec = spec
        self._typed = typed
        self._now = now
        self._before = before
        self._is_new = is_new
        self._changed: dict[str, frozenset[str]] = {}
        self._made = 0
        self._tracer = Tracer(con, spec, mapping, self._chunks) if mapping.traces else None

    def whom(self, stages: Sequence[Stage]) -> Whom | None:
        """Whom the changes in the tables of some stages concern; None: nobody."""
        tables = sorted({states.table for stage in stages for states in stage.states})
        changed = [table for table in tables if self.changed(table)]
        if self._is_new or (changed and self._tracer is None):
            return Whom(None)
        if not changed or self._tracer is None:
            return None
        people = []
        for table in changed:
            if not self._tracer.routes[table].is_common:
                people.append(self._tracer.touched(table))
            elif self._is_told_otherwise(table, stages):
                return Whom(None)
        return self.people(" UNION ".join(f"SELECT source_id FROM {name}" for name in people)) if people else None

    def added(self, stages: Sequence[Stage]) -> Rows | None:
        """Rows of the batches that came, where these say more and change nothing that was said; None where not.

        Of stages that tell by row, whatever has a new key in them is then an event more, and nothing else changes.
        """
        if self._is_new or self._tracer is None or not all(stage.is_by_row for stage in stages):
            return None
        came: dict[str, frozenset[str]] = {}
        for table in {states.table for stage in stages for states in stage.states}:
            came[table] = self.changed(table)
            delivery = self._spec.table(table).delivery
            now, before = (kept.submissions(self._spec.name, table) for kept in (self._now, self._before))
            if not self._tracer.routes[table].is_own or not _only_adds(now, before, came[table], delivery):
                return None

        def rows(source: str, table: str) -> Iterable[pa.Table]:
            return self._now.rows(source, table, sorted(came[table]))

        return Rows(rows, sent=self._sent, are_all=False) if all(came.values()) else None

    def people(self, sql: str) -> Whom | None:
        """Some people of the source, by SQL of their `source_id`; None if it gives nobody."""
        name = f"change__{self._spec.name}_{self._made}"
        self._made += 1
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT source_id FROM ({sql})")
        return Whom(name) if _count(self._con, f"FROM {name}") else None

    def rows(self, whom: Whom) -> Rows:
        """Typed rows that are needed to tell all of some people."""
        tracer = self._tracer
        if tracer is None:
            return Rows(self._typed)
        every = Rows(self._typed, self._typed.of_share, tracer.routes, self._sent)
        people = whom.people
        if people is None:
            return every
        known = _count(self._con, f"FROM member WHERE source = '{self._spec.name}'")
        if 2 * _count(self._con, f"FROM {people}") > known:
            return every

        named = self._con.sql(f"SELECT source_id FROM {people} WHERE source_id IS NOT NULL").to_arrow_table()
        values = named["source_id"].combine_chunks()

        def some(source: str, table: str) -> Iterable[pa.Table] | None:
            route = tracer.routes[table]
            if route.is_own:  # a journal of millions is not read whole for a few people
                return self._now.of_people(source, table, Chosen(route.person, values))
            rows = self._typed(source, table)
            return tracer.select(table, people, rows) if rows is not None else None

        def of_share(source: str, table: str, share: Share) -> Iterable[pa.Table] | None:
            rows = self._typed.of_share(source, table, share)
            return tracer.select(table, people, rows) if rows is not None else None

        return Rows(some, of_share, tracer.routes, self._sent, are_all=False)

    def changed(self, table: str) -> frozenset[str]:
        """Batches whose rows of a table count otherwise than they did, or came or went."""
        if table not in self._changed:
            self._changed[table] = _changed(
                self._now.submissions(self._spec.name, table),
                self._before.submissions(self._spec.name, table),
                self._spec.table(table).delivery,
            )
        return self._changed[table]

    def close(self) -> None:
        """Drop the temporary tables."""
        for number in range(self._made):
            self._con.execute(f"DROP TABLE IF EXISTS change__{self._spec.name}_{number}")
        if self._tracer is not None:
            self._tracer.close()

    def _sent(self, source: str, table: str) -> list[Submission]:
        return [submission for _, submission, _ in self._now.submissions(source, table)]

    def _chunks(self, table: str, columns: Sequence[str], changed_only: bool) -> Iterator[tuple[pa.Table, bool]]:
        source, changed = self._spec.name, self.changed(table)
        both = dict.fromkeys((*self._now.generations(source, table), *self._before.generations(source, table)))
        for is_changed in (True,) if changed_only else (True, False):
            generations = [one for one in both if (one in changed) == is_changed]
            for part in in_chunks(self._now.rows(source, table, generations, list(columns))):
                yield part, is_changed

    def _is_told_otherwise(self, table: str, stages: Sequence[Stage]) -> bool:
        """Whether a directory says anything else than it did, but for having said it once more."""
        for states in {states for stage in stages for states in stage.states if states.table == table}:
            for name, kept in (("change__now", self._now), ("change__before", self._before)):
                rows = kept(self._spec.name, table)
                resolve_history(self._con, self._spec.table(table), rows, name=name, columns=states.columns)
            seen = "CASE WHEN _superseded_at IS NOT NULL THEN _last_seen_at END AS _last_seen_at"
            now, before = (f"SELECT * REPLACE ({seen}) FROM {one}" for one in ("change__now", "change__before"))
            differing = _count(self._con, f"FROM (({now} EXCEPT ALL {before}) UNION ALL ({before} EXCEPT ALL {now}))")
            self._con.execute("DROP TABLE change__now; DROP TABLE change__before")
            if differing:
                return True
        return False


def _changed(
    now: list[tuple[str, Submission, str]], before: list[tuple[str, Submission, str]], delivery: str
) -> frozenset[str]:
    """Batches that came or went, or of which a submission counts otherwise than it did."""
    known = [{(generation, one) for generation, one, _ in told} for told in (now, before)]
    standing = [standing_of([one for _, one, _ in told], delivery) for told in (now, before)]  # type: ignore[arg-type]
    common = standing[0].keys() & standing[1].keys()
    orders = [
        ([one for one in found if one in common], sorted(common, key=lambda one: found[one].rank)) for found in standing
    ]
    if orders[0] != orders[1]:
        return frozenset(generation for generation, _ in known[0] | known[1])
    other = {one for one in common if standing[0][one].effect != standing[1][one].effect}
    came_or_went = known[0] ^ known[1]
    return frozenset(generation for generation, one in known[0] | known[1] if one in other) | frozenset(
        generation for generation, _ in came_or_went
    )


def _only_adds(
    now: list[tuple[str, Submission, str]],
    before: list[tuple[str, Submission, str]],
    changed: frozenset[str],
    delivery: Delivery,
) -> bool:
    """Whether what changed is what came, and it was said last, and nothing takes its place."""
    known = {one for _, one, _ in before}
    if not known <= {one for _, one, _ in now} or changed & {generation for generation, _, _ in before}:
        return False
    places = order_submissions(list(dict.fromkeys(one for _, one, _ in now)), delivery)
    fresh = [place for place in places if place.submission not in known]
    first = len(known)
    return all(one.sequence >= first and one.rank >= first and one.replaced_by is None for one in fresh)


def _count(con: Connection, rows: str) -> int:
    ((found,),) = con.execute(f"SELECT count(*) {rows}").fetchall()
    return int(found)
