"""When is a standard of care met, when not, and when does it not apply?"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from washhouse.action.standards import CONTACT, FOLLOW_UP, OUTCOME, PHYSICAL, PLAN, STANDARDS, judge_standards

TODAY = date(2024, 3, 5)
WARD, SEEN, MISSED, PLANNED, UPDATED = (
    "MHS_SPELL//200", "MHS_CONTACT//5", "MHS_CONTACT//3", "MHS_CARE_PLAN//10", "MHS_CARE_PLAN_UPDATED//10",
)  # fmt: skip


def row(code: str, time: str, until: str = "", by: str | None = None, gone: bool = False) -> dict[str, Any]:
    return {
        "code": code,
        "time": datetime.fromisoformat(time),
        "end_time": datetime.fromisoformat(until) if until else None,
        "superseded_at": datetime(2024, 3, 1) if gone else None,
        "text_value": by,
    }


def standing(name: str, *rows: dict[str, Any]) -> tuple[bool | None, str]:
    (found,) = (one for one in judge_standards(rows, TODAY) if one.standard.name == name)
    return found.is_met, found.words


STAY = row(WARD, "2024-02-01", "2024-03-01")


@pytest.mark.parametrize(
    ("rows", "is_met", "words"),
    [
        ([], None, "No discharge"),
        ([row(WARD, "2024-02-01")], None, "No discharge"),
        ([row(WARD, "2023-02-01", "2024-02-05")], None, "No discharge"),
        ([row(WARD, "2024-02-01", "2024-02-06")], False, "no follow-up recorded, due by 9 February"),
        ([row(WARD, "2024-02-01", "2024-03-01", gone=True)], None, "No discharge"),
        ([STAY], False, "Discharged on 1 March: no follow-up recorded, due by 4 March."),
        # On the last of the three days nothing is missed yet.
        ([row(WARD, "2024-02-01", "2024-03-02")], None, "follow-up due by 5 March"),
        # A contact on the day of discharge is none after it.
        ([STAY, row(SEEN, "2024-03-01 15:00")], False, "no follow-up recorded"),
        ([STAY, row(SEEN, "2024-03-02 09:00")], True, "seen on 2 March."),
        ([STAY, row(SEEN, "2024-03-04 09:00")], True, "seen on 4 March."),
        # Seen too late is not met, though nothing can be done about it any more.
        ([STAY, row(SEEN, "2024-03-05 09:00")], False, "seen on 5 March, after the 3 days."),
        ([STAY, row(MISSED, "2024-03-02 09:00")], False, "no follow-up recorded"),
        # A letter or a message is no direct contact; a video call is.
        ([STAY, row(SEEN, "2024-03-02 09:00", by="05")], False, "no follow-up recorded"),
        ([STAY, row(SEEN, "2024-03-02 09:00", by="11")], True, "seen on 2 March"),
        ([STAY, row(WARD, "2024-03-03")], True, "seen on 3 March"),
        # What has not happened yet does not count.
        ([STAY, row(SEEN, "2024-03-06 09:00")], False, "no follow-up recorded"),
    ],
)
def test_follow_up_after_discharge(rows: list[dict[str, Any]], is_met: bool | None, words: str) -> None:
    found, said = standing(FOLLOW_UP.name, *rows)
    assert found is is_met and words in said


@pytest.mark.parametrize(
    ("rows", "is_met", "words"),
    [
        ([], False, "No attended contact recorded."),
        ([row(SEEN, "2024-02-06 10:00")], True, "6 February"),
        ([row(SEEN, "2024-02-05 10:00")], False, "5 February"),
        ([row(SEEN, "2024-01-05 10:00"), row(MISSED, "2024-03-01 10:00")], False, "5 January"),
    ],
)
def test_contact_in_28_days(rows: list[dict[str, Any]], is_met: bool, words: str) -> None:
    found, said = standing(CONTACT.name, *rows)
    assert found is is_met and words in said


@pytest.mark.parametrize(
    ("rows", "is_met", "words"),
    [
        ([], False, "No care plan recorded."),
        ([row(PLANNED, "2023-03-06")], True, "6 March 2023"),
        ([row(PLANNED, "2023-03-05")], False, "5 March 2023"),
        ([row(PLANNED, "2020-03-05"), row(UPDATED, "2024-01-01")], True, "1 January 2024"),
    ],
)
def test_care_plan_in_12_months(rows: list[dict[str, Any]], is_met: bool, words: str) -> None:
    found, said = standing(PLAN.name, *rows)
    assert found is is_met and words in said


PSYCHOSIS, PRESSURE, WEIGHT, GLUCOSE, LIPID, SMOKER = (
    f"SNOMED//{code}"
    for code in ("69322001", "271649006", "60621009", "999791000000106", "1005681000000107", "77176002")
)
ELEMENTS = [row(code, "2023-03-06") for code in (PRESSURE, WEIGHT, GLUCOSE, LIPID, SMOKER)]
ILL = row(PSYCHOSIS, "2015-03-05")


@pytest.mark.parametrize(
    ("rows", "is_met", "words"),
    [
        (ELEMENTS, None, "No severe mental illness"),
        ([ILL, *ELEMENTS], True, "alcohol is not judged"),
        ([ILL, *ELEMENTS[1:]], False, "not recorded in 12 months: Blood pressure."),
        ([ILL, row(SMOKER, "2023-03-05"), *ELEMENTS[:4]], False, "12 months: Smoking status."),
        ([ILL], False, "Blood pressure, Body mass index, HbA1c, Lipids (HDL cholesterol), Smoking status."),
        ([row(PSYCHOSIS, "2015-03-05", gone=True)], None, "No severe mental illness"),
    ],
)
def test_physical_check_in_severe_mental_illness(rows: list[dict[str, Any]], is_met: bool | None, words: str) -> None:
    found, said = standing(PHYSICAL.name, *rows)
    assert found is is_met and words in said


WITH_TEAM, RATED = row("MHS_REFERRAL//A06", "2023-01-01"), "DIALOG//1037651000000100"


@pytest.mark.parametrize(
    ("rows", "is_met", "words"),
    [
        ([], None, "No open referral"),
        ([row("MHS_REFERRAL//A02", "2023-01-01")], None, "No open referral"),
        ([row("MHS_REFERRAL//A06", "2023-01-01", "2024-03-04"), row(RATED, "2020-01-01")], None, "No open referral"),
        ([WITH_TEAM], False, "No outcome measure (DIALOG) recorded."),
        ([WITH_TEAM, row(RATED, "2023-09-04")], True, "the last on 4 September 2023"),
        ([WITH_TEAM, row(RATED, "2023-09-03")], False, "the last on 3 September 2023"),
    ],
)
def test_outcome_measure_in_6_months(rows: list[dict[str, Any]], is_met: bool | None, words: str) -> None:
    found, said = standing(OUTCOME.name, *rows)
    assert found is is_met and words in said


def test_every_standard_says_who_set_it() -> None:
    assert all(standard.source and standard.title for standard in STANDARDS)
    assert len({standard.name for standard in STANDARDS}) == len(STANDARDS)
