"""What does one file say, row by row, and what is wrong with it?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from washhouse.sources.account import Gathered, Hashes, conclude, hash_rows
from washhouse.sources.contract import TableSpec
from washhouse.sources.encoding import Decoded, decode
from washhouse.sources.header import Header, place_header, read_header
from washhouse.sources.parquet import count_rows, is_parquet, parquet_columns, read_parquet
from washhouse.sources.parse import ARROW_TYPES
from washhouse.sources.records import (
    Chunk,
    RaggedError,
    count_records,
    has_line_end,
    is_blank,
    read_exact,
    read_fast,
    write_records,
)
from washhouse.sources.result import ISSUES, SET_ASIDE, ReadResult
from washhouse.sources.rules import RejectedFileError, reason
from washhouse.sources.validate import Finding, Parents, check_chunk


def typed_schema(table: TableSpec) -> pa.Schema:
    """Return the schema of a table's accepted rows: the contract's columns and `_row`."""
    fields = [pa.field(column.name, ARROW_TYPES[column.type]) for column in table.columns]
    return pa.schema([*fields, pa.field("_row", pa.int64(), nullable=False)])


def read_file(
    data: bytes, table: TableSpec, *, reference_date: date, file: str, parents: Parents | None = None
) -> ReadResult:
    """Read and validate one file.

    Args:
        data: The bytes as received.
        table: Contract of the table that the file holds.
        reference_date: Declared date of the batch, by which the plausible is judged.
        file: Name of the file.
        parents: Where the rows' parents can be; None leaves that unchecked.

    Returns:
        The accepted rows, the reasons and the counts; a refused file is a result with `rejected`, not an error.
    """
    try:
        if is_parquet(data):
            return _read_parquet(data, table, reference_date, file, parents)
        decoded = decode(data)
        header = read_header(decoded, table)
        try:
            gathered = _gather(read_fast(decoded, header), table, header, reference_date, parents)
        except RaggedError:
            gathered = _gather(read_exact(decoded, header), table, header, reference_date, parents)
    except RejectedFileError as refused:
        return refuse(data, file, refused, table)
    gathered.findings += _about_file(decoded, header)
    return conclude(
        gathered, table, file=file, schema=typed_schema(table), encoding=decoded.encoding, delimiter=header.delimiter
    )


def _read_parquet(
    data: bytes, table: TableSpec, reference_date: date, file: str, parents: Parents | None
) -> ReadResult:
    header = place_header(parquet_columns(data), table)
    gathered = _gather(read_parquet(data), table, header, reference_date, parents)
    gathered.findings += _about_header(header)
    schema = typed_schema(table)
    return conclude(gathered, table, file=file, schema=schema, encoding="parquet", delimiter="")


def refuse(data: bytes, file: str, refused: RejectedFileError, table: TableSpec | None) -> ReadResult:
    """Return the result of a file that a rule refuses; its lines are quarantined.

    Args:
        data: The bytes as received.
        file: Name of the file.
        refused: The rule and its words.
        table: Contract of its table, if it has one.
    """
    lines = count_rows(data) if is_parquet(data) else count_records(data)
    issue = {"row": 0, "column": None, "rule": refused.rule, "severity": "reject", "reason": str(refused)}
    return ReadResult(
        file=file,
        table=table.name if table else None,
        rows=(typed_schema(table) if table else pa.schema([])).empty_table(),
        issues=pa.Table.from_pylist([issue], ISSUES),
        set_aside=SET_ASIDE.empty_table(),
        lines=lines,
        accepted=0,
        warned=0,
        quarantined=lines,
        duplicates=0,
        rejected=True,
        reason=str(refused),
    )


def _gather(
    chunks: Iterable[Chunk], table: TableSpec, header: Header, reference_date: date, parents: Parents | None
) -> Gathered:
    """Type and check the records of a file, chunk by chunk, and let go of their text."""
    gathered = Gathered()
    schema = typed_schema(table)
    for chunk in chunks:
        checked = check_chunk(table, header, chunk, reference_date=reference_date, parents=parents)
        gathered.findings += checked.findings
        gathered.rows.append(chunk.rows)
        gathered.hashes.append(hash_rows(chunk.columns))
        gathered.blank += _blank_rows(chunk)
        typed = pa.RecordBatch.from_arrays([*checked.typed.columns, pa.array(chunk.rows)], schema=schema)
        if checked.is_bad.any():
            bad = pa.array(checked.is_bad)
            raw = write_records([column.filter(bad) for column in chunk.columns], header.delimiter)
            gathered.raw.append((chunk.rows[checked.is_bad], raw))
            gathered.bad_keys.append(typed.column(table.business_key[0]).filter(bad))
            typed = typed.filter(pa.array(~checked.is_bad))
        gathered.typed.append(typed)
        if chunk.ragged:
            rows = np.array([row for row, _ in chunk.ragged], dtype=np.int64)
            gathered.findings.append(Finding("wrong-field-count", "", reason("wrong-field-count"), rows))
            raw = [_line(fields, header) for _, fields in chunk.ragged]
            gathered.raw.append((rows, pa.array(raw, pa.string())))
    return gathered


def _blank_rows(chunk: Chunk) -> list[int]:
    """Return the numbers of the records that hold nothing."""
    blank = np.ones(len(chunk.rows), dtype=np.bool_)
    for column in chunk.columns:
        if not blank.any():
            break
        blank &= column.is_null().to_numpy(zero_copy_only=False)
    return [*chunk.rows[blank].tolist(), *(row for row, fields in chunk.ragged if is_blank(fields))]


def _line(fields: Sequence[str], header: Header) -> str:
    """Write a record as the sender did, but for quotes that were not needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=header.delimiter, lineterminator="\n").writerow(fields)
    return text.getvalue().removesuffix("\n")


_NOWHERE: Hashes = np.zeros(1, dtype=np.int64)


def _about_file(decoded: Decoded, header: Header) -> list[Finding]:
    """Return the warnings that concern the file as a whole."""
    found = _about_header(header)
    if not has_line_end(decoded) and header.body < len(decoded.data):
        found.append(Finding("no-final-line-end", "", reason("no-final-line-end"), _NOWHERE))
    return found


def _about_header(header: Header) -> list[Finding]:
    repeated = header.repeated
    found = [Finding("repeated-column", name, reason("repeated-column", name), _NOWHERE) for name in repeated]
    if header.extra:
        words = reason("extra-column", detail=str(header.extra))
        found.append(Finding("extra-column", "", words, _NOWHERE))
    return found
