"""Which part of a file of any size is looked at, and how is the file written?"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from washhouse.core.errors import InputError
from washhouse.sources.digest import digest_rows
from washhouse.sources.encoding import Decoded, decode
from washhouse.sources.header import DELIMITERS, first_record, split_line
from washhouse.sources.parquet import as_text
from washhouse.sources.records import null_missing
from washhouse.sources.rules import RejectedFileError

WHOLE_BYTES = 48 << 20
"""A file up to this size is looked at as a whole."""

_HEAD = 8 << 20
_BLOCK = 1 << 20
_BLOCKS = 32
_TRIED = 200
_LETTER = re.compile(r"[^\W\d_]")
_DATUM = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")


@dataclass(frozen=True)
class Sample:
    """Rows of a file, and how it is written.

    Attributes:
        file: The file's name.
        columns: Texts of each column by its header, in the file's order; what stands for nothing is null.
        rows: Rows looked at that hold something.
        different: How many of them differ.
        total: Rows of the file; an estimate if it was not read whole.
        whole: Whether every row was looked at.
        bytes: Size of the file.
        encoding: `utf-8`, `utf-8-sig`, `utf-16-le`, `utf-16-be`, `cp1252` or `parquet`.
        delimiter: What splits fields; empty for Parquet.
        quoted: Whether some field stands in double quotes.
        skipped: Rows whose number of fields is not the header's.
    """

    file: str
    columns: dict[str, pa.StringArray]
    rows: int
    different: int
    total: int
    whole: bool
    bytes: int
    encoding: str
    delimiter: str
    quoted: bool
    skipped: int


def read_sample(path: Path) -> Sample:
    """Look at a file: all of it up to `WHOLE_BYTES`, else its beginning and blocks from all over it.

    Args:
        path: Delimited text or Parquet.

    Raises:
        InputError: `sample-unreadable`: it cannot be read, or is neither. `sample-without-header`: its first line does
            not look like a header.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            return _parquet(path, size)
        if head[:2] in (b"PK", b"\x1f\x8b"):
            raise _unreadable(path, "it is packed", "Unpack it, and hand over a file of it.")
        return _text(path, size)
    except OSError as error:
        raise _unreadable(path, error.strerror or "the system refuses it") from error
    except RejectedFileError as refused:
        raise _unreadable(path, str(refused)) from refused
    except pa.ArrowException as error:
        raise _unreadable(path, "it is damaged") from error


def _unreadable(path: Path, why: str, hint: str = "Hand over delimited text with a header, or Parquet.") -> InputError:
    return InputError("sample-unreadable", f"{path.name} cannot be looked at: {why.rstrip('.')}.", hint)


def _parquet(path: Path, size: int) -> Sample:
    with pq.ParquetFile(path) as parquet:
        wanted = _spread(parquet.metadata)
        rows = parquet.read_row_groups(wanted)
        total = parquet.metadata.num_rows
    columns = {
        str(name): null_missing(as_text(column.combine_chunks()))
        for name, column in zip(rows.column_names, rows.columns, strict=True)
        if not pa.types.is_nested(column.type)
    }
    if not columns:
        raise RejectedFileError("empty-file")
    whole = rows.num_rows == total
    columns, filled, different = _without_blanks(columns)
    return Sample(path.name, columns, filled, different, total, whole, size, "parquet", "", False, 0)


def _spread(metadata: pq.FileMetaData) -> list[int]:
    """Row groups from all over the file, as many as fit."""
    sizes = [metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)]
    if sum(sizes) <= WHOLE_BYTES or len(sizes) < 2:
        return list(range(len(sizes)))
    step = max(1, round(len(sizes) * sum(sizes) / len(sizes) / WHOLE_BYTES))
    return list(range(0, len(sizes), step))


def _text(path: Path, size: int) -> Sample:
    if size <= WHOLE_BYTES:
        decoded = decode(path.read_bytes())
        parts = [decoded.data]
    else:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            decoded = decode(head[: head.rfind(b"\n") + 1] if b"\0" not in head[:4] else head)
            parts = [decoded.data[: decoded.data.rfind(b"\n") + 1], *_blocks(file, size, decoded.encoding)]
    line, body = first_record(decoded)
    delimiter = _find_delimiter(decoded, body)
    names = split_line(line, delimiter)
    _check_header(path, names)
    parts[0] = parts[0][body:]
    data = b"".join(parts)
    quoted = b'"' in data
    columns, rows, skipped = _parse(data, len(names), delimiter, quoted)
    looked_at = sum(map(len, parts)) + body
    whole = size <= WHOLE_BYTES
    total = rows if whole else round((rows + skipped) * size / max(looked_at * _width(decoded), 1))
    named = {name: column for name, column in zip(_distinct(names), columns, strict=True) if name}
    named, filled, different = _without_blanks(named)
    return Sample(
        path.name,
        named,
        filled,
        different,
        filled if whole else total,
        whole,
        size,
        decoded.encoding,
        delimiter,
        quoted,
        skipped,
    )


def _width(decoded: Decoded) -> int:
    return 2 if decoded.encoding.startswith("utf-16") else 1


def _blocks(file: io.BufferedReader, size: int, encoding: str) -> Iterator[bytes]:
    """Whole lines from places all over a file, in UTF-8."""
    wide = encoding.startswith("utf-16")
    for at in range(_BLOCKS):
        start = _HEAD + (size - _HEAD - _BLOCK) * at // (_BLOCKS - 1)
        file.seek(start - start % 2, os.SEEK_SET)
        block = file.read(_BLOCK)
        text = block.decode(encoding.removesuffix("-sig") if wide or encoding == "cp1252" else "utf-8", "replace")
        first, last = text.find("\n"), text.rfind("\n")
        yield text[first + 1 : last + 1].encode()


def _find_delimiter(decoded: Decoded, body: int) -> str:
    """The delimiter that splits the header and the lines after it into the same number of fields, and most of them."""
    end = min(decoded.length, body + (1 << 18))
    text = decoded.data[decoded.start : end].decode("utf-8", "replace")

    def agreement(delimiter: str) -> tuple[float, int]:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            widths = [len(record) for record, _ in zip((one for one in reader if one), range(_TRIED), strict=False)]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return round(sum(width == widths[0] for width in widths) / len(widths), 1), widths[0]

    return max(DELIMITERS, key=agreement)


def _check_header(path: Path, names: list[str]) -> None:
    filled = [name for name in names if name.strip()]
    data = [name for name in filled if _DATUM.fullmatch(name.strip()) or not _LETTER.search(name)]
    if not filled or len(data) * 3 > len(filled):
        raise InputError(
            "sample-without-header",
            f"The first line of {path.name} does not look like a header.",
            "Files are read by the names of their columns: ask the sender for a header, or put one above the rows.",
        )


def _parse(data: bytes, width: int, delimiter: str, quoted: bool) -> tuple[list[pa.StringArray], int, int]:
    skipped = 0

    def skip(_: object) -> str:
        nonlocal skipped
        skipped += 1
        return "skip"

    names = [f"c{at}" for at in range(width)]
    if not data.strip():
        return [pa.array([], pa.string()) for _ in names], 0, 0
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=True),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            invalid_row_handler=skip,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    columns = [null_missing(column.combine_chunks()) for column in table.columns]
    return columns, table.num_rows, skipped


def _without_blanks(columns: dict[str, pa.StringArray]) -> tuple[dict[str, pa.StringArray], int, int]:
    """Leave out rows that hold nothing; returns the columns, the number of rows, and how many of them differ."""
    blank = np.ones(len(next(iter(columns.values()))), dtype=np.bool_)
    for column in columns.values():
        blank &= column.is_null().to_numpy(zero_copy_only=False)
    if blank.any():
        columns = {name: column.filter(pa.array(~blank)) for name, column in columns.items()}
    digests = digest_rows(list(columns.values()))
    return columns, len(digests), len(np.unique(digests[:, 0]))


def _distinct(names: list[str]) -> list[str]:
    """Headers; one that stood before, or is empty, is empty."""
    seen: set[str] = set()
    found = []
    for name in names:
        name = name.strip()
        found.append("" if name.casefold() in seen else name)
        seen.add(name.casefold())
    return found
