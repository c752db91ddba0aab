"""Which rows of a table break which rule?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.sources.contract import ColumnSpec, Span, TableSpec
from washhouse.sources.digest import Seen, digest_rows
from washhouse.sources.header import Header
from washhouse.sources.parse import ARROW_TYPES, EXPECTED, Mask, parse_column
from washhouse.sources.records import Chunk
from washhouse.sources.rules import RULES, reason


@dataclass(frozen=True)
class Parents:
    """Where the parents of a table's rows can be.

    Attributes:
        known: Key values of the parent rows that are held.
        set_aside: Key values of the parent rows of the same batch that were set aside.
    """

    known: pa.Array
    set_aside: pa.Array

    @cached_property
    def index(self) -> Seen:
        """The known keys, to be looked up by every part of a file: made once."""
        seen = Seen()
        if len(self.known):
            seen.add(digest_rows([pc.cast(self.known, pa.string())]))
        return seen


@dataclass(frozen=True)
class Finding:
    """Rows of one chunk that break one rule in one column.

    Attributes:
        rule: Name of the rule.
        column: Canonical name of the column to blame, or "".
        reason: Words for a steward.
        rows: Record numbers.
    """

    rule: str
    column: str
    reason: str
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Checked:
    """One chunk, typed and checked.

    Attributes:
        typed: All rows of the chunk, typed; columns of the contract, in its order, without `_row`.
        findings: What breaks a rule.
        is_bad: Rows to set aside, shape (rows,).
    """

    typed: pa.RecordBatch
    findings: list[Finding]
    is_bad: Mask


@dataclass
class _Notes:
    """Findings of one chunk while it is checked."""

    rows: npt.NDArray[np.int64]
    is_bad: Mask
    findings: list[Finding] = field(default_factory=list)

    def add(self, rule: str, mask: Mask, column: str = "", detail: str = "") -> None:
        if mask.any():
            self.findings.append(Finding(rule, column, reason(rule, column, detail), self.rows[mask]))
            if RULES[rule].severity == "quarantine":
                self.is_bad |= mask


def check_chunk(
    table: TableSpec, header: Header, chunk: Chunk, *, reference_date: date, parents: Parents | None
) -> Checked:
    """Type the rows of a chunk and find what breaks a rule.

    Args:
        table: The table's contract.
        header: Where its columns are.
        chunk: Records of the header's width.
        reference_date: Declared date of the batch: what has happened lies on or before it.
        parents: Where the rows' parents can be; None leaves that unchecked.
    """
    notes = _Notes(chunk.rows, np.zeros(len(chunk.rows), dtype=np.bool_))
    typed = {column.name: _read(column, header, chunk, notes) for column in table.columns}
    for column in table.columns:
        if column.type not in ("date", "datetime") or column.may_be_future:
            continue
        ahead = _is_after(typed[column.name], reference_date)
        if column.name != table.birth:
            notes.add("future-date", ahead, column.name)
        elif ahead.any():
            notes.add("future-birth-date", ahead, column.name)
            typed[column.name] = pc.if_else(pa.array(ahead), pa.scalar(None, pa.date32()), typed[column.name])
    for span in table.spans:
        notes.add("negative-duration", _ends_early(span, typed), span.end, span.start)
    for event in table.events:
        early = _true(pc.less(_days(typed[event]), _days(typed[table.birth])))
        notes.add("birth-after-event", early, table.birth, event)
    if table.identity == "pseudonym":
        _find_nobody(table, typed, notes)
    if table.parent is not None and parents is not None:
        _find_orphans(table, typed[table.child_key], parents, notes)
    return Checked(pa.RecordBatch.from_pydict(typed), notes.findings, notes.is_bad)


def _read(column: ColumnSpec, header: Header, chunk: Chunk, notes: _Notes) -> pa.Array:
    position = header.positions.get(column.name)
    if position is None:
        return pa.nulls(len(chunk.rows), ARROW_TYPES[column.type])
    parsed = parse_column(column, chunk.columns[position])
    for rule, mask in parsed.broken.items():
        is_key = column.key and rule in ("bad-format", "invalid-nhs-number", "code-as-number")
        expected = f"the format {column.format}" if column.format else EXPECTED.get(column.type, "")
        notes.add("bad-key-format" if is_key else rule, mask, column.name, expected)
    if column.key and parsed.values.null_count:
        missing = _true(pc.is_null(parsed.values))
        for mask in parsed.broken.values():
            missing &= ~mask
        notes.add("missing-key", missing, column.name)
    return parsed.values


def _is_after(values: pa.Array, reference_date: date) -> Mask:
    return _true(pc.greater_equal(_days(values), pa.scalar(reference_date + timedelta(days=1), pa.date32())))


def _ends_early(span: Span, typed: dict[str, pa.Array]) -> Mask:
    if all(pa.types.is_timestamp(typed[name].type) for name in (span.start, span.end)):
        return _true(pc.less(typed[span.end], typed[span.start]))
    start, end = _days(typed[span.start]), _days(typed[span.end])
    early = _true(pc.less(end, start))
    if span.start_time and span.end_time:
        same_day = _true(pc.equal(end, start))
        early |= same_day & _true(pc.less(typed[span.end_time], typed[span.start_time]))
    return early


def _find_nobody(table: TableSpec, typed: dict[str, pa.Array], notes: _Notes) -> None:
    for column in table.columns:
        if column.type == "pseudonym":
            notes.add("no-person", _true(pc.is_null(typed[column.name])), column.name)


def _find_orphans(table: TableSpec, values: pa.Array, parents: Parents, notes: _Notes) -> None:
    encoded = values.dictionary_encode()
    if not len(encoded.dictionary):
        return
    found = pa.array(parents.index.holds(digest_rows([encoded.dictionary]))).take(encoded.indices)
    lost = _true(pc.invert(found))
    if not lost.any():
        return
    aside = lost & _true(pc.is_in(values, value_set=parents.set_aside))
    parent = table.parent[0] if table.parent else ""
    notes.add("parent-set-aside", aside, table.child_key, parent)
    notes.add("orphan-row", lost & ~aside, table.child_key, parent)


def _days(values: pa.Array) -> pa.Array:
    return values if pa.types.is_date(values.type) else pc.cast(pc.floor_temporal(values, unit="day"), pa.date32())


def _true(mask: pa.Array) -> Mask:
    filled: Mask = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return filled.astype(np.bool_, copy=True)
