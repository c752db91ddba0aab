"""Small per-person tables of a bucket, held in memory: who somebody is and is tied to is asked with every page.

Reading them from their files costs more than all else about a person but the events: planning a query and decoding a
row group, for one row. What a version says never changes, so what is held stays true; old versions fall out in time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import pyarrow as pa

HELD_BYTES = 256_000_000
"""Most that a process holds: more than a city's people and ties."""


class Held:
    """Tables by key, those that nobody asked for longest giving way.

    Args:
        most_bytes: Most bytes held; a table larger than that is handed on and not held.
    """

    def __init__(self, most_bytes: int = HELD_BYTES) -> None:
        self._most = most_bytes
        self._tables: OrderedDict[Hashable, pa.Table] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], pa.Table]) -> pa.Table:
        """The table of a key, read if it is not held. Two who ask at once may both read it."""
        with self._lock:
            found = self._tables.get(key)
            if found is not None:
                self._tables.move_to_end(key)
                return found
        table = read()
        with self._lock:
            if key not in self._tables and table.nbytes <= self._most:
                self._tables[key] = table
                self._bytes += table.nbytes
                while self._bytes > self._most:
                    self._bytes -= self._tables.popitem(last=False)[1].nbytes
        return table
