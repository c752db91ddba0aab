"""How is something computed for everybody: the same SQL over one bucket after another?

A kernel sees one bucket's rows and whatever small tables it is handed; it never sees two buckets, so that memory is
bounded by those that are computed at once, and whichever engine there is runs the very same kernel
(`lake.engine.Engine`). Kernels that need the same of a bucket run over it together, as stages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import UsageError
from washhouse.core.tables import Column, Table
from washhouse.core.views import View
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission
from washhouse.lake.engine import Connection, Engine, LocalEngine, Resources
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import conform
from washhouse.lake.store import Lake
from washhouse.record.scan import change_of
from washhouse.record.tables import PERSON_VIEW, TABLES
from washhouse.record.views import VIEW_OF, read_view

_TABLES = {table.name: table for table in TABLES}


@dataclass(frozen=True)
class Kernel:
    """A computation over one bucket.

    Attributes:
        name: Stable name.
        sql: One SELECT over views named as `inputs`, and over the extra tables handed to `run`; parameters are `$name`.
            Where it breaks ties it does so explicitly: by columns, or by `place`, which every input table but
            `person_view` has and which rises in the table's order.
        columns: What it gives, in order.
        inputs: Record tables that it reads. Those without a bucket are seen whole; `person_view` holds who is one with
            whom in the view of the grant's purpose, and nobody else's rows lie in the bucket.
    """

    name: str
    sql: str
    columns: tuple[Column, ...]
    inputs: tuple[str, ...] = ("event", "person")

    @property
    def table(self) -> Table:
        """The contract of what it gives."""
        return Table(self.name, "as the kernel says", (), self.columns)

    @property
    def version(self) -> str:
        """Digest of everything that decides what it gives, 16 hex digits."""
        declared = repr((self.name, self.sql, self.columns, self.inputs))
        return hashlib.sha256(declared.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Stage:
    """A kernel among others that run one after another over the same bucket.

    Attributes:
        kernel: The kernel. Those after it see what it gave under its name.
        over: What stands in for a name that its SQL reads: an earlier kernel's name, or an extra table's.
        params: Values of its parameters.
        is_kept: Whether what it gives is handed back; else it serves the stages after it.
    """

    kernel: Kernel
    over: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    is_kept: bool = True


def run(
    store: Lake,
    version: Version,
    grant: Grant,
    kernel: Kernel,
    params: Mapping[str, Any] | None = None,
    extra: Mapping[str, pa.Table] | None = None,
    engine: Engine | None = None,
    *,
    audit: AuditTrail | None = None,
) -> Iterator[pa.Table]:
    """Run a kernel over every bucket of a version; see `run_stages`.

    Args:
        store: The record's tables.
        version: The version; a candidate that is not yet published will do.
        grant: Leave to read the population.
        kernel: What to compute.
        params: Values of the kernel's parameters.
        extra: Small tables by name.
        engine: What runs it; left out, this process.
        audit: Where the decision is written.

    Returns:
        One table per bucket, from the first to the last, under the kernel's columns.

    Raises:
        RefusedError: The grant does not cover the population.
        UsageError: `kernel-input`: the kernel reads a table that the record does not have.
    """
    made = run_stages(store, version, grant, [Stage(kernel, params=params or {})], extra, engine, audit=audit)
    return (tables[kernel.name] for tables in made)


def run_stages(
    store: Lake,
    version: Version,
    grant: Grant,
    stages: Sequence[Stage],
    extra: Mapping[str, pa.Table] | None = None,
    engine: Engine | None = None,
    *,
    audit: AuditTrail | None = None,
) -> Iterator[dict[str, pa.Table]]:
    """Run kernels one after another over every bucket of a version: what several need of a bucket is read once.

    The grant is checked when this is called, before the first bucket is asked for.

    Args:
        store: The record's tables.
        version: The version; a candidate that is not yet published will do.
        grant: Leave to read the population.
        stages: What to compute, each kernel of its own name.
        extra: Small tables by name. One with a column `bucket` shows each bucket its own rows only; any other is the
            same for every bucket.
        engine: What runs them; left out, this process.
        audit: Where the decision is written: one event for the whole run of each kernel.

    Returns:
        For each bucket, from the first to the last, what the kept stages gave, by name, under their kernels' columns.

    Raises:
        RefusedError: The grant does not cover the population.
        UsageError: `kernel-input`: a kernel reads a table that the record does not have.
    """
    for stage in stages:
        unknown = [name for name in stage.kernel.inputs if name not in _TABLES and name not in stage.over]
        if unknown:
            raise UsageError(
                "kernel-input", f"Kernel {stage.kernel.name} reads {', '.join(unknown)}, which the record lacks."
            )
    note_reading(grant, version, stages, audit)
    task = _StagesTask(store, version, VIEW_OF[grant.purpose], tuple(stages), dict(extra or {}))
    return (engine or LocalEngine(Resources())).map(task, range(version.buckets), at_once=0)


def note_reading(grant: Grant, version: Version, stages: Sequence[Stage], audit: AuditTrail | None) -> None:
    """Check the leave to read the population, and note each kernel that reads it.

    Raises:
        RefusedError: The grant does not cover the population.
    """
    if audit is None:
        check_permission(grant, Action.READ_POPULATION)
        return
    events = []
    for kernel in (stage.kernel for stage in stages):
        detail = {"kernel": kernel.name, "kernel_version": kernel.version, "record_version": version.id}
        events += audit.decide(grant, Action.READ_POPULATION, detail=detail)
    audit.record(events)


@dataclass(frozen=True)
class _StagesTask:
    """Runs stages over the bucket of a number."""

    store: Lake
    version: Version
    view: View
    stages: tuple[Stage, ...]
    extra: dict[str, pa.Table]

    def __call__(self, bucket: int, resources: Resources) -> dict[str, pa.Table]:
        with resources.connect() as con:
            for name, table in self.extra.items():
                own = table.filter(pc.equal(table["bucket"], bucket)) if "bucket" in table.column_names else table
                con.register(name, own)
            return compute_stages(con, self.stages, lambda name: self._show(con, name, bucket))

    def _show(self, con: Connection, name: str, bucket: int) -> None:
        table = _TABLES[name]
        if table is PERSON_VIEW:
            con.register(name, read_view(self.store, self.version, self.view, bucket))
        else:
            only = bucket if "bucket" in table.partition_by else None
            changes = change_of(table, self.version)
            self.store.create_view(con, table, self.version.tables[name], bucket=only, place=True, changes=changes)


def compute_stages(con: Connection, stages: Sequence[Stage], show: Callable[[str], None]) -> dict[str, pa.Table]:
    """Compute stages in one engine.

    Args:
        con: The engine, in which extra tables are registered already.
        stages: The stages.
        show: Shows the engine a table of the record by its name.

    Returns:
        What the kept ones gave, by name.
    """
    shown: set[str] = set()
    made: dict[str, pa.Table] = {}
    for number, stage in enumerate(stages):
        kernel = stage.kernel
        for name in sorted(set(kernel.inputs) - set(stage.over) - shown):
            show(name)
            shown.add(name)
        for name, other in stage.over.items():
            con.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM "{other}"')
        is_read = any(kernel.name in later.over.values() for later in stages[number + 1 :])
        if is_read:
            con.execute(f'CREATE TEMP TABLE "{kernel.name}" AS {kernel.sql}', dict(stage.params) or None)
        if stage.is_kept:
            sql = f'SELECT * FROM "{kernel.name}"' if is_read else kernel.sql
            params = None if is_read else dict(stage.params) or None
            made[kernel.name] = conform(kernel.table, con.sql(sql, params=params).to_arrow_table())
        for name in stage.over:
            con.execute(f'DROP VIEW temp."{name}"')
    return made
