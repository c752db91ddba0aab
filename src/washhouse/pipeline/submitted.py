"""What was submitted of each table by each batch? Found out once, as the batch is landed, and kept.

A batch's own is kept beside its rows (`part.<source>`), and that of all batches of a version in one table
(`submitted`), so that a day need not open a file for every batch that ever came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from washhouse.sources.stack import parts_of
from washhouse.sources.submissions import PART_COLUMNS

TOGETHER = "submitted"
"""Name of the vault's table of all batches of a version."""

_KINDS = {"_submitted_at": pa.timestamp("us"), **dict.fromkeys(("_as_of", "_period_start", "_period_end"), pa.date32())}
_PARTS = pa.schema([("table", pa.string()), *((name, _KINDS.get(name, pa.string())) for name in PART_COLUMNS)])
_TOGETHER = pa.schema([("source", pa.string()), ("generation", pa.string()), *_PARTS])

Parts = Mapping[str, Iterable[tuple[Any, ...]]]
"""What `PART_COLUMNS` say in a batch's rows, each once, by table."""


def own_table(source: str) -> str:
    """Name of the vault's table of what a source's batches hold, a generation a batch."""
    return f"part.{source}"


class Submitted:
    """What was submitted in a batch, found out while its rows go by."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[tuple[Any, ...], None]] = {}

    def add(self, table: str, rows: pa.Table) -> None:
        """Take some typed rows of a table."""
        self._parts.setdefault(table, {}).update(dict.fromkeys(parts_of(rows)))

    def forget(self, table: str) -> None:
        """Rows of a table that were taken do not count, as its file was refused or is read again."""
        self._parts.pop(table, None)

    def rows(self) -> pa.Table:
        """One row per table, file and submission."""
        return pa.Table.from_pylist(_told(self._parts), schema=_PARTS)


def read_parts(rows: pa.Table) -> dict[str, list[tuple[Any, ...]]]:
    """What was submitted in a batch, by table, from `Submitted.rows`."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows.to_pylist():
        found.setdefault(row["table"], []).append(tuple(row[name] for name in PART_COLUMNS))
    return found


def gather(batches: Mapping[tuple[str, str], Parts]) -> pa.Table:
    """Put together what was submitted in several batches, each named by source and generation, in order."""
    rows = [
        {"source": source, "generation": generation, **row}
        for (source, generation), parts in sorted(batches.items())
        for row in _told(parts)
    ]
    return pa.Table.from_pylist(rows, schema=_TOGETHER)


def read_together(rows: pa.Table) -> dict[tuple[str, str], dict[str, list[tuple[Any, ...]]]]:
    """What was submitted in each batch, by source and generation, from `gather`."""
    found: dict[tuple[str, str], dict[str, list[tuple[Any, ...]]]] = {}
    for row in rows.to_pylist():
        parts = found.setdefault((row["source"], row["generation"]), {})
        parts.setdefault(row["table"], []).append(tuple(row[name] for name in PART_COLUMNS))
    return found


def _told(parts: Parts) -> list[dict[str, Any]]:
    return [
        {"table": table, **dict(zip(PART_COLUMNS, part, strict=True))}
        for table, held in sorted(parts.items())
        for part in sorted(held, key=repr)
    ]
