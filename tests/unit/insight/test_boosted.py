"""Do boosted trees find what a line cannot, add up exactly, and come back from storage as they were?"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.boosted import BoostedModel, choose_trees, fit_boosted
from washhouse.insight.models.calibration import Calibration, fit_calibration
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.reasons import take_apart
from washhouse.insight.models.store import dump_model, load_model

ROWS = 6000
PERSON = np.arange(ROWS) // 4


def draw(make_matrix: Callable[..., Matrix], seed: int) -> tuple[Matrix, np.ndarray]:
    """Odds rise where exactly one of two flags is set, and where `honos` was not rated; `noise` says nothing."""
    rng = np.random.default_rng(seed)
    left, right, noise = rng.random(ROWS) < 0.5, rng.random(ROWS) < 0.5, rng.normal(size=ROWS)
    honos = np.where(rng.random(ROWS) < 0.3, np.nan, rng.integers(0, 20, ROWS))
    odds = -2.5 + 1.6 * (left ^ right) + 1.2 * np.isnan(honos)
    return make_matrix(left=left, right=right, noise=noise, honos=honos), rng.random(ROWS) < expit(odds)


@pytest.fixture
def fitted(make_matrix: Callable[..., Matrix]) -> BoostedModel:
    matrix, outcome = draw(make_matrix, 0)
    return fit_boosted(matrix, outcome, PERSON, 60, np.random.default_rng(1))


def test_what_happens_together_and_what_is_missing_is_seen(fitted: BoostedModel, make_matrix) -> None:
    matrix, outcome = draw(make_matrix, 7)
    auroc = measure_auroc(fitted.log_odds(matrix), outcome)
    values = matrix.values
    truth = 1.6 * (values[:, 0] != values[:, 1]) + 1.2 * np.isnan(values[:, 3])
    assert auroc == pytest.approx(measure_auroc(truth, outcome), abs=0.02)
    cells = make_matrix(left=[0, 1], right=[1, 1], noise=[0, 0], honos=[np.nan, 9])
    alone, together = fitted.log_odds(cells)
    assert alone - together > 1.5


def test_what_each_feature_adds_sums_to_the_calibrated_log_odds(fitted: BoostedModel, make_matrix) -> None:
    matrix, outcome = draw(make_matrix, 3)
    calibration = fit_calibration(fitted.log_odds(matrix), outcome, PERSON)
    parts = take_apart(fitted, calibration, matrix)
    whole = calibration.log_odds(fitted.log_odds(matrix))
    np.testing.assert_allclose(parts.base + parts.by_feature.sum(axis=1), whole, atol=1e-6)
    assert np.abs(parts.by_feature).mean(axis=0).argmin() == matrix.names.index("noise")


def test_columns_are_found_by_name_and_others_add_nothing(fitted: BoostedModel, make_matrix) -> None:
    matrix, _ = draw(make_matrix, 4)
    order = [3, 0, 2, 1]
    more = np.column_stack([matrix.values[:, order], np.ones(ROWS, np.float32)])
    other = Matrix((*(matrix.names[place] for place in order), "unseen"), more)
    np.testing.assert_allclose(fitted.log_odds(other), fitted.log_odds(matrix))
    np.testing.assert_allclose(fitted.add_up(other)[1][:, :4], fitted.add_up(matrix)[1][:, order])
    assert not fitted.add_up(other)[1][:, 4].any()


def test_a_stored_model_scores_as_the_fitted_one(fitted: BoostedModel, make_matrix) -> None:
    matrix, _ = draw(make_matrix, 5)
    stored = json.loads(json.dumps(dump_model(fitted, Calibration(0.1, 0.9, np.eye(2)))))
    model, calibration = load_model(stored)
    np.testing.assert_array_equal(model.log_odds(matrix), fitted.log_odds(matrix))
    np.testing.assert_array_equal(model.variance(matrix), fitted.variance(matrix))
    assert (calibration.intercept, calibration.slope) == (0.1, 0.9)


def test_the_same_draws_give_the_same_trees(fitted: BoostedModel, make_matrix) -> None:
    matrix, outcome = draw(make_matrix, 0)
    assert fit_boosted(matrix, outcome, PERSON, 60, np.random.default_rng(1)).boosters == fitted.boosters


def test_where_nothing_is_to_be_learned_few_trees_are_chosen(make_matrix) -> None:
    rng = np.random.default_rng(2)
    matrix, period = make_matrix(noise=rng.normal(size=ROWS), more=rng.normal(size=ROWS)), np.arange(ROWS) // 300
    assert choose_trees(matrix, rng.random(ROWS) < 0.1, period, (5, 400)) == 5


def test_without_what_leads_the_reasons_the_log_odds_fall(fitted: BoostedModel, make_matrix) -> None:
    """TreeSHAP promises a sum, not what would be without a feature: shares of what acts together are split among all.

    So a part's size is not what the log-odds move by; where a feature raises the risk most, without it they fall.
    """
    matrix, outcome = draw(make_matrix, 9)
    calibration = fit_calibration(fitted.log_odds(matrix), outcome, PERSON)
    parts = take_apart(fitted, calibration, matrix).by_feature
    honos = matrix.names.index("honos")
    leads = (parts.argmax(axis=1) == honos) & (parts[:, honos] > 0.5)
    assert leads.sum() > 100
    known = matrix.values.copy()
    known[leads, honos] = 9
    moved = calibration.log_odds(fitted.log_odds(matrix)) - calibration.log_odds(
        fitted.log_odds(Matrix(matrix.names, known))
    )
    assert (moved[leads] > 0.3).all()
    assert not moved[~leads].any()
