"""Which counts are told: every small number, and the rest that would tell it."""

from __future__ import annotations

import pytest

from washhouse.governance.disclosure import tell_count, tell_part

TOLD = [0, *[None] * 7, 10, 10, 10, 10, 10, 15, 15, 15, 15, 15, 20]


@pytest.mark.parametrize(("count", "told"), list(enumerate(TOLD)))
def test_a_count_is_told_to_the_nearest_five_or_not_at_all(count: int, told: int | None) -> None:
    assert tell_count(count) == told


@pytest.mark.parametrize("part", range(101))
def test_neither_part_nor_rest_is_told_when_small(part: int) -> None:
    told = tell_part(part, 100)
    if part in range(1, 8) or 100 - part in range(1, 8):
        assert told is None
    else:
        assert told == (tell_count(part), 100)


def test_a_part_is_never_told_as_more_than_the_whole() -> None:
    for whole in range(200):
        for part in range(whole + 1):
            told = tell_part(part, whole)
            assert told is None or 0 <= told[0] <= told[1]
