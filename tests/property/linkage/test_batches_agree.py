"""Does it matter in which batches records arrive? Under one trained model it must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.linkage import shared_again
from washhouse.linkage.blocking import mix_parts
from washhouse.linkage.index import LinkIndex, read_index, write_index
from washhouse.linkage.lookup import BlockKeys, among
from washhouse.linkage.people import People, link_people
from washhouse.linkage.person_ids import Key, Record
from washhouse.linkage.stored_earlier import read_earlier, write_earlier

QUICK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
CHANGING = (
    *("surname", "postcode", "address", "birth_date", "nhs_number", "sex", "phone", "pseudo_nhs_number", "death_date"),
    *("restricted", "first_seen", "last_seen", "left_on", "ethnic_category"),
)
"""Fields in which records of the tests change, all in a batch in the same one."""
TABLES = ("membership", "edges", "retired", "refused", "relations", "views")
NOT_ALIKE = {"pairing", "pairs", "blocking"}
"""Figures that tell by which door pairs were come by."""


@pytest.fixture(autouse=True, scope="module")
def _however_much_changes() -> Iterator[None]:
    """Small populations change much; go on from the linkage before even so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_again, "MOST_CONCERNED", 1.0)
        yield


def _alike(a: Any, b: Any) -> bool:
    """Say whether two figures are one, but for the rounding of sums."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 0.002 * abs(b) + 1e-3
    return bool(a == b)


def _said(table: pa.Table, name: str, rows: np.ndarray, values: list[Any]) -> pa.Table:
    """Let some records say something else in one field."""
    column = np.array(table.column(name).to_pylist(), dtype=object)
    column[rows] = values
    field = table.schema.field(name)
    return table.set_column(table.schema.get_field_index(name), field, pa.array(column.tolist(), field.type))


def _states(table: pa.Table, batches: int, seed: int) -> list[pa.Table]:
    """All records known after each of some batches: new ones come, some change, some vanish and come back."""
    rng = np.random.default_rng(seed)
    arrives = rng.integers(0, batches, table.num_rows)
    states = []
    for batch in range(batches):
        gone = (rng.random(table.num_rows) < 0.1) & (batch < batches - 1)
        changed = np.flatnonzero(rng.random(table.num_rows) < 0.1)
        other = rng.integers(0, table.num_rows, len(changed))
        name = CHANGING[rng.integers(len(CHANGING))]
        now = _said(table, name, changed, [table.column(name)[int(i)].as_py() for i in other])
        keep = np.flatnonzero((arrives <= batch) & ~gone)
        states.append(now.take(pa.array(rng.permutation(keep))))
    return states


def _decisions(state: pa.Table, seed: int) -> dict[str, list[tuple[Record, Record]]]:
    """What stewards decided by then on some records, half of it about the same ones as ever."""
    rng = np.random.default_rng(seed)
    records = sorted(zip(state.column("source").to_pylist(), state.column("source_id").to_pylist(), strict=True))
    decided: dict[str, list[tuple[Record, Record]]] = {"must": [], "cannot": []}
    for kind in decided:
        for place in rng.integers(0, max(len(records) - 1, 1), rng.integers(0, 3)).tolist():
            other = rng.integers(0, len(records)) if rng.random() < 0.3 else place + 1
            if len(records) > max(place, other) and place != other:
                decided[kind].append((records[place], records[other]))
    return decided


def _trained(table: pa.Table, key: Key, limit: int) -> LinkIndex:
    index = link_people(table, previous=None, key=key).index
    assert index is not None
    return replace(index, trained=replace(index.trained, max_block_pairs=limit))


def _same(a: People, b: People) -> None:
    for name in TABLES:
        assert getattr(a, name).equals(getattr(b, name)), name
    for name in a.summary.keys() - NOT_ALIKE:
        assert _alike(a.summary[name], b.summary[name]), name


def _stored(people: People, identities: pa.Table, *, whole: bool) -> LinkIndex | None:
    """The index after it was put away and read again, if `whole` with all that its linkage came to."""
    if people.index is None:
        return None
    tables = write_index(people.index) | write_earlier(people.index.earlier, people.index.trained.digest)
    tables |= {"identity": identities, "membership": people.membership, "edge": people.edges}
    tables |= {"refused": people.refused, "relation": people.relations, "retired": people.retired}
    index = read_index(tables.__getitem__)
    if not whole or index is None or "link_earlier" not in tables:
        return index
    read = read_earlier(index, people.membership, tables.__getitem__)
    assert read.earlier is not None
    return read


@QUICK
@given(
    seed=st.integers(0, 50),
    people=st.integers(4, 40),
    batches=st.integers(1, 5),
    limit=st.sampled_from([1, 3, 10, 45, 20_000]),
    stored=st.sampled_from(["", "index", "whole"]),
    stewards=st.booleans(),
)
def test_increments_equal_rebuilds(
    make_identities: Any,
    key: Callable[[bytes], bytes],
    seed: int,
    people: int,
    batches: int,
    limit: int,
    stored: str,
    stewards: bool,
) -> None:
    table, _ = make_identities(people, seed)
    trained = _trained(table, key, limit).trained
    grown: People | None = None
    last = table
    for step, state in enumerate(_states(table, batches, seed)):
        before = grown.membership if grown else None
        decided = _decisions(state, seed + step // 2) if stewards else {}
        rebuilt = link_people(state, previous=before, key=key, model=trained, **decided)
        known = grown.index if grown else None
        if grown and stored:
            known = _stored(grown, last, whole=stored == "whole")
        grown = link_people(state, previous=before, key=key, model=trained, index=known, **decided)
        last = state
        _same(rebuilt, grown)
        assert grown.index is not None
        assert grown.index.trained.digest == trained.digest


@QUICK
@given(
    seed=st.integers(0, 50), people=st.integers(4, 40), batches=st.integers(2, 5), limit=st.sampled_from([3, 20_000])
)
def test_the_order_of_batches_does_not_change_who_belongs_together(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, people: int, batches: int, limit: int
) -> None:
    table, _ = make_identities(people, seed)
    trained = _trained(table, key, limit).trained
    part = np.random.default_rng(seed).integers(0, batches, table.num_rows)
    ends = []
    for order in (range(batches), reversed(range(batches))):
        index, known = None, np.zeros(table.num_rows, dtype=bool)
        for batch in order:
            known |= part == batch
            linked = link_people(
                table.take(pa.array(np.flatnonzero(known))), previous=None, key=key, model=trained, index=index
            )
            index = linked.index
        ends.append(linked)
    _same(*ends)


def test_an_index_may_start_from_nothing_and_end_there(make_identities: Any, key: Callable[[bytes], bytes]) -> None:
    table, _ = make_identities(20, 3)
    trained = _trained(table, key, 20_000).trained
    empty = link_people(table.slice(0, 0), previous=None, key=key, model=trained)
    full = link_people(table, previous=None, key=key, model=trained, index=empty.index)
    _same(full, link_people(table, previous=None, key=key, model=trained))
    gone = link_people(table.slice(0, 0), previous=None, key=key, model=trained, index=full.index)
    assert gone.edges.num_rows == 0


def test_only_what_is_new_is_compared(make_identities: Any, key: Callable[[bytes], bytes]) -> None:
    table, _ = make_identities(60, 4)
    first = link_people(table.slice(1), previous=None, key=key)
    assert first.index is not None
    then = link_people(table, previous=None, key=key, model=first.index.trained, index=first.index)
    assert then.summary["pairing"]["door"] == "increment"
    assert then.summary["pairing"]["new_or_changed"] == 1
    assert then.summary["pairing"]["compared"] < first.summary["pairs"] / 4


def test_people_whose_address_only_others_know_by_its_number(
    make_identities: Any, key: Callable[[bytes], bytes]
) -> None:
    table, _ = make_identities(30, 7)
    # Of three at one address only the middle one bears its UPRN; the other two have a telephone number in common.
    person = np.array([int(name[1:]) if name[1:].isdigit() else -1 for name in table.column("source_id").to_pylist()])
    knows = np.flatnonzero((person >= 0) & (person % 3 == 1))
    table = _said(table, "uprn", knows, [str(100_000 + p // 3) for p in person[knows]])
    first = link_people(table, previous=None, key=key)
    assert first.index is not None
    called = int(np.flatnonzero(person == 0)[0])
    phone = table.column("phone")[int(np.flatnonzero(person == 3)[0])].as_py()
    now = _said(table, "phone", np.array([called]), [phone])
    known = {"previous": first.membership, "key": key, "model": first.index.trained}
    _same(link_people(now, **known, index=first.index), link_people(now, **known))


def test_a_source_the_model_does_not_know_says_nothing(make_identities: Any, key: Callable[[bytes], bytes]) -> None:
    table, _ = make_identities(40, 5)
    trained = _trained(table, key, 20_000).trained
    renamed = pc.replace_substring(table.column("source"), "hospital", "hospice")
    other = table.set_column(0, table.schema.field("source"), renamed)
    rebuilt = link_people(other, previous=None, key=key, model=trained)
    half = link_people(other.slice(20), previous=None, key=key, model=trained)
    _same(rebuilt, link_people(other, previous=None, key=key, model=trained, index=half.index))


@settings(max_examples=50)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_rows_among_a_few_keys(keys: list[int], wanted: list[int]) -> None:
    many = np.array(keys + wanted[: len(wanted) // 2], dtype=np.int64)
    few = np.unique(np.array(wanted, dtype=np.int64))
    assert among(many, few).tolist() == np.flatnonzero(np.isin(many, few)).tolist()


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.integers(-1, 4)] * 3), max_size=40), st.integers(1, 3), st.integers(0, 9))
def test_keys_of_records_as_they_are_asked_for(parts: list[tuple[int, ...]], used: int, asked: int) -> None:
    columns = {str(p): np.array([row[p] for row in parts], dtype=np.int32) for p in range(3)}
    rule = tuple(columns)[:used]
    whole = np.empty(len(parts), dtype=np.int64)
    mix_parts([columns[name] for name in rule], whole)
    keys = BlockKeys(columns, [rule])
    assert keys.of(0, np.arange(len(parts))).tolist() == whole.tolist()
    wanted = np.unique(whole[:asked][whole[:asked] >= 0])
    assert keys.among(0, wanted).tolist() == np.flatnonzero(np.isin(whole, wanted)).tolist()


@pytest.mark.parametrize("column", ["first_name", "address", "uprn"])
def test_a_field_that_nobody_fills_any_more(make_identities: Any, key: Callable[[bytes], bytes], column: str) -> None:
    table, _ = make_identities(30, 6)
    table = _said(table, "uprn", np.arange(0, table.num_rows, 3), ["100" + str(i) for i in range(0, table.num_rows, 3)])
    first = link_people(table, previous=None, key=key)
    assert first.index is not None
    bare = _said(table, column, np.arange(table.num_rows), [None] * table.num_rows)
    _same(
        link_people(bare, previous=None, key=key, model=first.index.trained, index=first.index),
        link_people(bare, previous=None, key=key, model=first.index.trained),
    )
