"""In which bucket do a person's rows lie?

A bucket is a stored column computed from the bytes of an id, never from an engine's own hash, so that every engine and
every version agrees. The id is the one that the person bears in the lenient view, so that whoever is one person in any
view lies in one bucket; nearly always it is the person's own. Loops, files and single-person reads all go by bucket.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PREFIX_HEX_DIGITS = 8
"""Leading hex digits of `person_id` that decide the bucket."""


def bucket_of(person_id: str, buckets: int) -> int:
    """The bucket of a person's rows.

    Args:
        person_id: Id that the person bears in the lenient view, 32 hex digits.
        buckets: Number of buckets, 1 to 4096.

    Returns:
        0 to `buckets - 1`.

    >>> bucket_of("0000000aff00ff00ff00ff00ff00ff00", 4)
    2
    """
    return int(person_id[:PREFIX_HEX_DIGITS], 16) % buckets


def bucket_column_of(person_ids: pa.ChunkedArray, buckets: int) -> pa.Array:
    """`bucket_of` of many people.

    Args:
        person_ids: Ids, none null.
        buckets: Number of buckets, 1 to 4096.

    Returns:
        int32, as many.

    >>> bucket_column_of(pa.chunked_array([["0000000aff00ff00ff00ff00ff00ff00"]]), 4).to_pylist()
    [2]
    """
    prefixes = pc.utf8_slice_codeunits(person_ids, 0, PREFIX_HEX_DIGITS).to_numpy(zero_copy_only=False)
    digits = prefixes.astype(f"S{PREFIX_HEX_DIGITS}").view(np.uint8).reshape(-1, PREFIX_HEX_DIGITS).astype(np.int64)
    values = np.where(digits >= ord("a"), digits - ord("a") + 10, digits - ord("0"))
    numbers = values @ (16 ** np.arange(PREFIX_HEX_DIGITS - 1, -1, -1, dtype=np.int64))
    return pa.array((numbers % buckets).astype(np.int32))


def bucket_sql(column: str) -> str:
    """`bucket_of` as a SQL expression; the number of buckets is bound to `$buckets`.

    >>> bucket_sql("m.person_id")
    "CAST(CAST('0x' || left(m.person_id, 8) AS BIGINT) % $buckets AS INTEGER)"
    """
    return f"CAST(CAST('0x' || left({column}, {PREFIX_HEX_DIGITS}) AS BIGINT) % $buckets AS INTEGER)"
