"""Does a record that comes alone weigh what it weighs in a batch? With the same model it must."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.linkage.fields import FIELDS
from washhouse.linkage.finder import Finder, identify
from washhouse.linkage.identify import SHOWN, Identified
from washhouse.linkage.index import LinkIndex
from washhouse.linkage.people import link_people

QUICK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _clear(table: pa.Table) -> pa.Table:
    table = table.filter(pc.equal(table.column("identity_kind"), "clear"))
    return table.sort_by([("source", "ascending"), ("source_id", "ascending")]).combine_chunks()


def _said(table: pa.Table, row: int) -> dict[str, str | None]:
    values = {name: table.column(name)[row].as_py() for name in ("source", "source_id", *FIELDS)}
    return {name: None if value is None else str(value) for name, value in values.items()}


def _index(table: pa.Table, key: Callable[[bytes], bytes], limit: int) -> LinkIndex:
    index = link_people(table, previous=None, key=key).index
    assert index is not None
    trained = replace(index.trained, max_block_pairs=limit)
    kept = link_people(table, previous=None, key=key, model=trained).index
    assert kept is not None
    return kept


@QUICK
@given(
    seed=st.integers(0, 50),
    people=st.integers(5, 60),
    limit=st.sampled_from([3, 45, 20_000]),
    late=st.booleans(),
    data=st.data(),
)
def test_a_record_alone_weighs_what_its_edges_do(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, people: int, limit: int, late: bool, data: Any
) -> None:
    table = _clear(make_identities(people, seed)[0])
    row = data.draw(st.integers(0, table.num_rows - 1))
    others = table.take(pa.array([i for i in range(table.num_rows) if i != row]))
    index = _index(others, key, limit)
    assert index.persons is not None
    whose = {
        (s, i): p
        for s, i, p in zip(
            others["source"].to_pylist(), others["source_id"].to_pylist(), index.persons.to_pylist(), strict=True
        )
    }
    finder = Finder(index)
    if late:  # part of everybody comes one by one
        some = list(range(0, others.num_rows, 2))
        part = link_people(others.take(pa.array(some)), previous=None, key=key, model=index.trained).index
        assert part is not None
        named = pa.array([list(whose.values())[i] for i in some])
        finder = Finder(replace(part, persons=named))
        rest = list(range(1, others.num_rows, 2))
        for these in (rest[:3], rest[3:]):
            finder.add([_said(others, i) for i in these], [list(whose.values())[i] for i in these])
        assert finder.persons_of([_said(others, i) for i in range(others.num_rows)]) == list(whose.values())
    found = finder.find([_said(table, row)])[0]
    me = (table.column("source")[row].as_py(), table.column("source_id")[row].as_py())
    best: dict[str, float] = {}
    for edge in link_people(table, previous=None, key=key, model=index.trained).edges.to_pylist():
        ends = [(edge["left_source"], edge["left_id"]), (edge["right_source"], edge["right_id"])]
        if me in ends:
            other = whose[ends[1 - ends.index(me)]]
            best[other] = max(best.get(other, -np.inf), edge["weight"])
    mine = _facts(table, [row])
    theirs = {p: _facts(others, [i for i, q in enumerate(whose.values()) if q == p]) for p in best}
    allowed = {p: w for p, w in best.items() if not _parted(mine, theirs[p], strictly=True)}
    told = {c.person_id: c.weight for c in found.candidates}
    assert told.items() <= allowed.items()
    for p, w in allowed.items() if len(told) < SHOWN else ():
        # Whoever is left out may be across a sensitive change from somebody who is likelier.
        assert p in told or any(
            theirs[p]["birth_date"] & theirs[q]["birth_date"] and _parted(theirs[q], theirs[p]) and told[q] >= w
            for q in told
        )
    for p in told:
        for q in told:
            assert p == q or not (theirs[p]["birth_date"] & theirs[q]["birth_date"] and _parted(theirs[p], theirs[q]))
    for candidate in found.candidates:
        assert candidate.steps[-1].total == candidate.weight
        assert abs(sum(step.bits for step in candidate.steps) - candidate.weight) < 1e-9


Facts = dict[str, set[Any]]


def _facts(table: pa.Table, rows: list[int]) -> Facts:
    """What some records say, field by field."""
    fields = ("nhs_number", "sex", "birth_date")
    return {f: {v for i in rows if (v := table.column(f)[i].as_py()) is not None} for f in fields}


def _parted(one: Facts, other: Facts, strictly: bool = False) -> bool:
    """Other numbers; or no number to compare, and another sex. Strictly: any other number beside the common one."""
    if one["nhs_number"] and other["nhs_number"]:
        if strictly:
            return not other["nhs_number"] <= one["nhs_number"]
        return not one["nhs_number"] & other["nhs_number"]
    return bool(one["sex"] and other["sex"] and not one["sex"] & other["sex"])


def _plain(found: Identified) -> tuple[Any, ...]:
    return found.decision, found.person_id, [(c.person_id, c.weight, c.pattern) for c in found.candidates]


def test_many_at_once_are_answered_as_one_by_one(make_identities: Any, key: Callable[[bytes], bytes]) -> None:
    table = _clear(make_identities(60, 3)[0])
    index = _index(table, key, 20_000)
    records = [_said(table, i) for i in range(table.num_rows)]
    finder = Finder(index)
    together = finder.find(records)
    assert [_plain(f) for f in together] == [_plain(identify(index, index.trained, r)) for r in records]
    assert [_plain(f) for f in together] == [_plain(f) for f in finder.find(records)]
    # Everybody is found as who they are, but where two people's records say nearly the same.
    assert index.persons is not None
    right = [f.person_id == p for f, p in zip(together, index.persons.to_pylist(), strict=True)]
    assert sum(right) > 0.9 * len(right)


@QUICK
@given(seed=st.integers(0, 50), limit=st.sampled_from([3, 45, 20_000]), half=st.booleans(), data=st.data())
def test_many_taken_at_once_are_as_taken_one_by_one(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, limit: int, half: bool, data: Any
) -> None:
    table = _clear(make_identities(40, seed)[0])
    there = table.take(pa.array(range(0, table.num_rows, 2 if half else 7)))
    index = _index(there, key, limit)
    come = [_said(table, i) for i in data.draw(st.permutations(range(1, table.num_rows, 2)))]
    come += come[:3]  # who comes twice is one record

    def born(said: dict[str, Any]) -> str:
        return f"new {said['source']} {said['source_id']}"

    known = Finder(index).persons_of(come)
    come = [said for said, person in zip(come, known, strict=True) if person is None]
    together, alone = Finder(index), Finder(index)
    taken = together.take(come, lambda i: born(come[i]))
    seen: set[str] = set()
    for said, (found, person) in zip(come, taken, strict=True):
        if born(said) in seen:
            assert alone.persons_of([said]) == [person]
            continue
        seen.add(born(said))
        ((one, whose),) = alone.take([said], lambda _, said=said: born(said))  # type: ignore[misc]
        assert (_plain(one), whose) == (_plain(found), person)
    assert together.persons_of(come) == alone.persons_of(come)
    assert [_plain(f) for f in together.find(come)] == [_plain(f) for f in alone.find(come)]
