"""Faults planted into a copy of an inbox, through a whole run: exactly the planted rows are told of and differ."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.home import Home
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import BATCH, EVENT, QUARANTINE

CONTACTS, OF = "MHS201CareContact.csv", "mental_health"
IMPOSSIBLE, UNKNOWN, CUT = 2, 3, 5
"""Rows of the contacts, the first after the header being 1."""


def read(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def plant(file: Path) -> None:
    """An impossible date, an unknown code, a row cut short and one repeated, in Windows' own encoding and bars."""
    lines = read(file)
    header = lines[0]
    assert len(lines) > CUT + 1 and not any("|" in field for line in lines for field in line)
    lines[IMPOSSIBLE][header.index("CareContDate")] = "2026-02-31"
    lines[UNKNOWN][header.index("AttendStatus")] = "9"
    lines[CUT] = lines[CUT][:-1]
    lines.append(lines[1])
    file.write_bytes("\r\n".join("|".join(line) for line in lines).encode("cp1252") + b"\r\n")


@pytest.fixture(scope="module")
def planted(
    stage: Any, run_apart: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, int]:
    """A home made from the early inbox with faults, and how many contacts were sent before they were planted."""
    root = tmp_path_factory.mktemp("planted")
    inbox = shutil.copytree(stage.early, root / "inbox")
    (file,) = (inbox / OF).glob(f"*/{CONTACTS}")
    sent = len(read(file)) - 1
    plant(file)
    home = Home(root / "home")
    assert run_apart(home, inbox, stage.key_file)["status"] == 0
    return home, sent


def rows(home: Home, table: Any) -> pa.Table:
    version = read_current(home)
    assert version is not None
    return Lake(home.lake).read(table, version.tables[table.name])


def reasons(home: Home) -> set[tuple[Any, ...]]:
    columns = ("source", "file", "row", "column", "rule", "severity")
    table = rows(home, QUARANTINE)
    return set(zip(*(table[name].to_pylist() for name in columns), strict=True))


def test_the_steward_is_told_of_exactly_the_planted_rows(stage: Any, planted: tuple[Home, int]) -> None:
    home, sent = planted
    assert reasons(stage.first) <= reasons(home)
    assert reasons(home) - reasons(stage.first) == {
        (OF, CONTACTS, IMPOSSIBLE, "CareContDate", "impossible-date", "quarantine"),
        (OF, CONTACTS, UNKNOWN, "AttendStatus", "unknown-code", "warning"),
        (OF, CONTACTS, CUT, None, "wrong-field-count", "quarantine"),
        (OF, CONTACTS, sent + 1, None, "duplicate-row", "duplicate"),
    }


def test_lines_in_are_lines_accounted_for(stage: Any, planted: tuple[Home, int]) -> None:
    home, sent = planted
    (file,) = (row for row in rows(home, BATCH).to_pylist() if row["file"] == CONTACTS)
    assert (file["lines"], file["quarantined"], file["duplicates"]) == (sent + 1, 2, 1)
    assert file["lines"] == file["accepted"] + file["quarantined"] + file["duplicates"] + file["opted_out"]


def test_the_record_lacks_what_was_set_aside_and_nothing_else(stage: Any, planted: tuple[Home, int]) -> None:
    columns = [column.name for column in EVENT.columns if column.name not in ("recorded_at", "superseded_at")]

    def things(home: Home) -> set[tuple[Any, ...]]:
        table = rows(home, EVENT).select(columns)
        return {tuple(row.values()) for row in table.to_pylist()}

    home, _ = planted
    before, after = things(stage.first), things(home)
    at = columns.index("source_row"), columns.index("source_file")
    gone = {(row[at[0]], Path(str(row[at[1]])).name) for row in before - after}
    come = {(row[at[0]], Path(str(row[at[1]])).name) for row in after - before}
    assert gone == {(IMPOSSIBLE, CONTACTS), (UNKNOWN, CONTACTS), (CUT, CONTACTS)}
    assert come == {(UNKNOWN, CONTACTS)}, "an unknown code is kept as it was sent"
