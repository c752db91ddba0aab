"""A Parquet file is judged by the rules of delimited text."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec
from washhouse.sources.reader import read_batch
from washhouse.sources.result import ReadResult

SPEC = SourceSpec(
    "clinic",
    "Clinic",
    (
        TableSpec(
            "visits",
            (
                ColumnSpec("visit", key=True, required=True),
                ColumnSpec("nhs_number", "nhs_number", personal=True),
                ColumnSpec("day", "date"),
                ColumnSpec("at", "datetime"),
                ColumnSpec("kind", "code", allowed=("01", "02"), pad=2),
                ColumnSpec("done", "flag"),
                ColumnSpec("minutes", "int"),
            ),
            ("visit",),
        ),
    ),
)


def packed(columns: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def read(data: bytes) -> ReadResult:
    [result] = read_batch(SPEC, {"visits.parquet": data}, "2025-07-01").files.values()
    return result


def test_values_of_every_type_are_read() -> None:
    result = read(
        packed(
            {
                "Visit": pa.array(["v1", "v2"]).dictionary_encode(),
                "NHS number": pa.array([9990001073, None], pa.int64()),
                "day": pa.array([date(2025, 6, 1), None]),
                "at": pa.array([datetime(2025, 6, 1, 9, 30), None], pa.timestamp("us", "UTC")),
                "kind": pa.array([1.0, 2.0]),
                "done": pa.array([True, False]),
                "minutes": pa.array([30, None], pa.int16()),
            }
        )
    )
    assert result.rows.to_pylist() == [
        {
            **{"visit": "v1", "nhs_number": "9990001073", "day": date(2025, 6, 1), "at": datetime(2025, 6, 1, 10, 30)},
            **{"kind": "01", "done": True, "minutes": 30, "_row": 1},
        },
        {
            **{"visit": "v2", "nhs_number": None, "day": None, "at": None},
            **{"kind": "02", "done": False, "minutes": None, "_row": 2},
        },
    ]
    assert (result.lines, result.accepted, result.encoding) == (2, 2, "parquet")
    assert set(result.issues.column("rule").to_pylist()) == {"leading-zeros-lost"}


def test_rows_are_set_aside_and_counted() -> None:
    days = ["2025-06-01", "2025-06-31", "2025-08-01", "2025-06-01", ""]
    result = read(packed({"visit": ["v1", "v2", "v3", "v1", ""], "day": days}))
    assert (result.lines, result.accepted, result.quarantined, result.duplicates) == (4, 1, 2, 1)
    rules = [(row["row"], row["rule"]) for row in result.issues.to_pylist()]
    assert rules == [(2, "impossible-date"), (3, "future-date"), (4, "duplicate-row")]
    assert result.set_aside.column("raw").to_pylist() == ["v2,2025-06-31", "v3,2025-08-01"]


@pytest.mark.parametrize(
    ("data", "rule", "lines"),
    [
        (packed({"visit": ["v1"]})[:-20], "truncated-file", 0),
        (packed({"day": ["2025-06-01"]}), "missing-key-column", 1),
        (packed({"visit": ["v1"], "list": [[1, 2]]}), "unreadable-file", 1),
    ],
)
def test_files_that_are_refused(data: bytes, rule: str, lines: int) -> None:
    result = read(data)
    assert result.rejected
    assert (result.issues.column("rule").to_pylist(), result.lines, result.quarantined) == ([rule], lines, lines)
