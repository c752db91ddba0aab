"""Are models moved only through their gates, with who and why, and does a move reach the scores that pages show?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sqlalchemy import select
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.fit import Fit, fit_outcome
from washhouse.insight.models.plan import split_index_dates
from washhouse.insight.models.registry import store_fit
from washhouse.insight.models.states import Registry, move_of, read_registry
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.lake.pointer import read_current
from washhouse.pipeline.model_states import modelling, write_registry
from washhouse.pipeline.scoring import score
from washhouse.record.tables import SCORE

NAMES = tuple(feature.name for feature in CRISIS.features)
POINTS_ONLY = replace(CRISIS, algorithms=("points",))


def drawn_fit(seed: int) -> Fit:
    """A points list fitted on people drawn with one cause of crises."""
    dates = np.arange(np.datetime64("2021-01-04"), np.datetime64("2024-01-04"), 28)
    rng = np.random.default_rng(seed)
    homeless = rng.random((len(dates), 300)) < 0.25
    values = np.zeros((homeless.size, len(NAMES)), np.float32)
    values[:, NAMES.index("is_homeless")] = homeless.ravel()
    happened = rng.random(homeless.size) < expit(-3.5 + 1.8 * homeless.ravel())
    cohort = Cohort(np.repeat(dates, 300), np.tile(np.arange(300), len(dates)), happened, Matrix(NAMES, values))
    found = fit_outcome(POINTS_ONLY, cohort, split_index_dates(CRISIS, dates.astype(object).tolist()))
    assert isinstance(found, Fit)
    return found


@pytest.fixture(scope="module")
def fits() -> tuple[Fit, ...]:
    found = tuple(drawn_fit(seed) for seed in (1, 2, 3))
    bad = tuple(replace(gate, is_met=gate.name != "calibration-slope") for gate in found[2].gates)
    return (
        *(replace(each, gates=tuple(replace(g, is_met=True) for g in each.gates)) for each in found[:2]),
        replace(found[2], gates=bad),
    )


@pytest.fixture
def home(stage: Any, fits: tuple[Fit, ...], tmp_path: Path) -> tuple[Home, list[str]]:
    """A home whose record is too small for a model of its own, and three models of crises: two pass their gates."""
    where = Home(tmp_path / "home")
    shutil.copytree(stage.first.root, where.root)
    made = {"inputs": "aa", "record_version": "v1", "today": date(2024, 3, 1)}
    versions = [str(store_fit(where.models, CRISIS, each, **made)["version"]) for each in fits]
    registry = Registry("crisis")
    for kind, version in (("promoted", versions[0]), ("fitted", versions[1])):
        moved = {"at": read_current(where).published_at, "actor": "ann", "reason": "test", "record_version": "v1"}  # type: ignore[union-attr]
        registry = registry.add(move_of(kind, version, **moved))  # type: ignore[arg-type]
    write_registry(where, registry)
    return where, versions


def call(stage: Any, home: Home, *arguments: str) -> tuple[int, Any]:
    options = ["--home", str(home.root), "--key-file", str(stage.key_file), "--json"]
    done = CliRunner().invoke(app, ["model", *arguments, *options])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.stderr


def audited(home: Home) -> list[tuple[str, str, str]]:
    desk = open_desk(home.desk_file)
    try:
        with desk.reading() as session:
            rows = session.execute(select(AuditRow).where(AuditRow.action.like("model-%"))).scalars().all()
            return [(row.action, row.actor, row.outcome) for row in rows]
    finally:
        desk.close()


def test_a_promoted_model_scores_at_once_and_can_be_rolled_back(
    stage: Any, home: tuple[Home, list[str]], run_apart: Callable[..., Any]
) -> None:
    where, (first, second, _) = home
    before = read_current(where)
    status, told = call(stage, where, "promote", "crisis", "--by", "bea", "--reason", "ranks better, says 07700 900123")
    assert (status, told["version"], told["replaces"]) == (0, second, first)
    now = read_current(where)
    assert before is not None and now is not None
    assert (now.number, now.id) == (before.number + 1, told["record_version"])
    assert now.models["crisis"] == second
    assert {name: number for name, number in now.tables.items() if name != "score"} == {
        name: number for name, number in before.tables.items() if name != "score"
    }
    move = read_registry(where.models, "crisis").moves[-1]
    assert (move.kind, move.actor, move.reason) == ("promoted", "bea", "ranks better, says [removed]")
    status, told = call(stage, where, "rollback", "crisis", "--by", "bea")
    assert (status, told["version"], told["replaces"]) == (0, first, second)
    assert read_current(where).models["crisis"] == first  # type: ignore[union-attr]
    assert call(stage, where, "rollback", "crisis")[0] == 3, "before the first champion there was none"
    assert audited(where) == [("model-promoted", "bea", "allow"), ("model-rolled-back", "bea", "allow")]
    again = run_apart(where, stage.early, stage.key_file)
    assert again["status"] == 0
    assert read_current(where).models["crisis"] == first, "a run with nothing new leaves it so"  # type: ignore[union-attr]


def test_scores_stand_for_as_long_as_they_are_declared_to(stage: Any, home: tuple[Home, list[str]]) -> None:
    where, _ = home
    assert call(stage, where, "promote", "crisis", "--by", "bea", "--reason", "ranks better")[0] == 0
    weekly = {"crisis": replace(CRISIS, stands_days=7)}
    with modelling(where, stage.settings) as context:
        published = context.published
        assert published is not None
        candidate = replace(published, number=published.number + 1, id="v000009-aaaaaaaa")

        def made_by(outcomes: Mapping[str, Outcome] = weekly, days: int = 0, **how: Any) -> set[str]:
            """Versions of the record that the newest scores were told from."""
            later = {source: day + timedelta(days) for source, day in candidate.as_of.items()}
            scored, results = score(replace(context, **how), replace(candidate, as_of=later), outcomes)
            newest = scored.summary["models"]["crisis"]["index_date"]
            held = context.lake.read(SCORE, scored.tables["score"]).to_pylist()
            rows = [row for row in held if row["index_date"].isoformat() == newest and row["status"] == "scored"]
            assert len(rows) == results["crisis"].eligibility["at-risk"] > 0
            assert all(row["reasons"] for row in rows)
            return {row["record_version"] for row in rows}

        assert made_by() == made_by(days=6) == {published.id}
        assert made_by(days=7) == made_by(rebuild=True) == made_by({"crisis": CRISIS}) == {candidate.id}


def test_a_model_that_fails_a_gate_is_not_promoted(stage: Any, home: tuple[Home, list[str]]) -> None:
    where, (first, _, bad) = home
    registry = read_registry(where.models, "crisis")
    write_registry(where, registry.add(replace(registry.moves[-1], version=bad)))
    before = read_current(where)
    status, said = call(stage, where, "promote", "crisis")
    assert status == 4
    assert "model-gates" in said and "Calibration slope" in said
    assert read_registry(where.models, "crisis").champion == first
    assert read_current(where) == before
    assert [(action, outcome) for action, _, outcome in audited(where)] == [("model-promoted", "deny")]


def test_a_move_that_died_before_it_published_is_made_good_by_the_next_run(
    stage: Any, home: tuple[Home, list[str]], run_apart: Callable[..., Any]
) -> None:
    where, (_, second, _) = home
    call(stage, where, "promote", "crisis")
    registry = read_registry(where.models, "crisis")
    write_registry(where, registry.add(replace(registry.moves[0], kind="rolled-back")))
    assert run_apart(where, stage.early, stage.key_file)["status"] == 0
    assert read_current(where).models["crisis"] == registry.moves[0].version  # type: ignore[union-attr]
    assert second in read_registry(where.models, "crisis").kept


def test_a_retired_model_scores_nobody_until_a_person_promotes_one(
    stage: Any, home: tuple[Home, list[str]], run_apart: Callable[..., Any]
) -> None:
    where, (first, second, _) = home
    call(stage, where, "promote", "crisis")
    assert "model-champion" in call(stage, where, "promote", "crisis", "--version", second)[1]
    (where.models / "crisis" / second / "model.json").write_text("{")
    status, told = call(stage, where, "retire", "crisis", "--by", "bea", "--reason", "finds too few")
    assert (status, told["version"]) == (0, second), "also where its files are damaged"
    now = read_current(where)
    assert now is not None and now.id == told["record_version"] and "crisis" not in now.models
    why = now.summary["models"]["crisis"]
    assert why["status"] == "retired" and "finds too few. None is fitted in its place." in why["message"]
    assert run_apart(where, stage.early, stage.key_file)["status"] == 0
    assert read_current(where) == now, "a run with nothing new leaves it so"
    assert call(stage, where, "retire", "crisis", "--by", "bea", "--reason", "again")[0] == 3
    status, told = call(stage, where, "rollback", "crisis", "--by", "bea")
    assert (status, told["version"], told["replaces"]) == (0, first, None)
    assert read_current(where).models["crisis"] == first  # type: ignore[union-attr]
    assert audited(where)[1] == ("model-retired", "bea", "allow")


def test_a_champion_whose_folder_is_gone_stops_no_run(
    stage: Any, home: tuple[Home, list[str]], run_apart: Callable[..., Any]
) -> None:
    where, (_, second, _) = home
    call(stage, where, "promote", "crisis")
    shutil.rmtree(where.models / "crisis" / second)
    assert run_apart(where, stage.early, stage.key_file)["status"] == 0
    now = read_current(where)
    assert now is not None and "crisis" not in now.models, "the record is too small for a model of its own"
    assert now.summary["models"]["crisis"]["status"] == "too-few-events"
    assert call(stage, where, "evaluate", "crisis")[0] == 3, "its champion is no longer kept"


def test_who_fits_is_checked_before_anything_is_fitted(stage: Any, home: tuple[Home, list[str]]) -> None:
    where, _ = home
    status, said = call(stage, where, "fit", "crisis", "--by", "Ann Smith")
    assert status == 3 and "model-actor" in said, "without history the fit would have come to no-data"


def test_models_are_listed_and_unknown_ones_refused(stage: Any, home: tuple[Home, list[str]]) -> None:
    where, (first, second, _) = home
    done = CliRunner().invoke(app, ["model", "list", "--home", str(where.root), "--json"])
    crisis = json.loads(done.stdout)["models"][0]
    assert [(each["version"], each["state"]) for each in crisis["versions"]] == [
        (second, "challenger"),
        (first, "champion"),
    ]
    assert call(stage, where, "promote", "flood")[0] == 3
    assert call(stage, where, "promote", "crisis", "--version", "nosuch")[0] == 3
    page = where.root / "card.html"
    done = CliRunner().invoke(app, ["model", "card", "crisis", "--home", str(where.root), "--out", str(page), "--json"])
    assert (json.loads(done.stdout)["version"], done.exit_code) == (first, 0)
    assert first in page.read_text()
    status, told = call(stage, where, "evaluate", "crisis")
    assert (status, told["state"], told["since"]["status"]) == (0, "champion", "too-few-events")
    assert call(stage, where, "fit", "crisis")[1]["status"] == "no-data", "one month has no history"
