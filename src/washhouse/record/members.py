"""Which source records are whose today, and in which bucket?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.core.views import View
from washhouse.lake.engine import Connection
from washhouse.record.buckets import bucket_sql


def create_member(con: Connection, membership: pa.Table, views: pa.Table, buckets: int, name: str = "member") -> int:
    """Create a table of the source records of today's people with their bucket (source, source_id, person_id, bucket).

    Args:
        con: The engine.
        membership: Which person each source record belongs to (`valid_to` null: now).
        views: Who is one with whom in other views.
        buckets: Number of person buckets.
        name: Name of the temporary table.

    Returns:
        The number of people.
    """
    con.register("record__membership", membership)
    con.register("record__view", views)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {name} AS
            SELECT m.source, m.source_id, m.person_id, {bucket_sql("coalesce(v.view_id, m.person_id)")} AS bucket
            FROM record__membership AS m LEFT JOIN record__view AS v ON v.person_id = m.person_id AND v.view = $view
            WHERE m.valid_to IS NULL""",
        {"buckets": buckets, "view": View.LENIENT.value},
    )
    con.unregister("record__membership")
    con.unregister("record__view")
    ((people,),) = con.execute(f"SELECT count(DISTINCT person_id) FROM {name}").fetchall()
    return int(people)
