"""A declaration written by hand, files written by hand, and what comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from washhouse.sources.declared.bench import bench
from washhouse.sources.declared.read import Declared, read_declaration
from washhouse.sources.mappings.run import read_identities, run_stage
from washhouse.sources.origin import with_origin
from washhouse.sources.reader import read_batch
from washhouse.sources.result import BatchResult

CLINIC = """\
name = "clinic"
title = "Foot clinic"

[tables.visits]
key = ["visit_id"]

[tables.visits.columns]
visit_id = "text"
patient_id = { aliases = ["Client No."] }
nhs_number = "nhs_number"
surname = "text"
born = "date"
sex = "text"
day = "date"
clock = "time"
kind = { codes = ["Home visit", "Clinic"] }
minutes = "int"

[identity]
person = "patient_id"
nhs_number = "nhs_number"
surname = "surname"
birth_date = "born"
sex = "sex"

[[events]]
code = "FOOT_VISIT//{kind}"
time = ["day", "clock"]
value = "minutes"
unit = "min"
ref = "visit_id"
"""
"""Declares a source of one table."""


class Site:
    """One declared source and the batches that it sent."""

    def __init__(self, folder: Path, text: str) -> None:
        path = folder / "declared.toml"
        path.write_text(text, encoding="utf-8")
        self.declared: Declared = read_declaration(path)
        self.tables: dict[str, list[Any]] = {}

    def read(self, batch: str = "2025-07-01", **files: str) -> BatchResult:
        """Read a batch of `table="text"`; its accepted rows are kept."""
        result = read_batch(self.declared.spec, {f"{name}.csv": text.encode() for name, text in files.items()}, batch)
        for name, read in result.tables.items():
            self.tables.setdefault(name, []).append(with_origin(read, result))
        return result

    def events(self, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of all events, in order."""
        found: list[tuple[Any, ...]] = []
        with bench(self.tables, self.declared.spec.name) as (con, typed):
            for stage in self.declared.mapping.events:
                for sql in run_stage(con, self.declared.spec, stage, typed):
                    found += con.execute(f"SELECT {', '.join(columns)} FROM ({sql})").fetchall()
        return sorted(found, key=str)

    def people(self) -> list[dict[str, Any]]:
        """Identities, by the sender's id; fields that are null are left out."""
        with bench(self.tables, self.declared.spec.name) as (con, typed):
            rows = read_identities(con, [(self.declared.spec, self.declared.mapping)], typed).to_pylist()
        return [{name: value for name, value in row.items() if value is not None} for row in rows]


@pytest.fixture
def site(tmp_path: Path):
    """A function that declares a source."""
    return lambda text=CLINIC: Site(tmp_path, text)


@pytest.fixture
def clinic() -> str:
    """A declaration of one table."""
    return CLINIC
