"""Where did every line of a file go: accepted, warned, set aside, or counted once?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.sources.contract import TableSpec
from washhouse.sources.digest import Digests, Seen, digest_rows
from washhouse.sources.result import ISSUES, SET_ASIDE, KeptRows, ReadResult
from washhouse.sources.rules import RULES, reason
from washhouse.sources.validate import Finding

MOST_LISTED = 10_000
"""Rows listed one by one for one rule and column of a file; how many more there are is one further line."""

Numbers = npt.NDArray[np.int64]

_KEPT, _BAD, _DUPLICATE, _BLANK = range(4)


@dataclass
class Part:
    """What consecutive records of a file gave.

    Attributes:
        rows: Numbers of the records of the header's width, ascending.
        digests: One digest per such record, equal for identical records.
        typed: Rows that no rule sets aside, typed, with `_row`.
        keys: One digest per row of `typed`, equal where the same key stands twice in one submission; None if it may.
        findings: What breaks a rule in these records.
        bad_keys: First business key column of the rows set aside.
        raw: Numbers and texts of records set aside.
        blank: Numbers of records that hold nothing.
    """

    rows: Numbers
    digests: Digests
    typed: pa.Table
    keys: Digests | None = None
    findings: list[Finding] = field(default_factory=list)
    bad_keys: pa.Array | None = None
    raw: list[tuple[Numbers, pa.Array]] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)


def digest_keys(typed: pa.RecordBatch, table: TableSpec) -> Digests | None:
    """Digests of the business key inside a submission; None for a table whose rows are nothing but key."""
    if len(table.business_key) == len(table.columns):
        return None
    return digest_rows([typed.column(name) for name in (*table.business_key, *table.submission)])


class Ledger:
    """Settles where each line of a file went, part by part, and counts.

    A blank record behind the last row is no line. Of identical records the first counts, whatever becomes of it.

    Args:
        table: The table's contract.
        file: Name of the file.
        schema: Schema of the accepted rows.
        hand_on: Takes the accepted rows as they are settled, in the order of the file; None keeps them.
    """

    def __init__(
        self,
        table: TableSpec,
        *,
        file: str,
        schema: pa.Schema,
        hand_on: Callable[[pa.Table], None] | None = None,
    ) -> None:
        self._table = table
        self._file = file
        self._schema = schema
        self._kept: list[pa.Table] = [schema.empty_table()]
        self._hand_on = hand_on or self._kept.append
        self._is_kept = hand_on is None
        self._seen, self._seen_keys = Seen(), Seen()
        self._waiting: list[tuple[Part, Numbers, int]] = []
        self._last = 0
        self._settled = 0
        self._counts: Counter[str] = Counter()
        self._issues: dict[tuple[str, str, str], _Issue] = {}
        self._aside: list[pa.Table] = []
        self._bad_keys: list[pa.Array] = []

    def add(self, part: Part) -> None:
        """Take the next records.

        A record that repeats an earlier one is known as such at once, but a part whose last record is blank waits
        until it is known whether anything follows.
        """
        again = part.rows[self._seen.add(part.digests)]
        first = self._last + 1
        self._last = max(
            self._last,
            int(part.rows[-1]) if len(part.rows) else 0,
            *(int(one.rows.max()) for one in part.findings if len(one.rows)),
        )
        if part.bad_keys is not None:
            self._bad_keys.append(part.bad_keys)
        if self._last < first:
            return
        blank = set(part.blank)
        if len(blank) < self._last - first + 1:
            self._settle_waiting(self._last)
        if len(again):
            part = _without(part, again)
        self._waiting.append((part, again, self._last))
        if self._last not in blank:
            self._settle_waiting(self._last)

    def close(self, encoding: str, delimiter: str, about_file: list[Finding]) -> ReadResult:
        """Settle what waits, and hand out what the file came to.

        Args:
            encoding: How the bytes were read.
            delimiter: How fields were split.
            about_file: What concerns the file as a whole.

        Raises:
            HomeError: The counts do not add up (code `lines-unaccounted`).
        """
        blank = {row for part, _, _ in self._waiting for row in part.blank}
        last = self._last
        while last in blank:
            last -= 1
        self._settle_waiting(last)
        self._note(about_file)
        count = self._counts
        return ReadResult(
            file=self._file,
            table=self._table.name,
            rows=pa.concat_tables(self._kept) if self._is_kept else KeptRows(count["accepted"], {}),
            issues=self._list_issues(),
            set_aside=pa.concat_tables(self._aside) if self._aside else SET_ASIDE.empty_table(),
            lines=count["lines"],
            accepted=count["accepted"],
            warned=count["warned"],
            quarantined=count["quarantined"],
            duplicates=count["duplicates"],
            encoding=encoding,
            delimiter=delimiter,
            set_aside_keys=pa.chunked_array(self._bad_keys, self._schema.field(self._table.business_key[0]).type),
        )

    def _settle_waiting(self, last: int) -> None:
        for part, again, end in self._waiting:
            self._settle(part, again, end, last)
        self._waiting.clear()

    def _settle(self, part: Part, again: Numbers, end: int, last: int) -> None:
        """Count the records up to `end`; those behind `last` are no lines."""
        before, self._settled = self._settled, end
        fate = np.full(end - before + 1, _KEPT, dtype=np.int8)
        for one in part.findings:
            if RULES[one.rule].severity == "quarantine":
                fate[one.rows - before] = _BAD
        fate[again - before] = _DUPLICATE
        fate[max(last - before + 1, 1) :] = _BLANK
        typed, keys = part.typed, part.keys
        is_kept = fate[typed.column("_row").to_numpy() - before] == _KEPT
        if not is_kept.all():
            typed = typed.filter(pa.array(is_kept))
            keys = keys[is_kept] if keys is not None else None
        self._hand_on(typed)
        findings = [*part.findings, Finding("duplicate-row", "", reason("duplicate-row"), again)]
        if keys is not None:
            rows = typed.column("_row").to_numpy()[self._seen_keys.add(keys)]
            findings.append(Finding("repeated-key", self._table.business_key[0], reason("repeated-key"), rows))
        findings = [_still(one, fate, before) for one in findings]
        warned = np.zeros(len(fate), dtype=np.bool_)
        for one in findings:
            if RULES[one.rule].severity == "warning":
                warned[one.rows - before] = True
        self._note(findings)
        self._set_aside(part.raw, findings, fate, before)
        settled = fate[1:]
        self._counts["lines"] += int((settled != _BLANK).sum())
        self._counts["accepted"] += typed.num_rows
        self._counts["warned"] += int((warned[1:] & (settled == _KEPT)).sum())
        self._counts["quarantined"] += int((settled == _BAD).sum())
        self._counts["duplicates"] += int((settled == _DUPLICATE).sum())

    def _note(self, findings: list[Finding]) -> None:
        for one in findings:
            if len(one.rows):
                issue = self._issues.setdefault((one.rule, one.column, one.reason), _Issue())
                issue.listed.append(one.rows[: max(0, MOST_LISTED - issue.rows)])
                issue.rows += len(one.rows)

    def _list_issues(self) -> pa.Table:
        """Return the reasons in the order of the file, no more than `MOST_LISTED` for one rule and column."""
        parts = []
        for (rule, column, words), issue in self._issues.items():
            more = issue.rows - MOST_LISTED
            parts.append(_issues(np.concatenate(issue.listed), rule, column, words))
            if more > 0:
                parts.append(_issues(np.zeros(1, np.int64), rule, column, words + _MORE.format(more)))
        if not parts:
            return ISSUES.empty_table()
        return pa.concat_tables(parts).sort_by([("row", "ascending"), ("column", "ascending"), ("rule", "ascending")])

    def _set_aside(
        self, raw: list[tuple[Numbers, pa.Array]], findings: list[Finding], fate: npt.NDArray[np.int8], before: int
    ) -> None:
        """Keep the records set aside, each with the first rule that it breaks."""
        severe = [one for one in findings if RULES[one.rule].severity == "quarantine"]
        first = np.zeros(len(fate), dtype=np.int32)
        for at in range(len(severe) - 1, -1, -1):
            first[severe[at].rows - before] = at
        names = pa.array([one.rule for one in severe], pa.string())
        parts = []
        for rows, texts in raw:
            is_bad = fate[rows - before] == _BAD
            kept = rows[is_bad]
            columns = [pa.array(kept), names.take(pa.array(first[kept - before])), texts.filter(pa.array(is_bad))]
            parts.append(pa.Table.from_arrays(columns, schema=SET_ASIDE))
        if parts:
            self._aside.append(pa.concat_tables(parts).sort_by("row"))


@dataclass
class _Issue:
    """Rows that break one rule in one column."""

    rows: int = 0
    listed: list[Numbers] = field(default_factory=list)


def _without(part: Part, again: Numbers) -> Part:
    """Let go of the rows that repeat an earlier one."""
    rows = part.typed.column("_row").to_numpy()
    first = int(part.rows[0])
    is_again = np.zeros(int(part.rows[-1]) - first + 1, dtype=np.bool_)
    is_again[again - first] = True
    is_kept = ~is_again[rows - first]
    return replace(
        part,
        typed=part.typed.filter(pa.array(is_kept)),
        keys=part.keys[is_kept] if part.keys is not None else None,
    )


def _still(one: Finding, fate: npt.NDArray[np.int8], before: int) -> Finding:
    """Drop what was found in records that are no lines, or that repeat an earlier one."""
    wanted = (_DUPLICATE,) if one.rule == "duplicate-row" else (_KEPT, _BAD)
    return Finding(one.rule, one.column, one.reason, one.rows[np.isin(fate[one.rows - before], wanted)])


_MORE = " So do {} more rows of the file."
NOT_LISTED = re.escape(_MORE).replace(r"\{\}", "([0-9]+)") + "$"
"""Regular expression of the words that end such a line; its group is how many rows it stands for."""


def count_issues(issues: pa.Table) -> list[tuple[str, str, str, int]]:
    """Count a file's reasons, those not listed one by one included.

    Args:
        issues: See `result.ISSUES`.

    Returns:
        Rule, column or "", words and number of rows, the most frequent first.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for row in issues.to_pylist():
        rest = re.search(NOT_LISTED, row["reason"])
        words = row["reason"][: rest.start()] if rest else row["reason"]
        found[row["rule"], row["column"] or "", words] += int(rest[1]) if rest else 1
    return [(*what, rows) for what, rows in found.most_common()]


def _issues(rows: Numbers, rule: str, column: str, words: str) -> pa.Table:
    texts = (column or None, rule, RULES[rule].severity, words)
    repeated = [pa.repeat(pa.scalar(text, pa.string()), len(rows)) for text in texts]
    return pa.Table.from_arrays([pa.array(rows, pa.int64()), *repeated], schema=ISSUES)
