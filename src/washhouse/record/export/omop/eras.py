"""For how long did somebody have a condition, or take an ingredient?

Spans of one condition, or of the drugs with one ingredient, are one era while no more than 30 days lie between them.
What has the concept 0 is in no era.

References:
    OHDSI CommonDataModel, scripts "Condition Eras" and "Drug Eras" (non-stockpile): a span without an end lasts to the
    day after its start; a persistence window of 30 days; overlapping drug spans are joined first, and `gap_days` is
    what of an era no such span covers.
"""

from __future__ import annotations

import pyarrow as pa

from washhouse.lake.engine import Connection

WINDOW_DAYS = 30


def _joined(spans: str, window: int, extra: str) -> str:
    """SQL that joins spans (`person_id, concept_id, first, last, n, days`) no more than `window` days apart."""
    return f"""
        SELECT person_id, concept_id, min(first) AS first, max(last) AS last, sum(n) AS n, {extra} AS days
        FROM (SELECT *, count(*) FILTER (WHERE reached IS NULL OR first > reached + {window})
                        OVER (PARTITION BY person_id, concept_id ORDER BY first, last ROWS UNBOUNDED PRECEDING) AS part
              FROM (SELECT *, max(last) OVER (PARTITION BY person_id, concept_id ORDER BY first, last
                                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
                    FROM ({spans})))
        GROUP BY person_id, concept_id, part"""


_CONDITIONS = """
    SELECT person_id, condition_concept_id AS concept_id, condition_start_date AS first,
           coalesce(condition_end_date, condition_start_date + 1) AS last, 1 AS n, 0 AS days
    FROM condition_occurrence WHERE condition_concept_id <> 0"""

_DRUGS = """
    SELECT e.person_id, i.ingredient_concept_id AS concept_id, e.drug_exposure_start_date AS first,
           coalesce(e.drug_exposure_end_date, e.drug_exposure_start_date + CAST(e.days_supply AS INTEGER),
                    e.drug_exposure_start_date + 1) AS last, 1 AS n, 0 AS days
    FROM drug_exposure AS e JOIN ingredient AS i USING (drug_concept_id)
    WHERE e.drug_concept_id <> 0 AND coalesce(e.days_supply, 0) >= 0"""


def condition_eras(con: Connection) -> pa.Table:
    """Eras of the conditions in the view `condition_occurrence`: the table's columns without its id, in order."""
    return con.sql(
        f"""SELECT person_id, concept_id AS condition_concept_id, first AS condition_era_start_date,
                   last AS condition_era_end_date, CAST(n AS INTEGER) AS condition_occurrence_count
            FROM ({_joined(_CONDITIONS, WINDOW_DAYS, "0")}) ORDER BY person_id, first, concept_id"""
    ).to_arrow_table()


def drug_eras(con: Connection) -> pa.Table:
    """Eras of the ingredients of the view `drug_exposure`, by the view `ingredient` (drug and ingredient concept)."""
    overlapping = _joined(_DRUGS, 0, "max(last) - min(first)")
    eras = _joined(overlapping, WINDOW_DAYS, "sum(days)")
    return con.sql(
        f"""SELECT person_id, concept_id AS drug_concept_id, first AS drug_era_start_date, last AS drug_era_end_date,
                   CAST(n AS INTEGER) AS drug_exposure_count, CAST(last - first - days AS INTEGER) AS gap_days
            FROM ({eras}) ORDER BY person_id, first, concept_id"""
    ).to_arrow_table()
