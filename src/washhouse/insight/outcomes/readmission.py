"""Readmission to a psychiatric ward within 90 days: who came back to a bed after discharge?

References:
    MHS501HospProvSpell; a transfer is no readmission: SourceAdm 49, 51, 52, 53, 87, as for crises
    (docs/adr/2026-11-22-crisis-model.md).
"""

from __future__ import annotations

from washhouse.insight.codelists import CODED_CTE, DEATH, HOSPITAL_SPELL, NOT_A_CRISIS_ADMISSION
from washhouse.insight.features.registry import PLAIN_CORE_FEATURES, PLAIN_FEATURES
from washhouse.insight.models.points import at_least, at_most
from washhouse.insight.outcomes.contract import PERSON_COLUMNS_SQL, Outcome, Words

POPULATION_SQL = f"""
WITH {CODED_CTE},
"stay" AS (
    SELECT e."person_id", e."ref", min(e."time") AS "began", max(e."end_time") AS "ended"
    FROM "event" AS e JOIN "coded" AS c ON c."code" = e."code" AND c."list" = '{HOSPITAL_SPELL.name}'
    WHERE e."superseded_at" IS NULL
    GROUP BY e."person_id", e."ref"
),
"unplanned" AS (
    SELECT s.* FROM "stay" AS s
    WHERE NOT EXISTS (
        SELECT 1 FROM "event" AS e
        JOIN "coded" AS c ON c."code" = e."code" AND c."list" = '{NOT_A_CRISIS_ADMISSION.name}'
        WHERE e."person_id" = s."person_id" AND e."ref" = s."ref" AND e."superseded_at" IS NULL
    )
),
"indexed" AS (
    SELECT s."person_id", i."index_date", max(s."ended") AS "ended"
    FROM "stay" AS s JOIN "index_date" AS i ON i."index_date" = CAST(s."ended" AS DATE)
    WHERE NOT EXISTS (
        -- Moved to another ward or hospital within a day: not discharged.
        SELECT 1 FROM "stay" AS n
        WHERE n."person_id" = s."person_id" AND n."ref" <> s."ref"
          AND n."began" <= s."ended" + INTERVAL 1 DAY AND coalesce(n."ended", s."ended" + INTERVAL 1 DAY) > s."ended"
    )
    GROUP BY s."person_id", i."index_date"
)
SELECT x."index_date", x."person_id", {PERSON_COLUMNS_SQL},
    CASE WHEN coalesce(p."death_date" <= x."index_date", FALSE) THEN 'not-eligible' ELSE 'at-risk' END AS "status",
    min(n."began") AS "outcome_at"
FROM "indexed" AS x
JOIN "person" AS p ON p."person_id" = x."person_id"
LEFT JOIN "unplanned" AS n
  ON n."person_id" = x."person_id" AND n."began" > x."ended" AND n."began" < x."ended" + INTERVAL 90 DAY
GROUP BY ALL
"""

READMISSION = Outcome(
    name="readmission",
    title="Readmission to a psychiatric ward within 90 days",
    source="mental_health",
    index="day",
    horizon_days=91,
    washout_days=0,
    population_sql=POPULATION_SQL,
    codelists=(HOSPITAL_SPELL, NOT_A_CRISIS_ADMISSION, DEATH),
    features=PLAIN_FEATURES,
    linear_features=PLAIN_CORE_FEATURES,
    items=(
        at_least("mental_health_stays_365d", 1, "Admitted to a mental-health ward in the year before"),
        at_least("mental_health_stays_730d", 2, "Admitted to a mental-health ward twice or more in 2 years"),
        at_least("detentions_1095d", 1, "Detained under the Mental Health Act in the last 3 years"),
        at_least("missed_90d", 1, "Missed a contact in the last 90 days"),
        at_most("contacts_28d", 0, "No contact in the last 28 days"),
        at_least("ever_alcohol_misuse", 1, "Alcohol misuse on the record"),
        at_most("age_years", 34.99, "Younger than 35"),
    ),
    words=Words(
        purpose="To plan follow-up after discharge from a psychiatric ward. A clinician decides.",
        population="Everybody discharged from a mental-health ward, on the day of discharge; transfers are none.",
        outcome="An unplanned admission to any mental-health ward, no transfer, within 90 days of discharge.",
        out_of_scope=(
            "Delaying a discharge, or ending follow-up; a low score is not safety.",
            "Predicting suicide or self-harm, or any statement about them.",
            "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
        ),
        limitations=(
            "Looks at what the record knew at the start of the day of discharge; of the stay itself, what was sent.",
            "The list of discharges stands on stays that have been sent as ended.",
        ),
        things="readmissions",
    ),
    recent_days=28,
)
