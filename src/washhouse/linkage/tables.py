"""Which tables does linkage hand over, and what is one row of each?"""

from __future__ import annotations

from washhouse.core.tables import Column, Table

_SOURCE = Column("source", "string", "Sending system", nullable=False)
_SOURCE_ID = Column("source_id", "string", "Sender's own id of the person", nullable=False)
_PAIR = (
    Column("left_source", "string", "Sending system of one record", nullable=False),
    Column("left_id", "string", "Its id of the person", nullable=False),
    Column("right_source", "string", "Sending system of the other record", nullable=False),
    Column("right_id", "string", "Its id of the person", nullable=False),
)

MEMBERSHIP = Table(
    name="membership",
    grain="one row per source record and span of validity; the row without `valid_to` holds now",
    key=("source", "source_id", "valid_from", "valid_to", "person_id"),
    order=("source", "source_id", "valid_from", "valid_to"),
    columns=(
        _SOURCE,
        _SOURCE_ID,
        Column("person_id", "string", "Pseudonymous person, 32 hex digits", nullable=False),
        Column("valid_from", "timestamp", "From when on the record belongs to the person", nullable=False),
        Column("valid_to", "timestamp", "Until when it did, at least `valid_from`; null while it does"),
        Column("cause", "string", "`founded`, `linked`, `pseudonym`, `merged`, `split`, `steward`", nullable=False),
    ),
)

EDGE = Table(
    name="edge",
    grain="one row per compared pair worth keeping",
    key=("left_source", "left_id", "right_source", "right_id"),
    order=("left_source", "left_id", "right_source", "right_id"),
    columns=(
        *_PAIR,
        Column("pattern", "int64", "Comparison pattern: the level of each field in one number", nullable=False),
        Column("weight", "float64", "log2 Bayes factor with the prior, bits", nullable=False),
        Column("probability", "float64", "Probability to be one person, 0 to 1", nullable=False),
        Column("model", "string", "Digest of the model that weighed the pair", nullable=False),
    ),
)

REFUSED = Table(
    name="refused",
    grain="one row per link whose union was refused",
    key=("left_source", "left_id", "right_source", "right_id"),
    order=("left_source", "left_id", "right_source", "right_id"),
    columns=(
        *_PAIR,
        Column("weight", "float64", "log2 Bayes factor with the prior, bits", nullable=False),
        Column("probability", "float64", "Probability to be one person, 0 to 1", nullable=False),
        Column("cause", "string", "Why the union was refused, in words", nullable=False),
    ),
)

SHARED_END = Table(
    name="shared_end",
    grain="one row per person and home, telephone number or address that at least two people have in common",
    key=("person_id", "other", "kind"),
    order=("person_id", "kind", "other"),
    columns=(
        Column("person_id", "string", "Pseudonymous person", nullable=False),
        Column("other", "string", "What is shared: a keyed hash, 32 hex digits", nullable=False),
        Column("kind", "string", "`household`, `phone`, `address`", nullable=False),
        Column("since", "date", "First day that the record which carries it is known"),
        Column("until", "date", "Day after the last, if the person's latest record says something else"),
        Column("evidence", "string", "What the tie rests on, in words", nullable=False),
        Column("source", "string", "Sending system of that record", nullable=False),
    ),
)

PERSON_VIEW = Table(
    name="person_view",
    grain="one row per person and view in which it is one with other people of the strict view",
    key=("view", "person_id"),
    order=("view", "person_id"),
    columns=(
        Column("view", "string", "`balanced` or `lenient`", nullable=False),
        Column("person_id", "string", "Pseudonymous person of the strict view", nullable=False),
        Column("view_id", "string", "person_id of the first founded of those that are one", nullable=False),
        Column("joined_to", "string", "Person at the other end of the link that joins it; null for that first one"),
        Column("link_probability", "float64", "Probability of that link, 0 to 1; 1 for that first one", nullable=False),
        Column(
            "probability", "float64", "Probability of the weakest link on the way to that first one", nullable=False
        ),
    ),
)

RETIRED_ID = Table(
    name="retired_id",
    grain="one row per person_id that gave way to another",
    key=("old",),
    order=("old",),
    columns=(
        Column("old", "string", "Retired person_id", nullable=False),
        Column("new", "string", "person_id that took over", nullable=False),
    ),
)

LINK_EVENT = Table(
    name="link_event",
    grain="one row per person that a run split or merged, and per record that was given a person before it landed",
    key=("version", "event", "before", "after", "records"),
    order=("version", "event", "before"),
    columns=(
        Column("version", "string", "Version of the record that first shows it", nullable=False),
        Column("at", "timestamp", "When the run found it, UTC", nullable=False),
        Column("event", "string", "`merge`, `split`, `un-merge`, `assign`", nullable=False),
        Column("before", "string", "person_id before, several with commas between; empty for `assign`", nullable=False),
        Column("after", "string", "person_id after, several with commas between", nullable=False),
        Column("actor", "string", "`run`, or the username of who decided", nullable=False),
        Column("reason", "string", "The steward's reason, empty for a run's own", nullable=False),
        Column("decision", "int64", "Id of the steward's decision"),
        Column("records", "string", "Opaque keys of the records that changed their person, with commas between"),
    ),
)
