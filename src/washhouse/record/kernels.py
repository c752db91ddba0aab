"""How is something computed for everybody: the same SQL over one bucket after another?

A kernel sees one bucket's rows and whatever small tables it is handed; it never sees two buckets, so that memory is
bounded by a bucket and whichever engine there is runs the very same kernel (`lake.engine.Engine`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from washhouse.core.errors import UsageError
from washhouse.core.tables import Column, Table
from washhouse.core.views import View
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission
from washhouse.lake.engine import Engine, LocalEngine, Resources
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import conform
from washhouse.lake.store import Lake
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
    """Run a kernel over every bucket of a version.

    The grant is checked when this is called, before the first bucket is asked for.

    Args:
        store: The record's tables.
        version: The version; a candidate that is not yet published will do.
        grant: Leave to read the population.
        kernel: What to compute.
        params: Values of the kernel's parameters.
        extra: Small tables by name, the same for every bucket.
        engine: What runs it; left out, this process.
        audit: Where the decision is written: one event for the whole run of the kernel.

    Returns:
        One table per bucket, from the first to the last, under the kernel's columns.

    Raises:
        RefusedError: The grant does not cover the population.
        UsageError: `kernel-input`: the kernel reads a table that the record does not have.
    """
    unknown = [name for name in kernel.inputs if name not in _TABLES]
    if unknown:
        raise UsageError("kernel-input", f"Kernel {kernel.name} reads {', '.join(unknown)}, which the record lacks.")
    if audit is not None:
        detail = {"kernel": kernel.name, "kernel_version": kernel.version, "record_version": version.id}
        audit.authorise(grant, Action.READ_POPULATION, detail=detail)
    else:
        check_permission(grant, Action.READ_POPULATION)
    task = _KernelTask(store, version, VIEW_OF[grant.purpose], kernel, dict(params or {}), dict(extra or {}))
    return (engine or LocalEngine(Resources())).map(task, range(version.buckets))


@dataclass(frozen=True)
class _KernelTask:
    """Runs a kernel over the bucket of a number."""

    store: Lake
    version: Version
    view: View
    kernel: Kernel
    params: dict[str, Any]
    extra: dict[str, pa.Table]

    def __call__(self, bucket: int, resources: Resources) -> pa.Table:
        with resources.connect() as con:
            for name, table in self.extra.items():
                con.register(name, table)
            for name in self.kernel.inputs:
                table = _TABLES[name]
                if table is PERSON_VIEW:
                    con.register(name, read_view(self.store, self.version, self.view, bucket))
                else:
                    only = bucket if "bucket" in table.partition_by else None
                    self.store.create_view(con, table, self.version.tables[name], bucket=only, place=True)
            return conform(self.kernel.table, con.sql(self.kernel.sql, params=self.params or None).to_arrow_table())
