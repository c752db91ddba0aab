"""What comes of something that adds up, when only some events came and went?

What a kernel gives of a bucket may be the sum of what it gives of each of its events, or of each of its people: counts
of events, of breaches, of days. Then a day need not look at everything: what the kernel gave of those that changed is
taken off, and what it gives of them now is added. A rebuild stays the definition: the same kernel over everything.

References:
    docs/adr/2026-11-26-incremental-record.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.lake.engine import Connection, Engine, Resources
from washhouse.lake.overlay import changed_sql
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.kernels import Kernel, Stage, compute_stages, note_reading
from washhouse.record.tables import EVENT, EVENT_CHANGE


@dataclass(frozen=True)
class Sum:
    """What is added up.

    Attributes:
        kernel: Over `event`; what it gives of a bucket is the sum of what it gives of each event or each person.
        added: Columns that are added up, whole numbers. The others say of what.
        by: Over what it adds up.
        where: SQL condition of the events that it looks at; what it gives is the same without the others.
    """

    kernel: Kernel
    added: tuple[str, ...]
    by: Literal["row", "person"]
    where: str = "true"

    def of(self, parts: Iterable[pa.Table], less: Iterable[pa.Table] = ()) -> pa.Table:
        """Add up what the kernel gave.

        Args:
            parts: What is added.
            less: What is taken off.

        Returns:
            One row for each thing of which anything is left, under the kernel's columns, in the order of what is said.
        """
        names = [column.name for column in self.kernel.columns if column.name not in self.added]
        every = pa.concat_tables([arrow_schema(self.kernel.table).empty_table(), *parts, *map(self._negative, less)])
        sums = every.group_by(names, use_threads=False).aggregate([(name, "sum") for name in self.added])
        sums = sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
        left = pc.not_equal(sums[self.added[0]], 0)
        for name in self.added[1:]:
            left = pc.or_(left, pc.not_equal(sums[name], 0))
        return conform(self.kernel.table, sums.filter(left).sort_by([(name, "ascending") for name in names]))

    def _negative(self, rows: pa.Table) -> pa.Table:
        columns = [pc.negate(rows[name]) if name in self.added else rows[name] for name in rows.column_names]
        return pa.table(columns, schema=rows.schema)


def may_tell_changed(before: Version, now: Version) -> bool:
    """Whether the events in which two versions differ can be told without comparing all of them.

    They can where both lay what came and went beside the same events.
    """
    same = before.buckets == now.buckets and before.tables[EVENT.name] == now.tables[EVENT.name]
    return same and EVENT_CHANGE.name in now.tables


def run_on_changed(
    store: Lake,
    before: Version,
    now: Version,
    grant: Grant,
    sums: Sequence[Sum],
    engine: Engine,
    *,
    audit: AuditTrail | None = None,
) -> Iterator[dict[str, tuple[pa.Table, pa.Table]]]:
    """Run kernels over the events of each bucket in which two versions differ, or over the people who have such.

    Args:
        store: The record's tables.
        before: The earlier version; `may_tell_changed` holds for both.
        now: The later one; a candidate that is not yet published will do.
        grant: Leave to read the population.
        sums: What to compute.
        engine: What runs them.
        audit: Where the decision is written: one event for the whole run of each kernel.

    Returns:
        For each bucket, by name of the kernel, what it gives of them in the earlier and in the later version.

    Raises:
        RefusedError: The grant does not cover the population.
    """
    note_reading(grant, now, [Stage(one.kernel) for one in sums], audit)
    return engine.map(_ChangedTask(store, before, now, tuple(sums)), range(now.buckets), at_once=0)


@dataclass(frozen=True)
class _ChangedTask:
    """Computes sums over what changed in the bucket of a number, as it was and as it is."""

    store: Lake
    before: Version
    now: Version
    sums: tuple[Sum, ...]

    def __call__(self, bucket: int, resources: Resources) -> dict[str, tuple[pa.Table, pa.Table]]:
        with resources.connect() as con:
            self._show(con, bucket)
            return {
                one.kernel.name: self._of_rows(con, one) if one.by == "row" else self._of_people(con, one)
                for one in self.sums
            }

    def _show(self, con: Connection, bucket: int) -> None:
        """Show the events that were written whole, what lies beside them in each version, and the difference."""
        self.store.create_view(con, EVENT, self.now.tables[EVENT.name], bucket=bucket, name="whole", place=True)
        for at, version in (("before", self.before), ("now", self.now)):
            number = version.tables.get(EVENT_CHANGE.name)
            if number is None:
                con.register(f"change_{at}", arrow_schema(EVENT_CHANGE).empty_table())
            else:
                self.store.create_view(con, EVENT_CHANGE, number, bucket=bucket, name=f"change_{at}")
            con.execute(f"CREATE TEMP TABLE key_{at} AS SELECT place, goes, hash({_LISTED}) AS k FROM change_{at}")
        # What went and is back is one more, and what came and is gone is one less.
        for at, other in (("before", "now"), ("now", "before")):
            con.execute(
                f"""CREATE TEMP TABLE only_{at} AS
                    SELECT {_LISTED} FROM ({_differing(at, other)}) WHERE NOT goes
                    UNION ALL SELECT {_LISTED} FROM ({_differing(other, at)}) WHERE goes"""
            )

    def _of_rows(self, con: Connection, one: Sum) -> tuple[pa.Table, pa.Table]:
        return self._compute(con, one, "SELECT * FROM only_before"), self._compute(con, one, "SELECT * FROM only_now")

    def _of_people(self, con: Connection, one: Sum) -> tuple[pa.Table, pa.Table]:
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE who AS
                SELECT DISTINCT person_id FROM (FROM only_before UNION ALL FROM only_now) WHERE {one.where}"""
        )
        columns = [name for name in EVENT.column_names if name in one.kernel.sql]
        names = ", ".join(f'"{name}"' for name in columns)
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE mine AS
                SELECT {names}, place FROM whole SEMI JOIN who USING (person_id) WHERE {one.where}"""
        )
        changes = [
            f"SELECT * FROM change_{at} SEMI JOIN who USING (person_id) WHERE {one.where}" for at in ("before", "now")
        ]
        before, now = (self._compute(con, one, changed_sql("SELECT * FROM mine", rows, columns)) for rows in changes)
        return before, now

    def _compute(self, con: Connection, one: Sum, rows: str) -> pa.Table:
        con.execute(f"CREATE OR REPLACE TEMP VIEW event AS {rows}")
        return compute_stages(con, [Stage(one.kernel)], lambda name: None)[one.kernel.name]


_LISTED = ", ".join(f'"{name}"' for name in EVENT.column_names)


def _differing(one: str, other: str) -> str:
    """SQL of what lies beside the events in one version and does not in another."""
    keyed = f"SELECT *, hash({_LISTED}) AS k FROM change_{one}"
    return f"SELECT * FROM ({keyed}) ANTI JOIN key_{other} USING (place, goes, k)"
