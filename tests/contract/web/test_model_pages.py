"""The register of models: who is scored with what, its card, and nothing that tells of a few people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from starlette.testclient import TestClient

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.evaluation import Estimate
from washhouse.insight.models.fit import Fit, fit_outcome
from washhouse.insight.models.groups import Group
from washhouse.insight.models.plan import split_index_dates
from washhouse.insight.models.registry import store_fit
from washhouse.insight.models.states import Registry, move_of, read_registry, registry_file, registry_text
from washhouse.insight.outcomes.crisis import CRISIS

Opener = Callable[..., TestClient]
NAMES = tuple(feature.name for feature in CRISIS.features)


@pytest.fixture(scope="module")
def fit() -> Fit:
    """A points list fitted on drawn people; of three groups one has three outcomes, one three on the list.

    Of the tenths of risk the lowest has three outcomes, the next twelve.
    """
    dates = np.arange(np.datetime64("2021-01-04"), np.datetime64("2024-01-04"), 28)
    rng = np.random.default_rng(5)
    homeless = (rng.random((len(dates), 300)) < 0.25).ravel()
    values = np.zeros((homeless.size, len(NAMES)), np.float32)
    values[:, NAMES.index("is_homeless")] = homeless
    happened = rng.random(homeless.size) < expit(-3.5 + 1.8 * homeless)
    cohort = Cohort(np.repeat(dates, 300), np.tile(np.arange(300), len(dates)), happened, Matrix(NAMES, values))
    points_only = replace(CRISIS, algorithms=("points",))
    found = fit_outcome(points_only, cohort, split_index_dates(CRISIS, dates.astype(object).tolist()))
    assert isinstance(found, Fit)
    parity = Estimate(1.0, 0.7, 1.4)
    auroc, ppv, sensitivity = (Estimate(value, value - 0.1, value + 0.1) for value in (0.71, 0.22, 0.34))
    groups = (
        Group("sex", "female", 2002, 58, 60.0, parity, auroc, True, 90, 20, ppv, sensitivity),
        Group("sex", "indeterminate", 40, 3, 11.0, parity, auroc, True, 0, 0, None, sensitivity),
        Group("locality", "E01990001 to E01990004", 900, 30, 30.0, parity, auroc, True, 40, 3, ppv, sensitivity),
    )
    points = found.candidates["points"]
    few = [{"n": 362, "expected": 0.01, "observed": count / 362} for count in (3, 12)]
    return replace(found, groups=groups, candidates={"points": replace(points, bins=[*few, *points.bins[8:]])})


@pytest.fixture
def version(world: Any, fit: Fit) -> str:
    """The home has one model of crises, promoted."""
    models = world.services.home.models
    stored = store_fit(models, CRISIS, fit, inputs="aa", record_version="v1", today=date(2024, 3, 1))
    moved = {"at": datetime(2024, 3, 1), "actor": "ann", "reason": "passes", "record_version": "v1"}
    registry = Registry("crisis").add(move_of("promoted", str(stored["version"]), **moved))
    registry_file(models, "crisis").write_bytes(registry_text(registry))
    return str(stored["version"])


def test_every_outcome_is_listed_with_its_model_or_why_there_is_none(
    open_client: Opener, world: Any, version: str
) -> None:
    told = {
        "readmission": {"status": "too-few-events", "message": "The history holds too few readmissions."},
        "crisis": {"status": "scored", "message": "9 people at risk were scored.", "index_date": "2025-07-01"},
    }
    client = open_client("clinician", published=lambda: world.publish(summary={"models": told}))
    page = client.get("/models").text
    assert '<a href="/models/crisis">Crisis care within 28 days</a>' in page
    assert "champion: it scores" in page and "hold from 1 Jul 2025" in page
    assert "Nobody is scored. The history holds too few readmissions." in page
    assert "on the invented city" in page
    assert version


def test_the_card_holds_figures_gates_and_checklists(open_client: Opener, version: str) -> None:
    page = open_client("planner").get("/models/crisis").text
    assert "Observed against expected in 3 groups by risk" in page and "NaN" not in page
    assert "1 group more with few outcomes not drawn." in page and page.count("few outcomes") == 2
    assert f"Version {version}, champion." in page
    for part in ('id="gates"', 'id="figures"', 'id="points"', "TRIPOD+AI", "PROBAST+AI", "needs a person", "by ann"):
        assert part in page


def test_of_groups_few_outcomes_are_not_told(open_client: Opener, version: str) -> None:
    client = open_client("researcher")
    groups = client.get("/models/crisis").text.split('id="groups"')[1].split('id="points"')[0]
    women, rest = groups.split("Sex: female")[1].split("indeterminate")
    few, place = rest.split("Locality:", 1)
    assert all(text in women for text in ("2,000", "60", "0.71 (0.61 to 0.81)", "0.22", "0.34"))
    assert "1 to 7" in few and "too few to judge" in few and "0.71" not in few and "0.34" not in few
    assert "E01990001 to E01990004" in place and "0.71" in place
    assert "0.22" not in place, "three of those on the list had the outcome"
    told = client.get("/models/crisis.json").json()
    assert told["version"] == version
    women, few, place = told["record"]["groups"]
    assert [group["events"] for group in (women, few, place)] == [60, None, 30]
    assert few["ratio"] is None, "times the expected it would tell the count"
    assert [group["expected"] for group in (women, few, place)] == [60, 10, 30]
    lowest, next_one = told["record"]["calibration"]["points"][:2]
    assert lowest == {"n": 360, "expected": 0.01, "observed": None}
    assert next_one["observed"] == round(10 / 360, 4), "computed from what is told"
    assert all(part["events"] % 5 == 0 for part in told["record"]["data"]["parts"].values())
    assert (place["found"], place["ppv"], place["sensitivity"]) == (None, None, None)


def test_a_challenger_stands_beside_the_champion_with_what_it_fails(
    open_client: Opener, world: Any, version: str, fit: Fit
) -> None:
    models = world.services.home.models
    bad = tuple(replace(gate, is_met=gate.name != "calibration-slope", says=gate.name) for gate in fit.gates)
    made = {"inputs": "aa", "record_version": "v1", "today": date(2024, 6, 1)}
    challenger = str(store_fit(models, CRISIS, replace(fit, gates=bad, usual={}), **made)["version"])
    moved = {"at": datetime(2024, 6, 1), "actor": "bea", "reason": "new data", "record_version": "v1"}
    registry = read_registry(models, "crisis").add(move_of("fitted", challenger, **moved))
    registry_file(models, "crisis").write_bytes(registry_text(registry))
    page = open_client("clinician").get("/models").text
    assert f"{challenger}, fitted for 1 June 2024: does not pass its gates. calibration-slope" in page
    assert f"Version {version}, champion." in open_client("clinician").get("/models/crisis").text


def test_a_model_that_was_taken_out_of_use_keeps_its_card_if_it_can_be_read(
    open_client: Opener, world: Any, version: str
) -> None:
    models = world.services.home.models
    moved = {"at": datetime(2024, 6, 1), "actor": "bea", "reason": "finds too few", "record_version": "v1"}
    registry = read_registry(models, "crisis").add(move_of("retired", version, **moved))
    registry_file(models, "crisis").write_bytes(registry_text(registry))
    client = open_client("clinician")
    assert "retired: nobody is scored with it" in client.get("/models").text
    card = client.get("/models/crisis").text
    assert f"Version {version}, retired." in card and "retired by bea (finds too few)" in card
    (models / "crisis" / version / "model.json").write_text("{")
    page = client.get("/models")
    assert page.status_code == 200 and 'href="/models/crisis"' not in page.text
    assert client.get("/models/crisis").status_code == 404


def test_there_is_no_card_of_no_model(open_client: Opener) -> None:
    client = open_client("steward")
    assert client.get("/models/no-such").status_code == 404
    assert client.get("/models/crisis").status_code == 404
    assert client.get("/models/crisis.json").status_code == 404
