"""Is what the models look at, and what they say, still as it was when they were fitted?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa

from washhouse.governance.disclosure import tell_count
from washhouse.insight.models.history import together
from washhouse.insight.models.present import Compute
from washhouse.insight.models.registry import index_day
from washhouse.insight.models.score import ScoreResult
from washhouse.insight.models.store import read_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.registry import OUTCOMES, watched_codelists
from washhouse.insight.watch.calibration import Period, judge_periods
from washhouse.insight.watch.follow import follow
from washhouse.insight.watch.inputs import RISK, Drift, measure_drift
from washhouse.insight.watch.volumes import Volume, watch_volumes
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.scoring import computing
from washhouse.pipeline.sums import submitted_days
from washhouse.record.tables import WATCH
from washhouse.record.writer import write_aggregates

SIGNALS = ("outside", "run")
_SERIES = ("watch", "model", "source", "item")

MOST_DAYS_APART = 31
"""Horizons up to so long do not overlap between the months of the chart, so that a run of months is a signal."""


def watch(context: RunContext, candidate: Version, results: Mapping[str, ScoreResult]) -> tuple[Version, int]:
    """Hold what came in, what the models see and what they said against what came before, and write `record.watch`.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.
        results: What scoring came to, by outcome.

    Returns:
        The candidate with the table and what is outside its limits, and the number of rows.
    """
    with computing(context, candidate) as (compute, grant, audit):
        submitted = submitted_days(context, candidate, compute)
        volumes = watch_volumes(partial(together, compute), submitted, watched_codelists())
        rows = [row for volume in volumes for row in _rows_of_volume(volume)]
        earlier = _earlier(context)
        for name, outcome in OUTCOMES.items():
            if name in results and results[name].model_version is not None:
                rows += _rows_of_model(context, outcome, results[name], earlier, compute, submitted, candidate)
        table = pa.Table.from_pylist(rows, schema=arrow_schema(WATCH))
        number = write_aggregates(context.lake, grant, WATCH, table, audit=audit)
    context.reached("watch-written")
    outside = [dict(zip(_SERIES, key, strict=True)) for key, row in _newest(rows).items() if row["status"] in SIGNALS]
    return (
        replace(
            candidate,
            tables={**candidate.tables, WATCH.name: number},
            summary={**candidate.summary, "watch": {"rows": len(rows), "outside": outside}},
        ),
        len(rows),
    )


def _newest(rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The newest row of each series: only what is so now is an alarm."""
    return {tuple(row[name] for name in _SERIES): row for row in sorted(rows, key=lambda row: row["period"])}


def _row(kind: str, period: date, status: str, **more: Any) -> dict[str, Any]:
    return {**dict.fromkeys(WATCH.column_names), "watch": kind, "period": period, "status": status} | more


def _rows_of_volume(volume: Volume) -> Iterator[dict[str, Any]]:
    newest, limits = volume.points[-1][0], volume.limits
    judged = "too-few" if limits is None else "outside" if volume.is_outside else "within"
    usual = {"centre": limits.centre, "lower": limits.lower, "upper": limits.upper} if limits else {}
    for day, count in volume.points:
        told = tell_count(count)
        yield _row(
            "volume",
            day,
            judged if day == newest else "earlier",
            source=volume.source,
            item=volume.codelist or None,
            value=None if told is None else float(told),
            **usual,
        )


def _earlier(context: RunContext) -> list[dict[str, Any]]:
    """Rows of the published version, which hold what was counted of months before."""
    published = context.published
    if published is None or WATCH.name not in published.tables:
        return []
    rows: list[dict[str, Any]] = context.lake.read(WATCH, published.tables[WATCH.name]).to_pylist()
    return rows


def _rows_of_model(
    context: RunContext,
    outcome: Outcome,
    result: ScoreResult,
    earlier: Sequence[Mapping[str, Any]],
    compute: Compute,
    submitted: Mapping[str, Sequence[date]],
    candidate: Version,
) -> list[dict[str, Any]]:
    stored = read_model(context.home.models / outcome.name / str(result.model_version))
    today = index_day(candidate.as_of, outcome.source)
    watched = stored.get("watch")
    if not watched or today is None:
        return []
    same = {"model": outcome.name, "model_version": str(result.model_version)}
    rows = []
    if result.inputs is not None:
        people = int(result.inputs[RISK].sum())
        for drift in measure_drift(watched["inputs"], result.inputs):
            rows.append(_row_of_drift(drift, today, people, same))
            if drift.missing_then or drift.missing_now:
                rows.append(_row_of_missing(drift, today, people, same))
    else:  # the scores stand, and so does what was measured when they were made
        rows += [dict(row) for row in earlier if row["watch"] in ("inputs", "missing") and _is_of(row, same)]
    tested = [Period(**{**each, "since": date.fromisoformat(each["since"])}) for each in watched["periods"]]
    counted = [dict(row) for row in earlier if row["watch"] == "calibration" and _is_of(row, same)]
    told = {row["period"] for row in counted}
    fresh = [period for period in tested if period.since not in told]
    newest = max((*told, *(period.since for period in tested)))
    fresh += follow(outcome, stored, compute, submitted[outcome.source], today, since=newest)
    return rows + _rows_of_periods(outcome, counted, fresh, same)


def _is_of(row: Mapping[str, Any], same: Mapping[str, str]) -> bool:
    return all(row[name] == value for name, value in same.items())


def _row_of_drift(drift: Drift, today: date, people: int, same: Mapping[str, str]) -> dict[str, Any]:
    return _row(
        "inputs",
        today,
        "outside" if drift.is_outside else "within" if drift.is_judged else "too-few",
        item=drift.feature,
        value=drift.index,
        centre=0.0,
        lower=0.0,
        upper=drift.limit,
        people=people,
        **same,
    )


def _row_of_missing(drift: Drift, today: date, people: int, same: Mapping[str, str]) -> dict[str, Any]:
    return _row(
        "missing",
        today,
        "outside" if drift.is_missing else "within",
        item=drift.feature,
        value=drift.missing_now,
        centre=drift.missing_then,
        lower=0.0,
        upper=drift.missing_limit,
        people=people,
        **same,
    )


def _rows_of_periods(
    outcome: Outcome, counted: Sequence[dict[str, Any]], fresh: Sequence[Period], same: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The chart of observed over expected: what was told before stands, what is new is judged."""
    before = [row["value"] for row in sorted(counted, key=lambda row: row["period"]) if row["value"] is not None]
    verdicts = judge_periods(fresh, are_apart=outcome.horizon_days <= MOST_DAYS_APART, before=before)
    rows = list(counted)
    for period, status in zip(fresh, verdicts, strict=True):
        usual = {}
        if status != "too-few":
            limits = period.limits
            usual = {"value": period.ratio, "centre": 1.0, "lower": limits.lower, "upper": limits.upper}
        rows.append(_row("calibration", period.since, status, people=period.people, **usual, **same))
    return rows
