"""Emergency admission within 12 months: of everybody grown up and alive, who then came to a hospital bed unplanned?

References:
    The outcome is that of the Patients at Risk of Re-hospitalisation models: Billings 2006,
    doi:10.1136/bmj.38870.657917.AE. HES ADMIMETH 21-28, 2A-2D are emergencies.
"""

from __future__ import annotations

from washhouse.insight.codelists import CODED_CTE, DEATH, EMERGENCY_ADMISSION, HOSPITAL_STAY
from washhouse.insight.crisis.label import VISIBLE
from washhouse.insight.features.registry import PLAIN_CORE_FEATURES, PLAIN_FEATURES
from washhouse.insight.models.points import at_least
from washhouse.insight.outcomes.contract import PERSON_COLUMNS_SQL, Outcome, Words

ADULT_YEARS = 18

POPULATION_SQL = f"""
WITH {CODED_CTE},
"relevant" AS (
    SELECT e."person_id", e."time", e."end_time", e."recorded_at", e."superseded_at", c."list"
    FROM "event" AS e JOIN "coded" AS c ON c."code" = e."code"
),
"index" AS (SELECT "index_date", CAST("index_date" AS TIMESTAMP) AS "at" FROM "index_date"),
"adult" AS (
    SELECT i."index_date", i."at", p.*
    FROM "person" AS p
    JOIN "index" AS i ON last_day(p."birth_month") + INTERVAL {ADULT_YEARS} YEAR < i."at"
),
"died" AS (
    SELECT DISTINCT i."at", e."person_id"
    FROM "relevant" AS e JOIN "index" AS i ON {VISIBLE}
    WHERE e."list" = '{DEATH.name}'
),
"in_bed" AS (
    SELECT DISTINCT i."at", e."person_id"
    FROM "relevant" AS e JOIN "index" AS i ON {VISIBLE}
    WHERE e."list" = '{HOSPITAL_STAY.name}' AND (e."end_time" IS NULL OR e."end_time" >= i."at")
),
"outcome" AS (
    SELECT i."at", e."person_id", min(e."time") AS "outcome_at"
    FROM "relevant" AS e
    JOIN "index" AS i ON e."time" >= i."at" AND e."time" < i."at" + INTERVAL 365 DAY
    WHERE e."list" = '{EMERGENCY_ADMISSION.name}' AND e."superseded_at" IS NULL
    GROUP BY i."at", e."person_id"
)
SELECT p."index_date", p."person_id", {PERSON_COLUMNS_SQL},
    CASE WHEN d."person_id" IS NOT NULL OR coalesce(p."death_date" < p."index_date", FALSE)
           OR b."person_id" IS NOT NULL THEN 'not-eligible' ELSE 'at-risk' END AS "status",
    o."outcome_at"
FROM "adult" AS p
LEFT JOIN "died" AS d ON d."at" = p."at" AND d."person_id" = p."person_id"
LEFT JOIN "in_bed" AS b ON b."at" = p."at" AND b."person_id" = p."person_id"
LEFT JOIN "outcome" AS o ON o."at" = p."at" AND o."person_id" = p."person_id"
"""

EMERGENCY_ADMISSION_12M = Outcome(
    name="emergency-admission",
    title="Emergency admission within 12 months",
    source="hospital",
    index="quarter",
    horizon_days=365,
    washout_days=0,
    population_sql=POPULATION_SQL,
    codelists=(EMERGENCY_ADMISSION, HOSPITAL_STAY, DEATH),
    features=PLAIN_FEATURES,
    linear_features=PLAIN_CORE_FEATURES,
    items=(
        at_least("age_years", 65, "65 or older"),
        at_least("age_years", 75, "75 or older"),
        at_least("age_years", 85, "85 or older"),
        at_least("emergency_admissions_365d", 1, "Admitted as an emergency in the last 12 months"),
        at_least("emergency_admissions_365d", 3, "Admitted as an emergency 3 times or more in the last 12 months"),
        at_least("emergency_365d", 1, "Went to A&E in the last 12 months"),
        at_least("emergency_365d", 3, "Went to A&E 3 times or more in the last 12 months"),
        at_least("medicines_90d", 6, "6 medicines or more in the last 90 days"),
        at_least("open_care_services", 1, "Has social care services"),
        at_least("ever_alcohol_misuse", 1, "Alcohol misuse on the record"),
        at_least("ever_severe_mental_illness", 1, "Severe mental illness on the record"),
    ),
    words=Words(
        purpose="To offer proactive care to those likeliest to come to hospital unplanned. A clinician decides.",
        population="Adults, alive and in no acute hospital bed, as known at the start of the index day.",
        outcome="An emergency admission (ADMIMETH 21-28, 2A-2D) within 365 days from the start of the index day.",
        out_of_scope=(
            "Denying or ending care or services; a low score is not safety.",
            "Setting payments or eligibility.",
            "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
        ),
        limitations=(
            "Admissions elsewhere than in hospitals that send data are not seen; those who moved away count as well.",
            "Those who die in the year without an admission count as not admitted.",
            "Deprivation is that of the present address, also for past index dates.",
        ),
        things="people admitted",
    ),
    test_share=0.1,
    calibration_share=0.1,
    stands_days=7,
    most_people=30_000,
    explained=200,
)
