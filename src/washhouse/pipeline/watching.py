"""Is what the models look at, and what they say, still as it was when they were fitted?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.disclosure import tell_count
from washhouse.governance.grants import system_grant
from washhouse.insight.outcomes.contract import SUBMITTED
from washhouse.insight.outcomes.registry import watched_codelists
from washhouse.insight.watch.volumes import Volume, watch_volumes
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.record.kernels import Kernel, run
from washhouse.record.tables import WATCH
from washhouse.record.writer import write_aggregates


def watch(context: RunContext, candidate: Version) -> tuple[Version, int]:
    """Hold what came in against what came before, and write `record.watch`.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.

    Returns:
        The candidate with the table and what is outside its limits, and the number of rows.
    """
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        audit, grant = AuditTrail(desk), system_grant(utc_now())

        def compute(kernel: Kernel, extra: Mapping[str, pa.Table]) -> pa.Table:
            parts = run(context.lake, candidate, grant, kernel, extra=extra, engine=context.engine, audit=audit)
            return pa.concat_tables(list(parts))

        submitted: dict[str, set[date]] = {}
        for row in compute(SUBMITTED, {}).to_pylist():
            submitted.setdefault(row["source"], set()).add(row["day"])
        volumes = watch_volumes(compute, submitted, watched_codelists())
        rows = [row for volume in volumes for row in _rows_of(volume)]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(WATCH))
        number = write_aggregates(context.lake, grant, WATCH, table, audit=audit)
    finally:
        desk.close()
    context.reached("watch-written")
    outside = [{name: row[name] for name in ("watch", "model", "source", "item")} for row in rows if _is_alarm(row)]
    return (
        replace(
            candidate,
            tables={**candidate.tables, WATCH.name: number},
            summary={**candidate.summary, "watch": {"rows": len(rows), "outside": outside}},
        ),
        len(rows),
    )


def _is_alarm(row: Mapping[str, Any]) -> bool:
    return row["status"] in ("outside", "run")


def _rows_of(volume: Volume) -> Iterator[dict[str, Any]]:
    newest, limits = volume.points[-1][0], volume.limits
    judged = "too-few" if limits is None else "outside" if volume.is_outside else "within"
    for day, count in volume.points:
        told = tell_count(count)
        yield {
            "watch": "volume",
            "model": None,
            "model_version": None,
            "source": volume.source,
            "item": volume.codelist or None,
            "period": day,
            "value": None if told is None else float(told),
            "centre": limits.centre if limits else None,
            "lower": limits.lower if limits else None,
            "upper": limits.upper if limits else None,
            "people": None,
            "status": judged if day == newest else "earlier",
        }
