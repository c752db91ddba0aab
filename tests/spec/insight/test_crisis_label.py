"""What counts as a crisis, when did it begin, and who is at risk? The truth tables of the label."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from washhouse.insight.codelists import CRISIS_CODELISTS, build_codelist_table
from washhouse.insight.outcomes.crisis import POPULATION_SQL

ADULT = """
person_id | birth_month | death_date
p         | 1980-06-01  | -
"""
INDEX = date(2024, 3, 4)
CASELOAD = "p | 2023-01-10T09:00 | - | - | MHS_REFERRAL//A06 | r0 | - | cmht"
HEADER = "person_id | time | end_time | recorded_at | code | ref | parent_ref | team"


@pytest.fixture
def label(run_sql: Callable[..., Any], read_events: Callable[[str], pa.Table], read_people: Callable[[str], pa.Table]):
    """Rows of the population kernel at the index, for events written as text below a community referral."""

    def run(*lines: str, people: str = ADULT, caseload: str = CASELOAD, header: str = HEADER) -> list[dict[str, Any]]:
        events = read_events("\n".join([header, *([caseload] if caseload else []), *lines]))
        index = pa.table({"index_date": pa.array([INDEX], pa.date32())})
        codes = build_codelist_table(CRISIS_CODELISTS)
        tables = {"event": events, "person": read_people(people), "index_date": index, "codelist": codes}
        return run_sql(POPULATION_SQL, **tables).to_pylist()

    return run


def spell(ward: str, source: str, method: str, start: str = "2024-03-10T22:00") -> tuple[str, ...]:
    codes = (f"MHS_SPELL//{ward}", f"MHS_SPELL_SOURCE//{source}", f"MHS_SPELL_METHOD//{method}")
    return tuple(f"p | {start} | - | - | {code} | s1 | r0 | -" for code in codes)


@pytest.mark.parametrize(
    ("ward", "source", "method", "is_crisis"),
    [
        ("200", "19", "21", True),  # acute adult, from home, through A&E
        ("201", "19", "2A", True),  # acute older adult
        ("202", "19", "25", True),  # psychiatric intensive care, through the crisis team
        ("200", "49", "21", False),  # transfers
        ("200", "51", "21", False),
        ("200", "52", "21", False),
        ("200", "53", "21", False),
        ("200", "87", "21", False),
        ("200", "19", "11", False),  # planned
        ("200", "19", "12", False),
        ("200", "19", "13", False),
        ("200", "19", "81", False),
        ("203", "19", "21", False),  # eating disorders
        ("206", "19", "21", False),  # low secure
        ("212", "19", "21", False),  # rehabilitation
        ("300", "19", "21", False),  # children
        ("unknown", "19", "21", False),
        ("10", "19", "21", True),  # codes of before version 6
    ],
)
def test_which_admissions_are_crises(label, ward: str, source: str, method: str, is_crisis: bool) -> None:
    (row,) = label(*spell(ward, source, method))
    assert (row["crisis_kind"] == "admission") is is_crisis
    assert row["status"] == "at-risk"


A02 = "p | 2024-03-05T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt"
REJECTED = "p | 2024-03-05T18:00 | - | - | MHS_REFERRAL_REJECTED//02 | r1 | - | -"


def contact(time: str, status: str = "5", ref: str = "r1", team: str = "-") -> str:
    return f"p | {time} | - | - | MHS_CONTACT//{status} | c{time}{ref} | {ref} | {team}"


@pytest.mark.parametrize(
    ("lines", "began"),
    [
        ((A02,), None),  # referred, not yet seen
        ((A02, contact("2024-03-06T14:00")), "2024-03-06T14:00"),
        ((A02, contact("2024-03-06T14:00", "6")), "2024-03-06T14:00"),  # late, but seen
        ((A02, contact("2024-03-06T14:00", "3"), contact("2024-03-08T09:00")), "2024-03-08T09:00"),  # missed the first
        ((A02, contact("2024-03-06T14:00", "7")), None),
        ((A02, contact("2024-03-06T14:00", "4")), None),  # cancelled
        ((A02, REJECTED, contact("2024-03-06T14:00")), None),
        ((A02, contact("2024-03-06T14:00", team="hbtt")), "2024-03-06T14:00"),
        ((A02, contact("2024-03-06T14:00", team="cmht")), None),  # another team on the same referral
        ((A02, contact("2024-03-06T14:00", ref="r0")), None),  # a contact of the community referral
        ((A02, contact("2024-03-05T00:00")), "2024-03-05T00:00"),  # a contact with a date and no time of day
    ],
)
def test_when_a_crisis_team_begins(label, lines: tuple[str, ...], began: str | None) -> None:
    (row,) = label(*lines)
    assert row["outcome_at"] == (None if began is None else datetime.fromisoformat(began))


@pytest.mark.parametrize(
    ("time", "counts"),
    [
        ("2024-03-03T23:59", False),  # before the index
        ("2024-03-04T00:00", True),  # the index day is the first of 28
        ("2024-03-31T23:59", True),
        ("2024-04-01T00:00", False),
    ],
)
def test_outcomes_fall_in_28_days_from_the_start_of_the_index_day(label, time: str, counts: bool) -> None:
    late = "2024-05-02T03:00"
    (row,) = label(
        *(line.replace("| - | - | MHS_SPELL", f"| - | {late} | MHS_SPELL") for line in spell("200", "19", "21", time))
    )
    assert (row["outcome_at"] is not None) is counts
    assert row["status"] == "at-risk"  # the stay became known long after the index


STATES = "person_id | time | end_time | recorded_at | superseded_at | code | ref"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("p | 2024-03-01T10:00 | - | - | - | MHS_REFERRAL//A02 | r1",), "in-crisis-care"),
        (("p | 2024-02-01T10:00 | 2024-02-20T10:00 | 2024-02-21T03:00 | - | MHS_REFERRAL//A02 | r1",), "at-risk"),
        (  # the discharge became known only after the index
            (
                "p | 2024-02-01T10:00 | - | 2024-02-02T03:00 | 2024-03-05T03:00 | MHS_REFERRAL//A02 | r1",
                "p | 2024-02-01T10:00 | 2024-03-01T10:00 | 2024-03-05T03:00 | - | MHS_REFERRAL//A02 | r1",
            ),
            "in-crisis-care",
        ),
        (  # rejected before the index
            (
                "p | 2024-03-01T10:00 | - | - | - | MHS_REFERRAL//A02 | r1",
                "p | 2024-03-01T12:00 | - | - | - | MHS_REFERRAL_REJECTED//01 | r1",
            ),
            "at-risk",
        ),
        (("p | 2024-03-01T10:00 | - | - | - | MHS_SPELL//200 | s1",), "in-crisis-care"),
        (("p | 2024-03-01T10:00 | - | - | - | MHS_SPELL//212 | s1",), "in-crisis-care"),  # any ward
        (("p | 2024-03-01T10:00 | - | 2024-03-05T03:00 | - | MHS_SPELL//200 | s1",), "at-risk"),  # not known yet
        (("p | 2024-02-01T10:00 | 2024-03-03T10:00 | 2024-03-03T12:00 | - | MHS_SPELL//200 | s1",), "at-risk"),
        (("p | 2024-03-03T10:00 | - | - | - | MHS_ACT//20 | m1",), "at-risk"),  # a place of safety is no admission
        (("p | 2024-03-01T10:00 | - | - | - | DEATH//recorded | -",), "not-eligible"),
        (("p | 2024-03-01T10:00 | - | 2024-03-09T03:00 | - | DEATH//recorded | -",), "at-risk"),  # not known yet
    ],
)
def test_status_rests_on_what_was_known_before_the_index(label, lines: tuple[str, ...], status: str) -> None:
    caseload = "p | 2023-01-10T09:00 | - | - | - | MHS_REFERRAL//A06 | r0"
    (row,) = label(*lines, caseload=caseload, header=STATES)
    assert row["status"] == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("p | 2024-01-22T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt",), "in-crisis-care"),  # 42 days
        (("p | 2024-01-21T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt",), "at-risk"),
        (
            ("p | 2023-06-01T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt", contact("2024-02-01T10:00")),
            "in-crisis-care",
        ),
        (("p | 2023-06-01T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt", contact("2023-06-09T10:00")), "at-risk"),
        (
            ("p | 2023-06-01T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt", contact("2024-02-01T10:00", "7")),
            "at-risk",
        ),
        (
            (
                "p | 2023-06-01T10:00 | - | - | MHS_REFERRAL//A02 | r1 | - | hbtt",
                contact("2024-02-01T10:00", team="cmht"),
            ),
            "at-risk",
        ),
    ],
    ids=["just received", "never seen", "still seen", "no longer seen", "missed", "seen by another team"],
)
def test_a_referral_to_a_crisis_team_that_nobody_closed_is_crisis_care_for_42_days_unseen(label, lines, status) -> None:
    (row,) = label(*lines)
    assert row["status"] == status


@pytest.mark.parametrize(
    ("team", "listed"),
    [(team, True) for team in ["A05", "A06", "A07", "A08", "A09", "A10", "A12", "A13", "A14", "A16"]]
    + [
        (team, False)
        for team in [
            "A01",
            "A02",
            "A11",
            "A17",
            "A18",
            "A19",
            "A20",
            "A25",
            "B01",
            "C02",
            "D01",
            "E01",
            "F01",
            "unknown",
        ]
    ],
)
def test_whose_caseload_is_ranked(label, team: str, listed: bool) -> None:
    rows = label(caseload=f"p | 2023-01-10T09:00 | - | - | MHS_REFERRAL//{team} | r0 | - | t")
    assert bool(rows) is listed


@pytest.mark.parametrize(
    ("caseload", "listed"),
    [
        ("p | 2023-01-10T09:00 | 2024-03-01T00:00 | - | MHS_REFERRAL//A06 | r0 | - | t", False),
        ("p | 2023-01-10T09:00 | 2024-03-04T00:00 | - | MHS_REFERRAL//A06 | r0 | - | t", True),  # ends after the index
        ("p | 2024-03-04T00:00 | - | - | MHS_REFERRAL//A06 | r0 | - | t", False),  # begins at the index
        (
            "p | 2024-03-01T00:00 | - | 2024-03-04T00:00 | MHS_REFERRAL//A06 | r0 | - | t",
            False,
        ),  # recorded at the index
    ],
)
def test_a_referral_is_open_or_not(label, caseload: str, listed: bool) -> None:
    assert bool(label(caseload=caseload)) is listed


@pytest.mark.parametrize(
    ("people", "status"),
    [
        ("p | 2006-02-01 | -", "at-risk"),  # 18 whatever the day of birth
        ("p | 2006-03-01 | -", "not-eligible"),  # 18 in the month of the index: perhaps, so not yet
        ("p | 2010-01-01 | -", "not-eligible"),
        ("p | - | -", "not-eligible"),
        ("p | 1980-06-01 | 2024-03-01", "not-eligible"),  # the person table knows of the death
    ],
)
def test_adults_alive(label, people: str, status: str) -> None:
    (row,) = label(people=f"person_id | birth_month | death_date\n{people}")
    assert row["status"] == status
