"""Which state does a model have after all that happened to it?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from washhouse.core.errors import HomeError, InputError
from washhouse.insight.models.states import Kind, Registry, move_of, read_registry, registry_file, registry_text

AT = datetime(2026, 7, 1, 9, 30)


def after(*moves: tuple[Kind, str]) -> Registry:
    registry = Registry("crisis")
    for kind, version in moves:
        registry = registry.add(move_of(kind, version, at=AT, actor="ann", reason="because", record_version="v1"))
    return registry


@pytest.mark.parametrize(
    ("moves", "champion", "challenger", "former"),
    [
        ((), None, None, None),
        ((("fitted", "a"),), None, "a", None),
        ((("fitted", "a"), ("promoted", "a")), "a", None, None),
        ((("fitted", "a"), ("promoted", "a"), ("fitted", "b")), "a", "b", None),
        ((("fitted", "a"), ("fitted", "b")), None, "b", None),
        ((("promoted", "a"), ("fitted", "b"), ("promoted", "b")), "b", None, "a"),
        ((("promoted", "a"), ("promoted", "b"), ("rolled-back", "a")), "a", None, None),
        ((("promoted", "a"), ("promoted", "b"), ("promoted", "c"), ("rolled-back", "b")), "b", None, "a"),
        ((("promoted", "a"), ("promoted", "b"), ("rolled-back", "a"), ("promoted", "b")), "b", None, "a"),
        ((("promoted", "a"), ("promoted", "b"), ("promoted", "b")), "b", None, "a"),
        ((("promoted", "a"), ("retired", "a")), None, None, None),
        ((("promoted", "a"), ("fitted", "b"), ("retired", "a")), None, "b", None),
        ((("promoted", "a"), ("retired", "a"), ("fitted", "b")), None, "b", None),
        ((("promoted", "a"), ("promoted", "b"), ("retired", "b")), None, None, "a"),
        ((("promoted", "a"), ("promoted", "b"), ("retired", "b"), ("rolled-back", "a")), "a", None, None),
        ((("promoted", "a"), ("retired", "a"), ("promoted", "a")), "a", None, None),
        ((("promoted", "a"), ("promoted", "b"), ("retired", "b"), ("promoted", "c")), "c", None, "a"),
    ],
)
def test_states(
    moves: tuple[tuple[Kind, str], ...], champion: str | None, challenger: str | None, former: str | None
) -> None:
    registry = after(*moves)
    assert (registry.champion, registry.challenger, registry.former) == (champion, challenger, former)


def test_every_model_has_one_state_and_those_once_in_use_are_kept() -> None:
    registry = after(("promoted", "a"), ("fitted", "b"), ("fitted", "c"), ("promoted", "c"), ("fitted", "d"))
    states = {version: registry.state_of(version) for version in registry.versions}
    assert states == {"a": "retired", "b": "retired", "c": "champion", "d": "challenger"}
    assert registry.kept == {"a", "c", "d"}


def test_a_retired_champion_is_told_until_another_takes_its_place() -> None:
    registry = after(("promoted", "a"), ("retired", "a"), ("fitted", "b"))
    assert registry.retirement == registry.moves[1]
    assert [registry.state_of(version) for version in registry.versions] == ["retired", "challenger"]
    assert registry.kept == {"a", "b"}
    promoted = registry.add(move_of("promoted", "b", at=AT, actor="ann", reason="because", record_version="v1"))
    assert promoted.retirement is None


def test_a_registry_is_read_back_with_who_when_and_why(tmp_path: Path) -> None:
    registry = after(("fitted", "a"), ("promoted", "a"))
    registry_file(tmp_path, "crisis").parent.mkdir()
    registry_file(tmp_path, "crisis").write_bytes(registry_text(registry))
    assert read_registry(tmp_path, "crisis") == registry
    assert (registry.moves[1].at, registry.moves[1].actor, registry.moves[1].reason) == (
        "2026-07-01T09:30:00",
        "ann",
        "because",
    )
    assert read_registry(tmp_path, "readmission") == Registry("readmission")


@pytest.mark.parametrize("text", ["{", "{}", '{"history": [{"kind": "fitted"}]}'])
def test_a_broken_registry_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    registry_file(tmp_path, "crisis").parent.mkdir()
    registry_file(tmp_path, "crisis").write_text(text)
    with pytest.raises(HomeError) as refusal:
        read_registry(tmp_path, "crisis")
    assert refusal.value.code == "model-registry-unreadable"


@pytest.mark.parametrize(
    ("actor", "reason", "code"),
    [
        ("", "x", "model-actor"),
        ("a b", "x", "model-actor"),
        ("ann", " ", "model-reason"),
        ("ann", "x" * 301, "model-reason"),
    ],
)
def test_a_model_is_moved_by_somebody_for_a_reason(actor: str, reason: str, code: str) -> None:
    with pytest.raises(InputError) as refusal:
        move_of("promoted", "a", at=AT, actor=actor, reason=reason, record_version="v1")
    assert refusal.value.code == code
