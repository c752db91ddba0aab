"""Linking people, as written: small tables in, people out.

Sixty unrelated residents stand around each case, so that the model has something to learn from.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.history import Note, link_events, state_at
from washhouse.linkage.people import People, link_people
from washhouse.linkage.tables import MEMBERSHIP
from washhouse.sources.identity import IDENTITY

FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905
SEEN = datetime(2025, 6, 1)


def key(data: bytes) -> bytes:
    return hmac.new(b"spec", data, hashlib.sha256).digest()


def record(source: str, source_id: str, **said: Any) -> dict[str, Any]:
    return {
        "source": source,
        "source_id": source_id,
        "identity_kind": "clear",
        "restricted": False,
        "first_seen": datetime(2025, 1, 1),
        "last_seen": SEEN,
    } | said


def pseudonymous(source: str, source_id: str, pseudonym: str | None) -> dict[str, Any]:
    return record(source, source_id, identity_kind="pseudonym", pseudo_nhs_number=pseudonym)


def residents() -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    rows = []
    for i in range(60):
        who = {
            "first_name": FIRST[rng.integers(len(FIRST))],
            "surname": LAST[rng.integers(len(LAST))],
            "birth_date": date(1940, 1, 2) + timedelta(days=int(rng.integers(0, 25000))),
            "sex": ["female", "male"][i % 2],
            "postcode": f"WH{i % 7 + 1} {i % 9}{chr(65 + i % 20)}B",
            "address": f"{i + 100} {['Dock', 'Park', 'Hope'][i % 3]} Street",
        }
        rows.append(record("gp", f"r{i}", **who))
        if i % 2:
            rows.append(record("hospital", f"r{i}", **who))
    return rows


def table(*records: dict[str, Any]) -> pa.Table:
    schema = arrow_schema(IDENTITY)
    rows = [*residents(), *records]
    return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema)


def link(*records: dict[str, Any], previous: pa.Table | None = None) -> People:
    return link_people(table(*records), previous=previous, key=key)


def person(people: People, source: str, source_id: str) -> str:
    (found,) = [
        r["person_id"]
        for r in people.membership.to_pylist()
        if (r["source"], r["source_id"]) == (source, source_id) and r["valid_to"] is None
    ]
    return str(found)


MAY = {
    "first_name": "Elizabeth",
    "surname": "Harding",
    "birth_date": date(1961, 11, 9),
    "sex": "female",
    "postcode": "WH3 4QX",
    "address": "14 Lime Grove",
}
NUMBER, OTHER_NUMBER = "9434765919", "9434765870"


@pytest.mark.parametrize(
    ("changed", "together"),
    [
        ({}, True),
        ({"first_name": "Liz"}, True),
        ({"first_name": "Elizabteh", "postcode": "WH3 4QY"}, True),
        ({"birth_date": date(1961, 9, 11)}, True),
        ({"address": "2 Hope Street", "postcode": "WH5 1AA"}, True),
        ({"first_name": "Harding", "surname": "Elizabeth"}, True),
        ({"first_name": None, "surname": None, "address": None}, True),
        ({"first_name": "George", "sex": "male", "birth_date": date(1990, 4, 2)}, False),
        ({"first_name": "Amelia", "birth_date": date(1988, 3, 27)}, False),
        ({"first_name": "Jack", "surname": "Nowak", "birth_date": date(1975, 5, 5), "sex": "male"}, False),
    ],
    ids=[
        "identical",
        "nickname",
        "slips",
        "day and month swapped",
        "moved",
        "names swapped",
        "no names",
        "husband",
        "daughter",
        "housemate",
    ],
)
def test_what_makes_one_person(changed: dict[str, Any], together: bool) -> None:
    people = link(record("gp", "a", **MAY), record("mental_health", "b", **(MAY | changed)))
    assert (person(people, "gp", "a") == person(people, "mental_health", "b")) is together


def test_one_nhs_number_joins_and_two_keep_apart() -> None:
    moved = {"postcode": "WH6 1AA", "address": "3 Dock Street"}
    joined = link(
        record("gp", "a", nhs_number=NUMBER, **MAY), record("hospital", "b", nhs_number=NUMBER, **(MAY | moved))
    )
    assert person(joined, "gp", "a") == person(joined, "hospital", "b")
    apart = link(record("gp", "a", nhs_number=NUMBER, **MAY), record("hospital", "b", nhs_number=OTHER_NUMBER, **MAY))
    assert person(apart, "gp", "a") != person(apart, "hospital", "b")
    if apart.refused.num_rows:
        assert apart.refused.column("cause").to_pylist() == ["two different NHS numbers"]


@pytest.mark.parametrize("count", [1, 2])
def test_records_that_say_nothing_of_who_they_are_are_people_of_their_own(count: int) -> None:
    everybody = table(*(record("clinic", f"c{number}") for number in range(count)))
    people = link_people(everybody.slice(everybody.num_rows - count), previous=None, key=key)
    assert len(set(people.membership["person_id"].to_pylist())) == people.membership.num_rows == count


def test_a_pseudonym_joins_the_person_whose_clear_record_carries_it() -> None:
    people = link(
        record("gp", "a", pseudo_nhs_number="P1", **MAY),
        pseudonymous("hospital", "P1", "P1"),
        pseudonymous("hospital", "P2", "P2"),
        pseudonymous("other", "x", "P2"),
        pseudonymous("meds", "1", None),
        pseudonymous("meds", "2", None),
    )
    assert person(people, "gp", "a") == person(people, "hospital", "P1")
    assert person(people, "hospital", "P2") == person(people, "other", "x") != person(people, "gp", "a")
    assert person(people, "meds", "1") != person(people, "meds", "2")
    causes = {(r["source"], r["source_id"]): r["cause"] for r in people.membership.to_pylist()}
    assert causes[("gp", "a")] == "founded"
    assert causes[("hospital", "P1")] == "pseudonym"


def test_ids_last_when_records_come_and_a_later_match_retires_one() -> None:
    first = link(record("gp", "a", **MAY), record("hospital", "b", **MAY), record("social_care", "c", sex="female"))
    lone, held = person(first, "social_care", "c"), person(first, "gp", "a")
    assert lone != held
    second = link(
        record("gp", "a", **MAY),
        record("hospital", "b", **MAY),
        record("social_care", "c", **MAY) | {"last_seen": datetime(2025, 7, 1)},
        record("mental_health", "d", **MAY),
        previous=first.membership,
    )
    assert {
        person(second, s, i) for s, i in (("gp", "a"), ("hospital", "b"), ("social_care", "c"), ("mental_health", "d"))
    } == {held}
    assert second.retired.to_pylist() == [{"old": lone, "new": held}]
    spans = [r for r in second.membership.to_pylist() if r["source"] == "social_care"]
    assert [(s["person_id"], s["valid_to"], s["cause"]) for s in spans] == [
        (lone, datetime(2025, 7, 1), "founded"),
        (held, None, "merged"),
    ]
    kept = {person(first, "gp", f"r{i}") == person(second, "gp", f"r{i}") for i in range(60)}
    assert kept == {True}


def test_a_match_found_without_newer_records_retires_an_id_too() -> None:
    new = {"first_seen": SEEN}
    first = link(record("gp", "a", **MAY) | new, record("social_care", "c", sex="female") | new)
    ids = {person(first, "gp", "a"), person(first, "social_care", "c")}
    second = link(record("gp", "a", **MAY) | new, record("social_care", "c", **MAY) | new, previous=first.membership)
    held = person(second, "gp", "a")
    assert held == person(second, "social_care", "c")
    (lost,) = ids - {held}
    assert second.retired.to_pylist() == [{"old": lost, "new": held}]


def test_households_carry_no_address_and_respect_restriction() -> None:
    husband = MAY | {"first_name": "George", "sex": "male", "birth_date": date(1959, 4, 2)}
    people = link(record("gp", "a", **MAY), record("gp", "b", **husband))
    ties = {r["person_id"]: r for r in people.relations.to_pylist()}
    one, two = ties[person(people, "gp", "a")], ties[person(people, "gp", "b")]
    assert one["other"] == two["other"]
    assert (one["kind"], one["evidence"]) == ("household", "same address and postcode")
    assert len(one["other"]) == 32
    sealed = link(record("gp", "a", **MAY), record("gp", "b", **husband) | {"restricted": True})
    assert sealed.relations.num_rows == 0


@pytest.mark.parametrize("kind", ["clear", "pseudonym"])
def test_a_restricted_record_without_an_address_keeps_its_person_out_of_households(kind: str) -> None:
    husband = MAY | {"first_name": "George", "sex": "male", "birth_date": date(1959, 4, 2)}
    known = {"nhs_number": NUMBER, "pseudo_nhs_number": "P1"}
    nowhere = MAY | known | {"address": None, "postcode": None} if kind == "clear" else {"pseudo_nhs_number": "P1"}
    for restricted in (False, True):
        people = link(
            record("gp", "a", **nowhere) | {"restricted": restricted, "identity_kind": kind},
            record("hospital", "a", **MAY, **known),
            record("hospital", "b", **husband),
        )
        assert person(people, "gp", "a") == person(people, "hospital", "a") != person(people, "hospital", "b")
        assert people.relations.num_rows == (0 if restricted else 2)


def test_the_summary_counts_and_names_nobody() -> None:
    people = link(record("gp", "a", nhs_number=NUMBER, **MAY), pseudonymous("hospital", "PSEUDO1", "PSEUDO1"))
    summary = people.summary
    assert summary["records"] == 92
    assert summary["people"] == len(set(people.membership.column("person_id").to_pylist()))
    assert summary["by_source"]["hospital"] == {"clear": 30, "pseudonym": 1, "with_nhs_number": 0}
    assert 0 <= summary["estimated_false_links"] < summary["links"]
    assert {"field", "level", "weight"} <= set(summary["weights"][0])
    assert set(summary["refused"]) == {
        "two different NHS numbers",
        "two death dates",
        "more records than one person has",
        "kept apart by a steward",
    }
    text = json.dumps(summary).lower()
    assert not any(secret in text for secret in ("harding", "lime grove", NUMBER, "pseudo1", "wh3"))


@pytest.mark.parametrize("rows", [0, 1])
def test_next_to_nothing_is_no_error(rows: int) -> None:
    people = link_people(table().slice(0, rows), previous=None, key=key)
    assert people.membership.schema == arrow_schema(MEMBERSHIP)
    assert people.summary["people"] == rows


def test_a_record_stands_once() -> None:
    with pytest.raises(InputError) as caught:
        link(record("gp", "a", **MAY), record("gp", "a", **MAY))
    assert caught.value.code == "identity-duplicated"


GP, HOSPITAL, CARE = ("gp", "a"), ("hospital", "a"), ("social_care", "a")
AT = datetime(2025, 7, 1)


def link_three(*, previous: pa.Table | None = None, days: int = 0, must=(), cannot=(), **numbers: str) -> People:
    seen = SEEN + timedelta(days=days)
    rows = [record(*one, last_seen=seen, nhs_number=numbers.get(one[0]), **MAY) for one in (GP, HOSPITAL, CARE)]
    return link_people(table(*rows), previous=previous, key=key, must=must, cannot=cannot)


def three(found: People) -> list[str]:
    return [person(found, *one) for one in (GP, HOSPITAL, CARE)]


def test_what_was_kept_apart_stays_apart_at_every_run() -> None:
    found = link_three()
    assert len(set(three(found))) == 1
    for day in range(1, 4):
        found = link_three(previous=found.membership, days=day, cannot=[(GP, HOSPITAL)])
        assert three(found)[0] != three(found)[1]
        assert found.summary["decisions"] == {"together": 0, "apart": 1, "contradicted": 0, "waiting": 0}
    assert "kept apart by a steward" in found.refused.column("cause").to_pylist()
    assert len(set(three(link_three(previous=found.membership, days=5)))) == 1


def test_what_was_put_together_stays_together_against_two_numbers() -> None:
    apart = link_three(gp=NUMBER, hospital=OTHER_NUMBER)
    assert three(apart)[0] != three(apart)[1]
    found = link_three(previous=apart.membership, days=1, must=[(GP, HOSPITAL)], gp=NUMBER, hospital=OTHER_NUMBER)
    assert three(found)[0] == three(found)[1]
    causes = {
        row["cause"] for row in found.membership.to_pylist() if (row["source"], row["source_id"]) in (GP, HOSPITAL)
    }
    assert "steward" in causes


def test_a_decision_on_a_record_that_is_not_there_waits() -> None:
    found = link_three(must=[(GP, ("gp", "gone"))], cannot=[(HOSPITAL, ("hospital", "gone"))])
    assert found.summary["decisions"]["waiting"] == 2


@pytest.mark.parametrize("by_steward", [True, False])
def test_history_says_who_split_and_merged_whom_and_who_was_who(by_steward: bool) -> None:
    notes = (Note((GP, HOSPITAL), False, "ann", "Twins", 7),) if by_steward else ()
    first = link_three()
    second = link_three(previous=first.membership, days=1, cannot=[(GP, HOSPITAL)])
    (split,) = link_events(first.membership, second.membership, notes, version="v2", at=AT, name="/".join).to_pylist()
    assert split["before"] == three(first)[0]
    assert split["after"] == ",".join(sorted(set(three(second))))
    told = (split["event"], split["actor"], split["reason"], split["decision"])
    assert told == (("un-merge", "ann", "Twins", 7) if by_steward else ("split", "run", "", None))
    whose = dict(zip((GP, HOSPITAL, CARE), three(second), strict=True))
    went = sorted("/".join(record) for record, person in whose.items() if person != split["before"])
    assert split["records"].split(",") == went
    third = link_three(previous=second.membership, days=2)
    (merge,) = link_events(second.membership, third.membership, (), version="v3", at=AT, name="/".join).to_pylist()
    assert (merge["event"], merge["before"]) == ("merge", split["after"])
    for found, day in ((first, 0), (second, 1), (third, 2)):
        then = state_at(third.membership, SEEN + timedelta(days=day))
        rows = {(r["source"], r["source_id"]): r["person_id"] for r in then.to_pylist()}
        assert [rows[one] for one in (GP, HOSPITAL, CARE)] == three(found)


def test_a_run_that_changes_nobody_has_no_events() -> None:
    first = link_three()
    assert link_events(None, first.membership, (), version="v1", at=AT, name="/".join).num_rows == 0
    assert (
        link_events(
            first.membership, link_three(previous=first.membership).membership, (), version="v2", at=AT, name="/".join
        ).num_rows
        == 0
    )
