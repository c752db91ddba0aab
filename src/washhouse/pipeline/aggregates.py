"""Which figures of the population does a version carry? Indicators for planners, cohort counts for researchers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant, system_grant
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.population.indicators import INDICATORS
from washhouse.population.rates import count_indicator, period_of
from washhouse.record.kernels import Kernel, run
from washhouse.record.reader import covers_of
from washhouse.record.tables import ATTRITION, INDICATOR
from washhouse.record.writer import write_aggregates
from washhouse.research.attrition import count_cohort, index_date_of
from washhouse.research.cohorts import COHORTS


def count_population(context: RunContext, candidate: Version) -> tuple[Version, int]:
    """Compute every indicator and every cohort that the data allows, and write what may be told of them.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.

    Returns:
        The candidate with both tables, and the number of rows.
    """
    covers = covers_of(candidate)
    rows: dict[Table, list[dict[str, object]]] = {INDICATOR: [], ATTRITION: []}
    summary: dict[str, dict[str, object]] = {"indicators": {}, "cohorts": {}}
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        audit = AuditTrail(desk)

        def grant_for(purpose: Purpose) -> Grant:
            return mint_grant(
                actor="system", role=Role.SYSTEM, purpose=purpose, persons=None, now=utc_now(), minutes=720
            )

        planning = partial(_compute, context, candidate, grant_for(Purpose.PLANNING), audit)
        for indicator in INDICATORS.values():
            period = period_of(indicator, covers)
            if period is not None:
                counted = count_indicator(indicator, *period, planning)
                rows[INDICATOR] += counted.rows
                summary["indicators"][indicator.id] = counted.summary
        research = partial(_compute, context, candidate, grant_for(Purpose.RESEARCH), audit)
        for cohort in COHORTS.values():
            index_date = index_date_of(cohort, covers)
            if index_date is not None:
                told = count_cohort(cohort, index_date, research)
                rows[ATTRITION] += told.rows
                summary["cohorts"][cohort.id] = told.summary
        tables = {
            table.name: write_aggregates(
                context.lake,
                system_grant(utc_now()),
                table,
                pa.Table.from_pylist(found, schema=arrow_schema(table)),
                audit=audit,
            )
            for table, found in rows.items()
        }
    finally:
        desk.close()
    context.reached("aggregates-written")
    counted_version = replace(
        candidate, tables={**candidate.tables, **tables}, summary={**candidate.summary, "population": summary}
    )
    return counted_version, sum(map(len, rows.values()))


def _compute(
    context: RunContext,
    candidate: Version,
    grant: Grant,
    audit: AuditTrail,
    kernel: Kernel,
    params: Mapping[str, object],
    extra: Mapping[str, pa.Table],
) -> pa.Table:
    parts = run(
        context.lake,
        candidate,
        grant,
        kernel,
        params,
        extra,
        engine=context.engine,
        audit=audit,
    )
    return pa.concat_tables(list(parts))
