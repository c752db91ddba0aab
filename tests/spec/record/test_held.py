"""What is held in memory is what was read, once, and what nobody asks for gives way."""

from __future__ import annotations

import pyarrow as pa

from washhouse.record.held import Held


def table(number: int) -> pa.Table:
    return pa.table({"n": [number] * 100})


def test_a_table_is_read_once() -> None:
    held, reads = Held(), []

    def read() -> pa.Table:
        reads.append(1)
        return table(1)

    assert held.get("a", read) is held.get("a", read)
    assert len(reads) == 1


def test_who_was_asked_for_longest_ago_gives_way() -> None:
    held = Held(2 * table(0).nbytes)
    for key in ("a", "b", "a", "c"):
        held.get(key, lambda: table(1))
    missed = []
    for key in ("a", "c", "b"):
        held.get(key, lambda key=key: missed.append(key) or table(2))  # type: ignore[misc, func-returns-value]
    assert missed == ["b"]


def test_what_is_too_large_is_handed_on_and_not_held() -> None:
    held = Held(table(0).nbytes - 1)
    assert held.get("a", lambda: table(1))["n"][0].as_py() == 1
    assert held.get("a", lambda: table(2))["n"][0].as_py() == 2
