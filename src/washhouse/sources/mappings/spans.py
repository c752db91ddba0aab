"""What is known of a thing that several tables describe, moment by moment?

A stay is told by its admission and its ward stays, a hospital spell by its episodes; each of these has states of its
own. The moments at which any of them changes cut what is known into segments; segments that say the same are one.
"""

from __future__ import annotations

from collections.abc import Sequence


def segments(thing: str, *tables: str) -> str:
    """SQL for the segments of each thing: `_provider`, the thing, `_since`, `_until` (null for the last).

    Args:
        thing: Column that names the thing inside a provider, in all tables.
        tables: Tables of states.
    """
    moments = " UNION ".join(
        f'SELECT _provider, "{thing}", {moment} AS _since FROM {table} WHERE {moment} IS NOT NULL'
        for table in tables
        for moment in ("_recorded_at", "_superseded_at")
    )
    return (
        f'SELECT _provider, "{thing}", _since, lead(_since) OVER (PARTITION BY _provider, "{thing}" ORDER BY _since) '
        f"AS _until FROM ({moments})"
    )


def is_live(state: str, segment: str) -> str:
    """SQL condition: the state holds throughout the segment (both are aliases)."""
    return (
        f"{state}._recorded_at <= {segment}._since "
        f"AND ({state}._superseded_at IS NULL OR {state}._superseded_at > {segment}._since)"
    )


def merged(table: str, thing: str, values: Sequence[str]) -> str:
    """SQL that joins following segments which say the same into states.

    Args:
        table: Segments with `_provider`, the thing, `_since`, `_until`, the values, `_source_file`, `_source_row`.
        thing: Column that names the thing.
        values: Columns that make a state.

    Returns:
        A query with the same columns, `_recorded_at` and `_superseded_at` in place of `_since` and `_until`; file
        and row are those of the first segment.
    """
    listed = ", ".join(f'"{value}"' for value in values)
    same = " AND ".join(f'"{value}" IS NOT DISTINCT FROM lag("{value}") OVER w' for value in values)
    return f"""
        SELECT _provider, "{thing}", {listed}, min(_since) AS _recorded_at,
               CASE WHEN bool_or(_until IS NULL) THEN NULL ELSE max(_until) END AS _superseded_at,
               arg_min(_source_file, _since) AS _source_file, arg_min(_source_row, _since) AS _source_row
        FROM (SELECT *, sum(CASE WHEN _starts THEN 1 ELSE 0 END) OVER
                  (PARTITION BY _provider, "{thing}" ORDER BY _since) AS _run
              FROM (SELECT *, NOT coalesce(lag(_until) OVER w = _since AND {same}, false) AS _starts
                    FROM {table} WINDOW w AS (PARTITION BY _provider, "{thing}" ORDER BY _since)))
        GROUP BY _provider, "{thing}", {listed}, _run"""


def united(rows: str, thing: Sequence[str], carried: Sequence[str] = ()) -> str:
    """SQL that makes one state of all the states, overlapping or touching, in which a thing is said.

    Several rows may say the same thing, each with its own span of knowing; it is known while any of them says so.

    Args:
        rows: What follows FROM: states with `_recorded_at`, `_superseded_at`, `_source_file`, `_source_row`.
        thing: Columns that name the thing.
        carried: Columns taken from the first row that says it; of rows known at the same time the one where they are
            least.

    Returns:
        A query with the thing, the carried columns and the columns of a state.
    """
    named = ", ".join(thing)
    first = "".join(f", arg_min({column}, _first) AS {column}" for column in carried)
    order = ", ".join(("_recorded_at", *carried, "_source_file", "_source_row"))
    return f"""
        SELECT {named}{first}, min(_recorded_at) AS _recorded_at,
               CASE WHEN bool_or(_superseded_at IS NULL) THEN NULL ELSE max(_superseded_at) END AS _superseded_at,
               arg_min(_source_file, _first) AS _source_file, arg_min(_source_row, _first) AS _source_row
        FROM (SELECT *, sum(CASE WHEN _recorded_at <= _until THEN 0 ELSE 1 END) OVER w AS _run
              FROM (SELECT *, row({order}) AS _first,
                           max(coalesce(_superseded_at, TIMESTAMP '9999-12-31')) OVER
                               (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _until
                    FROM {rows}
                    WINDOW w AS (PARTITION BY {named} ORDER BY {order}))
              WINDOW w AS (PARTITION BY {named} ORDER BY {order}))
        GROUP BY {named}, _run"""
