"""How are the checks of the record counted?

What breaks a check of events is counted row by row (`EVENTS`), what breaks one of parts and stays person by person
(`PARTS`), whatever day it is: so a day's change is told by the rows that came and went (`record.sums`). The others look
at a person's first and last event, at people, who are few, or hold something against the newest extracts; every build
asks them anew (`NOW`).
"""

from __future__ import annotations

from collections.abc import Iterable

from washhouse.core.tables import Column
from washhouse.record.kernels import Kernel
from washhouse.record.quality.record_checks import RECORD_CHECKS, STAYS, RecordCheck, Rows
from washhouse.record.sums import Sum


def _counted(rows: Rows) -> str:
    """SQL that counts all checks of one kind of row in one pass."""
    told = ", ".join(
        f"{{'check': '{one.check.id}', "
        f"'failed': {_number(one, f'({one.among}) AND ({one.fails})')}, "
        f"'among': {_number(one, one.among)}}}"
        for one in RECORD_CHECKS
        if one.rows == rows
    )
    source = "CAST(NULL AS VARCHAR)" if rows == "person" else "source"
    counted = f"SELECT {source} AS source, [{told}] AS told FROM {rows}_row GROUP BY 1"
    return f"SELECT source, unnest(told, recursive := true) FROM ({counted})"


def _number(one: RecordCheck, where: str) -> str:
    """SQL of how many of what a check counts stand in the rows of which something holds."""
    is_each = one.check.subject == "people" or one.rows in ("part", "span")
    return f"CAST({'count(*)' if is_each else 'sum(events)'} FILTER (WHERE {where}) AS BIGINT)"


def _kernel(name: str, kinds: Iterable[Rows], tables: str, inputs: tuple[str, ...]) -> Kernel:
    counted = " UNION ALL ".join(map(_counted, kinds))
    sql = f"""
    WITH {tables}
    SELECT source, "check", coalesce(failed, 0) AS failed, coalesce(among, 0) AS among FROM ({counted})"""
    return Kernel(
        name,
        sql,
        (
            Column("source", "string", "Sending system; null for people"),
            Column("check", "string", "Id of the check", nullable=False),
            Column("failed", "int64", "Rows that break it", nullable=False),
            Column("among", "int64", "Rows that could be judged", nullable=False),
        ),
        inputs,
    )


_HOLDING = "FROM event WHERE superseded_at IS NULL"
_FAMILY = "split_part(code, '//', 1) AS family"

EVENTS = Sum(
    _kernel(
        "quality-events",
        ("event",),
        f"""event_row AS (
            SELECT source, code, {_FAMILY}, ended, backwards, events FROM (
                SELECT source, code, end_time IS NOT NULL AND time IS NOT NULL AS ended,
                       coalesce(end_time < time, false) AS backwards, count(*) AS events
                {_HOLDING} GROUP BY ALL))""",
        ("event",),
    ),
    ("failed", "among"),
    "row",
)
"""Counts the checks of events, by source."""

_STAYING = "contains(code, '_SPELL') OR contains(code, '_WARD')"

PARTS = Sum(
    _kernel(
        "quality-parts",
        ("part", "span"),
        f"""tied AS MATERIALIZED (
            SELECT person_id, source, {_FAMILY}, time, end_time, ref, parent_ref
            {_HOLDING} AND (ref IS NOT NULL OR parent_ref IS NOT NULL)),
        whole AS (
            SELECT person_id, ref, min(time) AS starts,
                   CASE WHEN NOT bool_or(end_time IS NULL AND lasts) THEN max(end_time) END AS ends
            FROM (SELECT *, end_time IS NOT NULL OR family LIKE '%\\_REFERRAL' ESCAPE '\\' OR {STAYS} AS lasts
                  FROM tied WHERE ref IS NOT NULL)
            GROUP BY person_id, ref),
        part_row AS (
            SELECT e.source, e.family, e.time, w.starts, w.ends, w.ref IS NOT NULL AS found
            FROM tied AS e
            LEFT JOIN whole AS w ON w.person_id = e.person_id AND w.ref = e.parent_ref
            WHERE e.parent_ref IS NOT NULL),
        stay AS (
            SELECT person_id, source, {_FAMILY}, time, end_time, ref
            {_HOLDING} AND time IS NOT NULL AND ({_STAYING})),
        span_row AS (
            SELECT source, time, max(coalesce(end_time, TIMESTAMP '9999-12-31')) OVER (
                       PARTITION BY person_id, source, family ORDER BY time, end_time, ref
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_end
            FROM stay WHERE {STAYS})""",
        ("event",),
    ),
    ("failed", "among"),
    "person",
    f"ref IS NOT NULL OR parent_ref IS NOT NULL OR {_STAYING}",
)
"""Counts the checks of parts and stays, by source. Most events are neither."""

DAYS = Sum(
    Kernel(
        "quality-days",
        f"SELECT source, CAST(time AS DATE) AS day, count(*) AS events {_HOLDING} GROUP BY ALL",
        (
            Column("source", "string", "Sending system", nullable=False),
            Column("day", "date", "Day on which they happened; null for standing facts"),
            Column("events", "int64", "Events that hold", nullable=False),
        ),
        inputs=("event",),
    ),
    ("events",),
    "row",
)
"""Counts events by day."""

NOW = _kernel(
    "quality-now",
    ("life", "day", "person"),
    f"""life_row AS (
        SELECT l.*, p.birth_month, p.death_date, p.person_id IS NULL AS nobody FROM (
            SELECT source, person_id, count(*) AS events, min(time) AS first,
                   max(time) FILTER (WHERE split_part(code, '//', 1) NOT IN ('DEATH', 'GP_REGISTRATION')) AS last
            {_HOLDING} GROUP BY source, person_id) AS l
        LEFT JOIN person AS p ON p.person_id = l.person_id),
    day_row AS (SELECT d.*, a.as_of FROM told_day AS d LEFT JOIN newest_of AS a ON a.source = d.source),
    person_row AS (SELECT p.*, (SELECT max(as_of) FROM newest_of) AS newest FROM person AS p)""",
    ("event", "person"),
)
"""Counts the other checks. Reads `newest_of` (source, as_of) and `told_day` (what `DAYS` gives, of one bucket or in one
bucket) beside the record."""
