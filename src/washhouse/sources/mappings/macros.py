"""Which words may every mapping's SQL use?

Local times become UTC here. A calendar day without a time stays at 00:00 of that day and is not shifted: a day has no
zone, and in summer the shift would move it to the day before.
"""

from __future__ import annotations

import re

from washhouse.core.nhs_number import parse_nhs_number
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

UNIT_PARTS = """
fg pg ng ug µg mcg mg g kg t lb lbs oz st stone fl pl nl ul µl ml dl cl l um µm mm cm m km in ft
fmol pmol nmol umol µmol mmol mol meq eq mosm osm osmol nkat ukat kat iu u miu mu ku uiu
s sec secs second seconds min mins minute minutes h hr hrs hour hours d day days wk week weeks
mo mth month months y yr yrs year years beats bpm breaths hz
mmhg hg pa kpa bar cmh o aq k c cel degc degf f deg rad kcal cal kj j w v mv a x ppm ph gy sv bq
cells cell copies cfu rbc wbc leuk hpf lpf hb hba creat creatinine ratio index score total units unit
cigs cigarettes drinks glasses puff puffs spray sprays tab tabs cap caps pack packs pess amp each
"""
"""Words of which a compound unit is made: prefixed symbols of UCUM, and what general practice writes beside them.

References:
    The Unified Code for Units of Measure, case-insensitive reading.
"""

_POSTCODE_AREAS = """
AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU
GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE
PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO
ZE
"""
_POSTCODE = f"({'|'.join(_POSTCODE_AREAS.split())})[0-9][0-9A-Z]?[0-9][ABD-HJLNP-UW-Z]{{2}}"
_DATE = "[0-9]{1,2}[._-][0-9]{1,2}[._-]([0-9]{2}){1,2}|[0-9]{4}[._-][0-9]{2}[._-][0-9]{2}"

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
    # What tells of a person, with whatever stands between its parts: an NHS number with or without letters around it,
    # a postcode, a date, a telephone number.
    """bare(code) AS regexp_replace(upper(code), '[.+*^_-]', '', 'g')""",
    f"""is_personal(code) AS is_nhs_number(regexp_extract(bare(code), '(?:^|[^0-9])([0-9]{{10}})(?:[^0-9]|$)', 1))
        OR regexp_full_match(bare(code), '{_POSTCODE}|0[0-9]{{9,10}}')
        OR regexp_full_match(code, '{_DATE}')""",
    # Codes are short, without spaces, and hold a digit; what could be a name or an identifier typed into the wrong
    # column is not shown. SNOMED CT and dm+d are numbers; of their concepts with ten digits, all have 00 before the
    # check digit.
    """is_code(vocabulary, code) AS CASE WHEN vocabulary IN ('SNOMED', 'DMD')
        THEN regexp_full_match(code, '[1-9][0-9]{5,17}') AND NOT (is_nhs_number(code) AND NOT substr(code, 8, 2) = '00')
        ELSE regexp_full_match(code, '[0-9A-Za-z][0-9A-Za-z.+*^_-]{0,31}')
            AND (regexp_matches(code, '[0-9]') OR length(code) <= 2
                 OR (vocabulary IN ('CTV3', 'READ2') AND regexp_full_match(code, '[A-Za-z]{5}')
                     AND NOT regexp_full_match(code, '[A-Z]?[a-z]+|[A-Z]+')))
            AND NOT is_personal(code) END""",
    """coded(vocabulary, code) AS vocabulary || '//' || CASE WHEN code IS NULL THEN 'unknown'
        WHEN is_code(vocabulary, code) THEN code ELSE 'unreadable' END""",
    # A unit is a word of the medicines dictionary, or made of parts of units, signs and short numbers.
    """unit_of(unit) AS CASE WHEN unit IS NULL OR list_contains(getvariable('record_units'), lower(unit))
        OR (length(unit) <= 24 AND regexp_full_match(unit, '[A-Za-z0-9µ%/*^.,()\\[\\]{} -]+')
            AND regexp_matches(unit, '[A-Za-zµ%]') AND NOT regexp_matches(unit, '[0-9][0-9., -]{4}')
            AND list_has_all(getvariable('record_unit_parts'), regexp_extract_all(lower(unit), '[a-zµ]+')))
        THEN unit ELSE 'unreadable' END""",
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


_NUMBER = re.compile("(?:^|[^0-9])([0-9]{10})(?:[^0-9]|$)")
_POSTCODE_OR_PHONE = re.compile(f"{_POSTCODE}|0[0-9]{{9,10}}")
_WRITTEN_DATE = re.compile(_DATE)


def is_personal(code: str) -> bool:
    """As the macro says: does a text tell of a person?

    >>> is_personal("NHS9434765919"), is_personal("L8-1TN"), is_personal("12-03-1950"), is_personal("220045")
    (True, True, True, False)
    """
    bare = re.sub("[.+*^_-]", "", code.upper())
    number = _NUMBER.search(bare)
    if number is not None and (len(set(number[1])) == 1 or parse_nhs_number(number[1]) is not None):
        return True
    return _POSTCODE_OR_PHONE.fullmatch(bare) is not None or _WRITTEN_DATE.fullmatch(code) is not None


DEFINITIONS = (*_MACROS, UNITS, UNIT_PARTS)
"""All that the macros say: where it changes, every event may."""


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
    con.execute("SET VARIABLE record_unit_parts = ?", [UNIT_PARTS.split()])
    for macro in _MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
