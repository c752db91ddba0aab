"""Is everybody who is one person in a strict view one in every more lenient one, whatever was decided and refused?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.core.views import View
from washhouse.linkage.cluster import cluster, nested_clusters
from washhouse.linkage.expected_errors import Totals, change_of_errors, expected_errors
from washhouse.linkage.people import People, link_people
from washhouse.linkage.person_ids import Record

QUICK = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
CUTS = {View.STRICT: 1 - 1e-7, View.BALANCED: 0.99, View.LENIENT: 0.02}
"""Thresholds far enough apart that the views of a few people differ."""


@st.composite
def tangles(draw: st.DrawFn) -> dict[str, Any]:
    """Some records with links in three stages, NHS numbers, deaths and decisions at random."""
    records = draw(st.integers(2, 14))
    one = st.integers(0, records - 1)
    pairs = st.lists(st.tuples(one, one).filter(lambda p: p[0] < p[1]), unique=True, max_size=25)
    links = draw(pairs)
    weights = draw(st.lists(st.integers(0, 8), min_size=len(links), max_size=len(links)))
    codes = st.lists(st.integers(-1, 2), min_size=records, max_size=records)
    columns = np.array(links, dtype=np.int32).reshape(-1, 2).T
    return {
        "records": records,
        "left": columns[0],
        "right": columns[1],
        "weights": np.array(weights, dtype=np.float64),
        "rest": {
            "nhs_number": np.array(draw(codes), dtype=np.int32),
            "death_date": np.array(draw(codes), dtype=np.int32),
            "limit": draw(st.integers(2, 8)),
            "must": np.array(draw(pairs)[:3], dtype=np.int64).reshape(-1, 2).T,
            "cannot": np.array(draw(pairs)[:3], dtype=np.int64).reshape(-1, 2).T,
        },
    }


def stages(tangle: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    stage = np.digitize(-tangle["weights"], [-5.5, -2.5])
    sides = (tangle["left"], tangle["right"], tangle["weights"])
    return [tuple(side[stage == n] for side in sides) for n in range(3)]  # type: ignore[misc]


@settings(max_examples=300)
@given(tangles())
def test_each_stage_is_the_clustering_under_its_own_threshold(tangle: dict[str, Any]) -> None:
    found = nested_clusters(tangle["records"], stages(tangle), **tangle["rest"])
    for n, stage in enumerate(found):
        kept = np.digitize(-tangle["weights"], [-5.5, -2.5]) <= n
        sides = (tangle[name][kept] for name in ("left", "right", "weights"))
        assert stage.label.tolist() == cluster(tangle["records"], *sides, **tangle["rest"]).label.tolist()


@settings(max_examples=300)
@given(tangles())
def test_stages_nest_and_keep_constraints(tangle: dict[str, Any]) -> None:
    found = nested_clusters(tangle["records"], stages(tangle), **tangle["rest"])
    for finer, coarser in pairwise(found):
        pairs = set(zip(finer.label.tolist(), coarser.label.tolist(), strict=True))
        assert len(pairs) == len(set(finer.label.tolist()))
    for clusters in found:
        assert all(clusters.label[a] != clusters.label[b] for a, b in tangle["rest"]["cannot"].T)
        assert clusters.unmet.tolist() == found[0].unmet.tolist()


@settings(max_examples=200)
@given(tangles())
def test_a_change_of_errors_is_the_difference_of_two_reckonings(tangle: dict[str, Any]) -> None:
    found = nested_clusters(tangle["records"], stages(tangle), **tangle["rest"])
    pairs = (tangle["left"], tangle["right"], tangle["weights"] * 3 - 6)
    before, after = found[0].label, found[2].label
    whole = Totals.of(expected_errors(after, *pairs)) - Totals.of(expected_errors(before, *pairs))
    change = change_of_errors(before, after, *pairs)
    assert np.allclose(
        [change.linked, change.false, change.missed], [whole.linked, whole.false, whole.missed], atol=1e-9
    )


def _groups(people: People, view: View) -> dict[str, set[Record]]:
    """Records of each person of a view."""
    rows = [row for row in people.views.to_pylist() if row["view"] == view]
    bears = {row["person_id"]: row["view_id"] for row in rows}
    groups: dict[str, set[Record]] = defaultdict(set)
    for row in people.membership.to_pylist():
        if row["valid_to"] is None:
            groups[bears.get(row["person_id"], row["person_id"])].add((row["source"], row["source_id"]))
    return groups


@QUICK
@given(seed=st.integers(0, 50), people=st.integers(4, 40), decided=st.integers(0, 6), batches=st.integers(1, 3))
def test_people_nest_at_every_run_whatever_stewards_decide(
    make_identities: Any, key: Callable[[bytes], bytes], seed: int, people: int, decided: int, batches: int
) -> None:
    table, _ = make_identities(people, seed)
    index = link_people(table, previous=None, key=key).index
    assert index is not None
    trained = replace(index.trained, thresholds={view.value: cut for view, cut in CUTS.items()})
    rng = np.random.default_rng(seed)
    clear = table.filter(pc.equal(table.column("identity_kind"), "clear"))
    names = list(zip(clear.column("source").to_pylist(), clear.column("source_id").to_pylist(), strict=True))
    pairs = [tuple(names[i] for i in rng.choice(len(names), 2, replace=False)) for _ in range(2 * decided)]
    arrives = rng.integers(0, batches, table.num_rows)
    found = None
    for batch in range(batches):
        found = link_people(
            table.take(pa.array(np.flatnonzero(arrives <= batch))),
            previous=found.membership if found else None,
            key=key,
            model=trained,
            index=found.index if found else None,
            must=pairs[:decided],
            cannot=pairs[decided:],
        )
        strict, balanced, lenient = (_groups(found, view) for view in View)
        for finer, coarser in ((strict, balanced), (balanced, lenient)):
            for records in finer.values():
                assert any(records <= others for others in coarser.values())
        for view, groups in zip(View, (strict, balanced, lenient), strict=True):
            assert len(groups) == found.summary["views"][view]["people"]
            assert set(groups) <= set(strict), "a person of any view bears the id of one of the strict view"
            together = {record: bears for bears, records in groups.items() for record in records}
            there = [pair for pair in pairs[decided:] if all(name in together for name in pair)]
            assert all(together[one] != together[other] for one, other in there)


def test_the_views_of_a_few_people_do_differ(make_identities: Any, key: Callable[[bytes], bytes]) -> None:
    table, _ = make_identities(40, 0)
    index = link_people(table, previous=None, key=key).index
    assert index is not None
    trained = replace(index.trained, thresholds={view.value: cut for view, cut in CUTS.items()})
    found = link_people(table, previous=None, key=key, model=trained)
    told = found.summary["views"]
    assert told["strict"]["people"] > told["balanced"]["people"] > told["lenient"]["people"]
    assert told["strict"]["estimated_missed_links"] > told["lenient"]["estimated_missed_links"]
