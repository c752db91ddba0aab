"""Are what has changed and what has not told apart by the watch over models?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.plan import REPORTING_LAG_DAYS
from washhouse.insight.outcomes.reattendance import REATTENDANCE
from washhouse.insight.watch.calibration import count_periods, judge_periods
from washhouse.insight.watch.charts import RUN, count_limits
from washhouse.insight.watch.follow import follow
from washhouse.insight.watch.inputs import RISK, count_bins, describe_inputs, measure_drift

MakeMatrix = Callable[..., Matrix]


@pytest.mark.parametrize("mean", [25, 400, 10_000])
def test_counts_that_vary_by_chance_stay_within_their_limits(mean: int) -> None:
    rng = np.random.default_rng(mean)
    series = 50
    false_alarms = 0
    for _ in range(400):
        counts = rng.poisson(mean, 14)
        false_alarms += not count_limits(counts[:-1].tolist(), series).holds(counts[-1])
    # 400 x 0.0027 / 50 is 0.02 at the declared chance; the Poisson's own tail and the short baseline allow a few.
    assert false_alarms <= 3


def test_a_count_that_halves_is_outside() -> None:
    counts = np.random.default_rng(1).poisson(400, 13)
    assert not count_limits(counts.tolist(), 50).holds(200)


def test_inputs_drawn_alike_have_not_moved_and_one_shifted_has(make_matrix: MakeMatrix) -> None:
    rng = np.random.default_rng(2)

    def draw(shift: float, known: float, people: int) -> Matrix:
        count = rng.poisson(1.0 + shift, people).astype(float)
        days = np.where(rng.random(people) < known, rng.exponential(90, people), np.nan)
        return make_matrix(contacts_28d=count, days_since_contact=days)

    risk = rng.beta(1, 30, 4000)
    described = describe_inputs(draw(0, 0.8, 4000), risk, np.arange(4000))
    same = measure_drift(described, count_bins(described, draw(0, 0.8, 300), risk[:300]))
    assert [each.feature for each in same] == ["contacts_28d", "days_since_contact", RISK]
    assert not any(each.is_outside or each.is_missing for each in same)
    halves = [count_bins(described, draw(1.5, 0.2, 150), risk[:150]) for _ in range(2)]
    both = {name: halves[0][name] + halves[1][name] for name in halves[0]}
    moved = {each.feature: each for each in measure_drift(described, both)}
    assert moved["contacts_28d"].is_outside
    assert moved["days_since_contact"].is_outside
    assert moved["days_since_contact"].missing_then == pytest.approx(0.2, abs=0.03)
    assert moved["days_since_contact"].missing_now == pytest.approx(0.8, abs=0.08)
    assert [name for name, each in moved.items() if each.is_missing] == ["days_since_contact"]
    assert not moved[RISK].is_outside


def test_that_more_is_known_than_before_is_no_alarm(make_matrix: MakeMatrix) -> None:
    values = np.where(np.arange(4000) < 2000, np.nan, 5.0)
    described = describe_inputs(make_matrix(days=values), np.full(4000, 0.1), np.arange(4000))
    now = count_bins(described, make_matrix(days=np.full(300, 5.0)), np.full(300, 0.1))
    drift = measure_drift(described, now)[0]
    assert drift.is_outside and not drift.is_missing
    assert (drift.missing_then, drift.missing_now) == (0.5, 0.0) and drift.missing_limit > 0.6


def test_few_people_move_by_chance(make_matrix: MakeMatrix) -> None:
    rng = np.random.default_rng(3)
    described = describe_inputs(make_matrix(age=rng.normal(50, 15, 2000)), np.full(2000, 0.1), np.arange(2000))
    dozens = [count_bins(described, make_matrix(age=rng.normal(50, 15, 12)), np.full(12, 0.1)) for _ in range(50)]
    drifts = [measure_drift(described, dozen)[0] for dozen in dozens]
    assert max(drift.index for drift in drifts) > 0.25, "the index of a dozen people is large without any change"
    assert not any(drift.is_outside for drift in drifts)


def test_bins_hold_everybody_once(make_matrix: MakeMatrix) -> None:
    values = np.array([0, 0, 0, 0, 0, 1, 2, np.nan])
    bins = describe_inputs(make_matrix(n=values), np.full(8, 0.5), np.arange(8))["bins"]
    assert sum(bins["n"]["counts"]) == 8
    assert bins["n"]["counts"][-1] == 1
    assert bins[RISK] == {"edges": [0.5], "counts": [8, 0, 0]}


def test_periods_add_up_and_a_model_that_says_too_little_is_outside() -> None:
    rng = np.random.default_rng(4)
    dates = np.repeat(np.array(["2025-01-06", "2025-02-03", "2025-03-03"], dtype="datetime64[D]"), 2000)
    risk = rng.beta(2, 40, 6000)
    outcome = rng.random(6000) < risk
    outcome[4000:] = rng.random(2000) < 2 * risk[4000:]
    periods = count_periods(dates, risk, outcome)
    assert [period.since for period in periods] == [date(2025, 1, 6), date(2025, 2, 3), date(2025, 3, 3)]
    assert sum(period.observed for period in periods) == outcome.sum()
    assert sum(period.expected for period in periods) == pytest.approx(risk.sum())
    assert judge_periods(periods, are_apart=True) == ["within", "within", "outside"]


def test_a_small_lasting_shift_is_found_by_its_run() -> None:
    months = np.array([f"{2024 + month // 12}-{month % 12 + 1:02d}-01" for month in range(RUN)], dtype="datetime64[D]")
    risk = np.full(100 * RUN, 0.1)
    outcome = np.tile(np.arange(100) < 12, RUN)
    periods = count_periods(np.repeat(months, 100), risk, outcome)
    assert judge_periods(periods, are_apart=True) == ["within"] * (RUN - 1) + ["run"]
    assert judge_periods(periods, are_apart=False) == ["within"] * RUN


def test_months_with_few_expected_are_not_judged() -> None:
    dates = np.full(10, np.datetime64("2025-01-06"))
    periods = count_periods(dates, np.full(10, 0.1), np.ones(10, bool))
    assert judge_periods(periods, are_apart=True) == ["too-few"]


class AskedError(Exception):
    """The record was looked through."""


def look_through(stages: Any, extra: Any) -> Any:
    raise AskedError


def test_of_what_may_happen_any_day_the_past_is_looked_for_once_a_month_is_over() -> None:
    submitted = [date(2024, 1, 1) + timedelta(number) for number in range(900)]
    # An attendance is known to be followed by another four days later, and recorded within a week.
    over = date(2026, 4, 30) + timedelta(REATTENDANCE.horizon_days + REPORTING_LAG_DAYS)
    days = {"compute": look_through, "submitted": submitted, "since": date(2026, 3, 2)}
    assert follow(REATTENDANCE, {}, today=over - timedelta(1), **days) == ()
    with pytest.raises(AskedError):
        follow(REATTENDANCE, {}, today=over, **days)
