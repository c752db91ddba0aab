"""Which lines were refused, set aside or kept with a warning, and why? Reason, file, row and column; never a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from washhouse.record.reader import Record
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

ROWS_A_PAGE = 25
ROWS_A_READ = 5_000
SEVERITIES = {
    "reject": "File refused",
    "quarantine": "Row set aside",
    "duplicate": "Counted once",
    "warning": "Warning",
}
STYLES = {"reject": "red", "quarantine": "orange", "duplicate": "grey", "warning": "yellow"}


@dataclass(frozen=True)
class RuleCount:
    """How often a rule was broken in a source; its reasons are fewer where a file does not list them all."""

    source: str
    title: str
    lane: str
    rule: str
    severity: str
    style: str
    reasons: int
    broken: int


@dataclass(frozen=True)
class ReasonLine:
    """One reason, as shown."""

    title: str
    lane: str
    batch: str
    address: str
    file: str
    row: str
    column: str
    rule: str
    severity: str
    style: str
    reason: str


def show_quarantine(visit: Visit) -> Response:
    """Show how often each rule was broken, then each reason, the newest batch first."""
    counts = [build_count(row) for row in visit.record.quarantine_counts().to_pylist()]
    sources = {count.source: count.title for count in counts}
    source = visit.query("source") if visit.query("source") in sources else ""
    of_source = [count for count in counts if source in ("", count.source)]
    rules = sorted({count.rule for count in of_source})
    rule = visit.query("rule") if visit.query("rule") in rules else ""
    chosen = [count for count in of_source if rule in ("", count.rule)]
    pager = build_pager(visit, sum(count.reasons for count in chosen), ROWS_A_PAGE, anchor="reasons")
    rows = read_reasons(visit.record, source, rule, pager.first, pager.last - pager.first)
    return render(
        visit,
        "steward/quarantine.html",
        counts=sorted(chosen, key=lambda count: (list(SEVERITIES).index(count.severity), -count.broken)),
        sources=sources,
        source=source,
        rules=rules,
        rule=rule,
        lines=[build_line(row) for row in rows],
        pager=pager,
        severities=SEVERITIES,
    )


def read_reasons(record: Record, source: str, rule: str, offset: int, count: int) -> Sequence[dict[str, Any]]:
    """Read one page of reasons; with a rule, read on until the page is full."""
    if not rule:
        return list(record.quarantine(count, offset, source or None).to_pylist())
    found: list[dict[str, Any]] = []
    place = 0
    while len(found) < offset + count:
        rows = record.quarantine(ROWS_A_READ, place, source or None).to_pylist()
        found += [row for row in rows if row["rule"] == rule]
        place += ROWS_A_READ
        if len(rows) < ROWS_A_READ:
            break
    return found[offset : offset + count]


def build_count(row: dict[str, Any]) -> RuleCount:
    """Put a count into words."""
    return RuleCount(
        source=row["source"],
        title=source_title(row["source"]),
        lane=source_lane(row["source"]),
        rule=row["rule"],
        severity=row["severity"],
        style=STYLES[row["severity"]],
        reasons=row["rows"],
        broken=row["broken"],
    )


def build_line(row: dict[str, Any]) -> ReasonLine:
    """Put a reason into words."""
    return ReasonLine(
        title=source_title(row["source"]),
        lane=source_lane(row["source"]),
        batch=row["batch"],
        address=f"/feeds/{row['source']}/{row['batch']}",
        file=row["file"],
        row=f"{row['row']:,}" if row["row"] else "whole file",
        column=row["column"] or "",
        rule=row["rule"],
        severity=SEVERITIES[row["severity"]],
        style=STYLES[row["severity"]],
        reason=row["reason"],
    )
