"""Does the logistic model recover what was planted, with the right uncertainty, and do its parts sum to the whole?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.design import DesignColumn, expand
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.linear import PENALTIES, choose_penalty, fit_logistic

WEAK = 1e6
"""So large a `C` that nothing is shrunk."""


def planted(rng: np.random.Generator, people: int = 800, weeks: int = 6) -> dict[str, np.ndarray]:
    """Two features, constant in a person, and an outcome; a person effect makes weeks of one person alike."""
    x, z, own = (np.repeat(rng.normal(size=people), weeks) for _ in range(3))
    outcome = rng.random(people * weeks) < expit(-2.0 + 0.8 * x - 0.5 * z + 1.0 * own)
    return {"x": x, "z": z, "outcome": outcome, "person": np.repeat(np.arange(people), weeks)}


COLUMNS = (DesignColumn("x", "number"), DesignColumn("z", "number"))


def test_agrees_with_an_outside_reference(make_matrix: Callable[..., Matrix]) -> None:
    data = planted(np.random.default_rng(1))
    matrix = make_matrix(x=data["x"], z=data["z"])
    model = fit_logistic(COLUMNS, matrix, data["outcome"], data["person"], WEAK)
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500).fit(expand(COLUMNS, matrix), data["outcome"])
    np.testing.assert_allclose(model.coefficients / model.scale, reference.coef_[0], atol=1e-4)


def test_clustered_errors_match_the_spread_over_repeated_samples(make_matrix: Callable[..., Matrix]) -> None:
    estimates, errors = [], []
    for seed in range(120):
        data = planted(np.random.default_rng(seed), people=400)
        matrix = make_matrix(x=data["x"], z=data["z"])
        model = fit_logistic(COLUMNS, matrix, data["outcome"], data["person"], WEAK, standardised=False)
        estimates.append(model.coefficients[0])
        errors.append(np.sqrt(model.covariance[1, 1]))
    spread = np.std(estimates, ddof=1)
    # The standard error of a standard deviation of n normal draws is about sd / sqrt(2 n).
    assert abs(np.mean(errors) - spread) < 3 * spread / np.sqrt(2 * len(estimates))


def test_parts_sum_to_the_log_odds(make_matrix: Callable[..., Matrix]) -> None:
    data = planted(np.random.default_rng(2))
    matrix = make_matrix(x=data["x"], z=data["z"])
    model = fit_logistic(COLUMNS, matrix, data["outcome"], data["person"], 1.0)
    np.testing.assert_allclose(model.intercept + model.contributions(matrix).sum(axis=1), model.log_odds(matrix))


def test_what_is_missing_adds_nothing_and_what_never_varies_is_dropped(make_matrix: Callable[..., Matrix]) -> None:
    data = planted(np.random.default_rng(3))
    x = np.where(np.arange(len(data["x"])) % 3 == 0, np.nan, data["x"])
    matrix = make_matrix(x=x, z=np.full(len(x), 7.0))
    model = fit_logistic(COLUMNS, matrix, data["outcome"], data["person"], 1.0)
    assert [column.feature for column in model.columns] == ["x"]
    assert np.all(model.contributions(matrix)[np.isnan(x)] == 0)


def test_shuffled_labels_leave_nothing(make_matrix: Callable[..., Matrix]) -> None:
    rng = np.random.default_rng(4)
    data = planted(rng, people=4000)
    matrix = make_matrix(x=data["x"], z=data["z"])
    half = data["person"] < 2000
    shuffled = rng.permutation(data["outcome"])
    train, test = Matrix(matrix.names, matrix.values[half]), Matrix(matrix.names, matrix.values[~half])
    model = fit_logistic(COLUMNS, train, shuffled[half], data["person"][half], 1.0)
    assert measure_auroc(model.log_odds(test), shuffled[~half]) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("effect", "is_strongest"), [(0.0, True), (1.0, False)])
def test_shrinkage_follows_the_signal(make_matrix: Callable[..., Matrix], effect: float, is_strongest: bool) -> None:
    rng = np.random.default_rng(5)
    values = {f"f{number}": rng.normal(size=3000) for number in range(20)}
    outcome = rng.random(3000) < expit(-1.0 + effect * values["f0"] - effect * values["f1"])
    columns = [DesignColumn(name, "number") for name in values]
    chosen = choose_penalty(columns, make_matrix(**values), outcome, np.repeat(np.arange(12), 250))
    assert (chosen == min(PENALTIES)) is is_strongest
