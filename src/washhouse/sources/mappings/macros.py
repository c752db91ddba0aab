"""Which words may every mapping's SQL use?

Local times become UTC here. A calendar day without a time stays at 00:00 of that day and is not shifted: a day has no
zone, and in summer the shift would move it to the day before.
"""

from __future__ import annotations

from washhouse.lake.engine import Connection

UNITS = (
    "ampoule", "application", "bottle", "capsule", "cartridge", "device", "dose", "drop", "enema", "gram", "implant",
    "inhaler", "injection", "international unit", "kilogram", "lancet", "litre", "lozenge", "microgram", "milligram",
    "millilitre", "minute", "needle", "pastille", "patch", "percent", "pessary", "plaster", "pre-filled syringe",
    "sachet", "spoonful", "suppository", "syringe", "tablet", "tube", "unit", "units", "unit dose", "vial", "years",
)  # fmt: skip
"""Units written as words: units of measure of the NHS dictionary of medicines and devices, and of age and time.

References:
    NHS Business Services Authority, dm+d, lookup UNIT_OF_MEASURE.
"""

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
    # The digits of a valid NHS number, as core.nhs_number has them.
    """is_nhs_number(code) AS CASE WHEN regexp_full_match(code, '[0-9]{10}') THEN (11 - list_sum(
        [TRY_CAST(substr(code, i, 1) AS INTEGER) * (11 - i) FOR i IN range(1, 10)]) % 11) % 11
        = TRY_CAST(substr(code, 10, 1) AS INTEGER) ELSE false END""",
    # Codes are short, without spaces, and hold a digit; what could be a name or an NHS number typed into the wrong
    # column is not shown. Of the SNOMED CT concepts with ten digits, all have 00 before the check digit.
    """is_code(vocabulary, code) AS regexp_full_match(code, '[0-9A-Za-z][0-9A-Za-z.+*^_-]{0,31}')
        AND (regexp_matches(code, '[0-9]') OR length(code) <= 2
             OR (vocabulary IN ('CTV3', 'READ2') AND regexp_full_match(code, '[A-Za-z]{5}')
                 AND NOT regexp_full_match(code, '[A-Z]?[a-z]+|[A-Z]+')))
        AND NOT (is_nhs_number(code) AND NOT substr(code, 8, 2) = '00')""",
    """coded(vocabulary, code) AS vocabulary || '//' || CASE WHEN code IS NULL THEN 'unknown'
        WHEN is_code(vocabulary, code) THEN code ELSE 'unreadable' END""",
    # A unit is short, holds a sign of UCUM, or is a word of the medicines dictionary.
    """unit_of(unit) AS CASE WHEN unit IS NULL OR regexp_full_match(unit, '[A-Za-zµ%][A-Za-z0-9µ%]{0,3}')
        OR (length(unit) <= 20 AND regexp_matches(unit, '[A-Za-z]') AND regexp_matches(unit, '[/*%^\\[]'))
        OR list_contains(getvariable('record_units'), lower(unit)) THEN unit ELSE 'unreadable' END""",
    # A practice of the NHS: a letter and five digits.
    "practice_of(code) AS CASE WHEN regexp_full_match(upper(code), '[A-Z][0-9]{5}') THEN upper(code) END",
    "ethnic_of(code) AS CASE WHEN regexp_full_match(code, '[A-Z0-9]{1,2}') THEN code END",
    # Census areas of England, Wales and Scotland, and of Northern Ireland.
    """small_area_of(code) AS CASE WHEN regexp_full_match(code, '[EWSN][0-9]{8}|[0-9]{2}[A-Z]{2}[0-9]{2}[A-Z][0-9]')
        THEN code END""",
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
    con.execute("SET VARIABLE record_units = ?", [list(UNITS)])
    for macro in _MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
