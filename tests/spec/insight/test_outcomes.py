"""Whom does each outcome concern, from which day, and what counts? Small histories in, labels out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.tables import Table
from washhouse.insight.codelists import build_codelist_table
from washhouse.insight.features.contract import check_features
from washhouse.insight.outcomes.registry import OUTCOMES
from washhouse.lake.schemas import conform

HEADER = "person_id | time | end_time | recorded_at | superseded_at | code | ref | parent_ref"
PEOPLE = """
person_id                        | birth_month | death_date
0000000000000000000000000000000p | 1980-06-01  | -
0000000000000000000000000000000c | 2015-06-01  | -
0000000000000000000000000000000d | 1940-06-01  | 2024-03-01
"""
P, CHILD, DEAD = (f"{letter:0>32}" for letter in "pcd")
Label = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def label(run_sql: Callable[..., Any], read_events: Callable[[str], pa.Table], read_people: Callable[[str], pa.Table]):
    """Rows of an outcome's population at some days, under its contract, for events written as text."""

    def run(name: str, lines: tuple[str, ...], days: tuple[date, ...] = (date(2024, 3, 4),)) -> list[dict[str, Any]]:
        outcome = OUTCOMES[name]
        index = pa.table({"index_date": pa.array(days, pa.date32())})
        events = read_events("\n".join([HEADER, *(line.replace("p |", f"{P} |", 1) for line in lines)]))
        tables = {"person": read_people(PEOPLE), "index_date": index, "event": events}
        found = run_sql(outcome.population_sql, codelist=build_codelist_table(outcome.codelists), **tables)
        contract: Table = outcome.population.table
        return conform(contract, found).sort_by([("index_date", "ascending"), ("person_id", "ascending")]).to_pylist()

    return run


def of(rows: list[dict[str, Any]], person: str = P) -> dict[str, Any]:
    (row,) = [row for row in rows if row["person_id"] == person]
    return row


def admission(time: str, code: str = "21", end: str = "-") -> str:
    return f"p | {time} | {end} | {time} | - | APC_SPELL//{code} | s{time} | -"


@pytest.mark.parametrize(
    ("line", "happened"),
    [
        (admission("2024-03-04T00:00"), True),  # the index day is the first
        (admission("2025-03-03T23:59"), True),
        (admission("2025-03-04T00:00"), False),  # a year on
        (admission("2024-03-03T10:00", end="2024-03-03T20:00"), False),  # before
        (admission("2024-06-01T10:00", "2A"), True),
        (admission("2024-06-01T10:00", "11"), False),  # planned
        (admission("2024-06-01T10:00", "82"), False),  # birth
    ],
)
def test_emergency_admission(label: Label, line: str, happened: bool) -> None:
    row = of(label("emergency-admission", (line,)))
    assert (row["outcome_at"] is not None) is happened
    assert row["status"] == "at-risk"


def test_emergency_admission_is_for_adults_alive_and_at_home(label: Label) -> None:
    rows = label("emergency-admission", (admission("2024-03-01T10:00"),))
    assert {row["person_id"] for row in rows} == {P, DEAD}  # no children
    assert of(rows)["status"] == "not-eligible"  # still in a bed
    assert of(rows, DEAD)["status"] == "not-eligible"


def test_a_death_that_was_recorded_later_was_not_known(label: Label) -> None:
    died = "p | 2024-03-01T10:00 | - | 2024-03-10T10:00 | - | DEATH//x | - | -"
    assert of(label("emergency-admission", (died,)))["status"] == "at-risk"
    assert of(label("emergency-admission", (died.replace("2024-03-10", "2024-03-02"),)))["status"] == "not-eligible"


def attendance(came: str, went: str, ref: str) -> str:
    return f"p | {came} | {went} | {came} | - | ECDS_ATTENDANCE//01 | {ref} | -"


FIRST = attendance("2024-03-04T10:00", "2024-03-04T14:00", "a")


@pytest.mark.parametrize(
    ("came", "went", "happened"),
    [
        ("2024-03-05T09:00", "2024-03-05T11:00", True),
        ("2024-03-07T13:59", "2024-03-07T16:00", True),
        ("2024-03-07T14:00", "2024-03-07T16:00", False),  # 72 hours after leaving
        ("2024-03-03T10:00", "2024-03-03T12:00", False),  # before
        ("2024-03-04T13:00", "2024-03-04T14:00", False),  # the last of the day counts, and nobody came after it
    ],
)
def test_reattendance(label: Label, came: str, went: str, happened: bool) -> None:
    row = of(label("reattendance", (FIRST, attendance(came, went, "b"))))
    assert (row["outcome_at"] is not None) is happened


def test_reattendance_concerns_the_days_of_attendances_alone(label: Label) -> None:
    assert label("reattendance", (FIRST,), (date(2024, 3, 3), date(2024, 3, 5))) == []


def stay(began: str, ended: str, ref: str, source: str = "19") -> tuple[str, ...]:
    codes = ("MHS_SPELL//200", f"MHS_SPELL_SOURCE//{source}", "MHS_SPELL_METHOD//21")
    return tuple(f"p | {began} | {ended} | {began} | - | {code} | {ref} | -" for code in codes)


HOME = stay("2024-02-01T10:00", "2024-03-04T10:00", "s1")


@pytest.mark.parametrize(
    ("again", "happened"),
    [
        (stay("2024-03-20T10:00", "-", "s2"), True),
        (stay("2024-06-02T09:00", "-", "s2"), True),
        (stay("2024-06-02T10:00", "-", "s2"), False),  # 90 days after discharge
        (stay("2024-03-20T10:00", "-", "s2", source="49"), False),  # a transfer
        (stay("2024-01-01T10:00", "2024-01-09T10:00", "s2"), False),  # before
        ((), False),
    ],
)
def test_readmission(label: Label, again: tuple[str, ...], happened: bool) -> None:
    row = of(label("readmission", (*HOME, *again)))
    assert (row["status"], row["outcome_at"] is not None) == ("at-risk", happened)


def test_who_is_moved_is_not_discharged(label: Label) -> None:
    assert label("readmission", (*HOME, *stay("2024-03-04T12:00", "-", "s2", source="49"))) == []


REFERRAL = "p | 2023-01-10T09:00 | - | 2023-02-02T03:00 | - | MHS_REFERRAL//A06 | r0 | -"


def contact(time: str, status: str) -> str:
    return f"p | {time} | - | {time} | - | MHS_CONTACT//{status} | c{time} | r0"


@pytest.mark.parametrize(
    ("contacts", "status", "missed"),
    [
        ((contact("2024-03-06T10:00", "3"),), "at-risk", True),
        ((contact("2024-03-06T10:00", "7"),), "at-risk", True),  # came too late to be seen
        ((contact("2024-03-06T10:00", "5"), contact("2024-03-08T10:00", "3")), "at-risk", False),  # the next counts
        (
            (contact("2024-03-06T10:00", "4"), contact("2024-03-08T10:00", "3")),
            "at-risk",
            True,
        ),  # passed over
        ((contact("2024-03-31T23:00", "3"),), "at-risk", True),
        ((contact("2024-04-01T00:00", "3"),), "not-eligible", False),  # beyond 28 days: no next contact
        ((), "not-eligible", False),
    ],
)
def test_missed_next_contact(label: Label, contacts: tuple[str, ...], status: str, missed: bool) -> None:
    rows = label("missed-contact", (REFERRAL, *contacts), (date(2024, 3, 4), date(2024, 7, 1)))
    past, now = rows
    assert (past["status"], past["outcome_at"] is not None) == (status, missed)
    assert now["status"] == "at-risk"  # whoever has no contact yet is scored at the newest day


def test_every_outcome_says_what_it_is_for() -> None:
    for name, outcome in OUTCOMES.items():
        words = outcome.words
        assert name == outcome.name
        assert all((words.purpose, words.population, words.outcome, words.out_of_scope, words.limitations))
        assert check_features(outcome.features) == outcome.features
        assert {item.column.feature for item in outcome.items} <= {feature.name for feature in outcome.features}
        assert "self_injury" not in repr(outcome.features) and "979651000000100" not in repr(outcome.items)
