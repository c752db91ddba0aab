"""How do declarations become one pass of SQL over a bucket?

The SQL is in long form: one row per person-index, kind of events and its summaries, then scattered into a matrix by
`insight.features.matrix`. Every event enters through one condition, `insight.crisis.label.VISIBLE`: it happened and was
recorded before the index time and was not replaced by then. Nothing else reaches the sums, so no declaration can leak.
Features that sum up events as they are take the short way, and where there are no others what derived events need is
left out: hundreds of features then cost a few times a scan of the columns that they read.

References:
    docs/explanation/crisis-model.md; the shape (bucket loop, two-stage long form) was measured against wide pivots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from washhouse.core.tables import Column
from washhouse.insight.codelists import CODED_CTE, CRISIS_CODELISTS, Codelist, build_codelist_table
from washhouse.insight.crisis.label import CRISIS_CTES, VISIBLE
from washhouse.insight.features.contract import Events, Feature, Window
from washhouse.record.kernels import Kernel

MAX_EVIDENCE = 8
"""Newest events kept per person-index and kind of events, to cite as evidence."""

_KEPT_ALL = 'SELECT "code" FROM "coded"'
_KEPT_DERIVED = """SELECT c."code" FROM "coded" AS c
        WHERE c."list" IN (SELECT "list" FROM "summed" WHERE "derive" <> 'each')
           OR ("list" IN ('crisis-team', 'rejected-referral', 'crisis-ward', 'not-a-crisis-admission',
                          'attended-contact') AND EXISTS (SELECT 1 FROM "summed" WHERE "derive" = 'crisis'))"""
_EACH_FACTS = f"""
    SELECT i."row", s."events", date_diff('day', CAST(e."time" AS DATE), i."day") AS "days",
        e."numeric_value" AS "value", e."end_time" IS NULL OR e."end_time" >= i."at" AS "is_open", e."recorded_at",
        e."place" AS "seq"
    FROM "event" AS e
    JOIN "coded" AS c ON c."code" = e."code"
    JOIN "summed" AS s ON s."list" = c."list" AND s."derive" = 'each'
    JOIN "index" AS i ON i."person_id" = e."person_id" AND {VISIBLE}"""

_INDEX_CTE = """"index" AS (
    SELECT "row", "person_id", CAST("index_date" AS TIMESTAMP) AS "at", "index_date" AS "day" FROM "row"
)"""

_FACT_CTES = f"""
{CODED_CTE},
"kept" AS (
    SELECT e."person_id", e."time", e."end_time", e."recorded_at", e."superseded_at", e."code", e."numeric_value",
        e."ref", e."parent_ref", e."team", e."source_file", e."source_row",
        row_number() OVER (ORDER BY e."time", e."source_file", e."source_row", e."code") AS "seq"
    FROM "event" AS e
    WHERE e."time" IS NOT NULL AND e."code" IN ({_KEPT_ALL})
      AND e."person_id" IN (SELECT "person_id" FROM "row")
),
{_INDEX_CTE},
"plain" AS (
    SELECT e.*, s."events",
        CASE WHEN s."derive" <> 'is' THEN e."numeric_value" WHEN o."code" IS NULL THEN 0 ELSE 1 END AS "value"
    FROM "kept" AS e
    JOIN "coded" AS c ON c."code" = e."code"
    JOIN "summed" AS s ON s."list" = c."list" AND s."derive" IN ('each', 'is')
    LEFT JOIN "coded" AS o ON s."derive" = 'is' AND o."list" = s."other" AND o."code" = e."code"
),
"state" AS (
    SELECT i."row", s."events", s."derive", s."at_least", e."code", e."numeric_value", e."parent_ref", e."time",
        e."recorded_at", e."seq", date_diff('day', CAST(e."time" AS DATE), i."day") AS "days"
    FROM "kept" AS e
    JOIN "coded" AS c ON c."code" = e."code"
    JOIN "summed" AS s ON s."list" = c."list" AND s."derive" IN ('change', 'total')
    JOIN "index" AS i ON i."person_id" = e."person_id" AND {VISIBLE}
),
"changed" AS (
    SELECT *, lag("code") OVER (PARTITION BY "row", "events" ORDER BY "seq") AS "code_before"
    FROM "state" WHERE "derive" = 'change'
),
"crisis_referral" AS (
    SELECT DISTINCT e."person_id", e."ref"
    FROM "kept" AS e JOIN "coded" AS c ON c."code" = e."code" AND c."list" = 'crisis-team'
),
"crisis_start" AS (
    SELECT e."person_id", e."ref", min(e."seq") AS "seq"
    FROM "kept" AS e JOIN "coded" AS c ON c."code" = e."code" AND c."list" IN ('crisis-team', 'crisis-ward')
    GROUP BY e."person_id", e."ref"
),
"known" AS (
    SELECT i."row" AS "key", e."person_id", e."time", e."end_time", e."code", e."ref", e."parent_ref", e."team"
    FROM "kept" AS e
    JOIN "index" AS i ON i."person_id" = e."person_id" AND {VISIBLE}
    WHERE e."code" IN (SELECT "code" FROM "coded"
                       WHERE "list" IN ('crisis-team', 'rejected-referral', 'crisis-ward', 'not-a-crisis-admission'))
       OR (e."code" IN (SELECT "code" FROM "coded" WHERE "list" = 'attended-contact')
           AND (e."person_id", e."parent_ref") IN (SELECT ("person_id", "ref") FROM "crisis_referral"))
),
{CRISIS_CTES},
"fact" AS (
    SELECT i."row", e."events", date_diff('day', CAST(e."time" AS DATE), i."day") AS "days", e."value",
        e."end_time" IS NULL OR e."end_time" >= i."at" AS "is_open", e."seq", e."recorded_at"
    FROM "plain" AS e JOIN "index" AS i ON i."person_id" = e."person_id" AND {VISIBLE}
    UNION ALL
    SELECT "row", "events", "days", NULL, FALSE, "seq", "recorded_at"
    FROM "changed" WHERE "code_before" IS NOT NULL AND "code_before" <> "code"
    UNION ALL
    SELECT "row", "events", min("days"), sum("numeric_value"), FALSE, max("seq"), max("recorded_at")
    FROM "state" WHERE "derive" = 'total' AND "numeric_value" IS NOT NULL
    GROUP BY "row", "events", "parent_ref", "time", "at_least"
    HAVING count(DISTINCT "code") >= "at_least"
    UNION ALL
    SELECT c."key", s."events", date_diff('day', CAST(c."time" AS DATE), i."day"), NULL, FALSE, k."seq", NULL
    FROM "crisis" AS c
    JOIN "index" AS i ON i."row" = c."key"
    JOIN "summed" AS s ON s."derive" = 'crisis'
    LEFT JOIN "crisis_start" AS k ON k."person_id" = c."person_id" AND k."ref" = c."ref"
)"""

_EACH_CTES = f"""
{CODED_CTE},
{_INDEX_CTE},
"fact" AS ({_EACH_FACTS}
)"""

_MIXED_CTES = (
    (
        _FACT_CTES.replace(f"({_KEPT_ALL})", f"({_KEPT_DERIVED})")
        .replace("""AND s."derive" IN ('each', 'is')""", """AND s."derive" = 'is'""")
        .replace('"fact" AS (', '"derived" AS (')
    )
    + f""",
"fact" AS ({_EACH_FACTS}
    UNION ALL BY NAME SELECT * FROM "derived"
)"""
)
"""Events as they are take the short way; only what others are derived from is sorted."""


def list_events(features: Iterable[Feature]) -> tuple[Events, ...]:
    """Name the kinds of events that features sum up; the place in the list is the kind's number.

    Args:
        features: Checked declarations.

    Returns:
        Each kind once, in order of first use.
    """
    return tuple(dict.fromkeys(feature.events for feature in features if feature.events is not None))


def list_windows(features: Iterable[Feature]) -> tuple[Window, ...]:
    """Name the windows that features count over, each once, in order of first use."""
    return tuple(dict.fromkeys(feature.window for feature in features if feature.window is not None))


def build_feature_tables(features: Sequence[Feature]) -> dict[str, pa.Table]:
    """Lay the declarations out as the tables that the kernel joins to.

    Args:
        features: Checked declarations.

    Returns:
        `codelist` (see `insight.codelists`) and `summed`: one row per kind of events (`events`, its number; `derive`;
        `list`; `other`; `at_least`).
    """
    kinds = list_events(features)
    lists: list[Codelist] = [each for kind in kinds for each in (kind.codelist, kind.other) if each is not None]
    columns = {
        "events": pa.array(range(len(kinds)), pa.int32()),
        "derive": pa.array([kind.derive for kind in kinds], pa.string()),
        "list": pa.array([kind.codelist.name if kind.codelist else None for kind in kinds], pa.string()),
        "other": pa.array([kind.other.name if kind.other else None for kind in kinds], pa.string()),
        "at_least": pa.array([kind.at_least for kind in kinds], pa.int32()),
    }
    return {"codelist": build_codelist_table([*CRISIS_CODELISTS, *lists]), "summed": pa.table(columns)}


def window_column(window: Window) -> str:
    """Name of the column that counts a window's events, e.g. `n_28_1`."""
    return f"n_{window.first_day}_{window.last_day}"


def compile_summaries(features: Sequence[Feature]) -> str:
    """Compile declarations to SQL over `event`, `row`, `codelist` and `summed`.

    Args:
        features: Checked declarations.

    Returns:
        SQL for one row per person-index and kind of events: `row`, `events`, `days` (since the newest), `latest`
        (newest value; null if no feature asks for it), `n_open` (0 likewise), `recorded_at` (newest) and one count
        per window.
    """
    counts = "".join(
        f""",
    CAST(sum(CASE WHEN {_within(window)} THEN 1 ELSE 0 END) AS INTEGER) AS "{window_column(window)}\""""
        for window in list_windows(features)
    )
    is_each = all(kind.derive == "each" for kind in list_events(features))
    asked = {feature.aggregation for feature in features}
    latest = (
        'arg_max("value", "seq") FILTER (WHERE "value" IS NOT NULL)' if "latest" in asked else "CAST(NULL AS DOUBLE)"
    )
    n_open = 'CAST(sum(CASE WHEN "is_open" THEN 1 ELSE 0 END) AS INTEGER)' if "open" in asked else "0"
    return f"""WITH {_EACH_CTES if is_each else _MIXED_CTES}
SELECT "row", "events", CAST(min("days") AS INTEGER) AS "days",
    {latest} AS "latest",
    {n_open} AS "n_open",
    max("recorded_at") AS "recorded_at"{counts}
FROM "fact"
GROUP BY "row", "events"
"""


def _within(window: Window) -> str:
    """Whether an event lies in a window; every event that was known lies a day or more before the index."""
    until = f' AND "days" >= {window.last_day}' if window.last_day > 1 else ""
    return f'"days" <= {window.first_day}{until}'


def summaries_kernel(name: str, features: Sequence[Feature]) -> Kernel:
    """The kernel that gives the summaries of a bucket.

    Args:
        name: The kernel's name.
        features: Checked declarations; it is handed `row` and the tables of `build_feature_tables`.
    """
    return Kernel(
        name=name,
        sql=compile_summaries(features),
        columns=(
            Column("row", "int32", "Person-index, as numbered in `row`", nullable=False),
            Column("events", "int32", "Kind of events, as numbered in `summed`", nullable=False),
            Column("days", "int32", "Days from the newest event to the index", nullable=False),
            Column("latest", "float64", "Newest value"),
            Column("n_open", "int32", "Spans begun and not ended", nullable=False),
            Column("recorded_at", "timestamp", "When the newest recorded event was recorded"),
            *(
                Column(window_column(window), "int32", "Events in the window", nullable=False)
                for window in list_windows(features)
            ),
        ),
        inputs=("event",),
    )


EVIDENCE_COLUMNS = (
    Column("row", "int32", "Person-index, as numbered in `row`", nullable=False),
    Column("events", "int32", "Kind of events, as numbered in `summed`", nullable=False),
    Column("days", "int32", "Days from the event to the index", nullable=False),
    Column("is_open", "bool", "Begun and not ended", nullable=False),
    Column("event_ref", "string", "The event's own ref, else the line that first showed it", nullable=False),
)
"""What `compile_evidence` gives."""


def compile_evidence() -> str:
    """SQL, over the same tables and `cited` (`row`, `events`: what is asked for), for the events behind the summaries.

    Returns:
        SQL for the newest events of each kind: `row`, `events`, `days`, `is_open`, `event_ref` (of the thing, of
        the attendance that it belongs to, else `file#row` of the line that first showed it), newest first.
    """
    return f"""WITH {_FACT_CTES},
"newest" AS (
    SELECT f."row", f."events", f."days", f."is_open", f."seq",
        row_number() OVER (PARTITION BY f."row", f."events" ORDER BY f."days", f."seq" DESC) AS "place"
    FROM "fact" AS f JOIN "cited" AS a ON a."row" = f."row" AND a."events" = f."events"
)
SELECT n."row", n."events", CAST(n."days" AS INTEGER) AS "days", n."is_open",
    coalesce(k."ref", CASE WHEN starts_with(k."code", 'ECDS_') THEN k."parent_ref" END,
        k."source_file" || '#' || k."source_row") AS "event_ref"
FROM "newest" AS n JOIN "kept" AS k ON k."seq" = n."seq"
WHERE n."place" <= {MAX_EVIDENCE}
ORDER BY n."row", n."events", n."place"
"""
