"""What does not fit into memory goes to the spill folder, is unreadable there, and is gone when the engine closes."""

from __future__ import annotations

from pathlib import Path

import pytest

from washhouse.lake.engine import connect

WORD = b"a-word-to-look-for"


def test_a_query_larger_than_memory_spills_encrypted(tmp_path: Path) -> None:
    with connect(memory_limit="100MB", threads=1, spill=tmp_path) as connection:
        connection.execute(
            f"CREATE TABLE rows AS SELECT '{WORD.decode()}' || range AS text, hash(range) AS key FROM range(3000000)"
        )
        written = [path for path in tmp_path.iterdir() if path.stat().st_size]
        assert sum(path.stat().st_size for path in written) > 1_000_000, "nothing was spilled: the test shows nothing"
        assert not any(WORD in path.read_bytes() for path in written)
        assert connection.sql("SELECT count(*) FROM (SELECT * FROM rows ORDER BY key, text)").fetchall() == [
            (3_000_000,)
        ]
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_nothing_is_written() -> None:
    with connect(memory_limit="100MB", threads=1) as connection, pytest.raises(Exception, match=r"(?i)memory"):
        connection.execute("CREATE TABLE rows AS SELECT md5(range::VARCHAR) AS text FROM range(6000000)")
