"""How is something computed for everybody: the same SQL over one bucket after another?

A kernel sees one bucket's rows and whatever small tables it is handed; it never sees two buckets, so that memory is
bounded by a bucket and another engine may run the very same kernel elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from washhouse.core.errors import UsageError
from washhouse.core.home import Settings
from washhouse.core.tables import Column, Table
from washhouse.core.views import View
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission
from washhouse.lake.engine import Connection, connect
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
            Where it breaks ties it does so explicitly.
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
    settings: Settings | None = None,
    *,
    audit: AuditTrail | None = None,
    spill: Path | None = None,
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
        settings: Memory and threads that the engine may use.
        audit: Where the decision is written: one event for the whole run of the kernel.
        spill: Folder for what does not fit in memory; None: nothing is spilled.

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
    return _run(
        store,
        version,
        VIEW_OF[grant.purpose],
        kernel,
        dict(params or {}),
        dict(extra or {}),
        settings or Settings(),
        spill,
    )


def _run(
    store: Lake,
    version: Version,
    view: View,
    kernel: Kernel,
    params: dict[str, Any],
    extra: dict[str, pa.Table],
    settings: Settings,
    spill: Path | None,
) -> Iterator[pa.Table]:
    with connect(memory_limit=settings.memory_limit, threads=settings.threads, spill=spill) as con:
        for name, table in extra.items():
            con.register(name, table)
        for bucket in range(version.buckets):
            _show(con, store, version, view, kernel, bucket)
            yield conform(kernel.table, con.sql(kernel.sql, params=params or None).to_arrow_table())


def _show(con: Connection, store: Lake, version: Version, view: View, kernel: Kernel, bucket: int) -> None:
    for name in kernel.inputs:
        table = _TABLES[name]
        only = bucket if "bucket" in table.partition_by else None
        if table is PERSON_VIEW:
            con.register(name, read_view(store, version, view, bucket))
        else:
            store.create_view(con, table, version.tables[name], bucket=only)
