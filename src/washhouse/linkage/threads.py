"""How is work spread over threads without changing its result?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Thing = TypeVar("_Thing")
_Made = TypeVar("_Made")


def spread(function: Callable[[_Thing], _Made], things: Sequence[_Thing], threads: int) -> Iterator[_Made]:
    """Apply a function to things on some threads; the results come in the order of the things.

    >>> list(spread(lambda x: x * x, [1, 2, 3], threads=2))
    [1, 4, 9]
    """
    if threads <= 1 or len(things) <= 1:
        yield from map(function, things)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, things)
