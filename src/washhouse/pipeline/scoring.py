"""How is a version scored before it is published? The models read the candidate, as pages will read the version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.home import Settings
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant, system_grant
from washhouse.insight.models.present import Compute
from washhouse.insight.models.record import ON_INVENTED_CITY, ON_THIS_HOME
from washhouse.insight.models.registry import find_model, index_day
from washhouse.insight.models.score import SCORE_SCHEMA, ScoreResult, score_outcomes
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.lake.pointer import Version
from washhouse.pipeline.acted import leave_out_acted
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.score_history import dates_of, join_kept, read_kept, read_standing
from washhouse.pipeline.sums import submitted_days
from washhouse.record.kernels import Stage, run_stages
from washhouse.record.tables import SCORE
from washhouse.record.writer import write_scores


def on_whom(settings: Settings) -> str:
    """On whom the figures of a home's models are."""
    return ON_INVENTED_CITY if settings.invented else ON_THIS_HOME


@contextmanager
def computing(context: RunContext, version: Version) -> Iterator[tuple[Compute, Grant, AuditTrail]]:
    """Run stages over every bucket of a version, noted in the audit; with the grant and audit of what is written."""
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        audit, grant = AuditTrail(desk), system_grant(utc_now())

        def compute(stages: Sequence[Stage], extra: Mapping[str, pa.Table]) -> Iterator[dict[str, pa.Table]]:
            return run_stages(context.lake, version, grant, stages, extra, context.engine, audit=audit)

        yield compute, grant, audit
    finally:
        desk.close()


def score(
    context: RunContext, candidate: Version, outcomes: Mapping[str, Outcome] = OUTCOMES
) -> tuple[Version, dict[str, ScoreResult]]:
    """Score everyone at risk and write the scores.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.
        outcomes: What is scored.

    Returns:
        The candidate with the table of scores, the models and what scoring came to; and the results by outcome.
    """
    today = {name: index_day(candidate.as_of, outcome.source) for name, outcome in outcomes.items()}
    kept = read_kept(context.lake, context.published, candidate, outcomes, today)
    standing = _standing(context, candidate, outcomes, today)
    with computing(context, candidate) as (compute, grant, audit):
        results = score_outcomes(
            [outcome for name, outcome in outcomes.items() if name not in standing],
            compute,
            today=today,
            kept=dates_of(kept),
            models_dir=context.home.models,
            record_version=candidate.id,
            leave_out=lambda outcome, cohort: leave_out_acted(context, candidate, outcome, cohort)[0],
            submitted=submitted_days(context, candidate, compute),
            on=on_whom(context.settings),
            progress=context.progress.at,
        )
        results |= standing
        scores = join_kept(pa.concat_tables([result.scores for result in results.values()]), kept)
        number = write_scores(context.lake, candidate, grant, scores, audit=audit)
    context.reached("scores-written")
    summary = {
        name: {
            "index_date": None if each.index_date is None else each.index_date.isoformat(),
            "status": each.status,
            "message": each.message,
            "eligibility": each.eligibility,
            "failed_gates": list(each.failed_gates),
            "fitted": each.fitted,
        }
        for name, each in sorted(results.items())
    }
    scored = replace(
        candidate,
        tables={**candidate.tables, SCORE.name: number},
        models={name: each.model_version for name, each in results.items() if each.model_version},
        summary={**candidate.summary, "models": summary},
    )
    return scored, results


def _standing(
    context: RunContext, candidate: Version, outcomes: Mapping[str, Outcome], today: Mapping[str, date | None]
) -> dict[str, ScoreResult]:
    """Newest scores of the published version that stand still, by outcome: they are handed on as they were told."""
    published, found = context.published, {}
    if published is None or context.rebuild or SCORE.name not in published.tables:
        return {}
    if published.summary.get("mapped") != candidate.summary.get("mapped"):
        return {}  # what the scores were told from is told otherwise now
    for name, outcome in outcomes.items():
        told, now = published.summary.get("models", {}).get(name, {}), today[name]
        if not outcome.stands_days or told.get("status") != "scored" or "index_date" not in told or now is None:
            continue
        made, version = date.fromisoformat(told["index_date"]), published.models[name]
        champion = find_model(context.home.models, outcome)
        is_same = champion is not None and champion["version"] == version
        if is_same and made <= now < made + timedelta(outcome.stands_days):
            found[name] = (made, version, told)
    if not found:
        return {}
    days = {name: made for name, (made, _, _) in found.items()}
    scores = read_standing(context.lake, published, candidate, days).select(SCORE_SCHEMA.names).cast(SCORE_SCHEMA)
    return {
        name: ScoreResult(
            scores.filter(pc.equal(scores["model"], name)),
            "scored",
            told["message"],
            version,
            None,
            told["eligibility"],
            index_date=made,
        )
        for name, (made, version, told) in found.items()
    }
