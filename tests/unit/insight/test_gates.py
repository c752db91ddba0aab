"""Which models may be used, and is a planted bias against a group caught?"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from washhouse.insight.models.evaluation import Estimate
from washhouse.insight.models.gates import Group, compare_counts, judge, judge_groups

GOOD = {
    "auroc": Estimate(0.8, 0.78, 0.82),
    "calibration_slope": Estimate(1.0, 0.95, 1.05),
    "expected_over_observed": Estimate(1.0, 0.95, 1.05),
}


def failed(events: int = 2000, groups: tuple[Group, ...] = (), **figures: tuple[float, float, float]) -> set[str]:
    changed = {name: Estimate(*values) for name, values in figures.items()}
    return {gate.name for gate in judge({**GOOD, **changed}, events, groups) if not gate.is_met}


@pytest.mark.parametrize(
    ("events", "figures", "failing"),
    [
        (2000, {}, set()),
        (2000, {"auroc": (0.52, 0.49, 0.55)}, {"ranks-better-than-chance"}),
        (2000, {"calibration_slope": (1.12, 1.0, 1.24)}, {"calibration-slope"}),
        (200, {"calibration_slope": (1.12, 1.0, 1.24)}, set()),  # too few to know: the interval reaches 1.1
        (200, {"calibration_slope": (1.7, 1.3, 2.1)}, {"calibration-slope"}),
        (200, {"calibration_slope": (0.5, 0.2, 0.8)}, {"calibration-slope"}),
        (2000, {"expected_over_observed": (1.2, 1.05, 1.35)}, {"calibration-in-the-large"}),
        (200, {"expected_over_observed": (1.2, 1.05, 1.35)}, set()),
        (200, {"expected_over_observed": (0.6, 0.5, 0.7)}, {"calibration-in-the-large"}),
    ],
)
def test_gates(events: int, figures: dict[str, tuple[float, float, float]], failing: set[str]) -> None:
    assert failed(events, **figures) == failing


def groups_of(bias: float, seed: int = 0, rows: int = 20_000) -> tuple[Group, ...]:
    """People of whom one sex has the outcome `bias` times as often as its risk says."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["female", "male"], rows)
    risk = rng.uniform(0.01, 0.2, rows)
    outcome = rng.random(rows) < np.where(sex == "female", risk * bias, risk)
    people = pa.table(
        {
            "sex": sex,
            "birth_month": pa.array([date(1980, 1, 1)] * rows, pa.date32()),
            "deprivation_decile": pa.array(rng.integers(1, 11, rows), pa.int32()),
            "ethnic_category": rng.choice(["A", "H", "M", "Z"], rows),
        }
    )
    days = np.full(rows, np.datetime64("2024-03-04"))
    return judge_groups(risk, outcome, np.arange(rows) // 2, days, people)


def test_planted_bias_is_caught() -> None:
    groups = groups_of(bias=1.4)
    assert failed(groups=groups) == {"calibration-by-group"}
    (women,) = [each for each in groups if each.name == "female"]
    assert women.ratio.lower > 1
    assert women.ratio.value == pytest.approx(1.4, abs=0.15)
    (gate,) = [each for each in judge(GOOD, 2000, groups) if not each.is_met]
    assert "sex female" in gate.says


def test_an_unbiased_model_passes_nearly_always() -> None:
    passed = sum(not failed(groups=groups_of(bias=1.0, seed=seed, rows=4000)) for seed in range(60))
    # Groups judged together fail by chance in at most 5 %: of 60, more than 9 would be a surprise of 1 in 1,000.
    assert passed >= 51


def test_small_groups_are_shown_and_not_judged() -> None:
    groups = groups_of(bias=1.4, rows=150)
    assert {each.name for each in groups if not each.is_judged} >= {"fifth 1"}
    assert sum(each.n for each in groups if each.by == "sex") == 150


def test_the_interval_of_few_outcomes_is_byars() -> None:
    """Breslow and Day 1987 give 95 % limits of 4.1 and 16.1 or so to a count of 8.5 or so; by their formula for 8."""
    happened = np.arange(100) < 8
    found = compare_counts(happened, np.full(100, 0.04), np.arange(100), 1.96)
    assert found.value == pytest.approx(2.0)
    effect = ((happened - 0.04) ** 2).sum() / (100 * 0.04 * 0.96)
    count = 8 / effect
    assert found.lower == pytest.approx(effect * count * (1 - 1 / (9 * count) - 1.96 / (3 * count**0.5)) ** 3 / 4)
    # Exact limits of a Poisson count of 10: 4.80 and 18.39.
    assert compare_counts(np.arange(50) < 10, np.full(50, 0.9999), np.arange(50), 1.96).upper > 18.3 / 50


def test_an_interval_covers_the_truth_where_few_are_expected() -> None:
    """Twelve outcomes expected: 99.6 % intervals of a perfect model miss parity in no more than about 1 %."""
    rng = np.random.default_rng(3)
    risk, person = np.full(600, 0.02), np.arange(600)
    drawn = [compare_counts(rng.random(600) < risk, risk, person, 2.89) for _ in range(400)]
    missed = sum(not each.lower <= 1 <= each.upper for each in drawn)
    assert missed <= 8, "of 400 more than 8 would be a surprise of 1 in 1,000 at 0.5 %"
    assert any(each.lower > 0.3 for each in drawn), "and they are no wider than they must be"
