"""How is a version scored before it is published? The models read the candidate, as pages will read the version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.insight.models.registry import index_day
from washhouse.insight.models.score import score_people
from washhouse.insight.outcomes.registry import OUTCOMES
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

        results = {
            outcome.name: score_people(
                outcome,
                compute,
                today=index_day(candidate.as_of, outcome.source),
                models_dir=context.home.models,
                record_version=candidate.id,
                progress=context.progress.at,
            )
            for outcome in OUTCOMES.values()
        }
        scores = pa.concat_tables([result.scores for result in results.values()])
        number = write_scores(context.lake, candidate, grant, scores, audit=audit)
    finally:
        desk.close()
    context.reached("scores-written")
    summary = {
        name: {
            "status": each.status,
            "message": each.message,
            "eligibility": each.eligibility,
            "failed_gates": each.failed_gates,
        }
        for name, each in results.items()
    }
    scored = replace(
        candidate,
        tables={**candidate.tables, SCORE.name: number},
        models={name: each.model_version for name, each in results.items() if each.model_version},
        summary={**candidate.summary, "models": summary},
    )
    return scored, scores.num_rows
