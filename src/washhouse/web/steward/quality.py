"""Is the data fit for use? Each source at a glance, what is over its limit, and every check down to the delivery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.record.quality.contract import Check, limit_of, measured
from washhouse.record.quality.registry import CHECKS
from washhouse.web.shell.layout import SOURCE_TITLES, source_lane, source_title
from washhouse.web.shell.paging import build_pager
from washhouse.web.shell.respond import render
from washhouse.web.shell.services import EarlierVersion
from washhouse.web.shell.visit import Visit

CATEGORIES = {
    "conformance": "Does it follow its format?",
    "completeness": "Is it all there?",
    "plausibility": "Can it be believed?",
}
"""Kahn's categories with the question that each asks."""
MOST_POINTS = 24
LINES_A_PAGE = 50
LINE_WIDTH, LINE_HEIGHT, LINE_MARGIN = 120, 28, 4
RECORD = "The record as a whole"


@dataclass(frozen=True)
class Spark:
    """A line of the last values, the oldest first, as drawn.

    Attributes:
        path: The line.
        x: Where its last point lies.
        y: The same.
        limit: Height of the limit; None where it lies above the drawing.
        words: What it shows, for who does not see it.
    """

    path: str
    x: float
    y: float
    limit: float | None
    words: str


@dataclass(frozen=True)
class Line:
    """One finding.

    Attributes:
        check: The check.
        where: Table and column, in words.
        count: How many; None where small counts are not told.
        value: The measure, in words.
        limit: The limit, in words.
        may_be_chance: Beyond the limit, but not more than chance makes of so few.
    """

    check: Check
    title: str
    lane: str
    source: str
    batch: str
    where: str
    compared_with: str
    count: int | None
    denominator: int
    value: str
    limit: str
    status: str
    may_be_chance: bool
    is_new: bool


@dataclass(frozen=True)
class CheckLine:
    """One check over everything it was asked of.

    Attributes:
        asked: Findings.
        over: Of these, over the limit; of the record and of new deliveries only.
        earlier: Over the limit in deliveries that came with an earlier version.
    """

    check: Check
    asked: int
    over: int
    earlier: int
    limit: str


@dataclass(frozen=True)
class SourceLine:
    """One source at a glance.

    Attributes:
        over: Findings over their limit, by category.
        asked: Findings, by category.
        set_aside: Share of lines set aside, delivery by delivery.
        latest: Its newest delivery.
    """

    source: str
    title: str
    lane: str
    asked: Mapping[str, int]
    over: Mapping[str, int]
    set_aside: Spark | None
    latest: str


def show_quality(visit: Visit) -> Response:
    """Show sources, what is over its limit, and every check."""
    findings = visit.record.quality().to_pylist()
    sources = build_sources(findings)
    source = visit.query("source")
    chosen = source if any(line.source == source for line in sources) else ""
    told = [row for row in findings if not chosen or row["source"] == chosen]
    over = [row for row in told if row["status"] == "over" and row["is_new"]]
    return render(
        visit,
        "steward/quality.html",
        known=bool(findings),
        sources=sources,
        source=chosen,
        over=[build_line(row) for row in sorted(over, key=_by_weight)],
        checks=build_checks(told, visit.services.settings.quality.limits),
        categories=CATEGORIES,
        gate=visit.services.settings.quality.gate,
        refused=visit.published.quality_refused(),
    )


def show_check(visit: Visit) -> Response:
    """Show one check, down to the source and the delivery."""
    check = CHECKS.get(visit.parameter("check"))
    if check is None:
        raise HTTPException(404)
    rows = [row for row in visit.record.quality().to_pylist() if row["check"] == check.id]
    source = visit.query("source")
    rows = [row for row in rows if not source or row["source"] == source]
    lines = [build_line(row) for row in sorted(rows, key=_newest_first, reverse=True)]
    lines.sort(key=lambda line: line.status != "over")
    pager = build_pager(visit, len(lines), LINES_A_PAGE)
    limit = limit_of(check, visit.services.settings.quality.limits)
    return render(
        visit,
        "steward/quality_check.html",
        check=check,
        question=CATEGORIES[check.category],
        limit=measured(check.measure, limit),
        is_own=limit == check.limit,
        lines=lines[pager.first : pager.last],
        trends=build_trends(check, rows, visit.published.history(), limit),
        pager=pager,
        source=source_title(source) if source else "",
    )


def _by_weight(row: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    return CHECKS[row["check"]].severity != "stop", row["check"], row["source"] or "", row["batch"] or ""


def _newest_first(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["batch"] or "", row["source"] or "", row["source_table"] or ""


def build_line(row: Mapping[str, Any]) -> Line:
    """Put a row of `record.quality` into words."""
    check = CHECKS[row["check"]]
    where = row["source_table"] or ""
    if row["column"]:
        where = f"{where}, {row['column']}"
    return Line(
        check=check,
        title=source_title(row["source"]) if row["source"] else RECORD,
        lane=source_lane(row["source"]) if row["source"] else "",
        source=row["source"] or "",
        batch=row["batch"] or "",
        where=where,
        compared_with=row["compared_with"] or "",
        count=row["count"],
        denominator=row["denominator"],
        value="" if row["value"] is None else measured(check.measure, row["value"]),
        limit=measured(check.measure, row["limit"]),
        status=row["status"],
        may_be_chance=row["status"] == "met" and (row["value"] or 0.0) > row["limit"],
        is_new=row["is_new"],
    )


def build_checks(rows: Iterable[Mapping[str, Any]], limits: Mapping[str, float]) -> dict[str, list[CheckLine]]:
    """Sum findings up by check, the checks by category in the order of their declaration."""
    by_check: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_check.setdefault(row["check"], []).append(row)
    lines: dict[str, list[CheckLine]] = {category: [] for category in CATEGORIES}
    for check in CHECKS.values():
        found = by_check.get(check.id, [])
        over = [row["is_new"] for row in found if row["status"] == "over"]
        lines[check.category].append(
            CheckLine(
                check=check,
                asked=sum(row["status"] != "not-judged" for row in found),
                over=sum(over),
                earlier=len(over) - sum(over),
                limit=measured(check.measure, limit_of(check, limits)),
            )
        )
    return lines


def build_sources(rows: Sequence[Mapping[str, Any]]) -> list[SourceLine]:
    """Sum findings up by source, known services first."""
    order = {name: place for place, name in enumerate(SOURCE_TITLES)}
    names = sorted(
        {row["source"] for row in rows if row["source"]}, key=lambda name: (order.get(name, len(order)), name)
    )
    return [_source(name, [row for row in rows if row["source"] == name]) for name in names]


def _source(name: str, rows: Sequence[Mapping[str, Any]]) -> SourceLine:
    asked = dict.fromkeys(CATEGORIES, 0)
    over = dict.fromkeys(CATEGORIES, 0)
    for row in rows:
        category = CHECKS[row["check"]].category
        asked[category] += row["status"] != "not-judged"
        over[category] += row["status"] == "over" and row["is_new"]
    shares = shares_by_batch(row for row in rows if row["check"] == "lines-set-aside")
    limit = next((row["limit"] for row in rows if row["check"] == "lines-set-aside"), 0.0)
    return SourceLine(
        source=name,
        title=source_title(name),
        lane=source_lane(name),
        asked=asked,
        over=over,
        set_aside=draw_spark([share for _, share in shares], limit, "share of lines set aside"),
        latest=shares[-1][0] if shares else "",
    )


def shares_by_batch(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """What a share comes to in each delivery over all its tables, the oldest first.

    >>> row = {"batch": "2025-07-01", "count": 1, "denominator": 10}
    >>> shares_by_batch([row, row | {"count": 3}])
    [('2025-07-01', 0.2)]
    """
    counts: dict[str, list[int]] = {}
    for row in rows:
        total = counts.setdefault(row["batch"], [0, 0])
        total[0] += row["count"]
        total[1] += row["denominator"]
    return [(batch, failed / among) for batch, (failed, among) in sorted(counts.items()) if among][-MOST_POINTS:]


@dataclass(frozen=True)
class CheckTrend:
    """One source's values of a check over its deliveries, or over the versions."""

    title: str
    lane: str
    spark: Spark


def build_trends(
    check: Check, rows: Sequence[Mapping[str, Any]], versions: Sequence[EarlierVersion], limit: float
) -> list[CheckTrend]:
    """Draw a check by source: of each delivery the table that is furthest off, of the record one value a version."""
    values: dict[str, list[float]] = {}
    if any(row["batch"] for row in rows):
        worst: dict[tuple[str, str], float] = {}
        for row in rows:
            if row["value"] is not None and row["status"] != "not-judged":
                key = (row["source"], row["batch"])
                worst[key] = max(worst.get(key, 0.0), row["value"])
        for (source, _), value in sorted(worst.items()):
            values.setdefault(source, []).append(value)
    else:
        asked = {row["source"] or "" for row in rows}
        for version in versions:
            for told in version.summary.get("quality", {}).get("record", ()):
                source = told["source"] or ""
                if told["check"] == check.id and told["value"] is not None and source in asked:
                    values.setdefault(source, []).append(told["value"])
    trends = []
    for source, line in sorted(values.items()):
        spark = draw_spark(line[-MOST_POINTS:], limit, check.title.lower())
        if spark is not None:
            title, lane = (source_title(source), source_lane(source)) if source else (RECORD, "")
            trends.append(CheckTrend(title, lane, spark))
    return trends


def draw_spark(values: Sequence[float], limit: float, what: str) -> Spark | None:
    """Draw values as a line; None for fewer than two.

    The top is the highest value, or the limit where that is at most three times as high.

    >>> draw_spark([0.0, 0.5, 1.0], 2.0, "share").path
    'M4.0 24.0 L60.0 19.0 L116.0 14.0'
    >>> draw_spark([1.0], 2.0, "share") is None, draw_spark([0.0, 0.1], 2.0, "share").limit is None
    (True, True)
    """
    if len(values) < 2:
        return None
    highest = max(values)
    shows_limit = highest == 0 or limit <= 3 * highest
    top = max(highest, limit if shows_limit else 0.0) or 1.0
    step = (LINE_WIDTH - 2 * LINE_MARGIN) / (len(values) - 1)

    def height(value: float) -> float:
        return round(LINE_HEIGHT - LINE_MARGIN - value / top * (LINE_HEIGHT - 2 * LINE_MARGIN), 1)

    points = [(round(LINE_MARGIN + place * step, 1), height(value)) for place, value in enumerate(values)]
    return Spark(
        path="M" + " L".join(f"{x} {y}" for x, y in points),
        x=points[-1][0],
        y=points[-1][1],
        limit=height(limit) if shows_limit and limit > 0 else None,
        words=f"The last {len(values)}: {what}, from {values[0]:.3g} to {values[-1]:.3g}, at most {highest:.3g}",
    )
