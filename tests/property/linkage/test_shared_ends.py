"""Whatever records say: who is sealed shares nothing, and what is shared is a home's, not a crowd's."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.linkage import standardise
from washhouse.linkage.columnar import standard_column
from washhouse.linkage.households import MAX_PEOPLE, Residents, households
from washhouse.linkage.shared import MAX_SHARERS_OF_ADDRESS, MAX_SHARERS_OF_PHONE, shared_addresses, shared_phones

TEXTS = {
    "address": standardise.address,
    "postcode": standardise.postcode,
    "uprn": standardise.identifier,
    "surname": standardise.name,
    "phone": standardise.phone,
}
PEOPLE = 16
RECORD = st.fixed_dictionaries(
    {
        "person": st.integers(0, PEOPLE - 1),
        "address": st.sampled_from([None, "1 Mill Road", "2 Mill Road", "Sunny Care Home, 3 Mill Road"]),
        "postcode": st.sampled_from([None, "L8 1TN"]),
        "uprn": st.sampled_from([None, None, "100", "0100", "200"]),
        "surname": st.sampled_from([None, "Khan", "Smith", "Jones", "Doyle", "Brown"]),
        "phone": st.sampled_from([None, "01514960123", "+44 151 496 0123", "01514960124"]),
        "restricted": st.sampled_from([False] * 9 + [True]),
    }
)
RECORDS = st.lists(RECORD, min_size=1, max_size=60)
GONE = st.frozensets(st.integers(0, PEOPLE - 1), max_size=4)


def residents(rows: list[dict[str, Any]], dead: frozenset[int]) -> tuple[Residents, Any, set[int]]:
    """Records with their order as time, the phones, and the people who are sealed."""
    sealed = {row["person"] for row in rows if row["restricted"]} | dead
    columns = {name: standard_column(pa.array([r[name] for r in rows], pa.string()), TEXTS[name]) for name in TEXTS}
    phone = columns.pop("phone")
    person = np.array([row["person"] for row in rows], dtype=np.int32)
    return (
        Residents(
            person=person,
            **columns,
            restricted=np.array([row["restricted"] for row in rows]),
            died=np.isin(person, sorted(dead)),
            withheld=np.isin(person, sorted(sealed - dead)),
            seen=np.array([row["seen"] for row in rows], dtype=np.int64),
        ),
        phone,
        sealed,
    )


def found(rows: list[dict[str, Any]], dead: frozenset[int]) -> tuple[dict[str, dict[str, set[int]]], set[int]]:
    """People by kind and by what they share, and the people who are sealed."""
    people, phone, sealed = residents(rows, dead)
    homes, phones = households(people), shared_phones(people, phone)
    addresses = shared_addresses(people, homes)
    told: dict[str, dict[str, set[int]]] = {kind: defaultdict(set) for kind in ("home", "phone", "address")}
    for kind, row, thing, keys in (
        ("home", homes.row, homes.home, homes.keys),
        ("phone", phones.row, phones.thing, phones.keys),
        ("address", addresses.row, addresses.thing, addresses.keys),
    ):
        for at, number in zip(row.tolist(), thing.tolist(), strict=True):
            assert rows[at]["person"] not in told[kind][keys[number]], "once each"
            told[kind][keys[number]].add(rows[at]["person"])
    return told, sealed


@settings(max_examples=300)
@given(rows=RECORDS, dead=GONE)
def test_the_sealed_share_nothing_and_crowds_tie_nobody(rows: list[dict[str, Any]], dead: frozenset[int]) -> None:
    rows = [{**row, "seen": at} for at, row in enumerate(rows)]
    told, sealed = found(rows, dead)
    limits = {"home": MAX_PEOPLE, "phone": MAX_SHARERS_OF_PHONE, "address": MAX_SHARERS_OF_ADDRESS}
    for kind, things in told.items():
        for people in things.values():
            assert 2 <= len(people) <= limits[kind]
            assert not people & sealed
    assert not any("CARE HOME" in key for things in told.values() for key in things)
    for key, people in told["address"].items():
        assert people > told["home"].get(key, set()), "it says something that the household does not"


@settings(max_examples=100)
@given(rows=RECORDS, dead=GONE, data=st.data())
def test_the_order_of_records_is_of_no_account(rows: list[dict[str, Any]], dead: frozenset[int], data: Any) -> None:
    rows = [{**row, "seen": at} for at, row in enumerate(rows)]
    turned = data.draw(st.permutations(rows))
    assert found(rows, dead) == found(turned, dead)
