"""How is a sender's latest word on a person put together?

A national table says who the person is; the optional companion `demographics` adds names, address and phone. The
national table's NHS number, birth date and sex count first, the companion's fill gaps; postcode, address and UPRN are
taken from the companion first, because they belong together.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import States, Trace

DEMOGRAPHICS = States(
    "demographic",
    "demographics",
    (
        "local_patient_id",
        "nhs_number",
        "first_name",
        "surname",
        "birth_date",
        "sex",
        "address",
        "postcode",
        "uprn",
        "phone",
        "restricted",
    ),
)
"""The companion's states."""

DEMOGRAPHICS_TRACE = Trace("demographics", "local_patient_id")
"""Whose its rows are."""

SEX_LETTER = "CASE upper({0}) WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' WHEN 'I' THEN 'indeterminate' END"
"""Sex from the letters M, F, I; anything else is missing."""

SEX_DIGIT = "CASE {0} WHEN '1' THEN 'male' WHEN '2' THEN 'female' END"
"""Sex from the national digits 1 and 2; 0 and 9 mean other things in other sets and are left to the caller."""


def latest(table: str, key: str) -> str:
    """SQL for the latest state of each thing, with `_first_seen` and `_last_seen` over all its states.

    A state that still holds comes before one that does not, then the one last seen; ties by file and row.

    Args:
        table: Table of states.
        key: Column that names the thing, whoever the provider.
    """
    return f"""
        SELECT *, min(_recorded_at) OVER (PARTITION BY "{key}") AS _first_seen,
               max(_last_seen_at) OVER (PARTITION BY "{key}") AS _last_seen
        FROM {table}
        QUALIFY row_number() OVER (PARTITION BY "{key}" ORDER BY _superseded_at IS NULL DESC, _last_seen_at DESC,
                                   _recorded_at DESC, _source_file DESC, _source_row DESC) = 1"""


LATEST_DEMOGRAPHICS = ("demographic_latest", latest("demographic", "local_patient_id"))
"""Derived table: the companion's latest word on each person."""


def identity_query(base: str, *, left_on: str = "NULL", registration: str = "CAST(NULL AS VARCHAR)") -> str:
    """SQL for identities in clear: a base table merged with `demographic_latest`.

    Args:
        base: Table with `source_id, nhs_number, pseudo_nhs_number, birth_date, sex, postcode, uprn, ethnic_category,
            small_area, deprivation_decile, practice, death_date, first_seen, last_seen`, one row per `source_id`.
        left_on: Its column with the day from which the sender no longer counts the person among its own, if it has one.
        registration: SQL of the span for which the sender's list holds the person, `from/to`.
    """
    sex = SEX_LETTER.format("d.sex")
    return f"""
        SELECT coalesce(b.source_id, d.local_patient_id) AS source_id, 'clear' AS identity_kind,
               coalesce(b.nhs_number, d.nhs_number) AS nhs_number, b.pseudo_nhs_number,
               d.first_name, d.surname, coalesce(b.birth_date, d.birth_date) AS birth_date,
               coalesce(b.sex, {sex}) AS sex, coalesce(d.postcode, b.postcode) AS postcode, d.address,
               coalesce(d.uprn, b.uprn) AS uprn, d.phone, coalesce(d.restricted, false) AS restricted,
               b.ethnic_category, b.small_area, CAST(b.deprivation_decile AS INTEGER) AS deprivation_decile,
               b.practice, b.death_date, {registration} AS registration,
               least(b.first_seen, d._first_seen) AS first_seen, greatest(b.last_seen, d._last_seen) AS last_seen,
               CAST({left_on} AS DATE) AS left_on
        FROM {base} AS b FULL JOIN demographic_latest AS d ON d.local_patient_id = b.source_id"""
