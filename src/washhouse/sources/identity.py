"""What does a sending system say about who a record belongs to?"""

from __future__ import annotations

from washhouse.core.tables import Column, Table

IDENTITY = Table(
    name="identity",
    grain="one row per source record of a person (its latest state; absent fields null)",
    key=("source", "source_id"),
    order=("source", "source_id"),
    columns=(
        Column("source", "string", "Sending system", nullable=False),
        Column("source_id", "string", "Sender's own id of the person", nullable=False),
        Column("identity_kind", "string", "`clear` or `pseudonym`", nullable=False),
        Column("nhs_number", "string", "Ten digits with a valid check digit"),
        Column("pseudo_nhs_number", "string", "Regional pseudonym of the NHS number"),
        Column("first_name", "string", "As sent"),
        Column("surname", "string", "As sent"),
        Column("birth_date", "date", "Day of birth"),
        Column("sex", "string", "`female`, `male`, `indeterminate` or `unknown`"),
        Column("postcode", "string", "As sent"),
        Column("address", "string", "As sent"),
        Column("uprn", "string", "Unique property reference number"),
        Column("phone", "string", "As sent"),
        Column("restricted", "bool", "Address must not be shown", nullable=False),
        Column("ethnic_category", "string", "As recorded: A-S, Z, 99 or null"),
        Column("small_area", "string", "LSOA code"),
        Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
        Column("practice", "string", "GP practice code"),
        Column("death_date", "date", "Day of death"),
        Column("registration", "string", "`from/to` on a list that a person is on once (GP), to excluded, ISO 8601"),
        Column("first_seen", "timestamp", "When the sender first showed this record", nullable=False),
        Column("last_seen", "timestamp", "When it last did", nullable=False),
        Column("left_on", "date", "Day from which the sender no longer counts the person among its own"),
    ),
)
