"""Which unions are made, and which refused?"""

from __future__ import annotations

import numpy as np

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
