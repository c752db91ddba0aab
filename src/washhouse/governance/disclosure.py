"""Which counts of people may be told to those who may not see the people?

One rule for every page, file and answer: a count of 1 to 7 is not told, every other is told to the nearest 5. What is
computed (a share, a rate) is computed from what is told, or the exact count could be worked out from it.

References:
    NHS England, Hospital Episode Statistics analysis guide, disclosure control: 1 to 7 suppressed, others rounded to
    the nearest 5. The same thresholds in OpenSAFELY's rules for outputs.
"""

from __future__ import annotations

SMALL = range(1, 8)
"""Counts that are not told."""
ROUND_TO = 5


def tell_count(count: int) -> int | None:
    """What is told of a count: None for 1 to 7, else the count to the nearest 5.

    >>> [tell_count(count) for count in (0, 1, 7, 8, 12, 13, 1002)]
    [0, None, None, 10, 10, 15, 1000]
    """
    if count in SMALL:
        return None
    return (count + ROUND_TO // 2) // ROUND_TO * ROUND_TO


def say_count(count: int) -> str:
    """What is told of a count, in words.

    >>> [say_count(count) for count in (0, 3, 58)]
    ['0', 'fewer than 8', 'about 60']
    """
    told = tell_count(count)
    return "fewer than 8" if told is None else f"about {told}" if told else "0"


def tell_part(part: int, whole: int) -> tuple[int, int] | None:
    """What is told of some among others: both counts as told; None where part, whole or the rest is 1 to 7.

    The rest counts too: "48 of 50 were seen" tells that two were not.

    Args:
        part: How many.
        whole: Out of how many, `part` among them.

    >>> tell_part(31, 60), tell_part(3, 60), tell_part(58, 60), tell_part(0, 60)
    ((30, 60), None, None, (0, 60))
    """
    if part in SMALL or whole in SMALL or whole - part in SMALL:
        return None
    told, among = tell_count(part), tell_count(whole)
    return None if told is None or among is None else (min(told, among), among)
