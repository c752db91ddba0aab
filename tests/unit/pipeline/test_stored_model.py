"""Is it said which models there are where one is asked for that there is not?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from washhouse.core.errors import InputError
from washhouse.core.home import Home
from washhouse.insight.models.states import Registry, move_of
from washhouse.pipeline.model_states import stored_model


def refusal(tmp_path: Path, registry: Registry, version: str | None, wanted: str) -> str:
    with pytest.raises(InputError) as refused:
        stored_model(Home(tmp_path), registry, version, wanted)
    assert refused.value.code == "model-version"
    return str(refused.value)


def test_a_version_that_does_not_exist_is_not_an_outcome_without_models(tmp_path: Path) -> None:
    registry = Registry("crisis")
    for kind, version in (("promoted", "aaa111"), ("fitted", "bbb222")):
        moved = {"at": datetime(2026, 7, 1), "actor": "ann", "reason": "test", "record_version": "v1"}
        registry = registry.add(move_of(kind, version, **moved))  # type: ignore[arg-type]
    said = refusal(tmp_path, registry, "nope", "model")
    assert "crisis has no such version" in said
    assert "bbb222 (challenger), aaa111 (champion)" in said
    assert "crisis has no former champion" in refusal(tmp_path, registry, None, "former champion")


def test_an_outcome_without_models_says_how_to_fit_one(tmp_path: Path) -> None:
    said = refusal(tmp_path, Registry("crisis"), None, "model")
    assert "crisis has no model" in said and "washhouse model fit crisis" in said


def test_a_model_whose_folder_is_gone_is_said_to_be_kept_no_more(tmp_path: Path) -> None:
    moved = {"at": datetime(2026, 7, 1), "actor": "ann", "reason": "test", "record_version": "v1"}
    registry = Registry("crisis").add(move_of("fitted", "aaa111", **moved))  # type: ignore[arg-type]
    assert "aaa111 of crisis (challenger) is no longer kept" in refusal(tmp_path, registry, "aaa111", "model")
