"""Batches written by hand, typed as the reader would type them, and what their mapping makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pytest

from washhouse.lake.engine import connect
from washhouse.sources.mappings.contract import Stage
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import read_identities, read_stage, run_stage

_ARROW = {
    "date": pa.date32(),
    "time": pa.time32("s"),
    "datetime": pa.timestamp("us"),
    "int": pa.int64(),
    "float": pa.float64(),
    "flag": pa.bool_(),
}
_PARSE = {"date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat}


class Sent:
    """What one system sent so far."""

    def __init__(self, source: str) -> None:
        self.spec, self.mapping = SYSTEMS[source]
        self.tables: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self.con = connect(threads=1)
        create_macros(self.con, "00" * 32)

    def batch(
        self,
        name: str,
        tables: dict[str, list[dict[str, Any]]],
        *,
        at: str = "00:00",
        period: tuple[str, str] | None = None,
        provider: str | None = None,
    ) -> Sent:
        """Add a batch; dates and times as ISO text, columns not named are blank."""
        start, end = (date.fromisoformat(day) for day in period) if period else (None, None)
        for table, rows in tables.items():
            columns: dict[str, pa.Array] = {}
            for column in self.spec.table(table).columns:
                parse = _PARSE.get(column.type, lambda value: value)
                values = [None if row.get(column.name) is None else parse(row[column.name]) for row in rows]
                columns[column.name] = pa.array(values, _ARROW.get(column.type, pa.string()))
            unknown = {key for row in rows for key in row} - set(columns)
            assert not unknown, f"not in the contract: {unknown}"
            day = date.fromisoformat(name[:10])
            origin = {
                "_row": pa.array(range(1, len(rows) + 1), pa.int64()),
                "_file": pa.array([f"{table}.csv"] * len(rows), pa.string()),
                "_batch": pa.array([name] * len(rows), pa.string()),
                "_submitted_at": pa.array([datetime.combine(day, time.fromisoformat(at))] * len(rows)),
                "_as_of": pa.array([day] * len(rows), pa.date32()),
                "_period_start": pa.array([start] * len(rows), pa.date32()),
                "_period_end": pa.array([end] * len(rows), pa.date32()),
                "_provider": pa.array([provider] * len(rows), pa.string()),
                "_kind": pa.array(["delta" if name.endswith("-delta") else "full"] * len(rows), pa.string()),
            }
            own = self.spec.period
            if own is not None and own.table == table and not own.header:  # each row says it for itself
                origin["_period_start"] = columns[own.start]
                origin["_period_end"] = columns[own.end]
                origin["_provider"] = columns[own.provider]
            self.tables[table].append(pa.table({**columns, **origin}))
        return self

    def typed(self, source: str, table: str) -> Iterable[pa.Table] | None:
        return self.tables.get(table) if source == self.spec.name else None

    def events(self, *vocabularies: str, columns: str = "code, time") -> list[tuple[Any, ...]]:
        """Events of the vocabularies, in order of time, then of knowing."""
        found: list[tuple[Any, ...]] = []
        for stage in self.mapping.events:
            for sql in run_stage(self.con, self.spec, stage, self.typed):
                query = f"""SELECT time, recorded_at, code, {columns} FROM ({sql})
                            WHERE split_part(code, '//', 1) IN (SELECT unnest($names))"""
                found += self.con.execute(query, {"names": list(vocabularies)}).fetchall()
        found.sort(key=lambda row: (row[0] or datetime.min, row[1], row[2], str(row)))
        return [row[3:] for row in found]

    def rows(self, stage: Stage | None) -> list[dict[str, Any]]:
        assert stage is not None
        return read_stage(self.con, self.spec, stage, self.typed).to_pylist()

    def identities(self) -> list[dict[str, Any]]:
        """Identities; fields that are null are left out."""
        rows = read_identities(self.con, [(self.spec, self.mapping)], self.typed).to_pylist()
        return [{name: value for name, value in row.items() if value is not None} for row in rows]


@pytest.fixture
def sent():
    """A function that starts a system's feed."""
    return Sent
