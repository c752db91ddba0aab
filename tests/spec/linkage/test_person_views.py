"""Who bears whose id in a more lenient view, and by how likely a link?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.views import View
from washhouse.linkage.blocking import Candidates
from washhouse.linkage.encode import Encoded, encode
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.model import Model
from washhouse.linkage.scoring import Scored
from washhouse.linkage.views import cluster_views, person_views

CUTS = {View.STRICT: 0.99, View.BALANCED: 0.5, View.LENIENT: 0.1}


def scored(pairs: list[tuple[int, int, float]]) -> Scored:
    """Pairs of records with their probabilities, each a pattern of its own."""
    chances = np.array([chance for *_, chance in pairs])
    sides = np.array([pair[:2] for pair in pairs], dtype=np.int32).reshape(-1, 2).T
    nothing = np.empty((len(pairs), 0))
    model = Model(fields=(), kinds=(), sizes=np.empty(0), shares=(), rounds=0)
    number = np.arange(len(pairs))
    weights = np.log2(chances / (1 - chances))
    return Scored(Candidates(sides[0], sides[1], ()), number, number, nothing.astype(np.int8), weights, nothing, model)


def rows_of(
    records: int,
    pairs: list[tuple[int, int, float]],
    numbers: list[str | None] | None = None,
    sexes: Sequence[str | None] = (),
    restricted: Collection[int] = (),
) -> list[dict[str, Any]]:
    """Rows of the views of some records: record 0 founded person a, and so on."""
    encoded: Encoded = encode(
        {"nhs_number": pa.chunked_array([pa.array(numbers or [None] * records, pa.string())])}, [FIELDS["nhs_number"]]
    )
    table = pa.table(
        {
            "death_date": pa.nulls(records, pa.date32()),
            "sex": pa.array([*sexes, *[None] * (records - len(sexes))], pa.string()),
            "restricted": [row in restricted for row in range(records)],
        }
    )
    none = np.empty((2, 0), dtype=np.int64)
    compared = scored(pairs)
    found = cluster_views(encoded, table, compared, CUTS, none, none)
    strict = found.clusters[View.STRICT].label
    founders, person = np.unique(strict, return_inverse=True)
    ids = pa.array(["abcdefgh"[row] for row in founders])
    rows, _ = person_views(found, compared, person.astype(np.int32), np.arange(len(founders)), ids)
    return list(rows.to_pylist())


def views(*records: Any) -> dict[str, dict[str, tuple[str, float]]]:
    """Who bears whose id in each view, and the probability of the weakest link."""
    told: dict[str, dict[str, tuple[str, float]]] = {view.value: {} for view in View}
    for row in rows_of(*records):
        told[row["view"]][row["person_id"]] = (row["view_id"], round(row["probability"], 6))
    return told


def test_a_likely_link_joins_for_planning_an_unlikely_one_only_for_research() -> None:
    told = views(6, [(0, 1, 0.999), (1, 2, 0.7), (3, 4, 0.3)])
    assert told["strict"] == {}
    assert told["balanced"] == {"a": ("a", 1.0), "c": ("a", 0.7)}
    assert told["lenient"] == {"a": ("a", 1.0), "c": ("a", 0.7), "d": ("d", 1.0), "e": ("d", 0.3)}


@pytest.mark.parametrize(
    ("pairs", "lenient"),
    [
        ([(0, 1, 0.9), (1, 2, 0.6)], {"a": 1.0, "b": 0.9, "c": 0.6}),
        ([(0, 1, 0.6), (1, 2, 0.9)], {"a": 1.0, "b": 0.6, "c": 0.6}),
        ([(0, 1, 0.6), (1, 2, 0.9), (0, 2, 0.7)], {"a": 1.0, "b": 0.7, "c": 0.7}),
        ([(0, 3, 0.2), (3, 2, 0.8), (2, 1, 0.5)], {"a": 1.0, "b": 0.2, "c": 0.2, "d": 0.2}),
    ],
    ids=["a weak end", "a weak middle", "the stronger way counts", "a chain is as strong as its weakest link"],
)
def test_a_person_is_held_by_the_weakest_link_of_the_strongest_way(
    pairs: list[tuple[int, int, float]], lenient: dict[str, float]
) -> None:
    assert views(len(lenient), pairs)["lenient"] == {person: ("a", chance) for person, chance in lenient.items()}


def test_each_person_is_joined_to_the_next_on_the_way_by_a_link_of_its_own() -> None:
    rows = rows_of(4, [(0, 3, 0.2), (3, 2, 0.8), (2, 1, 0.5)])
    told = {r["person_id"]: (r["joined_to"], round(r["link_probability"], 6)) for r in rows if r["view"] == "lenient"}
    assert told == {"a": (None, 1.0), "d": ("a", 0.2), "c": ("d", 0.8), "b": ("c", 0.5)}


@pytest.mark.parametrize(
    ("sexes", "restricted", "lenient"),
    [
        (("female", "female", "female"), (), {"a", "b", "c"}),
        (("female", None, "male"), (), {"a", "b"}),
        ((None, "indeterminate", "male"), (), {"a", "b", "c"}),
        ((), (1,), set()),
        ((), (2,), {"a", "b"}),
    ],
    ids=["one sex", "two sexes, also through a third", "sexes unknown", "restricted between", "restricted at the end"],
)
def test_no_weak_link_leads_across_what_may_be_a_sensitive_change(
    sexes: tuple[str | None, ...], restricted: tuple[int, ...], lenient: set[str]
) -> None:
    rows = rows_of(3, [(0, 1, 0.8), (1, 2, 0.7)], sexes=sexes, restricted=restricted)
    assert {row["person_id"] for row in rows if row["view"] == "lenient"} == lenient
    certain = rows_of(3, [(0, 1, 0.999), (1, 2, 0.995)], sexes=sexes, restricted=restricted)
    assert certain == [], "care joins them all, and no further link is left"


def test_two_nhs_numbers_are_two_people_to_everybody() -> None:
    told = views(3, [(0, 1, 0.9), (1, 2, 0.8)], ["9434765919", None, "9434765870"])
    assert told["lenient"] == {"a": ("a", 1.0), "b": ("a", 0.9)}


def test_without_links_everybody_is_alone() -> None:
    assert views(3, [(0, 1, 0.05)]) == {"strict": {}, "balanced": {}, "lenient": {}}
