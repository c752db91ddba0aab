"""A clean batch of every source is read whole and without a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

import pytest

from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS

Load = Callable[[str, str], dict[str, bytes]]

BATCHES = [
    (
        "community",
        "2025-07-03",
        {
            "CYP000Header": 1,
            "CYP001MPI": 2,
            "CYP002GP": 1,
            "CYP101Referral": 2,
            "CYP102ServiceTypeReferredTo": 3,
            "CYP201CareContact": 3,
            "CYP202CareActivity": 2,
            "demographics": 1,
        },
    ),
    ("gp", "2025-07-14", {"patients": 4, "journal": 5, "prescriptions": 3, "demographics": 3}),
    ("hospital", "2025-07-01", {"ecds": 3, "apc": 3, "demographics": 2}),
    (
        "mental_health",
        "2025-07-02",
        {
            "MHS000Header": 1,
            "MHS001MPI": 3,
            "MHS002GP": 2,
            "MHS003AccommStatus": 3,
            "MHS004EmpStatus": 2,
            "MHS006MHCareCoord": 2,
            "MHS101Referral": 4,
            "MHS102OtherServiceType": 1,
            "MHS201CareContact": 5,
            "MHS202CareActivity": 2,
            "MHS401MHActPeriod": 1,
            "MHS501HospProvSpell": 1,
            "MHS502WardStay": 2,
            "MHS606CodedScoreAssessmentRefer": 3,
            "MHS901StaffDetails": 2,
            "MHS902ServiceTeamDetails": 4,
            "demographics": 2,
        },
    ),
    ("mental_health", "2025-07-04-delta", {"MHS000Header": 1, "MHS201CareContact": 1}),
    ("social_care", "2025-07-10", {"cld": 4}),
    ("superseded_nhs_numbers", "2025-07-01", {"superseded": 2}),
]


@pytest.mark.parametrize(
    ("source", "batch", "rows"), BATCHES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_clean_batch_is_read_without_a_word(sample: Load, source: str, batch: str, rows: dict[str, int]) -> None:
    result = read_batch(SPECS[source], sample(source, batch), batch)

    assert {name: table.accepted for name, table in result.tables.items()} == rows
    assert {name: table.rows.num_rows for name, table in result.tables.items()} == rows
    assert [issue for file in result.files.values() for issue in file.issues.to_pylist()] == []


def test_every_source_has_a_sample() -> None:
    assert {source for source, _, _ in BATCHES} == set(SPECS)


def test_the_header_declares_time_period_and_provider(sample: Load) -> None:
    result = read_batch(SPECS["mental_health"], sample("mental_health", "2025-07-02"), "2025-07-02")

    assert result.as_of == date(2025, 7, 2)
    assert result.submitted_at == datetime(2025, 7, 2, 3, 30), "04:30 in summer is 03:30 UTC"
    assert (result.period_start, result.period_end) == (date(2025, 6, 1), date(2025, 6, 30))
    assert (result.provider, result.kind) == ("RW9", "full")


@pytest.mark.parametrize("name", ["2025-07-04-delta", "2025-07-04-DELTA", "2025-07-04-delta#02"])
def test_a_folder_name_declares_changes_by_key(sample: Load, name: str) -> None:
    result = read_batch(SPECS["mental_health"], sample("mental_health", "2025-07-04-delta"), name)

    assert (result.kind, result.period_start) == ("delta", date(2025, 7, 3))


def test_without_a_header_the_folder_name_declares_the_date(sample: Load) -> None:
    result = read_batch(SPECS["gp"], sample("gp", "2025-07-14"), "2025-07-14")

    assert (result.as_of, result.submitted_at) == (date(2025, 7, 14), datetime(2025, 7, 14))
    assert (result.period_start, result.period_end, result.provider) == (None, None, None)


def test_rows_may_declare_their_own_period(sample: Load) -> None:
    """A council sends the last quarter again in the same file as the new one."""
    result = read_batch(SPECS["social_care"], sample("social_care", "2025-07-10"), "2025-07-10")
    rows = result.tables["cld"].rows.to_pylist()

    assert (result.period_start, result.period_end, result.provider) == (date(2025, 1, 1), date(2025, 6, 30), "999")
    assert [row["_period_end"] for row in rows] == [date(2025, 3, 31)] + [date(2025, 6, 30)] * 3
    assert {row["_provider"] for row in rows} == {"999"}


def test_values_are_typed_as_the_contract_says(sample: Load) -> None:
    gp = read_batch(SPECS["gp"], sample("gp", "2025-07-14"), "2025-07-14").tables
    care = read_batch(SPECS["mental_health"], sample("mental_health", "2025-07-02"), "2025-07-02").tables
    council = read_batch(SPECS["social_care"], sample("social_care", "2025-07-10"), "2025-07-10").tables

    patient = gp["patients"].rows.to_pylist()[2]
    assert patient["_row"] == 3
    assert patient["nhs_number"] == "9990001146", "spaces are not part of the number"
    assert patient["birth_date"] == date(1990, 7, 7)
    assert (patient["type1_optout"], patient["deceased_date"]) == (True, None)
    assert gp["journal"].rows.to_pylist()[1]["value"] == 58.0
    people = gp["demographics"].rows.to_pylist()
    assert people[2]["address"] == "The Old Forge\nMill Street"
    assert people[2]["surname"] == "Null", "a surname is not a missing one"
    assert care["MHS201CareContact"].rows.to_pylist()[2]["CareContTime"] == time(1, 30), "local time, as sent"
    score = care["MHS606CodedScoreAssessmentRefer"].rows.to_pylist()[0]
    assert score["AssToolCompTimestamp"] == datetime(2025, 6, 4, 14, 50), "an offset is turned to local time"
    events = council["cld"].rows.to_pylist()
    assert events[0]["Event_Start_Date"] == date(2025, 2, 1)
    assert events[0]["Service_Type"] == "Long Term Support: Community", "spelt as the national set spells it"
    assert events[2]["Client_Type"] == "Service User"
