"""What does one file say, row by row, and what is wrong with it?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import pyarrow as pa

from washhouse.core.ordered import THREADS, in_order
from washhouse.sources.account import Ledger, Numbers, Part, digest_keys
from washhouse.sources.content import LARGE_BYTES, Content, size_of
from washhouse.sources.contract import TableSpec
from washhouse.sources.digest import digest_rows
from washhouse.sources.encoding import Decoded, decode
from washhouse.sources.header import Header, place_header, read_header
from washhouse.sources.parquet import count_rows, is_parquet, parquet_columns, read_parquet
from washhouse.sources.parse import ARROW_TYPES
from washhouse.sources.records import (
    Chunk,
    RaggedError,
    count_records,
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


class Sink(Protocol):
    """Takes the accepted rows of a large file while it is read."""

    def restart(self) -> None:
        """Forget what came: the rows come again from the first."""

    def write(self, rows: pa.Table) -> None:
        """Take the next rows, in the order of the file."""


def read_file(
    content: Content,
    table: TableSpec,
    *,
    reference_date: date,
    file: str,
    parents: Parents | None = None,
    sink: Sink | None = None,
) -> ReadResult:
    """Read and validate one file, in memory that does not grow with it but for a digest a row.

    Args:
        content: The file as received.
        table: Contract of the table that the file holds.
        reference_date: Declared date of the batch, by which the plausible is judged.
        file: Name of the file.
        parents: Where the rows' parents can be; None leaves that unchecked.
        sink: Takes the accepted rows; None has them in the result. What it took of a file that is refused in the end
            must not be used.

    Returns:
        The accepted rows, the reasons and the counts; a refused file is a result with `rejected`, not an error.
    """
    how = _How(table, reference_date, file, parents, sink, size_of(content) >= LARGE_BYTES)
    try:
        if is_parquet(content):
            header = place_header(parquet_columns(content), table)
            ledger = _account(read_parquet(content), header, how)
            return ledger.close("parquet", "", _about_header(header))
        decoded = decode(content)
        header = read_header(decoded, table)
        try:
            ledger = _account(read_fast(decoded, header), header, how)
        except RaggedError:
            ledger = _account(read_exact(decoded, header), header, how)
        return ledger.close(decoded.encoding, header.delimiter, _about_file(decoded, header))
    except RejectedFileError as refused:
        return refuse(content, file, refused, table)


@dataclass(frozen=True)
class _How:
    """How a file is to be read; `is_large` pays for threads."""

    table: TableSpec
    reference_date: date
    file: str
    parents: Parents | None
    sink: Sink | None
    is_large: bool


def refuse(content: Content, file: str, refused: RejectedFileError, table: TableSpec | None) -> ReadResult:
    """Return the result of a file that a rule refuses; its lines are quarantined.

    Args:
        content: The file as received.
        file: Name of the file.
        refused: The rule and its words.
        table: Contract of its table, if it has one.
    """
    lines = count_rows(content) if is_parquet(content) else count_records(content)
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


def _account(chunks: Iterable[Chunk], header: Header, how: _How) -> Ledger:
    """Type and check the records of a file, chunk by chunk, and let go of their text."""
    if how.sink is not None:
        how.sink.restart()
    hand_on = None if how.sink is None else how.sink.write
    ledger = Ledger(how.table, file=how.file, schema=typed_schema(how.table), hand_on=hand_on)
    for part in in_order(chunks, lambda chunk: _check(chunk, header, how), threads=THREADS if how.is_large else 0):
        ledger.add(part)
    return ledger


def _check(chunk: Chunk, header: Header, how: _How) -> Part:
    table, schema = how.table, typed_schema(how.table)
    checked = check_chunk(table, header, chunk, reference_date=how.reference_date, parents=how.parents)
    typed = pa.RecordBatch.from_arrays([*checked.typed.columns, pa.array(chunk.rows)], schema=schema)
    part = Part(chunk.rows, digest_rows(chunk.columns), typed, findings=checked.findings, blank=_blank_rows(chunk))
    if checked.is_bad.any():
        bad = pa.array(checked.is_bad)
        raw = write_records([column.filter(bad) for column in chunk.columns], header.delimiter)
        part.raw.append((chunk.rows[checked.is_bad], raw))
        part.bad_keys = typed.column(table.business_key[0]).filter(bad)
        typed = typed.filter(pa.array(~checked.is_bad))
    part.keys = digest_keys(typed, table)
    part.typed = pa.Table.from_batches([typed])
    if chunk.ragged:
        rows = np.array([row for row, _ in chunk.ragged], dtype=np.int64)
        part.findings.append(Finding("wrong-field-count", "", reason("wrong-field-count"), rows))
        lines = [_line(fields, header) for _, fields in chunk.ragged]
        part.raw.append((rows, pa.array(lines, pa.string())))
    return part


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


_NOWHERE: Numbers = np.zeros(1, dtype=np.int64)


def _about_file(decoded: Decoded, header: Header) -> list[Finding]:
    """Return the warnings that concern the file as a whole."""
    found = _about_header(header)
    if not decoded.is_ended and header.body < decoded.length:
        found.append(Finding("no-final-line-end", "", reason("no-final-line-end"), _NOWHERE))
    return found


def _about_header(header: Header) -> list[Finding]:
    repeated = header.repeated
    found = [Finding("repeated-column", name, reason("repeated-column", name), _NOWHERE) for name in repeated]
    if header.extra:
        words = reason("extra-column", detail=str(header.extra))
        found.append(Finding("extra-column", "", words, _NOWHERE))
    return found
