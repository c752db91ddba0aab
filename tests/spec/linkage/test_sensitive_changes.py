"""A sensitive change: never joined, suggested or shown, at any door."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.linkage.finder import Finder
from washhouse.linkage.people import People
from washhouse.linkage.review import review_queue
from washhouse.linkage.sensitive import former_identities

A, B = "9434765919", "9434765870"
MAY = {
    "first_name": "Elizabeth",
    "surname": "Harding",
    "birth_date": date(1961, 11, 9),
    "sex": "female",
    "postcode": "WH3 4QX",
    "address": "14 Lime Grove",
}
NOW = datetime(2025, 6, 1)
OLD = MAY | {"nhs_number": A, "phone": "07700900123"}
"""Elizabeth Harding, female, as she was registered."""
CHANGED = {
    "gender": OLD | {"nhs_number": B, "first_name": "Thomas", "sex": "male"},
    "adoption inside the home": OLD | {"nhs_number": B, "surname": "Nowak"},
    "adoption elsewhere": OLD
    | {"nhs_number": B, "surname": "Nowak", "postcode": "WH5 1AA", "address": "2 Hope Street"},
    "everything but the number": OLD | {"nhs_number": B},
}
"""The same person after a change, as the practice registers them anew."""
LEFT = {"left_on": date(2025, 3, 1)}


def linked(town: Any, after: dict[str, Any], *more: dict[str, Any], before: People | None = None) -> People:
    rows = town.record("gp", "old", **OLD, **LEFT), town.record("gp", "new", **after)
    people: People = town.link(*rows, *more, before=before)
    return people


@pytest.mark.parametrize("change", CHANGED)
def test_two_numbers_are_never_joined_in_a_batch_or_an_increment(town: Any, change: str) -> None:
    alone = town.link(town.record("gp", "old", **OLD))
    for people in (linked(town, CHANGED[change]), linked(town, CHANGED[change], before=alone)):
        assert town.person(people, "gp", "old") != town.person(people, "gp", "new")


@pytest.mark.parametrize("change", CHANGED)
def test_they_are_never_asked_about(town: Any, change: str) -> None:
    rows = town.table(town.record("gp", "old", **OLD, **LEFT), town.record("gp", "new", **CHANGED[change]))
    people = linked(town, CHANGED[change])
    for seed in range(3):
        review = review_queue(
            rows, people.membership, people.edges, people.refused,
            key=town.key, threshold=people.summary["threshold"], model=people.model, rng=np.random.default_rng(seed),
        )  # fmt: skip
        both = {"old", "new"}
        assert not any({r["left_id"], r["right_id"]} == both for r in review.pairs.to_pylist())


def asked(people: People, **said: Any) -> list[str]:
    assert people.index is not None
    known = {name: str(value) for name, value in said.items() if value is not None}
    return [c.person_id for c in Finder(people.index).find([known])[0].candidates]


@pytest.mark.parametrize("change", CHANGED)
def test_one_is_never_a_candidate_for_the_other(town: Any, change: str) -> None:
    people = linked(town, CHANGED[change])
    old, new = town.person(people, "gp", "old"), town.person(people, "gp", "new")
    assert old in asked(people, **OLD) and new not in asked(people, **OLD)
    assert new in asked(people, **CHANGED[change]) and old not in asked(people, **CHANGED[change])


@pytest.mark.parametrize("change", CHANGED)
@pytest.mark.parametrize(
    "blank", [("nhs_number",), ("nhs_number", "sex"), ("nhs_number", "first_name", "surname", "sex")]
)
def test_a_record_without_a_number_is_led_to_one_at_most(town: Any, change: str, blank: tuple[str, ...]) -> None:
    people = linked(town, CHANGED[change])
    both = {town.person(people, "gp", "old"), town.person(people, "gp", "new")}
    for said in (OLD, CHANGED[change]):
        assert len(both & set(asked(people, **said | dict.fromkeys(blank)))) <= 1


def test_whoever_comes_first_after_a_change_of_gender_is_not_led_to_the_former_identity(town: Any) -> None:
    people = town.link(town.record("gp", "old", **OLD))
    assert asked(people, **CHANGED["gender"] | {"nhs_number": None}) == []
    assert asked(people, **OLD | {"nhs_number": None}) == [town.person(people, "gp", "old")]


def tied(people: People) -> list[set[str]]:
    groups: dict[tuple[str, str], set[str]] = {}
    for row in people.relations.to_pylist():
        groups.setdefault((row["kind"], row["other"]), set()).add(row["person_id"])
    return list(groups.values())


@pytest.mark.parametrize("change", CHANGED)
def test_they_are_tied_neither_by_a_home_nor_by_a_telephone(town: Any, change: str) -> None:
    own = {"first_name": "Ada", "birth_date": date(1940, 1, 1), "phone": "07700900123"}
    mother = town.record("gp", "m", **MAY | own)
    people = linked(town, CHANGED[change], mother)
    old, new = town.person(people, "gp", "old"), town.person(people, "gp", "new")
    assert all(old not in group for group in tied(people)), "who has left the register is nobody's housemate"
    if change != "adoption elsewhere":
        assert any({new, town.person(people, "gp", "m")} <= group for group in tied(people))


@pytest.mark.parametrize("change", CHANGED)
def test_nor_where_a_sender_goes_on_under_the_former_identity(town: Any, change: str) -> None:
    stale = town.record("social_care", "s", **OLD | {"nhs_number": None})
    people = town.link(town.record("gp", "new", **CHANGED[change]), stale)
    former, new = town.person(people, "social_care", "s"), town.person(people, "gp", "new")
    if former != new:  # nothing but the number tells "everything but the number" apart
        assert not any({former, new} <= group for group in tied(people))


@pytest.mark.parametrize(
    ("rows", "former"),
    [
        ([("gp", "a", {}), ("gp", "b", {})], [False, False]),
        ([("gp", "a", {"left_on": date(2025, 3, 1)}), ("gp", "b", {})], [True, False]),
        ([("gp", "a", {"left_on": date(2025, 9, 1)}), ("gp", "b", {})], [False, False]),
        ([("hospital", "a", {}), ("gp", "b", {})], [True, False]),
        ([("hospital", "a", {"postcode": "WH9 9ZZ"}), ("gp", "b", {})], [True, False]),
        ([("hospital", "a", {"postcode": "WH9 9ZZ", "phone": None}), ("gp", "b", {})], [False, False]),
        ([("hospital", "a", {"birth_date": date(1999, 1, 1)}), ("gp", "b", {})], [False, False]),
        ([("hospital", "a", {}), ("social_care", "b", {})], [False, False]),
    ],
    ids=["twins", "left", "leaves later", "same home", "same phone", "neither", "another age", "no register"],
)
def test_a_former_identity_is_known_by_its_registration_or_its_birth_date(
    town: Any, rows: list[tuple[str, str, dict[str, Any]]], former: list[bool]
) -> None:
    common = {"birth_date": date(1961, 11, 9), "postcode": "WH3 4QX", "phone": "07700900123", "last_seen": NOW}
    made = [town.record(source, source_id, **(common | said)) for source, source_id, said in rows]
    place = town.table().num_rows
    everybody = town.table(*made)
    person_of = np.arange(everybody.num_rows, dtype=np.int32)
    found = former_identities(everybody, person_of)
    assert found[place:].tolist() == former
    order = pa.array(np.random.default_rng(1).permutation(everybody.num_rows))
    assert former_identities(everybody.take(order), person_of.take(order)).tolist() == found.tolist()
