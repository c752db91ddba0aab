"""Does linkage depend on anything but what the records say?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.linkage import kernel
from washhouse.linkage.config import parse_config
from washhouse.linkage.link import link_tables
from washhouse.linkage.people import People, link_people

CONFIG = parse_config(
    {
        "unique_id": "source_id",
        "columns": {
            "first_name": "first_name",
            "surname": "surname",
            "birth_date": "birth_date",
            "postcode": "postcode",
        },
    }
)
QUICK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _same(a: People, b: People) -> None:
    for name in ("membership", "edges", "retired", "refused", "relations", "views"):
        assert getattr(a, name).equals(getattr(b, name)), name
    assert a.summary == b.summary


@QUICK
@given(seed=st.integers(0, 50), people=st.integers(1, 40), shuffle=st.integers(0, 1000))
def test_people_do_not_depend_on_the_order_of_rows(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, people: int, shuffle: int
) -> None:
    table, _ = make_identities(people, seed)
    order = np.random.default_rng(shuffle).permutation(table.num_rows)
    _same(link_people(table, previous=None, key=key), link_people(table.take(pa.array(order)), previous=None, key=key))


def test_people_do_not_depend_on_threads(
    make_identities: Any, key: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "CHUNK", 97)
    table, _ = make_identities(300, 1)
    _same(link_people(table, previous=None, key=key), link_people(table, previous=None, key=key, threads=4))


@QUICK
@given(seed=st.integers(0, 50), shuffle=st.integers(0, 1000), one_to_one=st.booleans())
def test_tables_do_not_depend_on_the_order_of_rows(
    make_identities: Any, seed: int, shuffle: int, one_to_one: bool
) -> None:
    table, _ = make_identities(30, seed)
    clear = table.filter(pa.compute.equal(table.column("identity_kind"), "clear"))
    gp = clear.filter(pa.compute.equal(clear.column("source"), "gp"))
    other = clear.filter(pa.compute.equal(clear.column("source"), "hospital"))
    if other.num_rows == 0:
        return
    config = CONFIG if not one_to_one else parse_config({**_raw(), "model": {"one_to_one": True}})
    order = np.random.default_rng(shuffle).permutation(gp.num_rows)
    straight = link_tables(gp, other, config, every_pair=True)
    shuffled = link_tables(gp.take(pa.array(order)), other, config, every_pair=True)
    assert straight.pairs.equals(shuffled.pairs)
    assert straight.clusters.equals(shuffled.clusters)


def _raw() -> dict[str, Any]:
    return {
        "unique_id": "source_id",
        "columns": {n: n for n in ("first_name", "surname", "birth_date", "postcode")},
    }


@QUICK
@given(seed=st.integers(0, 50), people=st.integers(2, 60))
def test_parts_sum_to_the_weight_and_no_person_has_two_nhs_numbers(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, people: int
) -> None:
    table, _ = make_identities(people, seed)
    linked = link_people(table, previous=None, key=key)
    numbers: dict[str, set[str]] = {}
    whose = {(r["source"], r["source_id"]): r["person_id"] for r in linked.membership.to_pylist()}
    for row in table.to_pylist():
        if row["nhs_number"]:
            numbers.setdefault(whose[(row["source"], row["source_id"])], set()).add(row["nhs_number"])
    assert all(len(held) == 1 for held in numbers.values())
    again = link_people(table, previous=linked.membership, key=key)
    assert again.membership.equals(linked.membership)
    assert again.retired.num_rows == 0
