"""Who counts as one person, for the purpose that somebody asks for, and where do that person's rows lie?"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.views import View
from washhouse.governance.grants import Purpose
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.buckets import bucket_column_of, bucket_of
from washhouse.record.tables import PERSON_VIEW

VIEW_OF: dict[Purpose, View] = {
    Purpose.DIRECT_CARE: View.STRICT,
    Purpose.SUPERVISION: View.STRICT,
    Purpose.STEWARDSHIP: View.STRICT,
    Purpose.OPERATIONS: View.STRICT,
    Purpose.OWN_RECORD: View.STRICT,
    Purpose.PLANNING: View.BALANCED,
    Purpose.RESEARCH: View.LENIENT,
}
"""The view of people that each purpose is served by."""


def read_view(store: Lake, version: Version, view: View, bucket: int | None = None) -> pa.Table:
    """Return the people who are one with others in a view.

    Args:
        store: The record's tables.
        version: The version; one from before there were views has none.
        view: The view. In the strict one, which the record is keyed by, nobody is.
        bucket: Only this bucket's.

    Returns:
        Rows of `record.person_view`.
    """
    if PERSON_VIEW.name not in version.tables:
        return arrow_schema(PERSON_VIEW).empty_table()
    rows = store.read(PERSON_VIEW, version.tables[PERSON_VIEW.name], bucket=bucket)
    return rows.filter(pc.equal(rows.column("view"), view.value))


def bucket_finder(store: Lake, version: Version) -> Callable[[str], int]:
    """Return what tells the bucket of a person's rows in a version."""
    number = version.tables.get(PERSON_VIEW.name)
    bears = {} if number is None else _bears(store, number)
    return lambda person_id: bucket_of(bears.get(person_id, person_id), version.buckets)


def bucket_column(store: Lake, version: Version, person_ids: pa.ChunkedArray) -> pa.Array:
    """The bucket of each of many people's rows in a version, int32."""
    found = bucket_column_of(person_ids, version.buckets)
    number = version.tables.get(PERSON_VIEW.name)
    bears = {} if number is None else _bears(store, number)
    if bears:
        places = pc.index_in(person_ids, pa.array(bears, pa.string())).combine_chunks()
        others = bucket_column_of(pa.chunked_array([pa.array(bears.values(), pa.string())]), version.buckets)
        found = pc.coalesce(others.take(places), found)
    return found


@lru_cache(maxsize=2)
def _bears(store: Lake, number: int) -> dict[str, str]:
    """The id that people bear in the lenient view, where it is another's."""
    rows = store.read(PERSON_VIEW, number, columns=["view", "person_id", "view_id"])
    other = pc.not_equal(rows.column("view_id"), rows.column("person_id"))
    rows = rows.filter(pc.and_(other, pc.equal(rows.column("view"), View.LENIENT.value)))
    return dict(zip(rows.column("person_id").to_pylist(), rows.column("view_id").to_pylist(), strict=True))
