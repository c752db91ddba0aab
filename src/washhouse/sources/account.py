"""Where did every line of a file go: accepted, warned, set aside, or counted once?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.sources.contract import TableSpec
from washhouse.sources.result import ISSUES, SET_ASIDE, ReadResult
from washhouse.sources.rules import RULES, reason
from washhouse.sources.validate import Finding

MOST_LISTED = 10_000
"""Rows listed one by one for one rule and column of a file; how many more there are is one further line."""

Hashes = npt.NDArray[np.int64]

_KEPT, _BAD, _DUPLICATE, _BLANK = range(4)
_SEPARATOR = "\x1f"
_NULL = "\x00"


@dataclass
class Gathered:
    """What the chunks of one file gave.

    Attributes:
        typed: Rows that no rule sets aside, typed, with `_row`.
        findings: What breaks a rule; row 0 stands for the file.
        bad_keys: First business key column of the rows set aside.
        raw: Numbers and texts of records set aside.
        rows: Numbers of the records of the header's width.
        hashes: One number per such record, equal for identical records.
        blank: Numbers of records that hold nothing.
    """

    typed: list[pa.RecordBatch] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    bad_keys: list[pa.Array] = field(default_factory=list)
    raw: list[tuple[Hashes, pa.Array]] = field(default_factory=list)
    rows: list[Hashes] = field(default_factory=list)
    hashes: list[Hashes] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)


def hash_rows(columns: Sequence[pa.Array]) -> Hashes:
    """Return one 64-bit number per row, equal for rows whose columns are equal.

    The numbers differ from process to process. That two of 10 million different rows share one has a chance of
    about 3 in a million.

    Args:
        columns: Columns of one length; nulls equal each other.
    """
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    texts = [pc.cast(column, pa.string()) for column in columns]
    joined = pc.binary_join_element_wise(*texts, _SEPARATOR, null_handling="replace", null_replacement=_NULL)
    return np.fromiter(map(hash, joined.to_pylist()), np.int64, len(joined))


def find_repeats(hashes: Hashes) -> npt.NDArray[np.intp]:
    """Return the positions whose number stood earlier already, ascending.

    >>> find_repeats(np.array([7, 3, 7, 7])).tolist()
    [2, 3]
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    return np.sort(order[1:][ordered[1:] == ordered[:-1]])


def conclude(
    gathered: Gathered, table: TableSpec, *, file: str, schema: pa.Schema, encoding: str, delimiter: str
) -> ReadResult:
    """Settle where each line went and count.

    A blank record behind the last row is no line. Of identical records the first counts, whatever becomes of it.

    Args:
        gathered: What the chunks gave; its typed rows are let go one after the other.
        table: The table's contract.
        file: Name of the file.
        schema: Schema of the accepted rows.
        encoding: How the bytes were read.
        delimiter: How fields were split.

    Raises:
        HomeError: The counts do not add up (code `lines-unaccounted`).
    """
    fate = _settle(gathered)
    rows = pa.Table.from_batches(_keep(gathered.typed, fate), schema)
    repeated = _repeated_keys(rows, table)
    findings = [_still(one, fate) for one in (*gathered.findings, *_duplicates(fate), *repeated)]
    findings = [one for one in findings if len(one.rows)]
    warned = np.zeros(len(fate), dtype=np.bool_)
    for one in findings:
        if RULES[one.rule].severity == "warning":
            warned[one.rows] = True
    return ReadResult(
        file=file,
        table=table.name,
        rows=rows,
        issues=_list_issues(findings),
        set_aside=_set_aside(gathered.raw, findings, fate),
        lines=int((fate[1:] != _BLANK).sum()),
        accepted=rows.num_rows,
        warned=int((warned[1:] & (fate[1:] == _KEPT)).sum()),
        quarantined=int((fate[1:] == _BAD).sum()),
        duplicates=int((fate[1:] == _DUPLICATE).sum()),
        encoding=encoding,
        delimiter=delimiter,
        set_aside_keys=pa.chunked_array(gathered.bad_keys, schema.field(table.business_key[0]).type),
    )


def _settle(gathered: Gathered) -> npt.NDArray[np.int8]:
    """Return what becomes of each record, by its number; number 0 stands for the file."""
    last = max(
        (int(rows[-1]) for rows in (*gathered.rows, *(one.rows for one in gathered.findings)) if len(rows)), default=0
    )
    fate = np.full(last + 1, _KEPT, dtype=np.int8)
    for one in gathered.findings:
        if RULES[one.rule].severity == "quarantine":
            fate[one.rows] = _BAD
    if gathered.rows:
        repeats = find_repeats(np.concatenate(gathered.hashes))
        gathered.hashes.clear()
        fate[np.concatenate(gathered.rows)[repeats]] = _DUPLICATE
    blank = set(gathered.blank)
    while last in blank:
        fate[last] = _BLANK
        last -= 1
    return fate


def _keep(typed: list[pa.RecordBatch], fate: npt.NDArray[np.int8]) -> list[pa.RecordBatch]:
    kept = []
    for at, batch in enumerate(typed):
        is_kept = fate[batch.column("_row").to_numpy()] == _KEPT
        kept.append(batch if is_kept.all() else batch.filter(pa.array(is_kept)))
        typed[at] = None
    return kept


def _duplicates(fate: npt.NDArray[np.int8]) -> list[Finding]:
    rows = np.flatnonzero(fate == _DUPLICATE).astype(np.int64)
    return [Finding("duplicate-row", "", reason("duplicate-row"), rows)]


def _repeated_keys(rows: pa.Table, table: TableSpec) -> list[Finding]:
    if len(table.business_key) == len(table.columns) or not rows.num_rows:
        return []
    keys = rows.select([*table.business_key, *table.submission])
    hashes = np.concatenate([hash_rows(batch.columns) for batch in keys.to_batches()])
    again = rows.column("_row").to_numpy()[find_repeats(hashes)]
    return [Finding("repeated-key", table.business_key[0], reason("repeated-key"), again)]


def _still(one: Finding, fate: npt.NDArray[np.int8]) -> Finding:
    """Drop what was found in records that are no lines, or that repeat an earlier one."""
    wanted = (_DUPLICATE,) if one.rule == "duplicate-row" else (_KEPT, _BAD)
    return Finding(one.rule, one.column, one.reason, one.rows[np.isin(fate[one.rows], wanted)])


def _list_issues(findings: list[Finding]) -> pa.Table:
    """Return the reasons in the order of the file, no more than `MOST_LISTED` for one rule and column."""
    together: dict[tuple[str, str, str], list[Hashes]] = {}
    for one in findings:
        together.setdefault((one.rule, one.column, one.reason), []).append(one.rows)
    parts = []
    for (rule, column, words), rows in together.items():
        listed = np.concatenate(rows)
        more = len(listed) - MOST_LISTED
        parts.append(_issues(listed[:MOST_LISTED], rule, column, words))
        if more > 0:
            parts.append(_issues(np.zeros(1, np.int64), rule, column, words + _MORE.format(more)))
    if not parts:
        return ISSUES.empty_table()
    return pa.concat_tables(parts).sort_by([("row", "ascending"), ("column", "ascending"), ("rule", "ascending")])


_MORE = " So do {} more rows of the file."


def count_issues(issues: pa.Table) -> list[tuple[str, str, str, int]]:
    """Count a file's reasons, those not listed one by one included.

    Args:
        issues: See `result.ISSUES`.

    Returns:
        Rule, column or "", words and number of rows, the most frequent first.
    """
    more = re.compile(re.escape(_MORE).replace(r"\{\}", "([0-9]+)") + "$")
    found: Counter[tuple[str, str, str]] = Counter()
    for row in issues.to_pylist():
        rest = more.search(row["reason"])
        found[row["rule"], row["column"] or "", more.sub("", row["reason"])] += int(rest[1]) if rest else 1
    return [(*what, rows) for what, rows in found.most_common()]


def _issues(rows: Hashes, rule: str, column: str, words: str) -> pa.Table:
    texts = (column or None, rule, RULES[rule].severity, words)
    repeated = [pa.repeat(pa.scalar(text, pa.string()), len(rows)) for text in texts]
    return pa.Table.from_arrays([pa.array(rows, pa.int64()), *repeated], schema=ISSUES)


def _set_aside(raw: list[tuple[Hashes, pa.Array]], findings: list[Finding], fate: npt.NDArray[np.int8]) -> pa.Table:
    """Return the records set aside, each with the first rule that it breaks."""
    severe = [one for one in findings if RULES[one.rule].severity == "quarantine"]
    first = np.zeros(len(fate), dtype=np.int32)
    for at in range(len(severe) - 1, -1, -1):
        first[severe[at].rows] = at
    names = pa.array([one.rule for one in severe], pa.string())
    parts = []
    for rows, texts in raw:
        is_bad = fate[rows] == _BAD
        kept = rows[is_bad]
        columns = [pa.array(kept), names.take(pa.array(first[kept])), texts.filter(pa.array(is_bad))]
        parts.append(pa.Table.from_arrays(columns, schema=SET_ASIDE))
    return pa.concat_tables(parts).sort_by("row") if parts else SET_ASIDE.empty_table()
