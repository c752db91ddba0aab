"""What is each person's risk of an outcome today, and was it a week ago?

The newest data gives the index: the start of the day after the sender's newest as-of date. A home without a fitted
model gets one if its history holds enough outcomes; a home with one scores with it, so that scores change because
people do. Where no honest model can be had there are no scores, and the status says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.insight.codelists import build_codelist_table
from washhouse.insight.features.compile import (
    EVIDENCE_COLUMNS,
    build_feature_tables,
    compile_evidence,
    summaries_kernel,
)
from washhouse.insight.features.matrix import Matrix, build_matrix
from washhouse.insight.models.fit import Cohort, Fit, NoFit, fit_outcome
from washhouse.insight.models.plan import choose_index_dates, split_index_dates
from washhouse.insight.models.points import count_points
from washhouse.insight.models.reasons import explain, take_apart
from washhouse.insight.models.registry import find_model, store_fit
from washhouse.insight.models.store import digest, load_linear, load_model
from washhouse.insight.outcomes.contract import PEOPLE, SUBMITTED, Outcome
from washhouse.record.kernels import Kernel

RISK_DECIMALS = 10

Compute = Callable[[Kernel, Mapping[str, pa.Table]], pa.Table]
"""Runs a kernel over every bucket, with extra tables, and puts the results together."""

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is done, 0 to 1."""

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
    ]
)


@dataclass(frozen=True)
class ScoreResult:
    """What scoring came to.

    Attributes:
        scores: Rows of `record.score`: those at risk (`scored`, if there is a model) and those `in-crisis-care`.
        status: `scored`, `no-data`, `nobody-at-risk`, `too-few-events` or `no-better-than-chance`.
        message: The status in words.
        model_version: Version of the model; none without.
        model_record: The model record; none without a model.
        eligibility: People with an open referral to a community team today, by what became of them.
    """

    scores: pa.Table
    status: str
    message: str
    model_version: str | None
    model_record: dict[str, Any] | None
    eligibility: dict[str, int]

    @property
    def failed_gates(self) -> list[str]:
        """What each gate says that the model does not pass."""
        gates = self.model_record["gates"] if self.model_record is not None else []
        return [gate["says"] for gate in gates if not gate["is_met"]]


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


def score_people(
    outcome: Outcome,
    compute: Compute,
    *,
    today: date | None,
    models_dir: Path,
    record_version: str,
    progress: Progress | None = None,
) -> ScoreResult:
    """Score everyone at risk of an outcome, fitting a model first if there is none.

    Args:
        outcome: The declaration.
        compute: Runs kernels over the record.
        today: Day at whose start the newest scores are made; None if the outcome's source sent nothing.
        models_dir: The home's folder of models.
        record_version: Version of the record that is scored, for the model record.
        progress: Whoever follows.

    Returns:
        The scores, the model record and the status.
    """
    tell = progress or (lambda what, share: None)
    missing = NoFit("no-data", f"The record holds nothing that {outcome.source} submitted.")
    submitted = submitted_days(compute, outcome)
    if today is None or not submitted:
        return _unscored(outcome, missing, None, ())
    indexes = present_indexes(outcome, today)
    stored = find_model(models_dir, outcome)
    history = () if stored else choose_index_dates(outcome, submitted, today)
    tell("finding the people at risk", 0.0)
    population = find_population(compute, outcome, indexes, history)
    rows = number_rows(population.filter(pc.equal(population["status"], "at-risk")))
    if not count_status(population, indexes)["listed"]:
        nobody = NoFit("nobody-at-risk", f"Nobody belongs to the people that this is for. {outcome.words.population}")
        return _unscored(outcome, nobody, population, indexes)
    tell("computing features", 0.3)
    matrix = compute_features(compute, outcome, rows)
    if stored is None:
        tell("fitting the model", 0.6)
        past = np.isin(rows["index_date"].to_numpy(), np.array(history, dtype="datetime64[D]"))
        cohort = build_cohort(rows, matrix, past)
        fit = fit_outcome(outcome, cohort, split_index_dates(outcome, history))
        if isinstance(fit, NoFit):
            return _unscored(outcome, fit, population, indexes)
        stored = keep_fit(outcome, fit, cohort, models_dir, record_version=record_version, today=today)
    tell("scoring and explaining", 0.9)
    present = np.isin(rows["index_date"].to_numpy(), np.array(indexes, dtype="datetime64[D]"))
    scored = number_rows(rows.filter(pa.array(present)))
    scores = _score(outcome, compute, stored, scored, Matrix(matrix.names, matrix.values[present]))
    tell("scored", 1.0)
    version = str(stored["version"])
    counts = count_status(population, indexes)
    return ScoreResult(
        scores=_sort(pa.concat_tables([scores, _in_crisis_care(outcome, population, indexes, version)])),
        status="scored",
        message=f"{counts['at-risk']} people at risk were scored.{_say_gates(stored['record'])}",
        model_version=version,
        model_record=stored["record"],
        eligibility=counts,
    )


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


def submitted_days(compute: Compute, outcome: Outcome) -> list[date]:
    """Days on which the outcome's source submitted something, in order."""
    found = compute(SUBMITTED, {})
    return sorted(set(found.filter(pc.equal(found["source"], outcome.source))["day"].to_pylist()))


def find_population(
    compute: Compute, outcome: Outcome, present: Iterable[date], history: Iterable[date] = ()
) -> pa.Table:
    """Whom an outcome concerns at each index date, with status and outcome, in a fixed order.

    Args:
        compute: Runs kernels over the record.
        outcome: The declaration.
        present: Index dates at which everybody is taken.
        history: Index dates at which at most `most_people` are taken, always the same.
    """
    people = int(pc.sum(compute(PEOPLE, {})["people"]).as_py() or 0)
    share = min(1.0, outcome.most_people / max(people, 1))
    shares = {**dict.fromkeys(history, share), **dict.fromkeys(present, 1.0)}
    days = sorted(shares)
    index = pa.table(
        {"index_date": pa.array(days, pa.date32()), "share": pa.array([shares[day] for day in days], pa.float64())}
    )
    found = compute(outcome.population, {"index_date": index, "codelist": build_codelist_table(outcome.codelists)})
    return found.sort_by([("index_date", "ascending"), ("person_id", "ascending")]).combine_chunks()


def number_rows(rows: pa.Table) -> pa.Table:
    """The rows with their number in `row`, counting from 0."""
    if "row" in rows.column_names:
        rows = rows.drop_columns("row")
    return rows.append_column("row", pa.array(range(rows.num_rows), pa.int32()))


def compute_features(compute: Compute, outcome: Outcome, rows: pa.Table) -> Matrix:
    """Features of person-indexes.

    Args:
        compute: Runs kernels over the record.
        outcome: The declaration.
        rows: Rows of `find_population` with `row`, counting from 0.

    Returns:
        The matrix, in the order of the rows.
    """
    tables = {"row": rows.select(["row", "person_id", "index_date"]), **build_feature_tables(outcome.features)}
    summaries = compute(summaries_kernel(f"{outcome.name}-features", outcome.features), tables)
    return build_matrix(outcome.features, rows, summaries)


def build_cohort(rows: pa.Table, matrix: Matrix, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Cohort:
    """Person-indexes with their outcome, for fitting or judging.

    Args:
        rows: Rows of `find_population`, all at risk.
        matrix: Their features.
        chosen: Which to keep, shape (rows,).
    """
    kept = rows.filter(pa.array(chosen))
    _, person = np.unique(kept["person_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return Cohort(
        index_date=kept["index_date"].to_numpy().astype("datetime64[D]"),
        person=person.astype(np.int64),
        outcome=kept["outcome_at"].is_valid().to_numpy(zero_copy_only=False),
        matrix=Matrix(matrix.names, matrix.values[chosen]),
        people=kept.select(["person_id", "birth_month", "sex", "deprivation_decile", "ethnic_category", "practice"]),
    )


def count_status(population: pa.Table, indexes: Iterable[date]) -> dict[str, int]:
    """People whom the outcome concerns now, by what became of them.

    Args:
        population: Rows of `find_population`.
        indexes: Days of the newest scores, newest first; only the newest counts where there is one a week.
    """
    days = list(indexes)
    newest = days if len(days) > 1 and (days[0] - days[1]).days == 1 else days[:1]
    now = population.filter(pc.is_in(population["index_date"], pa.array(newest, pa.date32())))
    counts = {"listed": now.num_rows, "at-risk": 0, "in-crisis-care": 0, "not-eligible": 0}
    for each in now.group_by("status").aggregate([([], "count_all")]).to_pylist():
        counts[each["status"]] = each["count_all"]
    return counts


def _score(outcome: Outcome, compute: Compute, stored: Mapping[str, Any], people: pa.Table, matrix: Matrix) -> pa.Table:
    if not people.num_rows:
        return SCORE_SCHEMA.empty_table()
    model, calibration = load_model(stored["models"][stored["shipped"]])
    odds = model.log_odds(matrix)
    # Sums over many rows differ in their last digits with the number of rows; ranks must not.
    interval = calibration.interval(odds, model.variance(matrix))
    risk, lower, upper = (np.round(each, RISK_DECIMALS) for each in (calibration.risk(odds), *interval))
    index_date = people["index_date"].to_numpy()
    # Outcomes that follow an event are ranked over all recent days together.
    listed = index_date if outcome.index != "day" else np.zeros(len(risk))
    rank = np.zeros(len(risk), np.int32)
    for day in np.unique(listed):
        members = np.flatnonzero(listed == day)
        rank[members[np.argsort(-risk[members], kind="stable")]] = np.arange(1, len(members) + 1)
    reasons: list[str | None] = [None] * len(risk)
    explained = np.flatnonzero(rank <= outcome.explained) if outcome.explained else np.arange(len(risk))
    for place, text in zip(explained, _reasons(outcome, compute, stored, people, matrix, explained), strict=True):
        reasons[place] = text
    columns = {
        "bucket": people["bucket"],
        "person_id": people["person_id"],
        "model": [outcome.name] * len(risk),
        "model_version": [str(stored["version"])] * len(risk),
        "index_date": people["index_date"],
        "status": ["scored"] * len(risk),
        "risk": risk,
        "risk_lower": lower,
        "risk_upper": upper,
        "rank": rank,
        "points": count_points(load_linear(stored["models"]["points"]), matrix),
        "reasons": reasons,
    }
    return pa.table(columns).cast(SCORE_SCHEMA)


def _reasons(
    outcome: Outcome,
    compute: Compute,
    stored: Mapping[str, Any],
    people: pa.Table,
    matrix: Matrix,
    explained: np.ndarray[Any, np.dtype[np.int64]],
) -> list[str]:
    model, calibration = load_model(stored["models"][stored["shipped"]])
    shown = Matrix(matrix.names, matrix.values[explained])
    rows = number_rows(people.take(pa.array(explained))).select(["row", "person_id", "index_date"])
    kernel = Kernel(f"{outcome.name}-evidence", compile_evidence(), EVIDENCE_COLUMNS, inputs=("event",))
    evidence = compute(kernel, {"row": rows, **build_feature_tables(outcome.features)})
    return explain(outcome.features, stored["usual"], take_apart(model, calibration, shown), shown, evidence)


def _in_crisis_care(outcome: Outcome, population: pa.Table, indexes: Iterable[date], version: str) -> pa.Table:
    present = pc.is_in(population["index_date"], pa.array(list(indexes), pa.date32()))
    people = population.filter(pc.and_(present, pc.equal(population["status"], "in-crisis-care")))
    columns: dict[str, Any] = {
        "bucket": people["bucket"],
        "person_id": people["person_id"],
        "model": pa.repeat(pa.scalar(outcome.name), people.num_rows),
        "model_version": pa.repeat(pa.scalar(version), people.num_rows),
        "index_date": people["index_date"],
        "status": people["status"],
    }
    filled = [columns.get(field.name, pa.nulls(people.num_rows, field.type)) for field in SCORE_SCHEMA]
    return pa.table(filled, schema=SCORE_SCHEMA)


def _unscored(outcome: Outcome, reason: NoFit, population: pa.Table | None, indexes: tuple[date, ...]) -> ScoreResult:
    scores, eligibility = SCORE_SCHEMA.empty_table(), {}
    if population is not None:
        scores = _sort(_in_crisis_care(outcome, population, indexes, "none"))
        eligibility = count_status(population, indexes)
    return ScoreResult(scores, reason.status, reason.message, None, None, eligibility)


def _say_gates(record: Mapping[str, Any]) -> str:
    failed = [gate["says"] for gate in record["gates"] if not gate["is_met"]]
    return " The model does not pass every gate. " + " ".join(failed) if failed else ""


def _sort(scores: pa.Table) -> pa.Table:
    return scores.sort_by([("bucket", "ascending"), ("person_id", "ascending"), ("index_date", "ascending")])
