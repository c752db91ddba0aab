"""Who is tied to whom, to what, why and since when?

Ties to people (a shared home, telephone number or address, an unpaid carer) stand behind guards: whoever is restricted,
has died or may be a former identity is at neither end, and whoever lives in a care home, a hostel or another communal
place shares it, its address and its telephone with nobody; a home, number or address that two such people have is the
place's own.
Ties to those who care (practice, team, practitioner, service) are facts about one person and lead to no other.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.sensitive import former_identities
from washhouse.linkage.tables import SHARED_END
from washhouse.record.tables import RELATION


def build_relations(
    con: Connection,
    *,
    shared: pa.Table | None,
    identities: pa.Table,
    care: pa.Table,
) -> pa.Table:
    """Build `record.relation`.

    Args:
        con: The engine, with the facts of `record.facts` and the table `member` (source, source_id, person_id, bucket).
        shared: What linkage found people to have in common: `linkage.tables.SHARED_END`.
        identities: One row per source record, see `sources.identity.IDENTITY`.
        care: Rows of `record.care_relation`.

    Returns:
        One row per tie of a person and span, in the order of the contract; ties to people stand at both ends.
    """
    con.register("record__identity", identities)
    con.register("record__shared", arrow_schema(SHARED_END).empty_table() if shared is None else shared)
    con.register("record__care", care)
    try:
        for name, columns in _GATHERED.items():
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        for sql in (_COMMUNAL, _CARERS, _PRACTICES, _SERVICES):
            con.execute(sql)
        con.execute(_CARE)
        con.register("record__former", _former_identities(con))
        names = ", ".join(f'"{column.name}"' for column in RELATION.columns if column.name != "bucket")
        order = ", ".join(("bucket", *RELATION.order))
        bucket = "(SELECT DISTINCT person_id, bucket FROM member)"
        query = f"SELECT bucket, {names} FROM ({_TIES}) JOIN {bucket} USING (person_id) ORDER BY {order}"
        return conform(RELATION, con.sql(query).to_arrow_table())
    finally:
        for name in _GATHERED:
            con.execute(f"DROP TABLE IF EXISTS {name}")
        for view in ("record__identity", "record__shared", "record__care", "record__former"):
            con.unregister(view)


def _former_identities(con: Connection) -> pa.Table:
    """People who may be somebody's former identity (`person_id`): a tie would lead across a sensitive change."""
    rows = con.sql(
        """SELECT m.person_id, i.source, i.left_on, i.last_seen, i.birth_date, i.postcode, i.phone
           FROM record__identity AS i JOIN member AS m USING (source, source_id)"""
    ).to_arrow_table()
    people = rows.column("person_id").combine_chunks().dictionary_encode()
    former = former_identities(rows, people.indices.to_numpy(zero_copy_only=False).astype(np.int32))
    return pa.table({"person_id": people.dictionary.filter(pa.array(former))})


_GATHERED = {
    "record__communal": "person_id VARCHAR",
    "record__carer": "person_id VARCHAR, other VARCHAR, since DATE, source VARCHAR",
    "record__span": "person_id VARCHAR, other VARCHAR, kind VARCHAR, since DATE, until DATE, source VARCHAR",
}
"""Tables that the facts fill; a span is a tie to somebody or something that cares."""

_COMMUNAL = (
    "INSERT INTO record__communal SELECT m.person_id FROM fact_communal JOIN member AS m USING (source, source_id)"
)

_CARERS = """
    INSERT INTO record__carer
    SELECT m.person_id, o.person_id, t.since, t.source
    FROM fact_carers AS t JOIN member AS m USING (source, source_id)
    JOIN member AS o ON o.source = t.source AND o.source_id = t.cared_for
    WHERE m.person_id <> o.person_id"""

_PRACTICES = """
    INSERT INTO record__span
    SELECT m.person_id, t.practice, 'practice', t.since, t.until, t.source
    FROM fact_practices AS t JOIN member AS m USING (source, source_id)"""

_SERVICES = """
    INSERT INTO record__span
    SELECT m.person_id, t.service, 'service', t.since, t.until, t.source
    FROM fact_services AS t JOIN member AS m USING (source, source_id)"""

_CARE = """
    INSERT INTO record__span
    SELECT person_id, team, 'team', since, until, source FROM record__care WHERE team IS NOT NULL
    UNION ALL
    SELECT person_id, worker, 'practitioner', since, until, source FROM record__care WHERE worker IS NOT NULL"""

# Spans of one tie that overlap or touch are one.
_UNITED = """
    SELECT person_id, other, kind, source, nullif(min(since), DATE '0001-01-01') AS since,
           nullif(max(until), DATE '9999-12-31') AS until
    FROM (SELECT *, sum(CASE WHEN since <= latest THEN 0 ELSE 1 END) OVER w AS run
          FROM (SELECT *, max(until) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
                FROM (SELECT * REPLACE (coalesce(since, DATE '0001-01-01') AS since,
                                        coalesce(until, DATE '9999-12-31') AS until) FROM record__span)
                WINDOW w AS (PARTITION BY person_id, other, kind, source ORDER BY since, until))
          WINDOW w AS (PARTITION BY person_id, other, kind, source ORDER BY since, until))
    GROUP BY person_id, other, kind, source, run"""

_TIES = f"""
    WITH sealed AS (
        SELECT DISTINCT m.person_id FROM member AS m JOIN record__identity AS i USING (source, source_id)
        WHERE i.restricted OR i.death_date IS NOT NULL
        UNION FROM record__former),
    communal AS (SELECT DISTINCT person_id FROM record__communal),
    place AS (
        SELECT kind, other FROM record__shared JOIN communal USING (person_id)
        GROUP BY kind, other HAVING count(DISTINCT person_id) > 1),
    shared AS (
        SELECT * FROM record__shared ANTI JOIN sealed USING (person_id) ANTI JOIN communal USING (person_id)
        ANTI JOIN place USING (kind, other)),
    pair AS (
        SELECT a.person_id, b.person_id AS other, a.kind, a.other AS via, greatest(a.since, b.since) AS since,
               least(a.until, b.until) AS until, a.source,
               a.evidence || CASE WHEN coalesce(a.until, b.until) IS NULL THEN ''
                                  ELSE ', in an earlier record of one of them' END AS evidence
        FROM shared AS a JOIN shared AS b ON b.kind = a.kind AND b.other = a.other AND b.person_id <> a.person_id),
    carer AS (
        SELECT person_id, other, min(since) AS since, source FROM record__carer
        WHERE person_id NOT IN (FROM sealed) AND other NOT IN (FROM sealed) GROUP BY person_id, other, source)
    SELECT person_id, other, kind, via, since, until, evidence, source FROM pair
    WHERE until IS NULL OR since IS NULL OR since < until
    UNION ALL
    SELECT person_id, other, 'carer', NULL, since, NULL, 'cares for the other', source FROM carer
    UNION ALL
    SELECT other, person_id, 'carer', NULL, since, NULL, 'is cared for by the other', source FROM carer
    UNION ALL
    SELECT person_id, other, kind, NULL, since, until,
           CASE kind WHEN 'practice' THEN 'registered with the practice' WHEN 'team' THEN 'referred to the team'
               WHEN 'practitioner' THEN 'co-ordinates care' ELSE 'receives the service' END, source
    FROM ({_UNITED})"""
