"""Sets of people drawn by the probabilities of the links that hold them."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest

from washhouse.record.draws import draw_people

# a - b by 0.6, b - c by 0.9, and d - e by 0.3.
ROWS = [("a", None, 1.0), ("b", "a", 0.6), ("c", "b", 0.9), ("d", None, 1.0), ("e", "d", 0.3)]
DRAWS = 4000


def view(rows=ROWS) -> pa.Table:
    joined_to = pa.array([above for _, above, _ in rows], pa.string())
    chance = pa.array([chance for *_, chance in rows], pa.float64())
    people = pa.array([who for who, *_ in rows], pa.string())
    return pa.table({"person_id": people, "joined_to": joined_to, "link_probability": chance})


def drawn(rows=ROWS, draws=DRAWS, seed=1) -> dict[int, dict[str, str]]:
    people: dict[int, dict[str, str]] = defaultdict(dict)
    for row in draw_people(view(rows), draws, np.random.default_rng(seed)).to_pylist():
        people[row["draw"]][row["person_id"]] = row["drawn_id"]
    return people


@pytest.mark.parametrize(
    ("one", "other", "chance"), [("a", "b", 0.6), ("b", "c", 0.9), ("a", "c", 0.54), ("d", "e", 0.3), ("a", "d", 0.0)]
)
def test_two_are_one_as_often_as_the_links_between_them_hold(one: str, other: str, chance: float) -> None:
    together = np.mean([ids[one] == ids[other] for ids in drawn().values()])
    assert abs(together - chance) <= 4 * np.sqrt(chance * (1 - chance) / DRAWS)


def test_every_draw_names_everybody_by_one_of_their_own() -> None:
    for ids in drawn(draws=50).values():
        assert set(ids) == {who for who, *_ in ROWS}
        assert all(ids[bears] == bears for bears in ids.values())


def test_links_are_drawn_independently() -> None:
    both = Counter((ids["a"] == ids["b"], ids["d"] == ids["e"]) for ids in drawn().values())
    assert abs(both[True, True] / DRAWS - 0.18) <= 4 * np.sqrt(0.18 * 0.82 / DRAWS)


def test_the_order_of_rows_changes_nothing_and_the_generator_does() -> None:
    assert drawn(draws=20) == drawn(ROWS[::-1], draws=20)
    assert drawn(draws=20) != drawn(draws=20, seed=2)


def test_a_certain_link_always_holds_and_nobody_is_drawn_from_nothing() -> None:
    assert {ids["b"] for ids in drawn([("a", None, 1.0), ("b", "a", 1.0)], draws=200).values()} == {"a"}
    assert drawn([], draws=3) == {}
