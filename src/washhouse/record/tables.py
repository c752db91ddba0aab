"""Which tables does the record hold, and what is one row of each?"""

from __future__ import annotations

from washhouse.core.tables import Column, ColumnType, Table

_BUCKET = Column("bucket", "int32", "Person bucket, 0 to buckets - 1", nullable=False)
_PERSON = Column("person_id", "string", "Pseudonymous person, 32 hex digits", nullable=False)
_SOURCE = Column("source", "string", "Sending system", nullable=False)

PERSON = Table(
    name="person",
    grain="one row per person with at least one source record",
    key=("person_id",),
    order=("person_id",),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        _PERSON,
        Column("birth_month", "date", "First day of the month of birth"),
        Column("sex", "string", "`female`, `male`, `indeterminate` or `unknown`"),
        Column("ethnic_category", "string", "As recorded: A-S, Z (not stated), 99 (not known) or null (blank)"),
        Column("small_area", "string", "LSOA code"),
        Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
        Column("practice", "string", "GP practice code"),
        Column("death_date", "date", "Day of death, if known"),
        Column("sources", "string", "Sending systems that know the person, sorted, comma-separated", nullable=False),
    ),
)

EVENT = Table(
    name="event",
    grain="one row per state of a thing that happened to a person (a correction keeps the old row)",
    key=("person_id", "source", "source_file", "source_row", "code"),
    order=("person_id", "time", "code"),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        _PERSON,
        Column("time", "timestamp", "When it happened, UTC; null for standing facts"),
        Column("end_time", "timestamp", "When it ended, if it lasts and has ended"),
        Column("recorded_at", "timestamp", "When the source first showed this state", nullable=False),
        Column("recorded_assumed", "bool", "True where `recorded_at` is only the event's own time", nullable=False),
        Column("superseded_at", "timestamp", "When the source showed another state, or withdrew it"),
        Column("code", "string", "`vocabulary//code`", nullable=False),
        Column("numeric_value", "float64", "Value, in `unit`"),
        Column("unit", "string", "Unit of `numeric_value`"),
        Column("text_value", "string", "Short coded value; never free text"),
        Column("ref", "string", "Opaque id of the thing (referral, contact, spell, attendance)"),
        Column("parent_ref", "string", "`ref` of the thing that this belongs to"),
        Column("team", "string", "Team's local id"),
        Column("worker", "string", "Worker's local id"),
        _SOURCE,
        Column("source_file", "string", "`batch/file` that first showed this state", nullable=False),
        Column("source_row", "int64", "CSV record in that file, the first after the header being 1", nullable=False),
    ),
)

EVENT_CHANGE = Table(
    name="event_change",
    grain="one row per row of `event` that came or went since that table was last written whole",
    key=("bucket", "place"),
    order=("place",),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        Column(
            "place", "int64", "Where it lies among the bucket's rows of `event`, see `lake.overlay`", nullable=False
        ),
        Column("goes", "bool", "True for a row of `event` that holds no more, false for one more", nullable=False),
        *EVENT.columns[1:],
    ),
)

RELATION = Table(
    name="relation",
    grain="one row per tie of a person and span; a tie between two people stands at both",
    key=("person_id", "other", "kind", "via", "since", "source"),
    order=("person_id", "kind", "other", "via", "since", "source"),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        _PERSON,
        Column("other", "string", "The other end: person_id, worker, team, practice or service", nullable=False),
        Column(
            "kind",
            "string",
            "`household`, `carer`, `phone`, `address` (to a person); `practitioner`, `team`, `practice`, `service`",
            nullable=False,
        ),
        Column("via", "string", "What both people have: keyed hash of the home, number or address"),
        Column("since", "date", "First day known"),
        Column("until", "date", "Day after the last, if ended"),
        Column("evidence", "string", "What the tie rests on, in words", nullable=False),
        Column("source", "string", "Sending system that says so; null in a version from before it was noted"),
    ),
)

CARE_RELATION = Table(
    name="care_relation",
    grain="one row per person and team or worker, and span",
    key=("person_id", "team", "worker", "since"),
    order=("person_id", "since"),
    columns=(
        _PERSON,
        Column("team", "string", "Team's local id"),
        Column("worker", "string", "Worker's local id; null where only the team is known"),
        Column("since", "date", "First day", nullable=False),
        Column("until", "date", "Day after the last, if ended"),
        _SOURCE,
        Column("source_file", "string", "`batch/file` it was derived from", nullable=False),
        Column("source_row", "int64", "CSV record in that file", nullable=False),
    ),
)

PERSON_VIEW = Table(
    name="person_view",
    grain="one row per person and view in which it is one with other people of the record",
    key=("view", "person_id"),
    order=("view", "person_id"),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        Column("view", "string", "`balanced` (planning) or `lenient` (research)", nullable=False),
        Column("person_id", "string", "Pseudonymous person of the record, the strict view", nullable=False),
        Column("view_id", "string", "person_id of the first founded of those that are one", nullable=False),
        Column("joined_to", "string", "Person at the other end of the link that joins it; null for that first one"),
        Column("link_probability", "float64", "Probability of that link, 0 to 1; 1 for that first one", nullable=False),
        Column(
            "probability", "float64", "Probability of the weakest link on the way to that first one", nullable=False
        ),
    ),
)

RETIRED = Table(
    name="retired",
    grain="one row per person_id that gave way to another",
    key=("old",),
    columns=(
        Column("old", "string", "Retired person_id", nullable=False),
        Column("new", "string", "person_id that took over", nullable=False),
    ),
)

BATCH = Table(
    name="batch",
    grain="one row per file landed",
    key=("source", "batch", "file"),
    order=("source", "batch", "file"),
    columns=(
        _SOURCE,
        Column("batch", "string", "Batch, as its folder is named", nullable=False),
        Column("file", "string", "File name", nullable=False),
        Column("source_table", "string", "Table of the source contract"),
        Column("status", "string", "`accepted` or `rejected`", nullable=False),
        Column("reason", "string", "Why rejected, in words; no values"),
        Column("as_of", "date", "Declared date of the batch", nullable=False),
        Column("period_start", "date", "First day reported"),
        Column("period_end", "date", "Last day reported"),
        Column("sha256", "string", "Digest of the bytes received", nullable=False),
        Column("bytes", "int64", "Bytes received", nullable=False),
        Column("lines", "int64", "CSV records after the header", nullable=False),
        Column("accepted", "int64", "Rows typed and kept", nullable=False),
        Column("warned", "int64", "Accepted rows with at least one warning", nullable=False),
        Column("quarantined", "int64", "Rows set aside", nullable=False),
        Column("duplicates", "int64", "Rows identical to an earlier one in the file", nullable=False),
        Column("opted_out", "int64", "Rows dropped for an opt-out", nullable=False),
        Column("landed_at", "timestamp", "When the file was landed", nullable=False),
    ),
)

QUARANTINE = Table(
    name="quarantine",
    grain="one row per reason to reject, set aside or warn",
    key=("source", "batch", "file", "row", "rule", "column"),
    order=("source", "batch", "file", "row"),
    columns=(
        _SOURCE,
        Column("batch", "string", "Batch", nullable=False),
        Column("file", "string", "File name", nullable=False),
        Column("source_table", "string", "Table of the source contract"),
        Column("row", "int64", "CSV record, the first after the header being 1; 0 for the whole file", nullable=False),
        Column("column", "string", "Column, if one is to blame"),
        Column("rule", "string", "Stable kebab-case rule", nullable=False),
        Column("severity", "string", "`reject`, `quarantine` or `warning`", nullable=False),
        Column("reason", "string", "What is wrong and what was expected; never a value", nullable=False),
    ),
)

SCORE = Table(
    name="score",
    grain="one row per person at risk, model and index date",
    key=("person_id", "model", "index_date"),
    order=("person_id", "model", "index_date"),
    partition_by=("bucket",),
    columns=(
        _BUCKET,
        _PERSON,
        Column("model", "string", "Outcome model, e.g. `crisis`", nullable=False),
        Column("model_version", "string", "Version of the fitted model", nullable=False),
        Column("index_date", "date", "Day at whose start the score was made", nullable=False),
        Column("status", "string", "`scored` or `in-crisis-care`", nullable=False),
        Column("risk", "float64", "Calibrated probability, 0 to 1; null unless scored"),
        Column("risk_lower", "float64", "Lower end of the 95 % interval"),
        Column("risk_upper", "float64", "Upper end of the 95 % interval"),
        Column("rank", "int32", "Rank among the scored of that model and date, 1 the highest"),
        Column("points", "float64", "Points of the points list"),
        Column("reasons", "string", "JSON list of {feature, text, value, contribution, event_refs}"),
        Column("record_version", "string", "Version of the record that it was computed from"),
        Column("inputs", "string", "Digest of the features that the model saw, 16 hex digits; null unless scored"),
        Column(
            "scored_afterwards", "bool", "Made after its day, from what was known then; no page showed it on its day"
        ),
        Column(
            "rests_on",
            "string",
            "JSON list of {source, sent, knows, is_late}: every sending system, when it last sent something before the "
            "index, whether it knows the person, and whether it was silent for longer than the model has seen; null "
            "unless scored",
        ),
    ),
)

QUALITY = Table(
    name="quality",
    grain="one row per check and what it was asked of: a source's part of the record, or a table of a delivery",
    key=("check", "source", "batch", "source_table"),
    order=("check", "source", "batch", "source_table"),
    columns=(
        Column("check", "string", "Id of the check, see docs/reference/checks.md", nullable=False),
        Column("source", "string", "Sending system; null for the record as a whole"),
        Column("batch", "string", "Batch; null for the record as it stands"),
        Column("source_table", "string", "Table of the source contract; null for a whole source or batch"),
        Column("column", "string", "Column that is furthest off, if columns are compared"),
        Column("compared_with", "string", "Batch that it is compared with"),
        Column("count", "int64", "How many break it; null for 1 to 7 people or events, which are not told"),
        Column("denominator", "int64", "Out of how many", nullable=False),
        Column("value", "float64", "What the check measures, as its declaration says; null where `count` is not told"),
        Column("limit", "float64", "What it may come to", nullable=False),
        Column("status", "string", "`met`, `over` or `not-judged` (too few)", nullable=False),
        Column("is_new", "bool", "The batch came with this version; true for the record as it stands", nullable=False),
    ),
)

WATCH = Table(
    name="watch",
    grain="one row per thing that is watched and period",
    key=("watch", "model", "source", "item", "period"),
    order=("watch", "model", "source", "item", "period"),
    columns=(
        Column(
            "watch", "string", "`volume`, `inputs`, `missing` or `calibration`, see `insight.watch`", nullable=False
        ),
        Column("model", "string", "Outcome model; null for volumes, which all models look at"),
        Column("model_version", "string", "Version of the fitted model"),
        Column("source", "string", "Sending system (volumes)"),
        Column("item", "string", "Codelist, feature or `risk`; null for people seen and for calibration"),
        Column("period", "date", "Delivery that ends the window; index date", nullable=False),
        Column("value", "float64", "Count, stability index, share, or observed over expected; null where not told"),
        Column("centre", "float64", "What is usual"),
        Column("lower", "float64", "Lower limit"),
        Column("upper", "float64", "Upper limit"),
        Column("people", "int64", "People or person-indexes looked at (not volumes)"),
        Column(
            "status",
            "string",
            "`within`, `outside`, `run`, `too-few`, or `earlier`: what is held against",
            nullable=False,
        ),
    ),
)

INDICATOR = Table(
    name="indicator",
    grain="one row per indicator and place; counts under the disclosure rule (governance.disclosure)",
    key=("indicator", "place"),
    order=("indicator", "place"),
    columns=(
        Column("indicator", "string", "Id of the indicator", nullable=False),
        Column("place", "string", "Practice", nullable=False),
        Column("since", "date", "First day of the period", nullable=False),
        Column("until", "date", "Day after the last", nullable=False),
        Column("people", "int64", "People in the denominator, to the nearest 5; null where not told"),
        Column("observed", "int64", "Things counted, to the nearest 5; null where not told"),
        Column("expected", "float64", "Expected of people of their age and sex; null where not told"),
    ),
)

ATTRITION = Table(
    name="attrition",
    grain="one row per cohort and criterion, in the order in which they are applied",
    key=("cohort", "step"),
    order=("cohort", "step"),
    columns=(
        Column("cohort", "string", "Id of the cohort", nullable=False),
        Column("step", "int32", "0 for the population, then 1, 2, ...", nullable=False),
        Column("people", "int64", "People left after the criterion, to the nearest 5; null where not told"),
    ),
)

SQL_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
"""The engine's type for each type of a contract."""

TABLES = (
    PERSON,
    PERSON_VIEW,
    EVENT,
    RELATION,
    CARE_RELATION,
    RETIRED,
    BATCH,
    QUARANTINE,
    SCORE,
    QUALITY,
    WATCH,
    INDICATOR,
    ATTRITION,
)
