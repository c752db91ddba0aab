"""Who of a team could take a person over, and which decisions on that does the sending service not know yet?

An order of workers by how much they have, for a human to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from washhouse.action.agenda import Load
from washhouse.action.words import local_day
from washhouse.desk.care_decisions import CareDecision


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


def latest_allocations(decisions: Iterable[CareDecision]) -> list[CareDecision]:
    """The allocation that holds of each person: a later one takes the place of those before it.

    Args:
        decisions: Decisions that hold, the latest first.
    """
    latest: dict[str, CareDecision] = {}
    for one in decisions:
        if one.kind == "allocation":
            latest.setdefault(one.person_id, one)
    return list(latest.values())


def is_entered(allocation: CareDecision, relations: Iterable[Mapping[str, Any]]) -> bool:
    """Did the sending service name the worker after the decision, whoever has the person by now?

    Args:
        allocation: The decision.
        relations: Rows of `record.care_relation` of the person, with at least `worker, until`.
    """
    day = local_day(allocation.at)
    return any(row["worker"] == allocation.worker and (row["until"] is None or row["until"] > day) for row in relations)
