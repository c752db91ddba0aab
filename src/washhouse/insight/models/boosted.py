"""How does a boosted model rank people, what does each feature add, and how sure is it?

A few gradient-boosted models of LightGBM, each fitted on people drawn with replacement; the log-odds are their mean.
Their spread is the interval, because a boosted model has no covariance of coefficients. What a feature adds is exact
for the trees (TreeSHAP, LightGBM's `pred_contrib`), and a mean of sums is a sum. A missing value goes its own way in
every tree: that something is not recorded is information.

References:
    LightGBM: Ke 2017, NeurIPS 30. TreeSHAP: Lundberg 2020, doi:10.1038/s42256-019-0138-9. Bagging: Breiman 1996,
    doi:10.1007/BF00058655; docs/adr/2026-11-26-lightgbm.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.features.matrix import Matrix

Floats = NDArray[np.float64]

BAGS = 6
"""Models of the mean, each on its own draw of people."""

TREES = (25, 50, 100)
"""Numbers of trees that are tried by predicting later months from earlier ones."""

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "min_sum_hessian_in_leaf": 1.0,
    "feature_fraction": 0.4,
    "lambda_l2": 10.0,
    "max_bin": 63,
    # The same model from the same data, whatever the number of cores; threads of a busy machine wait for each other.
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class BoostedModel:
    """Log-odds as the mean of boosted trees.

    Attributes:
        features: Features that the trees look at, in order.
        boosters: LightGBM's text of each model.
    """

    features: tuple[str, ...]
    boosters: tuple[str, ...]

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds, shape (rows,)."""
        return np.asarray(self._each(matrix).mean(axis=0))

    def variance(self, matrix: Matrix) -> Floats:
        """Variance of the log-odds from fitting on a sample of people, shape (rows,)."""
        return self.log_odds_and_variance(matrix)[1]

    def log_odds_and_variance(self, matrix: Matrix) -> tuple[Floats, Floats]:
        """Both at the price of one, each of shape (rows,)."""
        each = self._each(matrix)
        return np.asarray(each.mean(axis=0)), np.asarray(each.var(axis=0, ddof=1))

    def add_up(self, matrix: Matrix) -> tuple[float, Floats]:
        """The log-odds taken apart.

        Returns:
            The base, and what each feature adds, shape (rows, features of the matrix); together the log-odds.
        """
        values = self._values(matrix)
        parts = np.mean([_load(text).predict(values, pred_contrib=True) for text in self.boosters], axis=0)
        added = np.zeros((len(values), len(matrix.names)))
        added[:, self._places(matrix)] = parts[:, :-1]
        return float(parts[0, -1]) if len(parts) else 0.0, added

    def _each(self, matrix: Matrix) -> Floats:
        values = self._values(matrix)
        return np.array([_load(text).predict(values, raw_score=True) for text in self.boosters])

    def _values(self, matrix: Matrix) -> NDArray[np.float32]:
        places = self._places(matrix)
        return matrix.values if places == list(range(len(matrix.names))) else matrix.values[:, places]

    def _places(self, matrix: Matrix) -> list[int]:
        place = {name: number for number, name in enumerate(matrix.names)}
        return [place[name] for name in self.features]


@lru_cache(maxsize=4 * BAGS)
def _load(text: str) -> Any:
    # Loaded where trees are used: whoever shows scores need not wait for it, nor have its system library.
    from lightgbm import Booster

    return Booster(model_str=text)


def may_boost() -> bool:
    """Whether LightGBM can be loaded here: it needs a system library (libgomp) that slim images lack."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def fit_boosted(
    matrix: Matrix, outcome: NDArray[np.bool_], person: NDArray[np.int64], trees: int, rng: np.random.Generator
) -> BoostedModel:
    """Fit the models of the mean.

    Args:
        matrix: Features, shape (rows, features); NaN where nothing is known.
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        person: Number of the person of each row, shape (rows,).
        trees: Trees of each.
        rng: Source of randomness.

    Returns:
        The model.
    """
    whole = _dataset(matrix.values, outcome)
    people = int(person.max()) + 1
    texts = []
    for _ in range(BAGS):
        drawn = np.bincount(rng.integers(0, people, people), minlength=people)
        texts.append(_train(whole, drawn[person].astype(np.float64), trees, int(rng.integers(1, 2**31 - 1))))
    return BoostedModel(matrix.names, tuple(texts))


def choose_trees(
    matrix: Matrix, outcome: NDArray[np.bool_], period: NDArray[np.int64], trees: Sequence[int] = TREES
) -> int:
    """Choose the number of trees by predicting the last quarter of periods from those before it.

    Args:
        matrix: Features, shape (rows, features).
        outcome: Whether the outcome happened, shape (rows,).
        period: Number of the index date of each row, rising with time.
        trees: Numbers to try.

    Returns:
        The number with the smallest log loss; the smallest if there is nothing to compare with.
    """
    later = period >= np.quantile(period, 0.75)
    if later.all() or outcome[~later].sum() < 20 or outcome[later].sum() < 5:
        return min(trees)
    booster = _load(_train(_dataset(matrix.values[~later], outcome[~later]), None, max(trees), 1))
    happened, loss = outcome[later], []
    for number in trees:
        odds = booster.predict(matrix.values[later], raw_score=True, num_iteration=number)
        loss.append(float(np.sum(np.logaddexp(0.0, odds) - happened * odds)))
    return int(trees[int(np.argmin(loss))])


def _dataset(values: NDArray[np.float32], outcome: NDArray[np.bool_]) -> Any:
    from lightgbm import Dataset

    return Dataset(values, label=outcome.astype(np.float32), params=PARAMETERS, free_raw_data=False)


def _train(dataset: Any, weight: Floats | None, trees: int, seed: int) -> str:
    from lightgbm import train

    dataset.set_weight(weight)
    return str(train({**PARAMETERS, "seed": seed}, dataset, num_boost_round=trees).model_to_string())
