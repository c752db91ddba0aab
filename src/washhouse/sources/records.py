"""Which records does the text of a file hold, and which of them have the wrong number of fields?

Two tokenisers that agree: Arrow's, fast, for files whose records all have the header's width, and Python's for the
rest. A record that starts behind the end of the file (the probe) shows whether a quote was left open.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from washhouse.sources.content import BLOCK_BYTES, LARGE_BYTES, Content, Stream, blocks_of, head_of
from washhouse.sources.encoding import Decoded
from washhouse.sources.header import Header
from washhouse.sources.rules import RejectedFileError

MISSING = ("", "NULL", "null", "\\N")
"""Fields that stand for nothing."""
LONGEST_FIELD = 131_072
"""Characters of the longest field; what is longer is a quote left open, not a value."""

_BLOCK = 1 << 24
_RECORDS = 100_000
_PROBE = "\x02washhouse\x03"
_BLANKS = " \t\x1a\x00"


@dataclass(frozen=True)
class Chunk:
    """Consecutive records of a file.

    Attributes:
        columns: One text column per field of the header; what stands for nothing is null.
        rows: Record numbers of the rows, the first after the header being 1, shape (rows,).
        ragged: Number and fields of the records of another width.
    """

    columns: list[pa.StringArray]
    rows: npt.NDArray[np.int64]
    ragged: list[tuple[int, list[str]]] = field(default_factory=list)


class RaggedError(Exception):
    """Arrow's tokeniser met a record that Python's must judge."""


def read_fast(decoded: Decoded, header: Header) -> Iterator[Chunk]:
    """Yield the records of a file whose records all have the header's width, in bounded memory.

    Raises:
        RaggedError: Some record has another width, or is longer than a block: use `read_exact`.
        RejectedFileError: The file ends inside quotes.
    """
    names = [f"c{position}" for position in range(header.width)]
    quoted = decoded.last_quote >= header.body
    if header.body >= decoded.length:
        return
    pieces = chain(decoded.pieces(header.body), [_probe(header).encode()] if quoted else [])
    is_large = decoded.length >= LARGE_BYTES
    source = pa.PythonFile(Stream(pieces), "r") if is_large else pa.BufferReader(b"".join(pieces))
    probed = False
    first = 1
    try:
        for batch in _open(source, names, header.delimiter, quoted):
            columns = batch.columns
            if quoted and batch.num_rows and columns[0][-1].as_py() == _PROBE:
                probed = True
                columns = [column.slice(0, batch.num_rows - 1) for column in columns]
            rows = len(columns[0])
            if any(map(is_too_long, columns)):
                raise RejectedFileError("unreadable-file", detail="a field is too long to be a value")
            yield Chunk(columns, np.arange(first, first + rows, dtype=np.int64))
            first += rows
    except pa.ArrowInvalid as error:
        raise RaggedError from error
    if quoted and not probed:
        raise RejectedFileError("truncated-file", detail="it ends inside quotes")


def _open(source: pa.NativeFile, names: list[str], delimiter: str, quoted: bool) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        source,
        read_options=pa_csv.ReadOptions(column_names=names, block_size=_BLOCK),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            null_values=list(MISSING),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            check_utf8=False,
        ),
    )


def _probe(header: Header) -> str:
    return "\n" + _PROBE + header.delimiter * (header.width - 1) + "\n"


def read_exact(decoded: Decoded, header: Header) -> Iterator[Chunk]:
    """Yield the records of any file, those of the wrong width apart.

    Raises:
        RejectedFileError: The file breaks off in its last record, or a field has no end.
    """
    records = _records(decoded, header)
    first = 1
    try:
        while taken := list(islice(records, _RECORDS)):
            chunk = _chunk(taken, first, header.width)
            first += len(taken)
            yield chunk
    except csv.Error as error:
        raise RejectedFileError("unreadable-file", detail="a field is too long to be a value") from error


def _records(decoded: Decoded, header: Header) -> Iterator[list[str]]:
    """Yield every record that is not an empty line, and check that the last one is whole."""
    body = io.BufferedReader(Stream(decoded.pieces(header.body)), BLOCK_BYTES)
    text = io.TextIOWrapper(body, encoding="utf-8", errors="replace", newline="")
    last: list[str] = []
    for record in csv.reader(_lines(text, header), delimiter=header.delimiter):
        if not record:
            continue
        if record[0] == _PROBE:
            break
        if last:
            yield last
        last = record
    else:
        raise RejectedFileError("truncated-file", detail="it ends inside quotes")
    if last and len(last) < header.width and not is_blank(last) and not decoded.is_ended:
        raise RejectedFileError("truncated-file", detail="its last record lacks fields and has no line end")
    if last:
        yield last


def _lines(text: Iterable[str], header: Header) -> Iterator[str]:
    return chain(text, _probe(header).splitlines(keepends=True))


def _chunk(records: list[list[str]], first: int, width: int) -> Chunk:
    good = [(row, record) for row, record in enumerate(records, first) if len(record) == width]
    ragged = [(row, record) for row, record in enumerate(records, first) if len(record) != width]
    fields: Iterable[tuple[str, ...]] = zip(*(record for _, record in good), strict=True)
    columns = [null_missing(pa.array(values, pa.string())) for values in fields]
    columns = columns or [pa.array([], pa.string()) for _ in range(width)]
    return Chunk(columns, np.array([row for row, _ in good], dtype=np.int64), ragged)


def is_too_long(column: pa.StringArray) -> bool:
    """Whether some text has more than `LONGEST_FIELD` characters; none has more than it has bytes."""
    bytes_ = pc.max(pc.binary_length(column)).as_py() or 0
    return bytes_ > LONGEST_FIELD and pc.max(pc.utf8_length(column)).as_py() > LONGEST_FIELD


def null_missing(column: pa.StringArray) -> pa.StringArray:
    """Return a column of texts in which what stands for nothing is null."""
    missing = pc.is_in(column, value_set=pa.array(MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), column)


def first_bytes(path: Path, most: int | None) -> tuple[bytes, bool]:
    """Read a file, or whole records from its beginning.

    Args:
        path: The file.
        most: Bytes to read at most; None for all. Parquet and what is packed are read whole.

    Returns:
        The bytes, and whether they are not all.
    """
    with path.open("rb") as file:
        if most is None or path.stat().st_size <= most or file.read(4)[:2] in (b"PA", b"PK", b"\x1f\x8b"):
            file.seek(0)
            return file.read(), False
        file.seek(0)
        data = file.read(most)
    wide = b"\0" in data[:4]
    end = len(data) & ~1 if wide else data.rfind(b"\n") + 1
    while not wide and end > 0 and data.count(b'"', 0, end) % 2:
        end = data.rfind(b"\n", 0, end - 1) + 1
    return data[: end or len(data)], True


def write_records(columns: Sequence[pa.Array], delimiter: str) -> pa.Array:
    """Return records as text again, one per row: quoted where that is needed, nothing where nothing stood.

    Args:
        columns: Text columns of one length.
        delimiter: What splits fields.
    """
    needed = f'["\r\n{re.escape(delimiter)}]'
    written = []
    for column in columns:
        text = pc.fill_null(column, "")
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
        written.append(pc.if_else(pc.match_substring_regex(text, needed), quoted, text))
    return pc.binary_join_element_wise(*written, delimiter)


def is_blank(fields: Iterable[str]) -> bool:
    """Whether a record holds nothing: what spreadsheets leave behind the last row.

    >>> is_blank(["", " "]), is_blank(["", "0"])
    (True, False)
    """
    return all(not value.strip(_BLANKS) for value in fields)


def count_records(content: Content) -> int:
    """Return how many records follow the first in a file that is not read any further."""
    is_wide = head_of(content, 2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    body = io.BufferedReader(Stream(blocks_of(content)), BLOCK_BYTES)
    text = io.TextIOWrapper(body, encoding="utf-16" if is_wide else "utf-8-sig", errors="replace", newline="")
    try:
        count = sum(not is_blank(record) for record in csv.reader(text))
    except csv.Error:
        count = sum(1 for _ in io.TextIOWrapper(io.BufferedReader(Stream(blocks_of(content))), encoding="latin-1"))
    return max(count - 1, 0)
