"""Is a model followed after its test: what it would have said since, what came of it, and whom it sees?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from washhouse.insight.models.history import read_submitted
from washhouse.insight.models.registry import find_model
from washhouse.insight.models.score import score_outcomes
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.watch.calibration import judge_periods
from washhouse.insight.watch.follow import follow
from washhouse.insight.watch.inputs import RISK, measure_drift


@pytest.fixture(scope="module")
def scored(computing: Callable[..., Any], planted: Any, last_day: date, tmp_path_factory: Any) -> tuple[Any, Any, Any]:
    """A caseload scored with a model that was fitted on it; what computes; and what is stored of the model."""
    models, compute = tmp_path_factory.mktemp("models"), computing(planted)
    today = {CRISIS.name: last_day + timedelta(1)}
    result = score_outcomes([CRISIS], compute, today=today, models_dir=models, record_version="v1")[CRISIS.name]
    return result, compute, _stored(models)


def _stored(models: Path) -> Any:
    stored = find_model(models, CRISIS)
    assert stored is not None
    return stored


def test_months_after_the_test_are_followed_and_the_model_holds(scored: tuple[Any, Any, Any], last_day: date) -> None:
    _, compute, stored = scored
    tested = [date.fromisoformat(each["since"]) for each in stored["watch"]["periods"]]
    since = tested[len(tested) // 2]
    days = read_submitted(compute)[CRISIS.source]
    periods = follow(CRISIS, stored, compute, days, last_day + timedelta(1), since=since)
    assert [period.since for period in periods] == tested[len(tested) // 2 + 1 :]
    again = {each["since"]: each for each in stored["watch"]["periods"]}
    for period in periods:
        told = again[period.since.isoformat()]
        assert (period.people, period.observed) == (told["people"], told["observed"])
        assert period.expected == pytest.approx(told["expected"]), "the same as the test said of the same month"
    assert "outside" not in judge_periods(periods, are_apart=True)


def test_nothing_is_followed_that_is_not_known_yet(scored: tuple[Any, Any, Any], last_day: date) -> None:
    _, compute, stored = scored
    newest = max(date.fromisoformat(each["since"]) for each in stored["watch"]["periods"])
    days = read_submitted(compute)[CRISIS.source]
    assert follow(CRISIS, stored, compute, days, last_day + timedelta(1), since=newest) == ()


def test_everybody_scored_is_counted_once_in_every_input_and_none_has_moved(scored: tuple[Any, Any, Any]) -> None:
    result, _, stored = scored
    assert result.inputs is not None
    assert {int(counts.sum()) for counts in result.inputs.values()} == {result.eligibility["at-risk"]}
    drifts = measure_drift(stored["watch"]["inputs"], result.inputs)
    assert {drift.feature for drift in drifts} == {RISK, *(feature.name for feature in CRISIS.features)}
    # These people are all of one age and are seen on fixed days, so that their age and last contact do move.
    by_name = {drift.feature: drift for drift in drifts}
    assert not any(by_name[name].is_outside for name in (RISK, "missed_28d", "missed_90d", "crises_365d"))


def test_people_who_look_otherwise_are_noticed(scored: tuple[Any, Any, Any]) -> None:
    result, _, stored = scored
    name = "missed_90d"
    people = int(result.inputs[name].sum())
    shifted = {**result.inputs, name: np.eye(len(result.inputs[name]), dtype=int)[-1] * people}
    moved = {drift.feature for drift in measure_drift(stored["watch"]["inputs"], shifted) if drift.is_outside}
    assert name in moved and RISK not in moved
