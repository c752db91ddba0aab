"""Which allocation holds, and when does the sending service know of it?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from washhouse.action.allocation import is_entered, latest_allocations
from washhouse.desk.care_decisions import CareDecision

DAY = date(2024, 7, 1)


def allocation(number: int, person_id: str, worker: str, kind: str = "allocation") -> CareDecision:
    names = {"username": "TM1", "display_name": "", "worker": worker, "worker_before": "A", "note": "Has more time now"}
    at = datetime(2024, 6, 30, 23, 30)  # 1 July in London
    return CareDecision(
        number, at, kind=kind, person_id=person_id, session_id=None, choice="move", due=None, **names
    )  # fmt: skip


def test_the_latest_of_each_person_holds() -> None:
    taken = [
        allocation(4, "a", "B", kind="action"),
        allocation(3, "a", "X"),
        allocation(2, "b", "X"),
        allocation(1, "a", "Z"),
    ]
    assert [one.id for one in latest_allocations(taken)] == [3, 2]


@pytest.mark.parametrize(
    ("relations", "entered"),
    [
        ([("A", None)], False),
        ([("A", DAY), ("X", None)], True),
        ([("A", DAY), ("X", DAY + timedelta(3)), ("Z", None)], True),
        ([("X", DAY), ("A", None)], False),
        ([(None, None), ("Z", None)], False),
    ],
    ids=["not named", "named", "named, and another since", "had the person before", "another named"],
)
def test_it_is_entered_once_the_worker_was_named_after_the_decision(
    relations: list[tuple[Any, Any]], entered: bool
) -> None:
    rows = [{"worker": worker, "until": until} for worker, until in relations]
    assert is_entered(allocation(1, "a", "X"), rows) is entered
