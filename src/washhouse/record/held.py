"""What pages ask for again and again, held in memory: small per-person tables of a bucket, and one person's events.

Reading them from their files costs more than all else: planning a query and decoding a row group, for a few rows. The
people of a caseload lie in as many buckets as there are. What a version says never changes, so what is held stays true;
old versions fall out in time. Whether somebody may see it is decided, and noted, before it is looked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import pyarrow as pa

HELD_BYTES = 256_000_000
"""Most that a process holds of tables by bucket: more than a city's people and ties."""

EVENT_BYTES = 128_000_000
"""Most that a process holds of single people's events: some thousand people."""


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
        found = self.find(key)
        if found is None:
            found = read()
            self.hold(key, found)
        return found

    def find(self, key: Hashable) -> pa.Table | None:
        """The table of a key; None if it is not held."""
        with self._lock:
            found = self._tables.get(key)
            if found is not None:
                self._tables.move_to_end(key)
            return found

    def keys(self, share: float = 1.0) -> list[Hashable]:
        """Keys of what is held, what was asked for last first, of up to a share of the most bytes."""
        with self._lock:
            newest = list(reversed(self._tables.items()))
        found, total = [], 0
        for key, table in newest:
            total += table.nbytes
            if total > share * self._most:
                break
            found.append(key)
        return found

    def hold(self, key: Hashable, table: pa.Table) -> None:
        """Hold a table, if it is not too large; whatever nobody asked for longest gives way."""
        with self._lock:
            if key not in self._tables and table.nbytes <= self._most:
                self._tables[key] = table
                self._bytes += table.nbytes
                while self._bytes > self._most:
                    self._bytes -= self._tables.popitem(last=False)[1].nbytes
