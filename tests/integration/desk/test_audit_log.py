"""The audit on both engines: chained, refused edits, whole under concurrency, tampering found where it is."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import HomeError
from washhouse.desk.audit_log import GENESIS, AuditLog, Entry, chain_hash
from washhouse.desk.database import Desk

ENTRY = Entry("2026-07-01T09:00:00.000000Z", "CP1", "clinician", "direct-care", "read-person", "a" * 32, "allow", "{}")


@pytest.fixture
def log(desk: Desk) -> AuditLog:
    log = AuditLog(desk)
    assert log.append([ENTRY] * 4) == 4
    assert log.append([ENTRY] * 6) == 10
    return log


def tamper(desk: Desk, *statements: str) -> None:
    """What an administrator of the database can do: remove the triggers, then edit."""
    triggers = ["audit_update", "audit_delete", "audit_replace"]
    if desk.engine.dialect.name == "postgresql":
        triggers = ["audit_rows", "audit_truncate"]
    on = " ON audit" if desk.engine.dialect.name == "postgresql" else ""
    with desk.begin() as connection:
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger}{on}"))
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_is_whole(log: AuditLog) -> None:
    found = log.verify(page=3)
    assert (found.rows, found.bad_seq, found.problem) == (10, None, "")
    assert found.head == f"10:{log.hash_at(10)}"


def test_an_empty_chain_is_whole(desk: Desk) -> None:
    assert AuditLog(desk).verify().head == f"0:{GENESIS}"
    assert AuditLog(desk).append([]) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'x' WHERE seq = 3",
        "UPDATE audit SET actor = actor",
        "DELETE FROM audit WHERE seq = 10",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT * FROM audit WHERE seq = 3",
    ],
)
def test_rows_are_never_changed_or_removed(desk: Desk, log: AuditLog, statement: str) -> None:
    with pytest.raises(SQLAlchemyError), desk.begin() as connection:
        connection.execute(text(statement))
    assert log.verify().rows == 10


def test_rows_are_not_truncated_or_replaced(desk: Desk, log: AuditLog) -> None:
    statement = "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3"
    if desk.engine.dialect.name == "postgresql":
        statement = "TRUNCATE audit"
    with pytest.raises(SQLAlchemyError), desk.begin() as connection:
        connection.execute(text(statement))
    assert log.verify().rows == 10


@pytest.mark.parametrize(
    ("statements", "bad_seq"),
    [
        (["UPDATE audit SET actor = 'CP2' WHERE seq = 7"], 7),
        (["UPDATE audit SET subject = NULL WHERE seq = 1"], 1),
        (["UPDATE audit SET hash = previous WHERE seq = 10"], 10),
        (["DELETE FROM audit WHERE seq = 4"], 4),
        (["DELETE FROM audit WHERE seq <= 2"], 1),
        (["DELETE FROM audit WHERE seq = 4", "UPDATE audit SET seq = seq - 1 WHERE seq > 4 AND seq < 10"], 4),
        (["UPDATE audit SET seq = 100 WHERE seq = 5", "UPDATE audit SET seq = 5 WHERE seq = 6",
          "UPDATE audit SET seq = 6 WHERE seq = 100"], 5),
        (["UPDATE audit SET seq = 0 WHERE seq = 1"], 0),
    ],
)  # fmt: skip
def test_tampering_is_found_at_the_first_bad_row(
    desk: Desk, log: AuditLog, statements: list[str], bad_seq: int
) -> None:
    tamper(desk, *statements)
    for page in (3, 20_000):
        found = log.verify(page)
        assert found.bad_seq == bad_seq and found.problem


def test_a_row_inserted_with_a_right_hash_of_its_own_breaks_the_next(desk: Desk, log: AuditLog) -> None:
    fields = (7, ENTRY.at, "CP9", ENTRY.role, ENTRY.purpose, ENTRY.action, None, "allow", "{}", log.hash_at(6))
    tamper(desk, f"UPDATE audit SET actor = 'CP9', subject = NULL, hash = '{chain_hash(fields)}' WHERE seq = 7")
    assert log.verify().bad_seq == 8


def test_rows_cut_off_the_end_show_against_a_noted_head(desk: Desk, log: AuditLog) -> None:
    head = log.verify().head
    tamper(desk, "DELETE FROM audit WHERE seq > 8")
    found = log.verify()
    assert found.bad_seq is None, "the chain alone cannot show that its end is gone"
    assert log.hash_at(int(head.split(":")[0])) is None


def test_many_threads_write_one_whole_chain(desk: Desk) -> None:
    log = AuditLog(desk)
    seqs: list[int] = []

    def write() -> None:
        for _ in range(10):
            seqs.append(log.append([ENTRY] * 3))

    threads = [threading.Thread(target=write) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seqs) == list(range(3, 361, 3))
    assert log.verify().rows == 360


def test_several_processes_write_one_whole_chain(desk: Desk, desk_url: str) -> None:
    script = (
        "import sys; from washhouse.desk.audit_log import AuditLog, Entry\n"
        "from washhouse.desk.database import open_desk\n"
        "log = AuditLog(open_desk(sys.argv[1]))\n"
        "for n in range(25): log.append([Entry('2026-07-01T09:00:00.000000Z', 'p', 'r', 'p', 'a', None, 'deny', '{}')])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, desk_url]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    found = AuditLog(desk).verify()
    assert (found.rows, found.bad_seq) == (75, None)


def test_nothing_is_half_written(desk: Desk) -> None:
    log = AuditLog(desk)
    bad = Entry(**{**vars(ENTRY), "outcome": "perhaps"})
    with pytest.raises(HomeError) as caught:
        log.append([ENTRY, bad])
    assert caught.value.code == "audit-unwritable"
    assert log.append([ENTRY]) == 1
    assert log.verify().rows == 1


def test_a_row_is_committed_before_append_returns(desk: Desk, desk_url: str) -> None:
    AuditLog(desk).append([ENTRY])
    script = (
        "import sys; from washhouse.desk.audit_log import AuditLog; from washhouse.desk.database import open_desk\n"
        "print(AuditLog(open_desk(sys.argv[1])).verify().rows)"
    )
    seen = subprocess.run([sys.executable, "-c", script, desk_url], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "1"
