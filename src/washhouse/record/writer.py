"""How do results get back into the record?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.tables import SCORE
from washhouse.record.views import bucket_column


def write_scores(
    store: Lake, version: Version, grant: Grant, scores: pa.Table, *, audit: AuditTrail | None = None
) -> int:
    """Replace `record.score`.

    Args:
        store: The record's tables.
        version: The version that they belong to; a candidate that is not yet published will do.
        grant: Leave to write results.
        scores: Rows of `record.tables.SCORE`, in any order; `bucket` is computed here.
        audit: Where the decision is written: one event.

    Returns:
        The Delta version of the table.

    Raises:
        RefusedError: The grant does not allow it.
        InputError: The rows break the contract.
    """
    _allow(grant, SCORE, scores.num_rows, audit)
    column = bucket_column(store, version, scores["person_id"])
    if "bucket" in scores.column_names:
        scores = scores.drop_columns("bucket")
    return store.write(SCORE, scores.append_column("bucket", column))


def write_aggregates(
    store: Lake, grant: Grant, table: Table, rows: pa.Table, *, audit: AuditTrail | None = None
) -> int:
    """Replace a table of aggregates: findings on quality, indicators, cohort counts.

    Args:
        store: The record's tables.
        grant: Leave to write results.
        table: Its contract.
        rows: Its rows, in any order.
        audit: Where the decision is written: one event.

    Returns:
        The Delta version of the table.

    Raises:
        RefusedError: The grant does not allow it.
        InputError: The rows break the contract.
    """
    _allow(grant, table, rows.num_rows, audit)
    return store.write(table, rows)


def _allow(grant: Grant, table: Table, rows: int, audit: AuditTrail | None) -> None:
    if audit is not None:
        audit.authorise(grant, Action.WRITE_RECORD, detail={"table": table.name, "rows": rows})
    else:
        check_permission(grant, Action.WRITE_RECORD)
