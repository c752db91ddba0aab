"""How are the parts of a file worked on side by side, and still taken in their order?"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = min(4, os.cpu_count() or 1)

_A = TypeVar("_A")
_B = TypeVar("_B")


def in_order(items: Iterable[_A], work: Callable[[_A], _B], *, threads: int) -> Iterator[_B]:
    """Yield what the work makes of each item, in the order of the items.

    Args:
        items: Taken as they are needed: no more than two for a thread are in memory.
        work: Runs in several threads at a time.
        threads: How many; 0 for none but the caller's.

    >>> list(in_order(range(3), str, threads=2)), list(in_order("ab", ord, threads=0))
    (['0', '1', '2'], [97, 98])
    """
    if not threads:
        yield from map(work, items)
        return
    waiting: deque[Future[_B]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="check") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
