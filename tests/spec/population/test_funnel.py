"""Funnel limits beside an independent computation, and what over-dispersion is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from washhouse.population.funnel import LIMITS, dispersion, is_overdispersed, poisson_limit, verdict_of


@pytest.mark.parametrize("expected", [0.7, 3.0, 10.0, 47.5, 320.0, 5000.0])
@pytest.mark.parametrize("probability", LIMITS)
def test_a_limit_is_the_interpolated_quantile(expected: float, probability: float) -> None:
    # Spiegelhalter 2005, A.1.1, from scipy's own distribution: the line through (count, P(up to count)).
    count = int(stats.poisson.ppf(probability, expected))
    reached, before = stats.poisson.cdf(count, expected), stats.poisson.cdf(count - 1, expected)
    wanted = max((count - (reached - probability) / (reached - before)) / expected, 0.0)
    assert poisson_limit(expected, probability) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("expected", "low", "high"), [(100.0, 0.804, 1.196), (10_000.0, 0.9804, 1.0196)])
def test_large_places_have_the_limits_of_the_normal_distribution(expected: float, low: float, high: float) -> None:
    assert poisson_limit(expected, 0.025) == pytest.approx(low, abs=0.4 / expected**0.75)
    assert poisson_limit(expected, 0.975) == pytest.approx(high, abs=0.4 / expected**0.75)


def test_limits_agree_with_the_exact_interval_of_a_count() -> None:
    # Garwood 1936: a count of 10 has the exact 95 % interval 4.80 to 18.39. Expected as many as its upper end, a
    # place with 10 lies on the lower limit, give or take the one event by which quantiles of counts step.
    upper = optimize.brentq(lambda e: stats.poisson.cdf(10, e) - 0.025, 1, 100)
    assert upper == pytest.approx(18.39, abs=0.005)
    assert abs(poisson_limit(upper, 0.025) * upper - 10) < 1


def test_hardly_any_place_lies_outside_by_chance() -> None:
    rng = np.random.default_rng(3)
    draws = rng.poisson(60.0, 20_000)
    verdicts = [verdict_of(float(count), 60.0) for count in draws]
    off = np.mean([one != "within" for one in verdicts])
    far = np.mean([one.startswith("far") for one in verdicts])
    assert 0.025 < off < 0.07, "5 %, with the step of one event to either side"
    assert 0.0005 < far < 0.005, "0.2 %"


@pytest.mark.parametrize(
    ("observed", "verdict"), [(100, "within"), (122, "above"), (78, "below"), (140, "far-above"), (65, "far-below")]
)
def test_a_place_is_told_beside_the_limits_of_its_size(observed: int, verdict: str) -> None:
    assert verdict_of(observed, 100.0) == verdict


def test_scatter_by_chance_is_one_and_more_is_more() -> None:
    rng = np.random.default_rng(5)
    expected = rng.uniform(50, 400, 400)
    chance = dispersion(rng.poisson(expected), expected)
    assert 0.5 < chance < 1.15, "winsorising takes off what is outermost"
    assert not is_overdispersed(chance, 400)
    wide = dispersion(rng.poisson(expected * rng.gamma(20, 1 / 20, 400)), expected)
    assert wide > 3 * chance and is_overdispersed(wide, 400)


def test_a_few_places_far_off_do_not_widen_their_own_limits() -> None:
    observed = [100.0] * 18 + [400.0, 10.0]
    assert dispersion(observed, [100.0] * 20) == 0.0
