"""Which tables does link review hand over, and what is one row of each? Both stay in the vault."""

from __future__ import annotations

from washhouse.core.tables import Column, Table

REVIEW = Table(
    name="review",
    grain="one row per pair of records that a steward is asked about",
    key=("left_key", "right_key"),
    order=("place",),
    columns=(
        Column("left_key", "string", "Opaque key of one record, the lower of the two", nullable=False),
        Column("right_key", "string", "Opaque key of the other", nullable=False),
        Column("left_source", "string", "Sending system of the one", nullable=False),
        Column("left_id", "string", "Its id of the person", nullable=False),
        Column("right_source", "string", "Sending system of the other", nullable=False),
        Column("right_id", "string", "Its id of the person", nullable=False),
        Column("left_person", "string", "Person of the one", nullable=False),
        Column("right_person", "string", "Person of the other", nullable=False),
        Column("cause", "string", "`refused`, `household`, `over-size`, `near-threshold` or `sample`", nullable=False),
        Column("detail", "string", "Why the pair is here, in words", nullable=False),
        Column("sampled", "bool", "Drawn at random: its answer may stand for others", nullable=False),
        Column("together", "bool", "The records are one person's now", nullable=False),
        Column("weight", "float64", "log2 Bayes factor with the prior, bits", nullable=False),
        Column("probability", "float64", "Probability to be one person, 0 to 1", nullable=False),
        Column("affected", "int32", "Records that change their person if the answer is against the linkage"),
        Column("value", "float64", "Expected number of records that an answer puts right", nullable=False),
        Column("place", "int32", "Place in the queue from 1; sampled pairs that are only that follow", nullable=False),
        Column("model", "string", "Digest of the model that weighed the pair", nullable=False),
        Column("steps", "string", "The waterfall, a JSON list of steps; empty without a model", nullable=False),
    ),
)

REVIEW_RECORD = Table(
    name="review_record",
    grain="one row per record that a pair of `review` names: all of the record that may be revealed for it",
    key=("record_key",),
    order=("record_key",),
    columns=(
        Column("record_key", "string", "Opaque key of the record", nullable=False),
        Column("source", "string", "Sending system", nullable=False),
        Column("person_id", "string", "Person that the record belongs to now", nullable=False),
        Column("records", "int32", "Records of that person, this one included", nullable=False),
        Column("nhs_number", "string", "Ten digits with a valid check digit"),
        Column("first_name", "string", "As sent"),
        Column("surname", "string", "As sent"),
        Column("birth_date", "date", "Day of birth"),
        Column("sex", "string", "`female`, `male`, `indeterminate` or `unknown`"),
        Column("postcode", "string", "As sent"),
        Column("address", "string", "As sent"),
        Column("uprn", "string", "Unique property reference number"),
        Column("phone", "string", "As sent"),
        Column("practice", "string", "GP practice code"),
        Column("death_date", "date", "Day of death"),
        Column("first_seen", "timestamp", "When the sender first showed this record", nullable=False),
        Column("last_seen", "timestamp", "When it last did", nullable=False),
        Column("restricted", "bool", "A record of the person, this or another, is restricted", nullable=False),
    ),
)
