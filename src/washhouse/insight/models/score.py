"""What is each person's risk of the outcomes today, and was it a week ago?

The newest data gives the index: the start of the day after the sender's newest as-of date. A home with a champion
scores with it, so that scores change because people do. A home without one fits a model if its history holds enough
outcomes; it scores, and is the champion, if it passes its gates, else it is kept as the challenger and nobody is
scored. Where a person took the champion out of use nothing is fitted and nobody is scored until a person promotes a
model. Where no honest model can be had there are no scores, and the status says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.fit import Fit, NoFit, fit_outcome, say_too_few
from washhouse.insight.models.history import gather_history, lacking_weeks, present_indexes, read_submitted
from washhouse.insight.models.known import Known, read_known
from washhouse.insight.models.plan import MIN_EVENTS, longest_lags
from washhouse.insight.models.present import Asked, Compute, Progress, Scored, score_present
from washhouse.insight.models.record import ON_THIS_HOME
from washhouse.insight.models.registry import failed_gates, find_challenger, find_model, store_fit
from washhouse.insight.models.states import read_registry
from washhouse.insight.models.store import digest
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.watch.inputs import Bins

LeaveOut = Callable[[Outcome, Cohort], Cohort]

TRY_AGAIN = timedelta(28)
"""Further data after which a run that has no champion fits again."""

SCORE_SCHEMA = pa.schema(
    [
        ("bucket", pa.int32()),
        ("person_id", pa.string()),
        ("model", pa.string()),
        ("model_version", pa.string()),
        ("index_date", pa.date32()),
        ("status", pa.string()),
        ("risk", pa.float64()),
        ("risk_lower", pa.float64()),
        ("risk_upper", pa.float64()),
        ("rank", pa.int32()),
        ("points", pa.float64()),
        ("reasons", pa.string()),
        ("record_version", pa.string()),
        ("inputs", pa.string()),
        ("scored_afterwards", pa.bool_()),
        ("rests_on", pa.string()),
    ]
)


@dataclass(frozen=True)
class ScoreResult:
    """What scoring came to.

    Attributes:
        scores: Rows of `record.score`: those at risk (`scored`, if there is a model) and those `in-crisis-care`.
        status: `scored`, `no-data`, `nobody-at-risk`, `too-few-events`, `no-better-than-chance`, `gates-not-met` or
            `retired`.
        message: The status in words.
        model_version: Version of the model; none without.
        model_record: The model record; none without a model, and where scores only stand.
        eligibility: People with an open referral to a community team today, by what became of them.
        failed_gates: What each gate says that a model does not pass that therefore scores nobody.
        fitted: Version of the model that was fitted now, for the registry; the champion if it scored.
        inputs: Of those scored now, how many lie in which bin of the fit.
        index_date: Day at whose start the newest scores hold; none without the source's data.
    """

    scores: pa.Table
    status: str
    message: str
    model_version: str | None
    model_record: dict[str, Any] | None
    eligibility: dict[str, int]
    failed_gates: tuple[str, ...] = ()
    fitted: str | None = None
    inputs: Bins | None = None
    index_date: date | None = None


@dataclass(frozen=True)
class _Answer:
    """With which model an outcome is scored, or why with none.

    Attributes:
        model: What `model.json` of the model holds, also of one that may not score.
        why_not: Why nobody is scored; none if the model scores.
        fitted: Version of the model, if it was fitted now.
    """

    model: Mapping[str, Any] | None = None
    why_not: NoFit | None = None
    fitted: str | None = None


def score_outcomes(
    outcomes: Iterable[Outcome],
    compute: Compute,
    *,
    today: Mapping[str, date | None],
    models_dir: Path,
    record_version: str,
    kept: Mapping[str, Collection[date]] | None = None,
    leave_out: LeaveOut = lambda outcome, cohort: cohort,
    submitted: Mapping[str, Sequence[date]] | None = None,
    on: str = ON_THIS_HOME,
    progress: Progress | None = None,
) -> dict[str, ScoreResult]:
    """Score everyone at risk of some outcomes, fitting a model first where there is none.

    Args:
        outcomes: The declarations.
        compute: Runs stages over the record.
        today: By name of the outcome, the day at whose start the newest scores are made; None if the outcome's source
            sent nothing.
        models_dir: The home's folder of models.
        record_version: Version of the record that is scored, for the scores and the model record.
        kept: By name of the outcome, index dates whose scores are in the record already; see `lacking_weeks`.
        leave_out: Leaves out of a fit whom somebody acted on because of an earlier model's score.
        submitted: Days on which each source submitted something, in order; read from the record unless given.
        on: On whom the figures of a model are, for the model record.
        progress: Whoever follows.

    Returns:
        By name of the outcome, the scores, the model record and the status.
    """
    tell = progress or (lambda what, share: None)
    wanted = tuple(outcomes)
    submitted = read_submitted(compute) if submitted is None else submitted
    answers: dict[str, _Answer] = {}
    asked = []
    for outcome in wanted:
        day, days = today[outcome.name], submitted.get(outcome.source, [])
        if day is None or not days:
            message = f"The record holds nothing that {outcome.source} submitted."
            answers[outcome.name] = _Answer(why_not=NoFit("no-data", message))
            continue
        answer = _waiting(models_dir, outcome, day)
        if answer is None:
            made = fit_model(
                outcome,
                compute,
                submitted,
                day,
                models_dir,
                record_version=record_version,
                leave_out=leave_out,
                on=on,
                tell=tell,
            )
            answer = _Answer(why_not=made) if isinstance(made, NoFit) else _judged(made, is_new=True)
        answers[outcome.name] = answer
        stored = answer.model if answer.why_not is None else None
        past = _past(outcome, day, (kept or {}).get(outcome.name, ()), stored)
        asked.append(Asked(outcome, present_indexes(outcome, day), stored, past))
    scored = score_present(asked, compute, tell)
    tell("scored", 1.0)
    return {
        outcome.name: _result(
            outcome,
            answers[outcome.name],
            scored.get(outcome.name),
            record_version,
            read_known(answers[outcome.name].model, submitted),
            today[outcome.name],
        )
        for outcome in wanted
    }


def _past(outcome: Outcome, today: date, kept: Collection[date], stored: Mapping[str, Any] | None) -> tuple[date, ...]:
    first = None if stored is None else stored["record"]["data"]["parts"]["test"]["first_index"]
    return () if first is None else lacking_weeks(outcome, today, kept, date.fromisoformat(first))


def _waiting(models_dir: Path, outcome: Outcome, today: date) -> _Answer | None:
    """The champion, or else a challenger that was lately refused; none if a model must be fitted."""
    champion = find_model(models_dir, outcome)
    if champion is not None:
        return _Answer(champion)
    challenger = find_challenger(models_dir, outcome)
    retirement = read_registry(models_dir, outcome.name).retirement
    if retirement is not None:
        waits = "One waits to be promoted." if challenger is not None else "None is fitted in its place."
        since = f"{date.fromisoformat(retirement.at[:10]):%-d %B %Y}"
        said = f"The model was taken out of use on {since}: {retirement.reason.rstrip('.')}. {waits}"
        return _Answer(challenger, NoFit("retired", f"Nobody is scored. {said}"))
    if challenger is None or date.fromisoformat(challenger["record"]["data"]["fitted_for"]) <= today - TRY_AGAIN:
        return None
    return _judged(challenger, is_new=False)


def _judged(model: Mapping[str, Any], *, is_new: bool) -> _Answer:
    """A model scores nobody before it is the champion: a new one is if it passes its gates."""
    failed, fitted = failed_gates(model["record"]), str(model["version"]) if is_new else None
    if is_new and not failed:
        return _Answer(model, fitted=fitted)
    said = (
        f"The model fitted does not pass its gates. {' '.join(failed)}" if failed else "A model waits to be promoted."
    )
    return _Answer(model, NoFit("gates-not-met", f"Nobody is scored. {said}"), fitted)


def fit_model(
    outcome: Outcome,
    compute: Compute,
    submitted: Mapping[str, Sequence[date]],
    today: date,
    models_dir: Path,
    *,
    record_version: str,
    leave_out: LeaveOut,
    on: str,
    tell: Progress,
) -> dict[str, Any] | NoFit:
    """Fit a model on the past and store it.

    Args:
        outcome: The declaration.
        compute: Runs stages over the record.
        submitted: Days on which each source submitted something, in order.
        today: Day at whose start the newest scores are made; none of it is looked at.
        models_dir: The home's folder of models.
        record_version: Version of the record, for the model record.
        leave_out: Leaves out the person-indexes that a model may not be fitted on.
        on: On whom its figures are, for the model record.
        tell: Whoever follows.

    Returns:
        What its `model.json` holds; or why there is no model.
    """
    history = gather_history(outcome, compute, today, submitted=submitted.get(outcome.source, []), tell=tell)
    if history.cohort is None:
        return NoFit("too-few-events", say_too_few(outcome, dict.fromkeys(MIN_EVENTS, 0)))
    cohort = leave_out(outcome, history.cohort)
    tell(f"{outcome.name}: fitting the model", 0.3)
    fit = fit_outcome(outcome, cohort, history.split)
    if isinstance(fit, NoFit):
        return fit
    about = {"record_version": record_version, "on": on}
    return keep_fit(outcome, fit, cohort, models_dir, submitted=submitted, today=today, **about)


def keep_fit(
    outcome: Outcome,
    fit: Fit,
    cohort: Cohort,
    models_dir: Path,
    *,
    submitted: Mapping[str, Sequence[date]],
    record_version: str,
    today: date,
    on: str,
) -> dict[str, Any]:
    """Store a fit with the digest of what it was fitted on, and for how long sources were silent then.

    Returns:
        What its `model.json` holds.
    """
    parts = (cohort.matrix.values, cohort.outcome, cohort.index_date.astype(np.int64))
    inputs = digest([hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() for part in parts])
    return store_fit(
        models_dir,
        outcome,
        fit,
        inputs=inputs,
        sampled=cohort.sampled,
        lags=longest_lags(np.unique(cohort.index_date).astype("datetime64[D]").astype(object).tolist(), submitted),
        record_version=record_version,
        today=today,
        on=on,
    )


def _result(
    outcome: Outcome,
    answer: _Answer,
    scored: Scored | None,
    record_version: str,
    known: Known,
    today: date | None,
) -> ScoreResult:
    why_not, model = answer.why_not, answer.model
    if scored is not None and not scored.counts["listed"]:
        words = f"Nobody belongs to the people that this is for. {outcome.words.population}"
        why_not = NoFit("nobody-at-risk", words)
    version = "none" if why_not is not None or model is None else str(model["version"])
    scores, counts = SCORE_SCHEMA.empty_table(), {}
    if scored is not None:
        parts = [("in-crisis-care", scored.in_crisis_care), ("scored", known.tell(scored.people))]
        scores = _sort(pa.concat_tables([_under_schema(outcome, version, record_version, *part) for part in parts]))
        if outcome.index != "day":
            place = scores.schema.get_field_index("scored_afterwards")
            scores = scores.set_column(
                place, SCORE_SCHEMA.field(place), pc.less(scores["index_date"], pa.scalar(today))
            )
        counts = scored.counts
    if why_not is not None or model is None:
        assert why_not is not None  # noqa: S101
        refused = model is not None and why_not.status == "gates-not-met"
        failed = failed_gates(model["record"]) if model is not None and refused else ()
        none = (why_not.status, why_not.message, None, None)
        return ScoreResult(scores, *none, counts, failed, answer.fitted, index_date=today)
    message = f"{counts['at-risk']} people at risk were scored.{known.say_late(today) if today else ''}"
    inputs = scored.inputs if scored is not None else None
    scored_with = ("scored", message, version, model["record"], counts)
    return ScoreResult(scores, *scored_with, fitted=answer.fitted, inputs=inputs, index_date=today)


def _under_schema(outcome: Outcome, version: str, record_version: str, status: str, people: pa.Table) -> pa.Table:
    same: dict[str, str | bool] = {
        "model": outcome.name,
        "model_version": version,
        "record_version": record_version,
        "status": status,
        "scored_afterwards": False,
    }
    columns = [
        people[field.name].cast(field.type)
        if field.name in people.column_names
        else pa.repeat(pa.scalar(same.get(field.name), field.type), people.num_rows)
        for field in SCORE_SCHEMA
    ]
    return pa.table(columns, schema=SCORE_SCHEMA)


def _sort(scores: pa.Table) -> pa.Table:
    return scores.sort_by([("bucket", "ascending"), ("person_id", "ascending"), ("index_date", "ascending")])
