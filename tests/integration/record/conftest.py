"""A small invented city, read, with every source record a person of its own or linked by number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from washhouse.lake.engine import Engine, LocalEngine, Resources, connect
from washhouse.lake.store import Lake
from washhouse.record.build import build
from washhouse.record.staging import Workers
from washhouse.record.tables import EVENT
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import Sent, read_identities
from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS
from washhouse.sources.submissions import PART_COLUMNS, Submission, submission_of
from washhouse.synthetic.city import make_city

SECRET = "5e" * 32


@dataclass
class City:
    """Typed rows by source and table, a table per batch, and the identities of all."""

    typed: dict[tuple[str, str], list[pa.Table]]
    identities: pa.Table
    membership: pa.Table

    def rows(self, until: datetime | None = None):
        """What was submitted by a moment, as `build` asks for it."""

        def typed(source: str, table: str) -> Iterable[pa.Table] | None:
            known = [
                rows
                for rows in self.typed.get((source, table), [])
                if until is None or not rows.num_rows or rows["_submitted_at"][0].as_py() <= until
            ]
            return known or None

        return typed

    def sent(self, source: str, table: str) -> list[Submission]:
        """All that was submitted of a table."""
        found = [submission_of(row)[0] for rows in self.typed.get((source, table), []) for row in distinct(rows)]
        return list(dict.fromkeys(found))

    def build(
        self,
        folder,
        until: datetime | None = None,
        *,
        buckets: int = 4,
        sent: Sent | None = None,
        engine: Engine | None = None,
        **settings,
    ) -> dict[str, pa.Table]:
        con = connect(spill=folder, **settings)
        workers = Workers(engine, _secret) if engine is not None else None
        built = build(
            con,
            self.rows(until),
            self.membership,
            self.identities,
            buckets=buckets,
            secret=SECRET,
            sent=sent,
            workers=workers,
        )
        lake = Lake(folder.with_name(f"{folder.name}-lake"))
        return {**built.tables, "event": lake.read(EVENT, built.events.write(lake, LocalEngine(Resources(threads=1))))}


def _secret() -> str:
    return SECRET


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> City:
    folder = tmp_path_factory.mktemp("city")
    make_city(1_000, 2, 5, folder)
    typed: defaultdict[tuple[str, str], list[pa.Table]] = defaultdict(list)
    for source, spec in SPECS.items():
        for batch in sorted((folder / "extracts" / source).glob("*")):
            result = read_batch(spec, {file.name: file.read_bytes() for file in batch.iterdir()}, batch.name)
            for table, read in result.tables.items():
                typed[source, table].append(_stamped(read.rows, read.file, result))
    con = connect()
    create_macros(con, SECRET)
    everything = City(typed, pa.table({}), pa.table({}))
    identities = read_identities(con, list(SYSTEMS.values()), everything.rows())
    con.register("identity", identities)
    # Linkage in one line: the NHS number, or the number behind the pseudonym, else a person of its own.
    membership = con.sql(
        """WITH known AS (SELECT pseudo_nhs_number, min(nhs_number) AS nhs_number FROM identity
                          WHERE nhs_number IS NOT NULL AND pseudo_nhs_number IS NOT NULL GROUP BY 1)
           SELECT i.source, i.source_id, CAST(NULL AS TIMESTAMP) AS valid_to,
                  left(sha256(coalesce(i.nhs_number, k.nhs_number, i.source || i.source_id)), 32) AS person_id
           FROM identity AS i LEFT JOIN known AS k USING (pseudo_nhs_number)"""
    ).to_arrow_table()
    return City(typed, identities, membership)


def distinct(rows: pa.Table) -> list[tuple[Any, ...]]:
    """What `PART_COLUMNS` hold in some rows, each once."""
    parts = rows.select(PART_COLUMNS).group_by(list(PART_COLUMNS)).aggregate([])
    return [tuple(row[column] for column in PART_COLUMNS) for row in parts.to_pylist()]


def _stamped(rows: pa.Table, file: str, result) -> pa.Table:
    constants = {
        "_file": pa.scalar(file),
        "_batch": pa.scalar(result.batch),
        "_submitted_at": pa.scalar(result.submitted_at, pa.timestamp("us")),
        "_as_of": pa.scalar(result.as_of, pa.date32()),
        "_period_start": pa.scalar(result.period_start, pa.date32()),
        "_period_end": pa.scalar(result.period_end, pa.date32()),
        "_provider": pa.scalar(result.provider, pa.string()),
        "_kind": pa.scalar(result.kind),
    }
    for name, value in constants.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
    return rows
