"""What does the record say of a person, if several services say different things?

Each fact is taken from the first service that states it: general practice, then mental health, hospital, social care,
imports; within a service from the record seen last. A missing or unknown value never outranks a stated one.
"""

from __future__ import annotations

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.lake.schemas import conform
from washhouse.record.tables import PERSON

SOURCE_ORDER = ("gp", "mental_health", "hospital", "social_care", "fhir", "omop", "meds")
"""Whose word counts first; a service not named here comes last, by name."""

# Codes that are not shaped like one are left out: a name or a number typed into the wrong column stays in the vault.
_RANK = " ".join(f"WHEN '{source}' THEN {rank}" for rank, source in enumerate(SOURCE_ORDER))

# The small area of somebody whose address is restricted could help to find them, so nobody's of that kind is kept.
_PEOPLE = f"""
SELECT any_value(bucket) AS bucket, person_id,
       arg_min(CAST(date_trunc('month', birth_date) AS DATE), place) AS birth_month,
       coalesce(arg_min(nullif(sex, 'unknown'), place), 'unknown') AS sex,
       arg_min(ethnic_of(ethnic_category), place) AS ethnic_category,
       CASE WHEN NOT bool_or(restricted) THEN arg_min(small_area_of(small_area), place) END AS small_area,
       arg_min(deprivation_decile, place) AS deprivation_decile,
       arg_min(practice_of(practice), place) AS practice,
       arg_min(death_date, place) AS death_date,
       string_agg(DISTINCT source, ',' ORDER BY source) AS sources
FROM (
    SELECT m.person_id, m.bucket, i.*,
           row(CASE i.source {_RANK} ELSE {len(SOURCE_ORDER)} END, i.source, -epoch_us(i.last_seen), i.source_id)
               AS place
    FROM member AS m JOIN record__identity AS i ON i.source = m.source AND i.source_id = m.source_id)
GROUP BY person_id
ORDER BY bucket, person_id
"""


def build_people(con: Connection, identities: pa.Table) -> pa.Table:
    """Build `record.person`.

    Args:
        con: The engine, with the macros of the mappings and the table `member` (source, source_id, person_id, bucket).
        identities: One row per source record, see `sources.identity.IDENTITY`.

    Returns:
        One row per person with at least one source record, in the order of the contract.
    """
    con.register("record__identity", identities)
    try:
        return conform(PERSON, con.sql(_PEOPLE).to_arrow_table())
    finally:
        con.unregister("record__identity")
