"""Do other sources say of the same people what the GP register says? The validation of Kahn's framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.record.quality.contract import Check

REGISTER = "gp"
"""Source that the others are compared with: the one that lists nearly everybody."""

BIRTH_DATE_DISAGREES = Check(
    "birth-date-disagrees",
    "Records whose date of birth is not the one in the GP register",
    "plausibility",
    "records",
    0.1,
    "warn",
    "Look at link review first: records of two people may have become one. Else raise it with the source.",
    context="validation",
)
SEX_DISAGREES = Check(
    "sex-disagrees",
    "Records whose sex is not the one in the GP register",
    "plausibility",
    "records",
    0.05,
    "warn",
    "Some people's sex is recorded anew on purpose. A share far above the other sources' is a fault of coding.",
    context="validation",
)
NOT_IN_REGISTER = Check(
    "not-in-register",
    "Records whose person has none in the GP register",
    "completeness",
    "records",
    0.1,
    "warn",
    "Visitors and people without a practice are among them; a share that grows says that links are missed, or that a "
    "practice's list was left out.",
    context="validation",
)
SOURCE_CHECKS = (BIRTH_DATE_DISAGREES, SEX_DISAGREES, NOT_IN_REGISTER)

_SQL = """
    WITH said AS (
        SELECT m.person_id, i.source, i.birth_date, nullif(i.sex, 'unknown') AS sex
        FROM quality__identity AS i
        JOIN quality__member AS m ON m.source = i.source AND m.source_id = i.source_id AND m.valid_to IS NULL),
    register AS (
        SELECT person_id, any_value(birth_date) AS birth_date, any_value(sex) AS sex,
               count(DISTINCT birth_date) AS births, count(DISTINCT sex) AS sexes
        FROM said WHERE source = $register GROUP BY person_id)
    SELECT s.source,
           count(*) FILTER (WHERE s.birth_date <> r.birth_date AND r.births = 1) AS birth_failed,
           count(*) FILTER (WHERE s.birth_date IS NOT NULL AND r.births = 1) AS birth_among,
           count(*) FILTER (WHERE s.sex <> r.sex AND r.sexes = 1) AS sex_failed,
           count(*) FILTER (WHERE s.sex IS NOT NULL AND r.sexes = 1) AS sex_among,
           count(*) FILTER (WHERE r.person_id IS NULL) AS absent, count(*) AS records
    FROM said AS s LEFT JOIN register AS r ON r.person_id = s.person_id
    WHERE s.source <> $register AND EXISTS (SELECT 1 FROM register)
    GROUP BY s.source ORDER BY s.source"""


def count_disagreements(
    con: Connection, identity: pa.Table, membership: pa.Table
) -> Iterator[tuple[Check, str, int, int]]:
    """Count, by source, the records that say another thing than the register.

    Args:
        con: An engine inside the vault's folder: identities pass through it, and only counts leave it.
        identity: One row per source record: `source, source_id, birth_date, sex`.
        membership: `source, source_id, person_id, valid_to`.

    Yields:
        Check, source, records that break it, records that could be judged.
    """
    con.register("quality__identity", identity.select(["source", "source_id", "birth_date", "sex"]))
    con.register("quality__member", membership.select(["source", "source_id", "person_id", "valid_to"]))
    rows: list[dict[str, Any]] = con.sql(_SQL, params={"register": REGISTER}).to_arrow_table().to_pylist()
    con.unregister("quality__identity")
    con.unregister("quality__member")
    for row in rows:
        yield BIRTH_DATE_DISAGREES, row["source"], row["birth_failed"], row["birth_among"]
        yield SEX_DISAGREES, row["source"], row["sex_failed"], row["sex_among"]
        yield NOT_IN_REGISTER, row["source"], row["absent"], row["records"]
