"""Small buckets of invented people, as `record.export.people` hands them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from washhouse.record.export.people import Bucket

PEOPLE = {
    "subject_id": pa.int64(),
    "birth_year": pa.int32(),
    "sex": pa.string(),
    "ethnic_category": pa.string(),
    "deprivation_decile": pa.int32(),
    "practice": pa.int64(),
    "death_date": pa.date32(),
}
EVENTS = {
    "subject_id": pa.int64(),
    "time": pa.timestamp("us"),
    "end_time": pa.timestamp("us"),
    "recorded_at": pa.timestamp("us"),
    "code": pa.string(),
    "numeric_value": pa.float64(),
    "unit": pa.string(),
    "text_value": pa.string(),
    "ref": pa.int64(),
    "parent_ref": pa.int64(),
    "practice": pa.int64(),
    "team": pa.int64(),
    "worker": pa.int64(),
}


def table(columns: dict[str, pa.DataType], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()})


@pytest.fixture
def make_bucket() -> Callable[[list[dict[str, Any]], list[dict[str, Any]]], Bucket]:
    return lambda people, events: Bucket(table(PEOPLE, people), table(EVENTS, events))
