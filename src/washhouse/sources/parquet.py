"""What would a Parquet file say as delimited text? So that one set of rules judges both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.sources.content import Content, head_of
from washhouse.sources.records import Chunk, is_too_long, null_missing
from washhouse.sources.rules import RejectedFileError

_MAGIC = b"PAR1"
_RECORDS = 100_000


def is_parquet(content: Content) -> bool:
    """Whether a file's first bytes say that it is Parquet."""
    return head_of(content, 4) == _MAGIC


def parquet_columns(content: Content) -> list[str]:
    """Return the names of a file's columns.

    Raises:
        RejectedFileError: The file is cut or damaged, or holds nothing.
    """
    names = [str(name) for name in _open(content).schema_arrow.names]
    if not names:
        raise RejectedFileError("empty-file")
    return names


def count_rows(content: Content) -> int:
    """Return how many rows a file says that it has; 0 where it is too damaged to say."""
    try:
        return int(_open(content).metadata.num_rows)
    except RejectedFileError:
        return 0


def read_parquet(content: Content) -> Iterator[Chunk]:
    """Yield the rows of a file, every value as text.

    Raises:
        RejectedFileError: The file is damaged, a column holds lists or records, or a text is no UTF-8.
    """
    first = 1
    try:
        for batch in _open(content).iter_batches(_RECORDS):
            check_text(batch)
            columns = [null_missing(as_text(column)) for column in batch.columns]
            if any(map(is_too_long, columns)):
                raise RejectedFileError("unreadable-file", detail="a field is too long to be a value")
            yield Chunk(columns, np.arange(first, first + batch.num_rows, dtype=np.int64))
            first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise RejectedFileError("truncated-file", detail="its pages cannot be read") from error


def check_text(batch: pa.RecordBatch) -> None:
    """Raise unless every text of some rows is UTF-8: Parquet says so, and does not see to it.

    Raises:
        RejectedFileError: Some text is not.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        raise RejectedFileError("unreadable-file", detail="a text in it is no UTF-8") from None


def as_text(column: pa.Array) -> pa.StringArray:
    """Return a column's values as a CSV file would hold them; a moment with a zone ends in Z.

    Raises:
        RejectedFileError: The column holds lists or records.

    >>> as_text(pa.array([1.0, None])).to_pylist(), as_text(pa.array([True])).to_pylist()
    (['1', None], ['true'])
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        raise RejectedFileError("unreadable-file", detail="a column holds lists or records, which no table has")
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array(
            [None if one is None else one.decode("utf-8", "replace") for one in column.to_pylist()], pa.string()
        )
    return pc.cast(column, pa.string())


def _open(content: Content) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(pa.BufferReader(content) if isinstance(content, bytes) else pa.PythonFile(content, "r"))
    except (pa.ArrowException, OSError) as error:
        raise RejectedFileError("truncated-file", detail="its list of columns cannot be read") from error
