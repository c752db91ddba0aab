"""Who is ranked, in which order, with what words, and when is nothing ranked?"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from washhouse.action.caseload import Caseload, CaseloadRow, build_caseload

INDEX = date(2024, 3, 5)
AS_OF = {"mental_health": date(2024, 3, 4), "gp": date(2024, 2, 1)}
MISSED = {"feature": "missed_28d", "text": "Missed 2 contacts in the last 28 days", "contribution": 0.6}
VISITS = {"feature": "emergency_28d", "text": "Went to A&E once in the last 28 days", "contribution": 0.3}
EARLIER_VISITS = {**VISITS, "feature": "emergency_90d"}


def people(*ids: str, died: dict[str, date] | None = None) -> pa.Table:
    schema = pa.schema([("person_id", pa.string()), ("death_date", pa.date32())])
    return pa.Table.from_pylist([{"person_id": each, "death_date": (died or {}).get(each)} for each in ids], schema)


def score(person: str, risk: float | None, day: date = INDEX, reasons: list[dict[str, Any]] | None = None) -> dict:
    scored = risk is not None
    return {
        "person_id": person,
        "model_version": "v1",
        "index_date": day,
        "status": "scored" if scored else "in-crisis-care",
        "risk": risk,
        "risk_lower": risk * 0.5 if scored else None,
        "risk_upper": risk * 2 if scored else None,
        "rank": 1 if scored else None,
        "points": 4.0 if scored else None,
        "reasons": json.dumps([{"value": 1, "event_refs": ["e1"], **each} for each in reasons or []])
        if scored
        else None,
    }


def before(person: str, risk: float | None, reasons: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return score(person, risk, INDEX - timedelta(7), reasons)


SCORES = pa.schema(
    [
        *((name, pa.string()) for name in ("person_id", "model_version", "status", "reasons", "rests_on")),
        *((name, pa.float64()) for name in ("risk", "risk_lower", "risk_upper", "points")),
        ("index_date", pa.date32()),
        ("rank", pa.int32()),
    ]
)


def happened(
    time: str, code: str, recorded: str = "", superseded: str = "", ref: str = "", until: str = ""
) -> dict[str, Any]:
    return {
        "time": datetime.fromisoformat(time),
        "end_time": datetime.fromisoformat(until) if until else None,
        "text_value": None,
        "recorded_at": datetime.fromisoformat(recorded or time),
        "superseded_at": datetime.fromisoformat(superseded) if superseded else None,
        "code": code,
        "ref": ref or None,
        "source_file": "f",
        "source_row": sum(map(ord, time + code)),
    }


def events(*rows: dict[str, Any]) -> pa.Table:
    times = ((name, pa.timestamp("us")) for name in ("time", "end_time", "recorded_at", "superseded_at"))
    texts = ((name, pa.string()) for name in ("code", "ref", "text_value", "source_file"))
    schema = pa.schema([*times, *texts, ("source_row", pa.int64())])
    return pa.Table.from_pylist(list(rows), schema)


def build(ids: str, scores: list[dict[str, Any]], **given: Any) -> Caseload:
    options = {"events": {}, "as_of": AS_OF, "today": INDEX, **given}
    who = people(*ids.split(), died=options.pop("died", None))
    return build_caseload(who, options.pop("events"), pa.Table.from_pylist(scores, SCORES), **options)


def test_the_order_is_that_of_the_risk() -> None:
    caseload = build("a b c", [score("a", 0.02), score("b", 0.2), score("c", 0.05)])
    assert [(row.person_id, row.place) for row in caseload.ranked] == [("b", 1), ("c", 2), ("a", 3)]
    assert caseload.ranked[0].risk_words == "about 5 of 25 people like this"
    assert caseload.ranked[0].interval_words == "2 to 10 of 25"
    assert caseload.model_version == "v1"
    assert caseload.as_of == AS_OF


def test_people_in_crisis_care_are_listed_apart_and_never_scored() -> None:
    caseload = build("a b", [score("a", 0.2), score("b", None)])
    assert [row.person_id for row in caseload.ranked] == ["a"]
    (row,) = caseload.in_crisis_care
    assert (row.person_id, row.risk, row.place, row.reasons) == ("b", None, None, ())


def test_the_dead_are_on_no_list() -> None:
    caseload = build("a b c", [score("a", 0.2), score("b", None)], died={p: date(2024, 3, 1) for p in "abc"})
    assert caseload.ranked == caseload.in_crisis_care == caseload.not_ranked == ()


def test_whoever_has_no_score_is_shown_and_not_lost() -> None:
    caseload = build("a b", [score("a", 0.2)])
    (row,) = caseload.not_ranked
    assert row.person_id == "b"
    assert "not scored" in row.note


@pytest.mark.parametrize(
    ("as_of", "today", "ranked"),
    [
        (date(2024, 3, 4), date(2024, 3, 5), True),
        (date(2024, 3, 4), date(2024, 3, 11), True),  # seven days old
        (date(2024, 3, 4), date(2024, 3, 12), False),
        (None, date(2024, 3, 5), False),
    ],
)
def test_nothing_is_ranked_on_old_mental_health_data(as_of: date | None, today: date, ranked: bool) -> None:
    sources = {"gp": today} | ({"mental_health": as_of} if as_of else {})
    caseload = build("b a", [score("a", 0.02), score("b", 0.2)], as_of=sources, today=today)
    assert caseload.is_ranked is ranked
    if not ranked:
        assert caseload.ranked == () and caseload.sentence == ""
        assert [row.person_id for row in caseload.not_ranked] == ["a", "b"]  # by id, which says nothing
        assert all(row.risk is None and row.risk_words == "" and row.reasons == () for row in caseload.not_ranked)
        assert caseload.explanation.startswith("Not ranked: ")


def test_without_a_model_nothing_is_ranked_and_crisis_care_still_shows() -> None:
    caseload = build("a b", [score("b", None)])
    assert not caseload.is_ranked
    assert "no crisis model" in caseload.explanation
    assert [row.person_id for row in caseload.in_crisis_care] == ["b"]
    assert [row.person_id for row in caseload.not_ranked] == ["a"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([score("b", None)], "everybody here whom the crisis model covers is in crisis care"),
        ([before("b", 0.9)], "nobody here has a risk for today"),
        ([], "nobody here has a risk for today"),
    ],
    ids=["all in crisis care", "last week's scores only", "no scores"],
)
def test_with_a_model_that_scores_nobody_here_today_the_list_says_so(given: list[dict[str, Any]], words: str) -> None:
    caseload = build("a b", given, has_model=True)
    assert not caseload.is_ranked
    assert words in caseload.explanation
    assert "no crisis model" not in caseload.explanation


def test_the_sentence_counts_what_the_list_will_find() -> None:
    scores = [score(f"p{number:02}", 0.5 if number < 8 else 0.1) for number in range(28)]
    caseload = build(" ".join(row["person_id"] for row in scores), scores, capacity=8)
    assert caseload.sentence == (
        "This list of 8 is expected to find about 4 of 6 crises in 28 days (95 % range 1 to 7) "
        "and to miss about 2 (0 to 5)."
    )
    assert [row.is_listed for row in caseload.ranked] == [True] * 8 + [False] * 20


def test_what_changed_since_last_week() -> None:
    scores = [
        *(score("a", 0.2, reasons=[MISSED, VISITS]), before("a", 0.04, [EARLIER_VISITS])),
        *(score("b", 0.1, reasons=[VISITS]), before("b", 0.1, [VISITS])),
        *(score("c", 0.05), before("c", None)),
        score("d", 0.04),
    ]
    ranked = build("a b c d", scores).ranked
    shifts = {row.person_id: row.shifts for row in ranked}
    assert shifts["a"] == (
        "Up from 1 to 5 of 25",
        "Up 1 place",
        "New reason: Missed 2 contacts in the last 28 days",
    )  # visits were a reason already, though over another window
    assert shifts["b"] == ("Down 1 place",)
    news = {row.person_id: row.news for row in ranked if row.news}
    assert shifts["c"] == () and news == {"c": ("Left crisis care since last week",)}, "a fact, and no score"
    assert shifts["d"] == ("Not on this list last week",)


@pytest.mark.parametrize(
    ("row", "news"),
    [
        (happened("2024-03-01T10:00", "MHS_CONTACT//3"), ["Missed a contact on 1 March"]),
        (happened("2024-03-01T10:00", "MHS_CONTACT//2"), ["Contact cancelled on 1 March"]),
        (happened("2024-03-01T10:00", "MHS_REFERRAL//A02"), ["Referred to a crisis team on 1 March"]),
        (happened("2024-02-01T10:00", "ECDS_ATTENDANCE//01", "2024-03-01T03:00"), ["Went to A&E on 1 February"]),
        (happened("2024-02-01T10:00", "ECDS_ATTENDANCE//01"), []),  # known before this week
        (happened("2023-02-01T10:00", "ECDS_ATTENDANCE//01", "2024-03-01T03:00"), []),  # long ago
        (happened("2024-03-05T10:00", "MHS_CONTACT//3"), []),  # after the index
        (happened("2024-03-01T10:00", "MHS_CONTACT//3", superseded="2024-03-02T03:00"), []),  # taken back
        (happened("2024-03-01T10:00", "HONOS//979651000000100"), []),
        (happened("2024-03-01T10:00", "SNOMED//13645005"), []),
    ],
)
def test_news_of_the_week(row: dict[str, Any], news: list[str]) -> None:
    (listed,) = build("a", [score("a", 0.1)], events={"a": events(row)}).ranked
    assert list(listed.news) == news


def test_a_new_state_of_an_old_thing_is_no_news() -> None:
    states = events(
        happened("2024-01-10T10:00", "MHS_REFERRAL//A06", "2024-02-02T03:00", "2024-03-02T03:00", ref="r1"),
        happened("2024-01-10T10:00", "MHS_REFERRAL//A06", "2024-03-02T03:00", ref="r1"),
    )
    (listed,) = build("a", [score("a", 0.1)], events={"a": states}).ranked
    assert listed.news == ()


def test_a_change_of_accommodation_is_news() -> None:
    states = events(
        happened("2023-01-10T00:00", "MHS_ACCOMMODATION//01", "2023-02-02T03:00"),
        happened("2024-03-01T00:00", "MHS_ACCOMMODATION//20", "2024-03-02T03:00"),
        happened("2024-03-02T00:00", "MHS_ACCOMMODATION//18", "2024-03-03T03:00"),
    )
    (listed,) = build("a", [score("a", 0.1)], events={"a": states}).ranked
    assert listed.news == ("Accommodation changed on 2 March",)


def test_last_contact_is_an_attended_one_on_its_local_day() -> None:
    rows = events(
        happened("2024-02-10T10:00", "MHS_CONTACT//5"),
        happened("2024-02-20T10:00", "MHS_CONTACT//3"),
        happened("2023-07-01T23:30", "MHS_CONTACT//6"),
    )
    (listed,) = build("a", [score("a", 0.1)], events={"a": rows}).ranked
    assert listed.last_contact == date(2024, 2, 10)
    only = rows.slice(2)
    (listed,) = build("a", [score("a", 0.1)], events={"a": only}).ranked
    assert listed.last_contact == date(2023, 7, 2)


def test_rows_hold_no_band_and_no_name() -> None:
    names = {field.name for each in (CaseloadRow, Caseload) for field in fields(each)}
    assert not names & {"band", "level", "category", "name", "nhs_number", "birth_date"}
    text = repr(build("a", [score("a", 0.2)])).lower()
    assert not any(word in text for word in ("low risk", "medium risk", "high risk", "suicid", "self-harm"))


def test_last_weeks_score_is_never_shown_as_todays() -> None:
    caseload = build("a b", [score("a", 0.2), before("b", 0.9)])
    assert [row.person_id for row in caseload.ranked] == ["a"]
    assert [(row.person_id, row.risk) for row in caseload.not_ranked] == [("b", None)]
    alone = build("b c", [before("b", 0.9), before("c", None)])
    assert not alone.is_ranked
    assert alone.ranked == alone.in_crisis_care == ()
    assert alone.index_date is None


def test_how_far_the_data_reaches_decides_not_when_it_was_made() -> None:
    caseload = build("a", [score("a", 0.2)], covers={"mental_health": date(2024, 1, 31)})
    assert not caseload.is_ranked
    assert "34 days old" in caseload.explanation
    assert caseload.as_of == AS_OF


def test_who_dies_today_is_on_no_list() -> None:
    caseload = build("a", [score("a", 0.2)], died={"a": INDEX})
    assert caseload.ranked == caseload.in_crisis_care == caseload.not_ranked == ()


def test_standards_not_met_stand_beside_the_risk_and_never_move_it() -> None:
    seen = events(
        happened("2024-02-28 10:00", "MHS_CONTACT//5"), happened("2024-01-05", "MHS_CARE_PLAN//10"),
    )  # fmt: skip
    quiet = events(happened("2024-01-05 10:00", "MHS_CONTACT//5"))
    made = build("a b", [score("a", 0.3), score("b", 0.1)], events={"a": seen, "b": quiet})
    assert [row.person_id for row in made.ranked] == ["a", "b"]
    assert [row.gaps for row in made.ranked] == [
        (),
        ("No attended contact for more than 28 days, the last on 5 January.", "No care plan recorded."),
    ]


def test_where_nobodys_plan_is_sent_its_lack_says_nothing() -> None:
    made = build("a", [score("a", 0.3)], events={"a": events(happened("2024-03-01 10:00", "MHS_CONTACT//5"))})
    assert made.ranked[0].gaps == ()
