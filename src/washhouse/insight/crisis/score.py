"""What is each person's risk of crisis care today, and was it a week ago?

The newest data gives the index: the start of the day after the mental-health sender's newest as-of date. A home
without a fitted model gets one if its history holds enough crises; a home with one scores with it, so that scores
change because people do. Where no honest model can be had there are no scores, and the status says why.
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

from washhouse.insight.codelists import CRISIS_CODELISTS, build_codelist_table
from washhouse.insight.crisis.fit import Cohort, NoFit, fit_crisis
from washhouse.insight.crisis.kernels import EVIDENCE, POPULATION, SUBMITTED, SUMMARIES
from washhouse.insight.crisis.plan import choose_index_dates, split_index_dates
from washhouse.insight.crisis.points import count_points
from washhouse.insight.crisis.reasons import explain, take_apart
from washhouse.insight.crisis.stored import MODEL as MODEL
from washhouse.insight.crisis.stored import find_model, store_fit
from washhouse.insight.features.compile import build_feature_tables
from washhouse.insight.features.matrix import Matrix, build_matrix
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.models.store import digest, load_linear
from washhouse.record.kernels import Kernel

EARLIER_DAYS = 7
"""The second index date, so that a list can say what changed since last week."""

SEED = 20260101
"""Seed of the bootstrap behind the intervals of the model record."""

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
        status: `scored`, `no-mental-health-data`, `nobody-at-risk`, `too-few-crises` or `no-better-than-chance`.
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


def score_people(
    compute: Compute, *, today: date, models_dir: Path, record_version: str, progress: Progress | None = None
) -> ScoreResult:
    """Score everyone on a community caseload, fitting a model first if there is none.

    Args:
        compute: Runs kernels over the record.
        today: Day at whose start the newest scores are made.
        models_dir: The home's folder of models.
        record_version: Version of the record that is scored, for the model record.
        progress: Whoever follows.

    Returns:
        The scores, the model record and the status.
    """
    tell = progress or (lambda what, share: None)
    indexes = (today, today - timedelta(EARLIER_DAYS))
    submitted = compute(SUBMITTED, {})["day"].to_pylist()
    if not submitted:
        return _unscored(NoFit("no-mental-health-data", "The record holds no mental-health data."), None, indexes)
    stored = find_model(models_dir)
    history = () if stored else choose_index_dates(submitted, today)
    tell("finding the people at risk", 0.0)
    population = find_population(compute, {*indexes, *history})
    at_risk = population.filter(pc.equal(population["status"], "at-risk"))
    if not count_status(population, today)["open-referral"]:
        nobody = NoFit("nobody-at-risk", "Nobody has an open referral to a community team.")
        return _unscored(nobody, population, indexes)
    tell("computing features", 0.3)
    rows = at_risk.append_column("row", pa.array(range(at_risk.num_rows), pa.int32()))
    matrix = compute_features(compute, rows)
    if stored is None:
        tell("fitting the model", 0.6)
        past = np.isin(rows["index_date"].to_numpy(), np.array(history, dtype="datetime64[D]"))
        fit = fit_crisis(
            CRISIS_FEATURES,
            build_cohort(rows, matrix, past),
            split_index_dates(history),
            np.random.default_rng(SEED),
        )
        if isinstance(fit, NoFit):
            return _unscored(fit, population, indexes)
        inputs = _digest_inputs(rows, matrix)
        stored = store_fit(models_dir, fit, inputs=inputs, record_version=record_version, today=today)
    tell("scoring and explaining", 0.9)
    present = np.isin(rows["index_date"].to_numpy(), np.array(indexes, dtype="datetime64[D]"))
    scores = _score(compute, stored, rows.filter(pa.array(present)), Matrix(matrix.names, matrix.values[present]))
    tell("scored", 1.0)
    version = str(stored["version"])
    return ScoreResult(
        scores=_sort(pa.concat_tables([scores, _in_crisis_care(population, indexes, version)])),
        status="scored",
        message=f"{count_status(population, today)['at-risk']} people at risk were scored.",
        model_version=version,
        model_record=stored["record"],
        eligibility=count_status(population, today),
    )


def find_population(compute: Compute, index_dates: Iterable[date]) -> pa.Table:
    """Who had an open referral to a community team at each index date, with status and outcome, in a fixed order."""
    index = pa.table({"index_date": pa.array(sorted(index_dates), pa.date32())})
    found = compute(POPULATION, {"index_date": index, "codelist": build_codelist_table(CRISIS_CODELISTS)})
    return found.sort_by([("index_date", "ascending"), ("person_id", "ascending")]).combine_chunks()


def compute_features(compute: Compute, rows: pa.Table) -> Matrix:
    """Features of person-indexes.

    Args:
        compute: Runs kernels over the record.
        rows: Rows of `find_population` with `row`, counting from 0.

    Returns:
        The matrix, in the order of the rows.
    """
    tables = {"row": rows.select(["row", "person_id", "index_date"]), **build_feature_tables(CRISIS_FEATURES)}
    return build_matrix(CRISIS_FEATURES, rows, compute(SUMMARIES, tables))


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
        outcome=kept["crisis_at"].is_valid().to_numpy(zero_copy_only=False),
        matrix=Matrix(matrix.names, matrix.values[chosen]),
    )


def count_status(population: pa.Table, day: date) -> dict[str, int]:
    """People with an open referral to a community team on a day, by what became of them."""
    today = population.filter(pc.equal(population["index_date"], pa.scalar(day, pa.date32())))
    counts = {"open-referral": today.num_rows, "at-risk": 0, "in-crisis-care": 0, "not-eligible": 0}
    for each in today.group_by("status").aggregate([([], "count_all")]).to_pylist():
        counts[each["status"]] = each["count_all"]
    return counts


def _score(compute: Compute, stored: Mapping[str, Any], people: pa.Table, matrix: Matrix) -> pa.Table:
    if not people.num_rows:
        return SCORE_SCHEMA.empty_table()
    model, calibration = load_linear(stored["models"][stored["shipped"]])
    points, _ = load_linear(stored["models"]["points"])
    odds = model.log_odds(matrix)
    # Sums over many rows differ in their last digits with the number of rows; ranks must not.
    interval = calibration.interval(odds, model.variance(matrix))
    risk, lower, upper = (np.round(each, RISK_DECIMALS) for each in (calibration.risk(odds), *interval))
    numbered = people.set_column(people.schema.get_field_index("row"), "row", pa.array(range(len(risk)), pa.int32()))
    rows = numbered.select(["row", "person_id", "index_date"])
    evidence = compute(EVIDENCE, {"row": rows, **build_feature_tables(CRISIS_FEATURES)})
    parts = take_apart(CRISIS_FEATURES, model, calibration, matrix)
    index_date = people["index_date"].to_numpy()
    rank = np.zeros(len(risk), np.int32)
    for day in np.unique(index_date):
        members = np.flatnonzero(index_date == day)
        rank[members[np.argsort(-risk[members], kind="stable")]] = np.arange(1, len(members) + 1)
    columns = {
        "bucket": people["bucket"],
        "person_id": people["person_id"],
        "model": [MODEL] * len(risk),
        "model_version": [str(stored["version"])] * len(risk),
        "index_date": people["index_date"],
        "status": ["scored"] * len(risk),
        "risk": risk,
        "risk_lower": lower,
        "risk_upper": upper,
        "rank": rank,
        "points": count_points(points, matrix),
        "reasons": explain(CRISIS_FEATURES, model, parts, matrix, evidence),
    }
    return pa.table(columns).cast(SCORE_SCHEMA)


def _in_crisis_care(population: pa.Table, indexes: Iterable[date], version: str) -> pa.Table:
    present = pc.is_in(population["index_date"], pa.array(list(indexes), pa.date32()))
    people = population.filter(pc.and_(present, pc.equal(population["status"], "in-crisis-care")))
    columns: dict[str, Any] = {
        "bucket": people["bucket"],
        "person_id": people["person_id"],
        "model": pa.repeat(pa.scalar(MODEL), people.num_rows),
        "model_version": pa.repeat(pa.scalar(version), people.num_rows),
        "index_date": people["index_date"],
        "status": people["status"],
    }
    filled = [columns.get(field.name, pa.nulls(people.num_rows, field.type)) for field in SCORE_SCHEMA]
    return pa.table(filled, schema=SCORE_SCHEMA)


def _unscored(reason: NoFit, population: pa.Table | None, indexes: tuple[date, date]) -> ScoreResult:
    scores, eligibility = SCORE_SCHEMA.empty_table(), {}
    if population is not None:
        scores, eligibility = _sort(_in_crisis_care(population, indexes, "none")), count_status(population, indexes[0])
    return ScoreResult(scores, reason.status, reason.message, None, None, eligibility)


def _sort(scores: pa.Table) -> pa.Table:
    return scores.sort_by([("bucket", "ascending"), ("person_id", "ascending"), ("index_date", "ascending")])


def _digest_inputs(rows: pa.Table, matrix: Matrix) -> str:
    outcome = rows["crisis_at"].is_valid().to_numpy(zero_copy_only=False)
    days = rows["index_date"].cast(pa.int32()).to_numpy()
    return digest([hashlib.sha256(part.tobytes()).hexdigest() for part in (matrix.values, outcome, days)])
