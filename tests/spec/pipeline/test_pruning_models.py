"""Models stay as long as a version that scored with them, and no longer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.insight.models.states import Registry, move_of, read_registry
from washhouse.lake.pointer import Version, publish
from washhouse.lake.store import Lake
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.model_states import register_models, write_registry
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.publishing import prune, prune_models

NOW = dt.datetime(2025, 7, 1)


def version(number: int, model: str) -> Version:
    return Version(number, f"v{number:06}-aaaaaaaa", NOW, {}, {}, (), {}, {"crisis": model}, 2)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    home = Home(tmp_path / "home")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    for name in ("one", "two", "three", "died", ".died.partial"):
        (home.models / "crisis" / name).mkdir(parents=True)
        (home.models / "crisis" / name / "model.json").write_text("{}")
    return RunContext(home, Settings(keep_versions=2), Lake(home.lake), vault, None, NOW, Silent(), lambda name: None)


def models(context: RunContext) -> set[str]:
    return {folder.name for folder in context.home.models.glob("crisis/*")}


def test_models_of_kept_versions_stay(context: RunContext) -> None:
    for number, model in enumerate(("one", "two", "three"), start=1):
        publish(context.home, version(number, model))
    prune(context)
    assert models(context) == {"two", "three"}


def test_before_the_first_version_nothing_stays(context: RunContext) -> None:
    prune_models(context, [])
    assert models(context) == set()


def test_a_home_without_models_is_left_alone(context: RunContext, tmp_path: Path) -> None:
    empty = replace(context, home=Home(tmp_path / "empty"))
    prune_models(empty, [])
    assert not empty.home.root.exists()


def test_models_that_the_registry_keeps_stay(context: RunContext) -> None:
    registry = Registry("crisis")
    for kind, model in (("promoted", "one"), ("fitted", "two"), ("promoted", "three")):
        moved = {"at": NOW, "actor": "ann", "reason": "test", "record_version": "v1"}
        registry = registry.add(move_of(kind, model, **moved))  # type: ignore[arg-type]
    write_registry(context.home, registry)
    prune_models(context, [])
    assert models(context) == {"one", "three", "registry.json"}, "a challenger that never scored goes"


@pytest.mark.parametrize(("failed", "champion", "challenger"), [([], "one", None), (["Slope 1.9."], None, "one")])
def test_a_home_from_before_registries_gets_one(
    context: RunContext, failed: list[str], champion: str | None, challenger: str | None
) -> None:
    told = {"models": {"crisis": {"status": "scored", "failed_gates": failed}}}
    for _ in range(2):
        register_models(context, replace(version(1, "one"), summary=told))
    registry = read_registry(context.home.models, "crisis")
    assert (registry.champion, registry.challenger) == (champion, challenger)
    assert len(registry.moves) == (1 if failed else 2), "done again it adds nothing"
