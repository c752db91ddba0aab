"""What is each person's risk of the outcomes today, and was it a week ago?

The newest data gives the index: the start of the day after the sender's newest as-of date. A home with a champion
scores with it, so that scores change because people do. A home without one fits a model if its history holds enough
outcomes; it scores, and is the champion, if it passes its gates, else it is kept as the challenger and nobody is
scored. Where no honest model can be had there are no scores, and the status says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.insight.codelists import build_codelist_table
from washhouse.insight.features.compile import build_feature_tables
from washhouse.insight.features.matrix import Matrix, begin_matrix, fill_matrix
from washhouse.insight.models.fit import Cohort, Fit, NoFit, fit_outcome
from washhouse.insight.models.plan import choose_index_dates, split_index_dates
from washhouse.insight.models.present import (
    Asked,
    Compute,
    Progress,
    Scored,
    build_index_table,
    feature_stages,
    score_present,
)
from washhouse.insight.models.registry import failed_gates, find_challenger, find_model, store_fit
from washhouse.insight.models.store import digest
from washhouse.insight.outcomes.contract import PEOPLE, SUBMITTED, Outcome
from washhouse.insight.watch.inputs import Bins
from washhouse.record.kernels import Kernel, Stage

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
    ]
)


@dataclass(frozen=True)
class ScoreResult:
    """What scoring came to.

    Attributes:
        scores: Rows of `record.score`: those at risk (`scored`, if there is a model) and those `in-crisis-care`.
        status: `scored`, `no-data`, `nobody-at-risk`, `too-few-events`, `no-better-than-chance` or `gates-not-met`.
        message: The status in words.
        model_version: Version of the model; none without.
        model_record: The model record; none without a model.
        eligibility: People with an open referral to a community team today, by what became of them.
        failed_gates: What each gate says that a model does not pass that therefore scores nobody.
        fitted: Version of the model that was fitted now, for the registry; the champion if it scored.
        inputs: Of those scored now, how many lie in which bin of the fit.
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


def present_indexes(outcome: Outcome, today: date) -> tuple[date, ...]:
    """Days of the newest scores, newest first.

    Args:
        outcome: The declaration.
        today: Day at whose start the newest scores are made.

    Returns:
        Today, and the earlier day to compare with; or the days before today on which an event may have happened.
    """
    if outcome.index == "day":
        return tuple(today - timedelta(number) for number in range(1, outcome.recent_days + 1))
    return (today, today - timedelta(outcome.earlier_days)) if outcome.earlier_days else (today,)


def score_outcomes(
    outcomes: Iterable[Outcome],
    compute: Compute,
    *,
    today: Mapping[str, date | None],
    models_dir: Path,
    record_version: str,
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
        progress: Whoever follows.

    Returns:
        By name of the outcome, the scores, the model record and the status.
    """
    tell = progress or (lambda what, share: None)
    wanted = tuple(outcomes)
    submitted = read_submitted(compute)
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
            made = fit_model(outcome, compute, days, day, models_dir, record_version=record_version, tell=tell)
            answer = _Answer(why_not=made) if isinstance(made, NoFit) else _judged(made, is_new=True)
        answers[outcome.name] = answer
        stored = answer.model if answer.why_not is None else None
        asked.append(Asked(outcome, present_indexes(outcome, day), stored))
    scored = score_present(asked, compute, tell)
    tell("scored", 1.0)
    return {
        outcome.name: _result(outcome, answers[outcome.name], scored.get(outcome.name), record_version)
        for outcome in wanted
    }


def _waiting(models_dir: Path, outcome: Outcome, today: date) -> _Answer | None:
    """The champion, or else a challenger that was lately refused; none if a model must be fitted."""
    champion = find_model(models_dir, outcome)
    if champion is not None:
        return _Answer(champion)
    challenger = find_challenger(models_dir, outcome)
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
    submitted: Sequence[date],
    today: date,
    models_dir: Path,
    *,
    record_version: str,
    tell: Progress,
) -> dict[str, Any] | NoFit:
    """Fit a model on the past and store it.

    Args:
        outcome: The declaration.
        compute: Runs stages over the record.
        submitted: Days on which its source submitted something, in order.
        today: Day at whose start the newest scores are made; none of it is looked at.
        models_dir: The home's folder of models.
        record_version: Version of the record, for the model record.
        tell: Whoever follows.

    Returns:
        What its `model.json` holds; or why there is no model.
    """
    tell(f"{outcome.name}: finding people in the past", 0.0)
    history = choose_index_dates(outcome, submitted, today)
    population = find_population(compute, outcome, present_indexes(outcome, today), history)
    in_past = pc.is_in(population["index_date"], pa.array(history, pa.date32()))
    rows = number_rows(population.filter(pc.and_(in_past, pc.equal(population["status"], "at-risk"))))
    del population, in_past
    tell(f"{outcome.name}: computing features", 0.1)
    cohort = build_cohort(rows, compute_features(compute, outcome, rows))
    tell(f"{outcome.name}: fitting the model", 0.3)
    fit = fit_outcome(outcome, cohort, split_index_dates(outcome, history))
    if isinstance(fit, NoFit):
        return fit
    return keep_fit(outcome, fit, cohort, models_dir, record_version=record_version, today=today)


def keep_fit(
    outcome: Outcome, fit: Fit, cohort: Cohort, models_dir: Path, *, record_version: str, today: date
) -> dict[str, Any]:
    """Store a fit with the digest of what it was fitted on.

    Returns:
        What its `model.json` holds.
    """
    parts = (cohort.matrix.values, cohort.outcome, cohort.index_date.astype(np.int64))
    inputs = digest([hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() for part in parts])
    return store_fit(models_dir, outcome, fit, inputs=inputs, record_version=record_version, today=today)


def read_submitted(compute: Compute) -> dict[str, list[date]]:
    """Days on which each source submitted something, in order."""
    found: dict[str, set[date]] = {}
    for row in together(compute, SUBMITTED, {}).to_pylist():
        found.setdefault(row["source"], set()).add(row["day"])
    return {source: sorted(days) for source, days in found.items()}


def together(compute: Compute, kernel: Kernel, extra: Mapping[str, pa.Table]) -> pa.Table:
    """What a kernel gives of all buckets."""
    return pa.concat_tables([made[kernel.name] for made in compute([Stage(kernel)], extra)])


def find_population(
    compute: Compute, outcome: Outcome, present: Iterable[date], history: Iterable[date] = ()
) -> pa.Table:
    """Whom an outcome concerns at each index date, with status and outcome, in a fixed order.

    Args:
        compute: Runs stages over the record.
        outcome: The declaration.
        present: Index dates of today. They decide what is known to be the end of the past; of their people only those
            come along whom the population's SQL cannot leave out.
        history: Index dates at which at most `most_people` are taken, always the same.
    """
    people = int(pc.sum(together(compute, PEOPLE, {})["people"]).as_py() or 0)
    share = min(1.0, outcome.most_people / max(people, 1))
    index = build_index_table({**dict.fromkeys(history, share), **dict.fromkeys(present, 0.0)})
    extra = {"index_date": index, "codelist": build_codelist_table(outcome.codelists)}
    found = together(compute, outcome.population, extra)
    return found.sort_by([("index_date", "ascending"), ("person_id", "ascending")]).combine_chunks()


def number_rows(rows: pa.Table) -> pa.Table:
    """The rows with their number in `row`, counting from 0."""
    if "row" in rows.column_names:
        rows = rows.drop_columns("row")
    return rows.append_column("row", pa.array(np.arange(rows.num_rows, dtype=np.int32)))


def compute_features(compute: Compute, outcome: Outcome, rows: pa.Table) -> Matrix:
    """Features of person-indexes.

    Args:
        compute: Runs stages over the record.
        outcome: The declaration.
        rows: Rows of `find_population` with `row`, counting from 0.

    Returns:
        The matrix, in the order of the rows.
    """
    features, name = outcome.features, f"{outcome.name}-features"
    tables = {"row": rows.select(["bucket", "row", "person_id", "index_date"]), **build_feature_tables(features)}
    matrix = begin_matrix(features, rows)
    for made in compute(feature_stages(name, features, {table: table for table in tables}), tables):
        fill_matrix(features, rows, made[name], matrix)
    return matrix


def build_cohort(rows: pa.Table, matrix: Matrix) -> Cohort:
    """Person-indexes with their outcome, for fitting or judging.

    Args:
        rows: Rows of `find_population`, all at risk.
        matrix: Their features.
    """
    _, person = np.unique(rows["person_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return Cohort(
        index_date=rows["index_date"].to_numpy().astype("datetime64[D]"),
        person=person.astype(np.int64),
        outcome=rows["outcome_at"].is_valid().to_numpy(zero_copy_only=False),
        matrix=matrix,
        people=rows.select(
            ["bucket", "person_id", "birth_month", "sex", "deprivation_decile", "ethnic_category", "practice"]
        ),
    )


def _result(outcome: Outcome, answer: _Answer, scored: Scored | None, record_version: str) -> ScoreResult:
    why_not, model = answer.why_not, answer.model
    if scored is not None and not scored.counts["listed"]:
        words = f"Nobody belongs to the people that this is for. {outcome.words.population}"
        why_not = NoFit("nobody-at-risk", words)
    version = "none" if why_not is not None or model is None else str(model["version"])
    scores, counts = SCORE_SCHEMA.empty_table(), {}
    if scored is not None:
        parts = [("in-crisis-care", scored.in_crisis_care), ("scored", scored.people)]
        scores = _sort(pa.concat_tables([_under_schema(outcome, version, record_version, *part) for part in parts]))
        counts = scored.counts
    if why_not is not None or model is None:
        assert why_not is not None  # noqa: S101
        refused = model is not None and why_not.status == "gates-not-met"
        failed = failed_gates(model["record"]) if model is not None and refused else ()
        return ScoreResult(scores, why_not.status, why_not.message, None, None, counts, failed, answer.fitted)
    message = f"{counts['at-risk']} people at risk were scored."
    inputs = scored.inputs if scored is not None else None
    return ScoreResult(scores, "scored", message, version, model["record"], counts, fitted=answer.fitted, inputs=inputs)


def _under_schema(outcome: Outcome, version: str, record_version: str, status: str, people: pa.Table) -> pa.Table:
    same = {"model": outcome.name, "model_version": version, "record_version": record_version, "status": status}
    columns = [
        people[field.name].cast(field.type)
        if field.name in people.column_names
        else pa.repeat(pa.scalar(same.get(field.name), field.type), people.num_rows)
        for field in SCORE_SCHEMA
    ]
    return pa.table(columns, schema=SCORE_SCHEMA)


def _sort(scores: pa.Table) -> pa.Table:
    return scores.sort_by([("bucket", "ascending"), ("person_id", "ascending"), ("index_date", "ascending")])
