"""Which scores of earlier weeks stay in the record when a version is scored?

A trend tells what pages showed week by week, so a score stays as it was published: the version scored last hands it
on, without its reasons, under the id that the person has now. A week that no version scored is scored afterwards, where
the model can be honest about it (`insight.models.history.lacking_weeks`), and is marked so.

Where a risk of months is told of everybody, a day more or less changes little: such scores stand for some days
(`Outcome.stands_days`), and are handed on as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pyarrow as pa

from washhouse.insight.models.registry import index_day
from washhouse.insight.outcomes.contract import Outcome
from washhouse.lake.engine import connect
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.scan import scan
from washhouse.record.tables import PERSON, RETIRED, SCORE

_MOVED = """
RECURSIVE "step" AS (
    SELECT "old", "new" FROM "retired"
    UNION
    SELECT m."old", r."new" FROM "step" AS m JOIN "retired" AS r ON r."old" = m."new"
),
"moved" AS (SELECT * FROM "step" WHERE "new" NOT IN (SELECT "old" FROM "retired"))"""
"""Ids that gave way, with the id of now."""

_ONE_EACH = """row_number() OVER (
    PARTITION BY p."person_id", p."model", p."index_date" ORDER BY p."is_moved", p."rank" NULLS LAST, p."status") = 1"""
"""Of two who are one now, the one that bore the id counts."""

_KEPT = f"""
WITH {_MOVED},
"present" AS (
    SELECT s.* REPLACE (
            coalesce(m."new", s."person_id") AS "person_id",
            CAST(NULL AS VARCHAR) AS "reasons",
            coalesce(s."scored_afterwards", s."index_date" < w."shown") AS "scored_afterwards"),
        -- The writer computes it anew.
        CAST(0 AS INTEGER) AS "bucket",
        m."new" IS NOT NULL AS "is_moved"
    FROM {{score}} AS s
    JOIN "span" AS w ON w."model" = s."model" AND s."index_date" >= w."first" AND s."index_date" < w."today"
    LEFT JOIN "moved" AS m ON m."old" = s."person_id"
),
"newest" AS (
    SELECT "model", max("index_date") AS "index_date" FROM "present"
    GROUP BY "model", date_trunc('week', "index_date")
)
SELECT p.* EXCLUDE ("is_moved") FROM "present" AS p
JOIN "span" AS w ON w."model" = p."model"
WHERE (p."index_date" >= w."recent" OR (p."model", p."index_date") IN (SELECT ("model", "index_date") FROM "newest"))
  AND p."person_id" IN (SELECT "person_id" FROM {{person}})
QUALIFY {_ONE_EACH}
"""

_STANDING = f"""
WITH {_MOVED},
"present" AS (
    SELECT s.* REPLACE (coalesce(m."new", s."person_id") AS "person_id"),
        CAST(0 AS INTEGER) AS "bucket",
        m."new" IS NOT NULL AS "is_moved"
    FROM {{score}} AS s
    JOIN "standing" AS d ON d."model" = s."model" AND d."index_date" = s."index_date"
    LEFT JOIN "moved" AS m ON m."old" = s."person_id"
)
SELECT p.* EXCLUDE ("is_moved") FROM "present" AS p
WHERE p."person_id" IN (SELECT "person_id" FROM {{person}} WHERE "death_date" IS NULL)
QUALIFY {_ONE_EACH}
"""

_SPAN = pa.schema([("model", pa.string()), *((name, pa.date32()) for name in ("first", "recent", "today", "shown"))])


def read_kept(
    lake: Lake,
    published: Version | None,
    candidate: Version,
    outcomes: Mapping[str, Outcome],
    today: Mapping[str, date | None],
) -> pa.Table:
    """Read the scores that a version hands on.

    Args:
        lake: The record's tables.
        published: The version scored last; None before the first.
        candidate: The version that is being scored.
        outcomes: What is scored.
        today: By name of the outcome, the day at whose start the newest scores are made.

    Returns:
        Rows of `record.score` from before that day, of outcomes that keep a history and of people of the candidate:
        of the last week those of every day, of a week before it those of its last one.
    """
    spans = [
        {
            "model": name,
            "first": day - timedelta(7 * outcome.history_weeks - 1),
            "recent": day - timedelta(7),
            "today": day,
            # Of a version from before this was noted, only the newest scores are sure to have been shown on their day.
            "shown": None if published is None else index_day(published.as_of, outcome.source),
        }
        for name, outcome in outcomes.items()
        if outcome.history_weeks and (day := today[name]) is not None
    ]
    if published is None or SCORE.name not in published.tables or not spans:
        return arrow_schema(SCORE).empty_table()
    return _read(lake, published, candidate, _KEPT, span=pa.Table.from_pylist(spans, schema=_SPAN))


def read_standing(lake: Lake, published: Version, candidate: Version, days: Mapping[str, date]) -> pa.Table:
    """Read the newest scores that still stand.

    Args:
        lake: The record's tables.
        published: The version scored last.
        candidate: The version that is being scored.
        days: By name of the outcome, the index date of the scores that stand.

    Returns:
        Rows of `record.score` as they were told, of people of the candidate of whom no death is known, under the ids of
        now.
    """
    standing = {"model": list(days), "index_date": pa.array(days.values(), pa.date32())}
    return _read(lake, published, candidate, _STANDING, standing=pa.table(standing))


def _read(lake: Lake, published: Version, candidate: Version, sql: str, **beside: pa.Table) -> pa.Table:
    with connect() as engine:
        for name, table in beside.items():
            engine.register(name, table)
        engine.register("retired", lake.read(RETIRED, candidate.tables[RETIRED.name]))
        wanted = sql.format(score=scan(lake, SCORE, published), person=scan(lake, PERSON, candidate))
        return conform(SCORE, engine.sql(wanted).to_arrow_table())


def dates_of(kept: pa.Table) -> dict[str, set[date]]:
    """Index dates of some scores, by model."""
    found: dict[str, set[date]] = {}
    for row in kept.group_by(["model", "index_date"]).aggregate([]).to_pylist():
        found.setdefault(row["model"], set()).add(row["index_date"])
    return found


def join_kept(scores: pa.Table, kept: pa.Table) -> pa.Table:
    """Put new scores and those handed on together.

    Args:
        scores: New rows of `record.score`.
        kept: Rows of `read_kept`.

    Returns:
        All of them. A day that was scored anew is told by the new scores, which were shown on that day if those handed
        on were.
    """
    with connect() as engine:
        engine.register("fresh", scores)
        engine.register("kept", kept)
        names = ", ".join(f'"{name}"' for name in scores.column_names)
        return engine.sql(f"""
            SELECT {names} FROM (
                SELECT f.* REPLACE (f."scored_afterwards" AND coalesce(k."scored_afterwards", TRUE)
                    AS "scored_afterwards")
                FROM "fresh" AS f LEFT JOIN "kept" AS k USING ("person_id", "model", "index_date")
                UNION ALL BY NAME
                SELECT * FROM "kept"
                WHERE ("model", "index_date") NOT IN (SELECT DISTINCT ("model", "index_date") FROM "fresh"))
            """).to_arrow_table()
