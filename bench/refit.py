"""Does a model that is acted on stay true when it is refitted?

    python bench/refit.py [--people 4000] [--rounds 6] [--seeds 3]

People are drawn with features of a known risk. A team acts on those whom the model ranks highest, as far as its
capacity goes, and acting lowers the odds of the outcome. Every half-year the model is fitted again on the last year:
once on everybody (naive), once as `washhouse model fit` does, without those who were acted on. Each is then held
against what would happen if nothing were done, which only a drawn world can say: expected over untreated outcomes,
calibration slope, AUROC, and the share of untreated outcomes among the tenth that it ranks highest. In the last table
the clinician also acts on something that the record does not hold; there no refit from the record alone is right.

Nothing here is from a city or from real people.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, logit

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.acted import acted_on
from washhouse.insight.models.calibration import fit_calibration, fit_line
from washhouse.insight.models.design import DesignColumn
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.linear import LinearModel, fit_logistic

FEATURES = ("a", "b", "c", "d")
WEIGHTS = np.array([1.0, 0.7, 0.4, 0.0])
BASE = -3.6
CAPACITY = 0.15
REACHED = 0.7
"""Of those on the list, the share whom the team gets to."""

EFFECT = np.log(0.35)
"""What acting does to the log-odds."""

WEEKS = 4
MONTHS = 6
START = date(2024, 1, 1)


@dataclass
class Index:
    """A day on which everybody is scored.

    Attributes:
        day: The day.
        matrix: Features, shape (people, 4).
        truth: Log-odds of the outcome if nothing is done, shape (people,).
        acted: Who was acted on, shape (people,).
        outcome: What happened, shape (people,).
    """

    day: date
    matrix: Matrix
    truth: NDArray[np.float64]
    acted: NDArray[np.bool_]
    outcome: NDArray[np.bool_]


def draw_days(people: int, seed: int) -> Iterator[tuple[date, Matrix, NDArray[np.float64], NDArray[np.float64]]]:
    """Every four weeks: features that change slowly, the true log-odds, and what only a clinician sees."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(people, len(FEATURES)))
    unseen = rng.normal(size=people)
    day = START
    while True:
        values = 0.9 * values + np.sqrt(1 - 0.81) * rng.normal(size=values.shape)
        yield day, Matrix(FEATURES, values.astype(np.float32)), BASE + values @ WEIGHTS + 0.8 * unseen, unseen
        day += timedelta(weeks=WEEKS)


def fit(indexes: list[Index], without_acted: bool) -> tuple[LinearModel, float, float]:
    """Fit and calibrate on some days: the model, and the line from its log-odds to calibrated ones."""
    people = len(indexes[0].truth)
    names = [f"{number:032x}" for number in range(people)]
    rows = pa.table(
        {
            "person_id": pa.array(names * len(indexes)),
            "index_date": pa.array(np.repeat([np.datetime64(each.day) for each in indexes], people), pa.date32()),
        }
    )
    done = [(names[person], each.day) for each in indexes for person in np.flatnonzero(each.acted)]
    actions = pa.table(
        {
            "person_id": pa.array([one for one, _ in done], pa.string()),
            "day": pa.array([day for _, day in done], pa.date32()),
        }
    )
    kept = ~acted_on(rows, actions) if without_acted else np.ones(rows.num_rows, bool)
    matrix = Matrix(FEATURES, np.concatenate([each.matrix.values for each in indexes])[kept])
    outcome = np.concatenate([each.outcome for each in indexes])[kept]
    person = np.tile(np.arange(people), len(indexes))[kept]
    columns = [DesignColumn(name, "number") for name in FEATURES]
    model = fit_logistic(columns, matrix, outcome, person, 0.1)
    line = fit_calibration(model.log_odds(matrix), outcome, person)
    return model, line.intercept, line.slope


def follow(people: int, rounds: int, seed: int, without_acted: bool, sees_more: bool) -> list[dict[str, float]]:
    """Score, act, refit, and judge each refit against what would happen if nothing were done."""
    rng = np.random.default_rng(seed + 1000)
    days = draw_days(people, seed)
    indexes: list[Index] = []
    current: tuple[LinearModel, float, float] | None = None
    told = []
    for number in range(rounds + 2):
        for _ in range(MONTHS):
            day, matrix, truth, unseen = next(days)
            acted = np.zeros(people, bool)
            if current is not None:
                odds = current[0].log_odds(matrix)
                listed = np.argsort(-odds)[: int(CAPACITY * people)]
                reached = expit(logit(REACHED) + 1.5 * unseen[listed]) if sees_more else REACHED
                acted[listed] = rng.random(len(listed)) < reached
            outcome = rng.random(people) < expit(truth + EFFECT * acted)
            indexes.append(Index(day, matrix, truth, acted, outcome))
        if number == 0:
            continue
        current = fit(indexes[-2 * MONTHS :], without_acted)
        told.append({"round": number - 1.0, **judge(current, next(days))})
    return told


def judge(
    current: tuple[LinearModel, float, float], drawn: tuple[date, Matrix, NDArray[np.float64], NDArray[np.float64]]
) -> dict[str, float]:
    """Figures of a fit on a later day, if nothing were done."""
    model, intercept, slope = current
    _, matrix, truth, _ = drawn
    untreated = expit(truth)
    said = intercept + slope * model.log_odds(matrix)
    outcome = np.random.default_rng(7).random((20, len(truth))) < untreated
    top = np.argsort(-said)[: len(said) // 10]
    flat, many = outcome.ravel(), np.tile(said, len(outcome))
    return {
        "expected_over_untreated": float(expit(said).sum() / untreated.sum()),
        "slope": float(fit_line(many, flat)[1]),
        "auroc": measure_auroc(many, flat),
        "capture_10pct": float(untreated[top].sum() / untreated.sum()),
    }


def main() -> None:
    """Print one table for each case."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    for sees_more in (False, True):
        print(
            "\nWho is acted on depends on", "something unseen too" if sees_more else "the score and chance", end="\n\n"
        )
        print("| refit | how | expected over untreated | slope | AUROC | in the top tenth |\n|--:|---|--:|--:|--:|--:|")
        for without_acted in (False, True):
            runs = [follow(args.people, args.rounds, seed, without_acted, sees_more) for seed in range(args.seeds)]
            for rows in zip(*runs, strict=True):
                mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
                print(
                    f"| {mean['round']:.0f} | {'without acted' if without_acted else 'naive'} "
                    f"| {mean['expected_over_untreated']:.2f} | {mean['slope']:.2f} | {mean['auroc']:.3f} "
                    f"| {mean['capture_10pct']:.3f} |"
                )


if __name__ == "__main__":
    main()
