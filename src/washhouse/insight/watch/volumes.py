"""Do the events that models look at still arrive as they did?

Each source is looked at in windows of four weeks that end with one of its deliveries, as it was known then. So every
window has seen as much as the newest one has, whether the source delivers nightly or monthly, and a point can be
compared with those before it. A list of codes that thins or swells, or a source of which fewer people are seen, is
outside its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from washhouse.core.tables import Column
from washhouse.insight.codelists import CODED_CTE, Codelist, build_codelist_table
from washhouse.insight.watch.charts import Limits, count_limits
from washhouse.record.kernels import Kernel

WINDOW_DAYS = 28
BASELINE_WINDOWS = 13
"""A year, so that the oldest window is of the same season as the newest."""
MIN_BASELINE = 8
"""Earlier windows without which nothing is judged."""

MIN_COUNT = 20
"""Mean count of the earlier windows below which nothing is judged."""

PEOPLE = ""
"""In place of a list's name: people of whom the source told anything."""

VOLUMES = Kernel(
    name="watched-volumes",
    sql=f"""
WITH "window" AS MATERIALIZED (
    SELECT "source", "until", CAST("until" AS TIMESTAMP) + INTERVAL 1 DAY AS "at",
           CAST(row_number() OVER () AS INTEGER) AS "number"
    FROM "watch_window"
),
"back" AS (SELECT "source", "until", "at", "number", unnest(range({WINDOW_DAYS})) AS "days" FROM "window"),
"day" AS MATERIALIZED (SELECT "source", "at", "number", "until" - CAST("days" AS INTEGER) AS "day" FROM "back"),
"seen" AS MATERIALIZED (
    SELECT e."person_id", e."code", d."number"
    FROM "event" AS e
    JOIN "day" AS d
      ON d."source" = e."source" AND d."day" = CAST(e."time" AS DATE)
     AND e."recorded_at" < d."at" AND (e."superseded_at" IS NULL OR e."superseded_at" >= d."at")
    WHERE e."time" >= $since
),
"by_code" AS (SELECT "number", "code", count(*) AS "count" FROM "seen" GROUP BY ALL),
{CODED_CTE.replace('FROM "event"', 'FROM "by_code"')},
"told" AS (
    SELECT b."number", c."list", CAST(sum(b."count") AS BIGINT) AS "count"
    FROM "by_code" AS b JOIN "coded" AS c ON c."code" = b."code"
    GROUP BY ALL
    UNION ALL
    SELECT "number", '{PEOPLE}', count(*) FROM (SELECT DISTINCT "number", "person_id" FROM "seen") GROUP BY ALL
)
SELECT w."source", w."until", t."list", t."count" FROM "told" AS t JOIN "window" AS w USING ("number")
""",
    columns=(
        Column("source", "string", "Sending system", nullable=False),
        Column("until", "date", "Day of the delivery that ends the window", nullable=False),
        Column("list", "string", "Codelist; empty for people", nullable=False),
        Column("count", "int64", "Events, or people", nullable=False),
    ),
    inputs=("event",),
)
"""Counts events by window and list, and people by window. Reads `watch_window` and `codelist` beside the record.

`since` is the first day of any window. A bound that the engine knows beforehand spares it most events; so does joining
days to days, where windows would each be held against every event of their source."""


@dataclass(frozen=True)
class Volume:
    """A list's events of a source, window by window.

    Attributes:
        source: Sending system.
        codelist: Its name; empty for the people of whom the source told anything.
        points: Day of the delivery and count, oldest first.
        limits: Of the newest; none where there is too little to judge by.
    """

    source: str
    codelist: str
    points: tuple[tuple[date, int], ...]
    limits: Limits | None

    @property
    def is_outside(self) -> bool:
        """Whether the newest window differs from those before by more than they do among themselves.

        What comes every year is no change: a newest window as near to that of a year before as unchanged ones are to
        their centre is within.
        """
        if self.limits is None or self.limits.holds(self.points[-1][1]):
            return False
        reach = self.limits.upper - self.limits.centre
        has_year = len(self.points) == BASELINE_WINDOWS + 1
        return not (has_year and abs(self.points[-1][1] - self.points[0][1]) <= reach)


def choose_windows(submitted: Mapping[str, Iterable[date]]) -> pa.Table:
    """Days that end the windows: the newest delivery of each source, and the newest at least four weeks before each.

    Args:
        submitted: Days of delivery by source.

    Returns:
        `source`, `until`.
    """
    rows = []
    for source, days in submitted.items():
        chosen: list[date] = []
        for day in sorted(set(days), reverse=True):
            if not chosen or day <= chosen[-1] - timedelta(WINDOW_DAYS):
                chosen.append(day)
        rows += [{"source": source, "until": day} for day in chosen[: BASELINE_WINDOWS + 1]]
    return pa.Table.from_pylist(rows, schema=pa.schema([("source", pa.string()), ("until", pa.date32())]))


def watch_volumes(
    compute: Callable[[Kernel, Mapping[str, pa.Table], Mapping[str, Any]], pa.Table],
    submitted: Mapping[str, Iterable[date]],
    codelists: Iterable[Codelist],
) -> tuple[Volume, ...]:
    """Count and judge.

    Args:
        compute: Runs a kernel with extra tables and parameters over every bucket and puts the results together.
        submitted: Days of delivery by source.
        codelists: The lists that models look at.

    Returns:
        One series for each source and list that ever had an event in a window, by source and list.
    """
    windows = choose_windows(submitted)
    if not windows.num_rows:
        return ()
    since = min(windows["until"].to_pylist()) - timedelta(WINDOW_DAYS - 1)
    extra = {"watch_window": windows, "codelist": build_codelist_table(tuple(codelists))}
    found = compute(VOLUMES, extra, {"since": datetime.combine(since, time())})
    counts: dict[tuple[str, str], dict[date, int]] = {}
    for row in found.to_pylist():
        series = counts.setdefault((row["source"], row["list"]), {})
        series[row["until"]] = series.get(row["until"], 0) + row["count"]
    ends: dict[str, list[date]] = {}
    for row in windows.to_pylist():
        ends.setdefault(row["source"], []).append(row["until"])
    series_of = {
        key: tuple((day, told.get(day, 0)) for day in sorted(ends[key[0]])) for key, told in sorted(counts.items())
    }
    judged = {key: points for key, points in series_of.items() if _can_judge(points)}
    return tuple(
        Volume(*key, points, _limits(points, len(judged)) if key in judged else None)
        for key, points in series_of.items()
    )


def _can_judge(points: tuple[tuple[date, int], ...]) -> bool:
    earlier = [count for _, count in points[:-1]]
    return len(earlier) >= MIN_BASELINE and sum(earlier) / len(earlier) >= MIN_COUNT


def _limits(points: tuple[tuple[date, int], ...], series: int) -> Limits:
    return count_limits([count for _, count in points[:-1]], series)
