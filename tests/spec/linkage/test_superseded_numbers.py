"""The list of superseded numbers: followed to its end, and joined before anything is compared."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from washhouse.linkage.finder import Finder
from washhouse.linkage.grouping import in_order
from washhouse.linkage.people import link_people
from washhouse.linkage.superseded import Superseded, follow_list, with_current_numbers, with_sent_numbers

A, B, C, D = "9434765919", "9434765870", "9990592616", "9994682202"


def listed(*pairs: tuple[str, str]) -> Superseded:
    return follow_list(pa.table({"old": [a for a, _ in pairs], "current": [b for _, b in pairs]}))


@pytest.mark.parametrize(
    ("pairs", "current", "in_circles"),
    [
        ([(A, B)], {A: B}, 0),
        ([(A, B), (B, C)], {A: C, B: C}, 0),
        ([(B, C), (A, B), (C, D)], {A: D, B: D, C: D}, 0),
        ([(A, B), (C, B)], {A: B, C: B}, 0),
        ([(A, A)], {}, 0),
        ([(A, B), (B, A)], {}, 2),
        ([(A, B), (B, C), (C, B)], {}, 3),
        ([("1234567890", B), (A, "0000000000")], {}, 0),
        ([("943 476 5919", B)], {A: B}, 0),
    ],
    ids=["one", "chain", "any order", "two into one", "itself", "circle", "into a circle", "no numbers", "spaces"],
)
def test_a_number_leads_to_the_one_that_counts(
    pairs: list[tuple[str, str]], current: dict[str, str], in_circles: int
) -> None:
    found = listed(*pairs)
    assert (dict(found.current), found.in_circles) == (current, in_circles)
    assert follow_list(found.to_table()).current == found.current


MAY = {
    "first_name": "Elizabeth",
    "surname": "Harding",
    "birth_date": date(1961, 11, 9),
    "sex": "female",
    "postcode": "WH3 4QX",
    "address": "14 Lime Grove",
}


@pytest.fixture
def both(town: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return town.record("gp", "a", nhs_number=A, **MAY), town.record("hospital", "b", nhs_number=B, **MAY)


def test_only_the_list_joins_two_numbers(town: Any, both: Any) -> None:
    apart = town.link(*both)
    assert town.person(apart, "gp", "a") != town.person(apart, "hospital", "b")
    assert apart.refused["cause"].to_pylist() == ["two different NHS numbers"]
    current, replaced = with_current_numbers(town.table(*both), listed((A, B)))
    joined = link_people(current, previous=None, key=town.key)
    assert replaced.to_pylist() == [{"source": "gp", "source_id": "a", "nhs_number": A}]
    current, replaced = with_current_numbers(in_order(town.table(*both)), listed((A, B)))
    assert with_sent_numbers(current, replaced).equals(in_order(town.table(*both)))
    assert town.person(joined, "gp", "a") == town.person(joined, "hospital", "b")
    assert joined.refused.num_rows == 0


def test_a_later_list_joins_in_an_increment_as_in_a_rebuild_and_a_withdrawn_one_parts(town: Any, both: Any) -> None:
    before = town.link(*both)
    trained = before.index.trained
    current, _ = with_current_numbers(town.table(*both), listed((A, B)))
    after = link_people(current, previous=before.membership, key=town.key, model=trained, index=before.index)
    rebuilt = link_people(current, previous=before.membership, key=town.key, model=trained)
    assert after.summary["pairing"]["new_or_changed"] == 1
    assert after.membership.equals(rebuilt.membership) and after.edges.equals(rebuilt.edges)
    assert town.person(after, "gp", "a") == town.person(after, "hospital", "b")
    again = town.link(*both, before=after)
    assert town.person(again, "gp", "a") != town.person(again, "hospital", "b")


@pytest.mark.parametrize("number", [A, "943 476 5919"])
def test_a_single_record_under_the_old_number_is_found(town: Any, both: Any, number: str) -> None:
    current, _ = with_current_numbers(town.table(both[1]), listed((A, B)))
    people = link_people(current, previous=None, key=town.key)
    assert people.index is not None
    hers = town.person(people, "hospital", "b")
    said = {name: str(value) for name, value in MAY.items()} | {"nhs_number": number}
    assert Finder(people.index).find([said])[0].person_id is None, "without the list the number is another person's"
    finder = Finder(people.index, listed((A, B)))
    assert finder.find([said])[0].person_id == hers
    finder.add([said | {"source": "gp", "source_id": "new"}], [hers])
    assert finder.find([said | {"nhs_number": B}])[0].decision == "same"
