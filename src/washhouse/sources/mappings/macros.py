"""Which words may every mapping's SQL use?

Local times become UTC here. A calendar day without a time stays at 00:00 of that day and is not shifted: a day has no
zone, and in summer the shift would move it to the day before.
"""

from __future__ import annotations

from washhouse.lake.engine import Connection

_MACROS = (
    # Opaque id of a thing: the same for the same thing in every batch, of no use without the key.
    """opaque(source, kind, provider, id) AS CASE WHEN id IS NULL THEN NULL ELSE
        left(sha256(concat_ws('|', getvariable('record_secret'), source, kind, provider, id)), 16) END""",
    # Local time as UTC. The hour that October repeats is its first, as in core.time; the engine takes the second.
    """utc_moment(moment) AS CASE
        WHEN month(moment) = 10 AND hour(moment) = 1 AND moment = timezone('Europe/London', timezone('UTC',
            timezone('UTC', timezone('Europe/London', moment)) - INTERVAL 1 HOUR))
        THEN timezone('UTC', timezone('Europe/London', moment)) - INTERVAL 1 HOUR
        ELSE timezone('UTC', timezone('Europe/London', moment)) END""",
    """utc(day, clock) AS CASE WHEN clock IS NULL THEN CAST(day AS TIMESTAMP)
        ELSE utc_moment(CAST(day AS DATE) + CAST(clock AS TIME)) END""",
    # An end known to the day only never lies before its start.
    "utc_end(day, clock, start) AS CASE WHEN day IS NULL THEN NULL ELSE greatest(utc(day, clock), start) END",
    # What was recorded during a day is known from its end.
    "end_of(day) AS CAST(day AS TIMESTAMP) + INTERVAL '86399 seconds'",
    # The source's own record time counts where it can be true: after the submission that did not show the state yet,
    # and not after the one that did.
    """known_at(own, recorded_at, not_before) AS CASE
        WHEN own IS NULL OR own > recorded_at OR own <= not_before THEN recorded_at ELSE own END""",
    # Codes are short and without spaces; what is not, is not shown.
    """coded(vocabulary, code) AS vocabulary || '//' || CASE WHEN code IS NULL THEN 'unknown'
        WHEN regexp_full_match(code, '[0-9A-Za-z][0-9A-Za-z.+*^_-]{0,31}') THEN code ELSE 'unreadable' END""",
    "slug(words) AS trim(regexp_replace(lower(words), '[^a-z0-9]+', '-', 'g'), '-')",
    # HES writes 1800-01-01 and 1801-01-01 for no date.
    "real_day(day) AS CASE WHEN day > DATE '1801-01-01' THEN day END",
    # Without dot, X filler, dagger, asterisk or fifth character.
    "icd10(code) AS nullif(regexp_extract(upper(replace(code, '.', '')), '^[A-Z][0-9][0-9A-Z][0-9]?'), '')",
    "opcs4(code) AS nullif(regexp_extract(upper(replace(code, '.', '')), '^[A-Z][0-9]{2}[0-9]?'), '')",
)


def create_macros(con: Connection, secret: str) -> None:
    """Define the macros on a connection.

    Args:
        con: The engine.
        secret: Key of the opaque ids, hex; bound, never written into SQL.

    >>> from washhouse.lake.engine import connect
    >>> con = connect()
    >>> create_macros(con, "00")
    >>> con.sql("SELECT utc(DATE '2025-07-01', TIME '09:30'), utc(DATE '2025-07-01', NULL)").fetchall()
    [(datetime.datetime(2025, 7, 1, 8, 30), datetime.datetime(2025, 7, 1, 0, 0))]
    """
    con.execute("SET VARIABLE record_secret = ?", [secret])
    for macro in _MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
