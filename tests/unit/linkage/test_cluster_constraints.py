"""Which unions are made, and which refused?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.linkage.cluster import CAUSES, cluster


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def test_links_join_their_records() -> None:
    found = cluster(4, ints(0, 1), ints(1, 2), np.array([5.0, 4.0]))
    assert found.label.tolist() == [0, 0, 0, 3]
    assert found.refused.tolist() == []


def test_two_nhs_numbers_never_meet_and_the_stronger_link_wins() -> None:
    found = cluster(3, ints(0, 1), ints(1, 2), np.array([5.0, 9.0]), nhs_number=ints(7, -1, 8))
    assert found.label.tolist() == [0, 1, 1]
    assert found.refused.tolist() == [0]
    assert CAUSES[found.causes[0]] == "two different NHS numbers"


def test_two_death_dates_never_meet() -> None:
    found = cluster(2, ints(0), ints(1), np.array([5.0]), death_date=ints(100, 200))
    assert found.label.tolist() == [0, 1]
    assert CAUSES[found.causes[0]] == "two death dates"


def test_nobody_has_more_records_than_the_limit() -> None:
    found = cluster(4, ints(0, 1, 2), ints(1, 2, 3), np.array([9.0, 8.0, 7.0]), limit=3)
    assert found.label.tolist() == [0, 0, 0, 3]
    assert CAUSES[found.causes[0]] == "more records than one person has"


def test_equal_weights_are_taken_in_the_order_of_the_records() -> None:
    numbers = ints(1, -1, 2)
    for left, right in ((ints(0, 1), ints(1, 2)), (ints(1, 0), ints(2, 1))):
        found = cluster(3, left, right, np.array([5.0, 5.0]), nhs_number=numbers)
        assert found.label.tolist() == [0, 0, 2]


def pairs(*found: tuple[int, int]) -> np.ndarray:
    return np.array(found, dtype=np.int64).reshape(-1, 2).T


def test_what_a_steward_keeps_apart_never_meets_through_others() -> None:
    found = cluster(4, ints(0, 1, 2), ints(1, 2, 3), np.array([9.0, 8.0, 7.0]), cannot=pairs((0, 3)))
    assert found.label.tolist() == [0, 0, 0, 3]
    assert [CAUSES[cause] for cause in found.causes] == ["kept apart by a steward"]


def test_what_a_steward_puts_together_needs_no_link_and_makes_two_numbers_one() -> None:
    numbers = ints(7, 8, 8, -1)
    found = cluster(4, ints(0), ints(2), np.array([5.0]), nhs_number=numbers, must=pairs((0, 1)))
    assert found.label.tolist() == [0, 0, 0, 3]
    assert found.unmet.tolist() == []


def test_two_numbers_are_one_also_through_a_record_that_has_none() -> None:
    found = cluster(4, ints(2), ints(1), np.array([5.0]), nhs_number=ints(7, 8, 7, -1), must=pairs((0, 3), (1, 3)))
    assert (found.label.tolist(), found.unmet.tolist()) == ([0, 0, 0, 0], [])


def test_numbers_stay_two_where_a_decision_contradicts_the_one_that_makes_them_one() -> None:
    found = cluster(
        5, ints(3), ints(4), np.array([5.0]), nhs_number=ints(7, 8, -1, 7, 8),
        must=pairs((0, 2), (1, 2)), cannot=pairs((0, 1)),
    )  # fmt: skip
    assert found.unmet.tolist() == [1]
    assert found.label.tolist() == [0, 1, 0, 3, 4]


def test_a_decision_that_contradicts_another_or_two_deaths_is_reported() -> None:
    found = cluster(2, ints(), ints(), np.array([]), must=pairs((0, 1)), cannot=pairs((1, 0)))
    assert (found.label.tolist(), found.unmet.tolist()) == ([0, 1], [0])
    found = cluster(2, ints(), ints(), np.array([]), must=pairs((0, 1)), death_date=ints(5, 6))
    assert (found.label.tolist(), found.unmet.tolist()) == ([0, 1], [0])


@settings(max_examples=80)
@given(data=st.data())
def test_decisions_hold_whatever_the_links(data: st.DataObject) -> None:
    record = st.integers(0, 7)
    pair = st.tuples(record, record).filter(lambda two: two[0] != two[1])
    links = data.draw(st.lists(pair, max_size=12))
    must, cannot = data.draw(st.lists(pair, max_size=3)), data.draw(st.lists(pair, max_size=4))
    numbers = ints(*data.draw(st.lists(st.integers(-1, 2), min_size=8, max_size=8)))
    weights = np.array(data.draw(st.lists(st.floats(0, 9), min_size=len(links), max_size=len(links))))
    found = cluster(
        8,
        ints(*(a for a, _ in links)),
        ints(*(b for _, b in links)),
        weights,
        nhs_number=numbers,
        must=pairs(*must),
        cannot=pairs(*cannot),
    )
    assert all(found.label[a] != found.label[b] for a, b in cannot)
    unmet = set(found.unmet.tolist())
    assert all((found.label[a] == found.label[b]) != (k in unmet) for k, (a, b) in enumerate(must))
    assert cannot or not unmet
