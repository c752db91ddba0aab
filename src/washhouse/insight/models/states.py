"""Which model of an outcome is in use, which one waits to take its place, and how did it come to that?

Beside the models of an outcome lies `registry.json`: every move that a model made, by whom, when and why. The states
follow from the moves. One model is the `champion`, the one that scores; one is the `challenger`, the newest that was
fitted since; every other is `retired`. A champion that a person retires leaves none, until a person promotes one.
Whoever moves a model holds the home's lock.

References:
    docs/adr/2026-11-26-model-registry.md, docs/adr/2026-11-27-retired-models.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from washhouse.core.errors import HomeError, InputError

REGISTRY_FILE = "registry.json"

State = Literal["champion", "challenger", "retired"]

Kind = Literal["fitted", "promoted", "rolled-back", "retired"]


@dataclass(frozen=True)
class Move:
    """One thing that happened to a model.

    Attributes:
        kind: `fitted` makes it the challenger; `promoted` and `rolled-back` the champion; `retired` leaves no champion.
        version: The model.
        at: When, naive UTC, ISO 8601.
        actor: Who: `system` for a run, else the name that was given.
        reason: Why, in words.
        record_version: Version of the record that was published then.
        failed_gates: What each gate said that it did not pass then.
    """

    kind: Kind
    version: str
    at: str
    actor: str
    reason: str
    record_version: str
    failed_gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registry:
    """The models of one outcome and how they came to their states.

    Attributes:
        outcome: Name of the outcome model.
        moves: The oldest first.
    """

    outcome: str
    moves: tuple[Move, ...] = ()

    @property
    def champion(self) -> str | None:
        """The model that scores; none before one passed its gates, and after the last was retired."""
        last = self._last_of_champions
        return last.version if last is not None and last.kind != "retired" else None

    @property
    def retirement(self) -> Move | None:
        """The move that took the last champion out of use, if no model took its place since."""
        last = self._last_of_champions
        return last if last is not None and last.kind == "retired" else None

    @property
    def _last_of_champions(self) -> Move | None:
        return next((move for move in reversed(self.moves) if move.kind != "fitted"), None)

    @property
    def challenger(self) -> str | None:
        """The newest model fitted since one last became the champion; none if there is none."""
        last = next((move for move in reversed(self.moves) if move.kind != "retired"), None)
        return last.version if last is not None and last.kind == "fitted" else None

    @property
    def former(self) -> str | None:
        """The champion before the present or the retired one: where rolling back leads."""
        # A model that was rolled back from, or retired, is not gone back to.
        stack: list[str] = []
        for move in self.moves:
            if move.kind == "retired":
                stack = [version for version in stack if version != move.version]
            elif move.kind == "rolled-back" and move.version in stack:
                stack = stack[: stack.index(move.version) + 1]
            elif move.kind != "fitted" and move.version != (stack[-1] if stack else None):
                stack.append(move.version)
        before = stack[:-1] if self.champion is not None else stack
        return before[-1] if before else None

    @property
    def versions(self) -> tuple[str, ...]:
        """Every model that is known, in the order in which they were first."""
        return tuple(dict.fromkeys(move.version for move in self.moves))

    @property
    def kept(self) -> frozenset[str]:
        """Models that must not be removed: the champion, the challenger and every former champion."""
        crowned = {move.version for move in self.moves if move.kind != "fitted"}
        return frozenset(crowned | ({self.challenger} if self.challenger else set()))

    def state_of(self, version: str) -> State:
        """State of a known model."""
        if version == self.champion:
            return "champion"
        return "challenger" if version == self.challenger else "retired"

    def add(self, move: Move) -> Registry:
        """The registry after a further move."""
        return replace(self, moves=(*self.moves, move))


def read_registry(models_dir: Path, outcome: str) -> Registry:
    """Read the registry of an outcome; one without a model has an empty one.

    Raises:
        HomeError: `model-registry-unreadable`.
    """
    path = registry_file(models_dir, outcome)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        moves = tuple(Move(**{**move, "failed_gates": tuple(move["failed_gates"])}) for move in raw["history"])
    except FileNotFoundError:
        return Registry(outcome)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HomeError(
            "model-registry-unreadable",
            f"The registry of the models of {outcome} cannot be read.",
            f"Restore HOME/models/{outcome}/{REGISTRY_FILE} from a backup; removed, the next run fits a model anew.",
        ) from error
    return Registry(outcome, moves)


def registry_file(models_dir: Path, outcome: str) -> Path:
    """Where the registry of an outcome lies."""
    return models_dir / outcome / REGISTRY_FILE


def registry_text(registry: Registry) -> bytes:
    """What the file says: states for people to read, and the history that they follow from."""
    states = {version: registry.state_of(version) for version in registry.versions}
    told = {
        "outcome": registry.outcome,
        "states": states,
        "history": [asdict(move) for move in registry.moves],
    }
    return json.dumps(told, indent=1, ensure_ascii=False).encode()


def check_mover(actor: str, reason: str) -> str:
    """Check who moves a model and why, before anything that takes long; returns the reason on one line.

    Raises:
        InputError: `model-actor`: no name, or not that of a user; `model-reason`: no reason, or a long one.
    """
    if not actor or len(actor) > 64 or not all(each.isalnum() or each in "._-@" for each in actor):
        raise InputError("model-actor", "A model is moved by somebody: a user's name is needed.", "Give it with --by.")
    text = " ".join(reason.split())
    if not text or len(text) > 300:
        raise InputError("model-reason", "A model is moved for a reason of 1 to 300 characters.", "Give --reason.")
    return text


def move_of(
    kind: Kind,
    version: str,
    *,
    at: datetime,
    actor: str,
    reason: str,
    record_version: str,
    failed_gates: Collection[str] = (),
) -> Move:
    """A move, checked; raises as `check_mover`."""
    text = check_mover(actor, reason)
    return Move(kind, version, at.isoformat(timespec="seconds"), actor, text, record_version, tuple(failed_gates))
