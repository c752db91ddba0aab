"""Which kernels does the crisis model run over each bucket of the record?"""

from __future__ import annotations

from washhouse.core.tables import Column
from washhouse.insight.codelists import CRISIS_CODELISTS, build_codelist_table
from washhouse.insight.crisis.points import ITEMS
from washhouse.insight.crisis.population import POPULATION_SQL
from washhouse.insight.features.compile import (
    build_feature_tables,
    compile_evidence,
    summaries_kernel,
)
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.store import digest
from washhouse.record.kernels import Kernel

MENTAL_HEALTH = "mental_health"
"""Source whose submissions make history and whose freshness decides."""

SUBMITTED = Kernel(
    name="crisis-submitted",
    sql=f"""
        SELECT DISTINCT CAST("recorded_at" AS DATE) AS "day" FROM "event"
        WHERE "source" = '{MENTAL_HEALTH}' AND NOT "recorded_assumed" ORDER BY "day" """,
    columns=(Column("day", "date", "Day on which something was submitted", nullable=False),),
    inputs=("event",),
)
POPULATION = Kernel(
    name="crisis-population",
    sql=POPULATION_SQL,
    columns=(
        Column("index_date", "date", "Day at whose start the status holds", nullable=False),
        Column("person_id", "string", "Person with an open referral to a community team", nullable=False),
        Column("is_adult", "bool", "18 or older, whatever the day of birth", nullable=False),
        Column("is_alive", "bool", "No death known", nullable=False),
        Column("in_hospital", "bool", "On a mental-health ward", nullable=False),
        Column("with_crisis_team", "bool", "Open, unrejected, not forgotten referral to a crisis team", nullable=False),
        Column("bucket", "int32", "Person bucket", nullable=False),
        Column("birth_month", "date", "First day of the month of birth"),
        Column("sex", "string", "As in `record.person`"),
        Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
        Column("status", "string", "`at-risk`, `in-crisis-care` or `not-eligible`", nullable=False),
        Column("crisis_at", "timestamp", "Beginning of the first crisis in the horizon"),
        Column("crisis_kind", "string", "`admission` or `crisis-team`"),
    ),
)
SUMMARIES = summaries_kernel("crisis-features", CRISIS_FEATURES)
EVIDENCE = Kernel(
    name="crisis-evidence",
    sql=compile_evidence(),
    columns=(
        Column("row", "int32", "Person-index, as numbered in `row`", nullable=False),
        Column("events", "int32", "Kind of events, as numbered in `summed`", nullable=False),
        Column("days", "int32", "Days from the event to the index", nullable=False),
        Column("is_open", "bool", "Begun and not ended", nullable=False),
        Column("event_ref", "string", "The event's own ref, else the line that first showed it", nullable=False),
    ),
    inputs=("event",),
)


def declarations_digest() -> str:
    """Digest of all that a stored model must agree with: label, features, their codes, and how a model sees them."""
    tables = {**build_feature_tables(CRISIS_FEATURES), "crisis": build_codelist_table(CRISIS_CODELISTS)}
    return digest(
        [
            POPULATION_SQL,
            SUMMARIES.sql,
            {name: table.to_pylist() for name, table in tables.items()},
            [[feature.name, feature.aggregation, feature.shape, feature.fact] for feature in CRISIS_FEATURES],
            [column.name for column in design_columns(CRISIS_FEATURES)],
            [item.column.name for item in ITEMS],
        ]
    )
