"""Which models may be used, and is a planted bias against a group caught?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from washhouse.insight.models.evaluation import Estimate
from washhouse.insight.models.gates import judge
from washhouse.insight.models.groups import CAPACITY, Group, compare_counts, judge_groups

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


AREAS = [f"E0199{number:04}" for number in range(40)]


def groups_of(
    bias: float = 1.0, seed: int = 0, rows: int = 20_000, *, areas: float = 1.0, blind: bool = False
) -> tuple[Group, ...]:
    """People of whom one sex has the outcome `bias` times as often as its risk says, and four small areas `areas`
    times; where `blind`, nothing is known of who of one sex will have it."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["female", "male"], rows)
    area = rng.choice(AREAS, rows)
    risk = rng.uniform(0.01, 0.2, rows)
    truth = risk * np.where(sex == "female", bias, 1.0) * np.where(np.isin(area, AREAS[:4]), areas, 1.0)
    if blind:
        truth = np.where(sex == "female", rng.permutation(risk), truth)
    outcome = rng.random(rows) < truth
    people = pa.table(
        {
            "sex": sex,
            "birth_month": pa.array([date(1980, 1, 1)] * rows, pa.date32()),
            "deprivation_decile": pa.array(rng.integers(1, 11, rows), pa.int32()),
            "ethnic_category": rng.choice(["A", "H", "M", "Z"], rows),
            "small_area": pa.array(np.where(rng.random(rows) < 0.05, None, area), pa.string()),
        }
    )
    days = np.full(rows, np.datetime64("2024-03-04"))
    return judge_groups(risk, outcome, np.arange(rows) // 2, days, people)


def test_a_gate_that_everybody_reads_tells_no_ratio_of_a_few_outcomes() -> None:
    groups = [replace(each, events=3) if each.name == "female" else each for each in groups_of(bias=1.4)]
    (gate,) = [each for each in judge(GOOD, 2000, tuple(groups)) if not each.is_met]
    assert "sex female: few outcomes" in gate.says


def test_planted_bias_is_caught() -> None:
    groups = groups_of(bias=1.4)
    assert failed(groups=groups) == {"calibration-by-group"}
    (women,) = [each for each in groups if each.name == "female"]
    assert women.ratio.lower > 1
    assert women.ratio.value == pytest.approx(1.4, abs=0.15)
    (gate,) = [each for each in judge(GOOD, 2000, groups) if not each.is_met]
    assert "sex female" in gate.says


def test_a_planted_bias_against_a_place_is_caught() -> None:
    groups = groups_of(areas=1.7)
    places = [each for each in groups if each.by == "locality"]
    assert [each.name for each in places if each.ratio.lower > 1] == ["E01990000 to E01990003"]
    assert failed(groups=groups) == {"calibration-by-group"}
    assert sum(each.n for each in places) == 20_000
    assert len(places) == 11 and places[-1].name == "not known"


def test_small_places_are_merged_until_enough_is_expected() -> None:
    few = [each for each in groups_of(rows=600) if each.by == "locality" and each.name != "not known"]
    assert 2 <= len(few) <= 4, "some 60 outcomes are expected of the 600, and 20 make a place"
    assert not [each for each in groups_of(rows=150) if each.by == "locality"]


def test_a_group_that_a_model_cannot_rank_is_seen() -> None:
    """Calibrated in each sex, and blind in one: only ranking and the list tell."""
    groups = {each.name: each for each in groups_of(blind=True) if each.by == "sex"}
    women, men = groups["female"], groups["male"]
    assert women.auroc is not None and men.auroc is not None
    assert women.auroc.lower < 0.5 < women.auroc.upper < men.auroc.lower
    assert women.sensitivity is not None and men.sensitivity is not None
    assert women.sensitivity.upper < men.sensitivity.lower
    assert women.sensitivity.value == pytest.approx(CAPACITY, abs=0.03), "a list that knows nothing finds its own share"
    assert not failed(groups=groups_of(blind=True))


def test_what_a_list_finds_is_counted_over_everybody() -> None:
    groups = [each for each in groups_of() if each.by == "sex"]
    assert sum(each.listed for each in groups) == round(CAPACITY * 20_000)
    for each in groups:
        assert each.ppv is not None and each.sensitivity is not None
        assert each.ppv.value == pytest.approx(each.found / each.listed)
        assert each.sensitivity.value == pytest.approx(each.found / each.events)
        assert each.ppv.lower < each.ppv.value < each.ppv.upper


def test_an_unbiased_model_passes_nearly_always() -> None:
    passed = sum(not failed(groups=groups_of(bias=1.0, seed=seed, rows=4000)) for seed in range(60))
    # Groups judged together fail by chance in at most 5 %: of 60, more than 9 would be a surprise of 1 in 1,000.
    assert passed >= 51


def test_small_groups_are_shown_and_not_judged() -> None:
    groups = groups_of(bias=1.4, rows=150)
    assert {each.name for each in groups if not each.is_judged} >= {"fifth 1"}
    assert sum(each.n for each in groups if each.by == "sex") == 150


def test_a_gate_that_judged_nobody_says_so() -> None:
    judged, nobody = groups_of(), ()
    told = [judge(GOOD, 2000, groups)[-1].says for groups in (judged, nobody)]
    assert told[0].endswith(f"in each of {sum(each.is_judged for each in judged)} groups; it does.")
    assert told[1].endswith("in each group that is large enough to judge; none was.")


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
