"""How is a version scored before it is published? The models read the candidate, as pages will read the version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa

from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.insight.crisis.score import MODEL, score_people
from washhouse.insight.crisis.stored import index_day
from washhouse.lake.pointer import Version
from washhouse.pipeline.context import RunContext
from washhouse.record.kernels import Kernel, run
from washhouse.record.tables import SCORE
from washhouse.record.writer import write_scores


def score(context: RunContext, candidate: Version) -> tuple[Version, int]:
    """Score everyone at risk and write the scores.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.

    Returns:
        The candidate with the table of scores, the models and what scoring came to, and the number of scores.
    """
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        audit = AuditTrail(desk)
        grant = system_grant(utc_now())

        def compute(kernel: Kernel, extra: Mapping[str, pa.Table]) -> pa.Table:
            parts = run(
                context.lake,
                candidate,
                grant,
                kernel,
                extra=extra,
                engine=context.engine,
                audit=audit,
            )
            return pa.concat_tables(list(parts))

        newest = max(candidate.as_of.values(), default=context.now.date())
        result = score_people(
            compute,
            today=index_day(candidate.as_of) or newest + timedelta(days=1),
            models_dir=context.home.models,
            record_version=candidate.id,
            progress=context.progress.at,
        )
        number = write_scores(context.lake, candidate, grant, result.scores, audit=audit)
    finally:
        desk.close()
    context.reached("scores-written")
    summary = {MODEL: {"status": result.status, "message": result.message, "eligibility": result.eligibility}}
    scored = replace(
        candidate,
        tables={**candidate.tables, SCORE.name: number},
        models={MODEL: result.model_version} if result.model_version else {},
        summary={**candidate.summary, "models": summary},
    )
    return scored, result.scores.num_rows
