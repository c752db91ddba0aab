"""Is a small table read once, and a large one never held?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.lake.shares import Share
from washhouse.sources.mappings.run import SmallHeld


def feed(tables):
    """Batches of eight bytes a row, and how often each was read."""
    reads = []

    def typed(source, table):
        if table not in tables:
            return None
        reads.append(table)
        return (pa.table({"n": pa.array(range(rows), pa.int64())}) for rows in tables[table])

    return typed, reads


def rows(handed):
    return [part.num_rows for part in handed]


def test_what_fits_is_read_once():
    typed, reads = feed({"small": [10, 5]})
    held = SmallHeld(typed, most_bytes=200)
    assert rows(held("s", "small")) == rows(held("s", "small")) == [10, 5]
    assert reads == ["small"]


def test_what_does_not_fit_is_read_again_and_whole():
    typed, reads = feed({"large": [10, 20, 5]})
    held = SmallHeld(typed, most_bytes=200)
    assert rows(held("s", "large")) == rows(held("s", "large")) == [10, 20, 5]
    assert reads == ["large", "large"]


def test_the_limit_is_over_all_tables():
    typed, reads = feed({"a": [20], "b": [20]})
    held = SmallHeld(typed, most_bytes=200)
    for table in ("a", "b", "a", "b"):
        assert rows(held("s", table)) == [20]
    assert reads == ["a", "b", "b"]


def test_a_table_never_sent_and_one_handed_whole():
    typed, _ = feed({})
    assert SmallHeld(typed)("s", "none") is None
    whole = pa.table({"n": [1]})
    held = SmallHeld(lambda source, table: whole)
    assert rows(held("s", "t")) == rows(held("s", "t")) == [1]


def test_some_peoples_rows_are_read_alone_of_what_does_not_fit():
    typed, reads = feed({"small": [10], "large": [30, 30]})
    asked = []

    def of_share(source, table, share):
        asked.append(table)
        return (share.select(part) for part in typed(source, table))

    held = SmallHeld(typed, of_share, most_bytes=200)
    for table in ("small", "large"):
        found = [
            value
            for number in range(4)
            for part in held.of_share("s", table, Share("n", number, 4))
            for value in part["n"].to_pylist()
        ]
        assert sorted(found) == sorted(value for part in typed("s", table) for value in part["n"].to_pylist())
    assert asked == ["large"] * 4
    assert held.of_share("s", "none", Share("n", 0, 4)) is None
    assert reads.count("small") == 2
