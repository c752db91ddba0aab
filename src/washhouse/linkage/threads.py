"""How is work spread over threads without changing its result?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


@contextmanager
def aside(function: Callable[[], _Made], threads: int) -> Iterator[Callable[[], _Made]]:
    """Work on something on a thread of its own, while other work goes on inside the block.

    Args:
        function: The work; nothing else may change what it reads.
        threads: Threads there are; with one the work is done when its result is asked for.

    Returns:
        A function that waits for the result and gives it, to be called inside the block.

    >>> with aside(lambda: 6 * 7, threads=2) as answer:
    ...     answer()
    42
    """
    if threads <= 1:
        yield function
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(function).result
