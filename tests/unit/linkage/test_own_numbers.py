"""Whose own is an NHS number, where several people bear it or one bears several?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from washhouse.linkage.own_numbers import OwnNumbers

A, B, C = "9990592616", "9994682202", "9990521131"


def own_numbers(*records: tuple[str, str, str | None, str]) -> OwnNumbers:
    """Of records `source, source_id, nhs_number, person_id`."""
    columns = list(zip(*records, strict=True)) or [(), (), (), ()]
    source, source_id, number, person = (pa.array(column, pa.string()) for column in columns)
    names = {"source": source, "source_id": source_id}
    spans = {"person_id": person, "valid_to": pa.nulls(len(records), pa.timestamp("us"))}
    return OwnNumbers(pa.table({**names, "nhs_number": number}), pa.table({**names, **spans}))


def test_a_number_is_its_bearers_with_the_most_claim_to_it() -> None:
    numbers = own_numbers(
        ("gp", "1", A, "ann"),
        ("hospital", "2", A, "bob"),
        ("hospital", "3", A, "bob"),
        ("hospital", "4", B, "bob"),
        ("hospital", "5", None, "cid"),
        ("hospital", "6", C, "cid"),
        ("social_care", "7", C, "dan"),
    )
    everybody = ("ann", "bob", "cid", "dan", "nobody")
    assert numbers.borne_by(everybody) == {"ann": {A}, "bob": {A, B}, "cid": {C}, "dan": {C}}
    assert numbers.of(everybody) == {"ann": {A}, "bob": {B}, "cid": {C}, "dan": {C}}, "registered before many"
    assert numbers.of(()) == {}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({A}, {A}, False),
        ({A}, {B}, True),
        ({A}, set(), False),
        (set(), set(), False),
        ({A, B}, {B}, False),
        ({A, B}, {C}, True),
        ({C}, {B, A}, True),
        ({A, C}, {B, C}, False),
    ],
)
def test_two_people_differ_who_have_no_own_number_in_common(one: set[str], other: set[str], expected: bool) -> None:
    held = [("gp", f"{who}{n}", n, who) for who, theirs in (("ann", one), ("bob", other)) for n in sorted(theirs)]
    numbers = own_numbers(*held, ("gp", "ann", None, "ann"), ("gp", "bob", None, "bob"))
    people = numbers.holders(np.array([0], np.uint64))
    assert people.tolist() == [-1], "a record that is not there is nobody's"
    codes = {name: np.array([code]) for code, name in enumerate(dict.fromkeys([*(h[3] for h in held), "ann", "bob"]))}
    assert numbers.differ(codes["ann"], codes["bob"]).tolist() == [expected]
    assert numbers.differ(codes["ann"], people).tolist() == [False]


def test_nobody_has_no_numbers() -> None:
    numbers = own_numbers()
    assert numbers.of(["ann"]) == {} and not len(numbers.differ(np.empty(0, int), np.empty(0, int)))
