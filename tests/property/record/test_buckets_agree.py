"""Do the engine and the language put a person into the same bucket, alone or with many?"""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.lake.engine import connect
from washhouse.record.buckets import bucket_column_of, bucket_of, bucket_sql


@settings(max_examples=30)
@given(st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), min_size=1, max_size=20), st.integers(1, 4096))
def test_the_same_bucket_everywhere(people, buckets):
    con = connect(threads=1)
    rows = con.execute(
        f"SELECT {bucket_sql('unnest')} FROM unnest($people)", {"people": people, "buckets": buckets}
    ).fetchall()
    assert [bucket for (bucket,) in rows] == [bucket_of(person, buckets) for person in people]
    assert bucket_column_of(pa.chunked_array([people]), buckets).to_pylist() == [bucket for (bucket,) in rows]
    assert all(0 <= bucket < buckets for (bucket,) in rows)
