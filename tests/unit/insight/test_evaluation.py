"""Are the figures right, weighted and unweighted, and do their intervals cover?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from washhouse.insight.models.calibration import Calibration, fit_calibration, fit_line
from washhouse.insight.models.evaluation import (
    Ranking,
    bin_calibration,
    bootstrap,
    choose_thresholds,
    figures_of_risk,
    flag_top,
    measure_auroc,
    trace_net_benefit,
)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=60))
def test_ranking_agrees_with_an_outside_reference(rows: list[tuple[int, bool, int]]) -> None:
    score, outcome, weight = (np.array(values) for values in zip(*rows, strict=True))
    counted = outcome[weight > 0]
    if counted.all() or not counted.any():
        return
    ranking = Ranking(score.astype(float), outcome)
    assert ranking.auroc(weight.astype(float)) == pytest.approx(roc_auc_score(outcome, score, sample_weight=weight))
    reference = average_precision_score(outcome, score, sample_weight=weight)
    assert ranking.auprc(weight.astype(float)) == pytest.approx(reference)


def test_flags_the_same_share_of_every_period() -> None:
    score = np.array([5.0, 4, 3, 2, 1, 50, 40, 30, 20, 10])
    period = np.repeat([0, 1], 5)
    assert flag_top(score, period, share=0.4).tolist() == [True, True, False, False, False] * 2
    assert flag_top(score, period, count=1).tolist() == [True, False, False, False, False] * 2


def test_capture_and_ppv_by_hand() -> None:
    risk = np.linspace(0.9, 0.1, 20)
    outcome = np.isin(np.arange(20), [0, 1, 5, 19])
    figures = figures_of_risk(risk, outcome, np.zeros(20, np.int64))(np.ones(20))
    assert figures["capture_10pct"] == pytest.approx(2 / 4)
    assert figures["ppv_10pct"] == pytest.approx(2 / 2)
    assert figures["expected_over_observed"] == pytest.approx(risk.sum() / 4)
    assert figures["brier"] == pytest.approx(np.mean((risk - outcome) ** 2))


def test_the_line_recovers_what_was_planted() -> None:
    rng = np.random.default_rng(6)
    odds = rng.normal(-3, 1.2, 40_000)
    outcome = rng.random(40_000) < expit(0.4 + 0.8 * odds)
    calibration = fit_calibration(odds, outcome, np.arange(40_000))
    assert calibration.intercept == pytest.approx(0.4, abs=3 * np.sqrt(calibration.covariance[0, 0]))
    assert calibration.slope == pytest.approx(0.8, abs=3 * np.sqrt(calibration.covariance[1, 1]))
    risk = calibration.risk(odds)
    assert fit_line(logit(risk), outcome)[1] == pytest.approx(1.0, abs=1e-6)
    assert risk.mean() == pytest.approx(outcome.mean(), abs=1e-6)
    for group in bin_calibration(risk, outcome):
        spread = np.sqrt(group["expected"] * (1 - group["expected"]) / group["n"])
        assert group["observed"] == pytest.approx(group["expected"], abs=4 * spread)


def test_an_interval_holds_its_risk_and_widens_with_variance() -> None:
    line = Calibration(0.1, 0.9, np.diag([0.01, 0.01]))
    odds = np.array([-4.0, -2.0, 0.0])
    lower, upper = line.interval(odds, np.array([0.04, 0.04, 0.04]))
    wider_lower, wider_upper = line.interval(odds, np.array([0.2, 0.2, 0.2]))
    assert np.all((wider_lower < lower) & (lower < line.risk(odds)) & (line.risk(odds) < upper) & (upper < wider_upper))


def test_intervals_cover_when_people_repeat() -> None:
    """The truth lies inside the 95 % interval in 95 % of samples, give or take three standard errors."""
    inside, samples = 0, 80
    big = np.random.default_rng(7)
    x = big.normal(size=400_000)
    truth = measure_auroc(x, big.random(400_000) < expit(-2 + x))
    for seed in range(samples):
        rng = np.random.default_rng(100 + seed)
        score = np.repeat(rng.normal(size=150), 4)
        outcome = rng.random(600) < expit(-2 + score)
        person = np.repeat(np.arange(150), 4)
        ranking = Ranking(score, outcome)
        estimate = bootstrap(lambda weight, r=ranking: {"auroc": r.auroc(weight)}, person, rng, replicates=150)["auroc"]
        inside += estimate.lower <= truth <= estimate.upper
    assert inside / samples > 0.95 - 3 * np.sqrt(0.95 * 0.05 / samples) - 0.02


def test_few_outcomes_move_a_model_less_than_many() -> None:
    """A line fitted on few outcomes is drawn to the one that changes nothing; on many it goes its own way."""
    rng = np.random.default_rng(7)
    level = []
    for rows in (2_000, 400_000):
        odds = rng.normal(-4, 0.8, rows)
        outcome = rng.random(rows) < expit(odds - 0.5)
        calibration = fit_calibration(odds, outcome, np.arange(rows), fitted_on=300)
        level.append(calibration.log_odds(np.array([-4.0]))[0] + 4.0)
        assert calibration.covariance[0, 0] > 0
    assert -0.35 < level[0] < 0
    assert level[1] == pytest.approx(-0.5, abs=0.06)


def test_a_line_drawn_to_no_change_is_calibrated_more_often() -> None:
    """Sixty outcomes to calibrate on, three hundred behind the model: half the error of a line of its own."""
    rng = np.random.default_rng(8)
    own, drawn = [], []
    for _ in range(60):
        odds = rng.normal(-4, 1.0, 2200)
        outcome = rng.random(2200) < expit(odds)
        for errors, fitted_on in ((own, 0), (drawn, 300)):
            risk = fit_calibration(odds, outcome, np.arange(2200), fitted_on).risk(odds)
            errors.append(np.log(risk.sum() / expit(odds).sum()))
    assert np.std(drawn) < 0.7 * np.std(own)


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=40), st.floats(0.02, 0.9))
def test_net_benefit_is_that_of_the_confusion_matrix(rows: list[tuple[float, bool]], threshold: float) -> None:
    """Vickers and Elkin 2006: true positives over n, less false positives over n times the odds of the threshold."""
    risk, outcome = (np.array(values) for values in zip(*rows, strict=True))
    (found,) = trace_net_benefit(risk, outcome, [threshold])
    for name, acted in (("model", risk >= threshold), ("everybody", np.ones(len(risk), bool))):
        (_, false), (_, true) = confusion_matrix(outcome, acted, labels=[False, True])
        expected = true / len(risk) - false / len(risk) * threshold / (1 - threshold)
        assert found[name] == pytest.approx(expected)


def test_a_model_that_knows_beats_acting_for_everybody_and_nobody() -> None:
    rng = np.random.default_rng(9)
    risk = expit(rng.normal(-3.5, 1.3, 20_000))
    curve = trace_net_benefit(risk, rng.random(20_000) < risk, choose_thresholds(float(risk.mean())))
    assert [each["threshold"] for each in curve] == sorted(each["threshold"] for each in curve)
    assert all(each["model"] > max(0.0, each["everybody"]) for each in curve)
