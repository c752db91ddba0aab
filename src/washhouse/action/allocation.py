"""Who of a team could take a person over? An order of workers by how much they have, for a human to decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from washhouse.action.agenda import Load


@dataclass(frozen=True)
class Candidate:
    """One worker who could take a person over.

    Attributes:
        worker: Local id of the worker.
        load: How much they have.
        knows: Whether they had the person before.
        place: Place in the order suggested, 1 first.
    """

    worker: str
    load: Load
    knows: bool
    place: int


def suggest_workers(loads: Mapping[str, Load], now: str, before: Collection[str]) -> tuple[Candidate, ...]:
    """Put the workers of a team in an order: who knows the person first, then who has the least.

    How much somebody has is people and needs together: a person counts one, and each of their needs one more.

    Args:
        loads: How much each worker of the team has.
        now: Who has the person now; not suggested.
        before: Who had the person before.

    Examples:
        >>> few, many = Load(10, 5, 0, 0, 0, 0, 0), Load(30, 9, 0, 0, 0, 0, 0)
        >>> [each.worker for each in suggest_workers({"a": many, "b": few, "c": many, "d": few}, "b", ["c"])]
        ['c', 'd', 'a']
    """

    def order(worker: str) -> tuple[bool, int, str]:
        return worker not in before, loads[worker].people + loads[worker].complexity, worker

    others = sorted((worker for worker in loads if worker != now), key=order)
    return tuple(
        Candidate(worker, loads[worker], worker in before, place) for place, worker in enumerate(others, start=1)
    )
