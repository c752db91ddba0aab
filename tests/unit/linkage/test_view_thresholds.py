"""Where does each view cut, given the model's own probabilities?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.core.views import View
from washhouse.linkage.threshold import (
    LEAST_LENIENT,
    LEAST_STRICT,
    MOST_STRICT,
    Strictness,
    at_threshold,
    surest_threshold,
    view_thresholds,
    widest_threshold,
)

SURE = [1.0] * 95
CHANCES = st.lists(st.floats(0.01, 1.0), max_size=60).map(lambda values: np.array(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("doubtful", "share", "links"),
    [
        ([0.9, 0.9, 0.9], 0.01, 98),
        ([0.9, 0.9, 0.9], 0.002, 95),
        ([0.9, 0.8, 0.7], 0.002, 96),
        ([0.9, 0.9], 0.0011, 95),
        ([], 0.0, 95),
    ],
    ids=["all fit", "equal pairs stay together", "the surest fit", "one alone would fit", "nothing is doubtful"],
)
def test_the_strict_view_takes_what_its_bound_allows(doubtful: list[float], share: float, links: int) -> None:
    assert surest_threshold(np.array([*SURE, *doubtful]), share).links == links


@pytest.mark.parametrize(
    ("doubtful", "share", "links"),
    [
        ([0.4, 0.3, 0.2], 0.0, 98),
        ([0.4, 0.3, 0.2], 0.0021, 97),
        ([0.4, 0.3, 0.2], 0.006, 96),
        ([0.4, 0.3, 0.05], 0.0, 97),
        ([0.4, 0.3, 0.2], 1.0, 95),
    ],
    ids=["none may be missed", "one may", "two may", "not below one in five", "not above the balanced"],
)
def test_the_lenient_view_takes_what_its_bound_asks_for(doubtful: list[float], share: float, links: int) -> None:
    assert widest_threshold(np.array([*SURE, *doubtful]), share).links == links


@settings(max_examples=200)
@given(CHANCES, st.floats(0, 0.3), st.floats(0, 0.3))
def test_cuts_fall_from_view_to_view_and_keep_their_bounds(chances: np.ndarray, false: float, missed: float) -> None:
    cuts = view_thresholds(chances, Strictness(false, missed))
    assert list(cuts) == list(View)
    assert cuts[View.STRICT] >= cuts[View.BALANCED] >= cuts[View.LENIENT] >= LEAST_LENIENT
    assert cuts[View.STRICT] >= LEAST_STRICT
    strict, lenient = (at_threshold(chances, cuts[view]) for view in (View.STRICT, View.LENIENT))
    assert strict.false_links <= max(false, 1 - MOST_STRICT) * strict.links + 1e-9
    if cuts[View.STRICT] < MOST_STRICT:
        assert strict.false_links <= false * strict.links + 1e-9
    if cuts[View.LENIENT] > LEAST_LENIENT:
        assert lenient.missed_links <= missed * chances.sum() + 1e-9
