"""Is every edit, insertion, deletion and new order of audit rows seen, and at the first row touched?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from washhouse.desk.audit_log import AuditLog, Entry
from washhouse.desk.database import open_desk

ROWS = 12
FIELDS = ("at", "actor", "role", "purpose", "action", "subject", "detail", "previous", "hash")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk whose triggers an administrator has removed."""
    path = tmp_path_factory.mktemp("chain") / "desk.db"
    desk = open_desk(path)
    log = AuditLog(desk)
    for n in range(ROWS):
        log.append([Entry(f"2026-07-01T09:00:{n:02}Z", f"CP{n}", "r", "p", "a", f"{n:032x}", "allow", f'{{"n":{n}}}')])
    with desk.begin() as connection:
        for name in ("update", "delete", "replace"):
            connection.execute(text(f"DROP TRIGGER audit_{name}"))
    desk.close()
    return path


def edit(connection: Connection, seq: int, name: str, value: str) -> int | None:
    before = connection.execute(text(f"SELECT {name} FROM audit WHERE seq = {seq}")).scalar_one()
    connection.execute(text(f"UPDATE audit SET {name} = :value WHERE seq = :seq"), {"value": value, "seq": seq})
    return seq if before != value else None


def remove(connection: Connection, seq: int, close_gap: bool) -> int | None:
    connection.execute(text(f"DELETE FROM audit WHERE seq = {seq}"))
    if close_gap:
        for later in range(seq + 1, ROWS + 1):
            connection.execute(text(f"UPDATE audit SET seq = {later - 1} WHERE seq = {later}"))
    return seq if seq < ROWS else None  # the end cut off is what a noted head is for


def add(connection: Connection, seq: int, copy_of: int) -> int:
    for later in range(ROWS, seq - 1, -1):
        connection.execute(text(f"UPDATE audit SET seq = {later + 1} WHERE seq = {later}"))
    source = copy_of + 1 if copy_of >= seq else copy_of
    columns = "at, actor, role, purpose, action, subject, outcome, detail, previous, hash"
    connection.execute(text(f"INSERT INTO audit SELECT {seq}, {columns} FROM audit WHERE seq = {source}"))
    return seq + 1 if seq == copy_of else seq  # a row before itself: the second of the two is out of place


def swap(connection: Connection, first: int, second: int) -> int | None:
    for old, new in ((first, 1000), (second, first), (1000, second)):
        connection.execute(text(f"UPDATE audit SET seq = {new} WHERE seq = {old}"))
    return min(first, second) if first != second else None


seqs = st.integers(1, ROWS)
tampering = st.one_of(
    st.tuples(st.just(edit), seqs, st.sampled_from(FIELDS), st.text("ab019:{}-", max_size=6)),
    st.tuples(st.just(remove), seqs, st.booleans()),
    st.tuples(st.just(add), seqs, seqs),
    st.tuples(st.just(swap), seqs, seqs),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(step=tampering)
def test_tampering_is_seen_at_the_first_row_touched(chain: Path, tmp_path: Path, step: tuple[object, ...]) -> None:
    path = tmp_path / "desk.db"
    for old in tmp_path.glob("desk.db*"):
        old.unlink()
    shutil.copy(chain, path)
    desk = open_desk(path)
    with desk.begin() as connection:
        expected = step[0](connection, *step[1:])  # type: ignore[operator]
    found = AuditLog(desk).verify(page=5)
    desk.close()
    assert found.bad_seq == expected
