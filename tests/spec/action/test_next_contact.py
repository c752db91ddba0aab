"""Who is listed by the chance of a missed contact, and what is told of contacts?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from scipy.stats import fisher_exact

from washhouse.action.next_contact import NextContacts, build_next_contacts, chance_of_difference, tell_contacts

TODAY = date(2024, 7, 1)
AS_OF = {"mental_health": date(2024, 6, 30)}


def contact(status: str, time: datetime | None, by: str | None = "01", gone: bool = False) -> dict[str, Any]:
    return {
        "person_id": "a",
        "time": time,
        "superseded_at": datetime(2024, 6, 1) if gone else None,
        "code": f"MHS_CONTACT//{status}",
        "text_value": by,
    }


def several(status: str, count: int, hour: int = 10, by: str | None = "01") -> list[dict[str, Any]]:
    """Contacts a week from each other, at an hour of UTC: in June an hour later here."""
    return [contact(status, datetime(2024, 6, 28, hour) - timedelta(7 * n), by) for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "kept", "missed"),
    [
        ([], 0, 0),
        # On time or late; not come, or too late to be seen; cancelled counts for neither.
        ([contact(status, datetime(2024, 6, 3)) for status in ["5", "6", "3", "7", "2", "4", "unknown"]], 2, 2),
        ([contact("5", datetime(2023, 7, 2)), contact("5", datetime(2023, 7, 1))], 1, 0),
        ([contact("5", datetime(2024, 7, 1, 9)), contact("5", datetime(2024, 7, 2, 9))], 1, 0),
        ([contact("5", datetime(2024, 6, 3), gone=True), contact("3", None)], 0, 0),
    ],
)
def test_contacts_of_a_year_are_counted(rows: list[dict[str, Any]], kept: int, missed: int) -> None:
    told = tell_contacts(rows, TODAY)
    assert (told.kept, told.missed) == (kept, missed)


def test_what_is_counted_is_said() -> None:
    assert tell_contacts([], TODAY).words == "No contact was kept or missed in the last 12 months."
    told = tell_contacts([*several("3", 1), *several("5", 2)], TODAY)
    assert told.words == "Missed 1 of 3 contacts in the last 12 months." and told.last_kept == date(2024, 6, 28)


@pytest.mark.parametrize(
    ("rows", "better"),
    [
        (
            [*several("3", 6, 8), *several("5", 1, 9), *several("5", 7, 14)],
            ["Missed 6 of 7 in the morning and 0 of 7 from noon on: offer one from noon on."],
        ),
        # 11 in June is noon here.
        (
            [*several("3", 6, 11), *several("5", 1, 11), *several("5", 7, 10)],
            ["Missed 6 of 7 from noon on and 0 of 7 in the morning: offer one in the morning."],
        ),
        (
            [*several("3", 6), *several("5", 1), *several("5", 4, by="02"), *several("5", 3, by="11")],
            ["Missed 6 of 7 face to face and 0 of 7 by telephone or video: offer one by telephone or video."],
        ),
        # Too few on one side; a difference that chance brings; nothing missed anywhere; a day without its time.
        ([*several("3", 9, 8), *several("5", 4, 14)], []),
        ([*several("3", 4, 8), *several("5", 2, 8), *several("3", 2, 14), *several("5", 4, 14)], []),
        ([*several("5", 9, 8), *several("5", 9, 14)], []),
        ([*several("3", 9, 23), *several("5", 9, 14)], []),
        # What is written is no appointment.
        ([*several("3", 9, by="05"), *several("5", 9, by="02")], []),
        ([*several("3", 9, by=None), *several("5", 9, by="02")], []),
    ],
)
def test_a_time_or_way_is_named_only_where_the_record_tells_enough(
    rows: list[dict[str, Any]], better: Sequence[str]
) -> None:
    assert list(tell_contacts(rows, TODAY).better) == better


@pytest.mark.parametrize("table", [(6, 7, 0, 7), (0, 5, 5, 5), (3, 9, 4, 30), (0, 6, 0, 8), (12, 40, 2, 25)])
def test_the_exact_test_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    missed, of, other, of_other = table
    outside = fisher_exact([[missed, of - missed], [other, of_other - other]]).pvalue
    assert chance_of_difference(*table) == pytest.approx(outside)


def build(scores: dict[str, float], **changes: Any) -> NextContacts:
    people = pa.table({"person_id": ["a", "b", "c", "d"], "death_date": pa.array([None, None, None, TODAY])})
    rows = [
        {
            "person_id": person, "index_date": TODAY, "status": "scored", "risk": risk, "risk_lower": risk / 2,
            "risk_upper": risk, "rank": 1, "reasons": None, "model_version": "c1",
        }
        for person, risk in scores.items()
    ]  # fmt: skip
    names = ("person_id", "status", "reasons", "model_version")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in names),
            *((name, pa.float64()) for name in ("risk", "risk_lower", "risk_upper")),
            ("index_date", pa.date32()),
            ("rank", pa.int32()),
        ]
    )
    events = pa.Table.from_pylist([contact("5", datetime(2024, 6, 3))])
    given: dict[str, Any] = {"as_of": AS_OF, "covers": AS_OF, "today": TODAY, "has_model": True, "why_no_model": ""}
    table = pa.Table.from_pylist(rows, schema=schema)
    return build_next_contacts(people, events, table, changes.pop("crisis", ()), **{**given, **changes})


def test_the_highest_chance_is_first_and_the_dead_are_on_no_list() -> None:
    found = build({"a": 0.1, "b": 0.4, "d": 0.9})
    assert [(row.person_id, row.place) for row in found.ranked] == [("b", 1), ("a", 2)]
    assert [row.person_id for row in found.not_ranked] == ["c"] and "open referral" in found.not_ranked[0].note
    assert (found.index_date, found.model_version, found.explanation) == (TODAY, "c1", "")
    assert found.ranked[1].contacts.kept == 1 and found.ranked[0].reasons is None


def test_people_in_crisis_care_stand_apart() -> None:
    found = build({"a": 0.1, "b": 0.4}, crisis={"b"})
    assert [row.person_id for row in found.ranked] == ["a"]
    assert [(row.person_id, row.place, row.risk) for row in found.in_crisis_care] == [("b", None, None)]
    without = build({}, crisis={"b"}, has_model=False)
    old = build({}, crisis={"b"}, covers={"mental_health": date(2024, 6, 23)})
    assert ["last known" in each.in_crisis_care[0].note for each in (without, old)] == [False, True]


@pytest.mark.parametrize(
    ("scores", "changes", "words"),
    [
        ({"a": 0.1}, {"covers": {"mental_health": date(2024, 6, 23)}}, "8 days old"),
        ({"a": 0.1}, {"covers": {}}, "holds no mental-health data"),
        ({}, {"has_model": False, "why_no_model": "Too few."}, "there is no model of missed contacts. Too few."),
        ({}, {}, "nobody here has a chance for today"),
        # A score of another day is not the present one.
        ({"a": 0.1}, {"as_of": {"mental_health": date(2024, 7, 1)}}, "nobody here has a chance for today"),
    ],
)
def test_nobody_is_ranked_and_it_is_said_why(scores: dict[str, float], changes: dict[str, Any], words: str) -> None:
    found = build(scores, **changes)
    assert words in found.explanation and found.ranked == () and len(found.not_ranked) == 3
    assert all(row.risk is None for row in found.not_ranked)
