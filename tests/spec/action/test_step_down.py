"""Who meets the criteria of stability, and what became of people? A table for each criterion; no score anywhere."""

from __future__ import annotations

import ast
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from washhouse.action import step_down
from washhouse.action.step_down import CRITERIA, is_stable, judge_stability, look_after

TODAY = date(2024, 7, 1)
REFERRED, WARD, CRISIS, SEEN, MISSED, AE, HOME, HOSTEL = (
    "MHS_REFERRAL//A06", "MHS_SPELL//200", "MHS_REFERRAL//A02", "MHS_CONTACT//5", "MHS_CONTACT//3",
    "ECDS_ATTENDANCE//01", "MHS_ACCOMMODATION//01", "MHS_ACCOMMODATION//14",
)  # fmt: skip


def row(code: str, time: str, until: str = "", ref: str | None = None, gone: bool = False) -> dict[str, Any]:
    return {
        "code": code,
        "time": datetime.fromisoformat(time),
        "end_time": datetime.fromisoformat(until) if until else None,
        "superseded_at": datetime(2024, 6, 1) if gone else None,
        "ref": ref,
    }


STABLE = [
    row(REFERRED, "2022-01-10", ref="r1"),
    row(HOME, "2022-02-01"),
    row(SEEN, "2024-02-01"),
    row(SEEN, "2024-06-01"),
]


def met(*rows: dict[str, Any], day: date = TODAY) -> dict[str, bool]:
    return {one.criterion.name: one.is_met for one in judge_stability(rows, day)}


def test_somebody_stable_meets_every_criterion() -> None:
    findings = judge_stability(STABLE, TODAY)
    assert is_stable(findings)
    assert [one.criterion for one in findings] == list(CRITERIA)
    assert [one.words for one in findings] == [
        "None is recorded.",
        "Since 10 January 2022.",
        "2 attended, the last on 1 June.",
        "0 missed.",
        "None is recorded.",
        "The same since 1 February 2022 or before.",
    ]


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([*STABLE, row(WARD, "2023-06-20", "2023-07-03")], "no-crisis-12-months"),
        ([*STABLE, row(WARD, "2022-06-20")], "no-crisis-12-months"),  # still there
        ([*STABLE, row(CRISIS, "2024-01-01", "2024-01-09", ref="r2")], "no-crisis-12-months"),
        ([*STABLE, row("MHS_ACT//20", "2023-09-01")], "no-crisis-12-months"),
        ([row(REFERRED, "2023-07-20", ref="r1"), *STABLE[1:]], "known-12-months"),
        ([row(REFERRED, "2022-01-10", "2024-06-30", ref="r1"), *STABLE[1:]], "known-12-months"),
        # A break between two referrals: counted from the second.
        (
            [row(REFERRED, "2020-01-10", "2023-09-01", ref="r0"), row(REFERRED, "2023-10-01", ref="r1"), *STABLE[1:]],
            "known-12-months",
        ),
        ([*STABLE, row("MHS_REFERRAL_REJECTED//01", "2022-01-11", ref="r1")], "known-12-months"),
        (STABLE[:3], "seen-6-months"),
        ([*STABLE, row(MISSED, "2024-03-01"), row(MISSED, "2024-06-10")], "keeps-contacts"),
        ([*STABLE, row(AE, "2024-01-05")], "no-emergency-6-months"),
        ([*STABLE, row("APC_SPELL//21", "2024-06-05")], "no-emergency-6-months"),
        ([STABLE[0], *STABLE[2:]], "settled-home"),
        ([*STABLE, row(HOSTEL, "2023-01-01")], "settled-home"),
        ([*STABLE, row("MHS_ACCOMMODATION//02", "2024-05-01")], "settled-home"),
    ],
)
def test_each_criterion_can_fail_alone(rows: list[dict[str, Any]], name: str) -> None:
    assert [each for each, is_met in met(*rows).items() if not is_met] == [name]


@pytest.mark.parametrize(
    "row_more",
    [
        row(WARD, "2023-03-01", "2023-06-20"),
        row(CRISIS, "2024-01-01", ref="r1", gone=True),
        row(MISSED, "2024-06-10"),
        row(AE, "2023-12-01"),
        row(AE, "2024-07-02"),  # tomorrow
        row("APC_SPELL//11", "2024-06-05"),  # planned
    ],
)
def test_what_is_long_ago_withdrawn_or_to_come_does_not_count(row_more: dict[str, Any]) -> None:
    assert all(met(*STABLE, row_more).values())


def test_what_became_of_somebody() -> None:
    rows = [row(AE, "2024-03-28"), row(WARD, "2024-04-20", "2024-05-01"), row(WARD, "2024-03-01", "2024-03-20")]
    short, long = look_after(rows, date(2024, 3, 21), TODAY)
    assert (short.days, short.crisis_care, short.emergency, short.is_over) == (28, None, date(2024, 3, 28), True)
    assert (long.days, long.crisis_care, long.is_over) == (90, date(2024, 4, 20), True)
    assert long.words == "Crisis care on 20 April, emergency care on 28 March"
    assert look_after([], date(2024, 6, 20), TODAY)[0].words == "Nothing so far, not all days have passed"
    assert look_after([], date(2024, 3, 1), TODAY)[1].words == "Neither crisis nor emergency care"


def test_the_criteria_know_of_no_model() -> None:
    tree = ast.parse(Path(step_down.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name and name.startswith("washhouse")} == {
        "washhouse.action.words",
        "washhouse.insight.codelists",
    }
    assert not {"risk", "rank", "score"} & {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
