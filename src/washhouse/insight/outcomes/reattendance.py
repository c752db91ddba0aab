"""A&E re-attendance within 72 hours: who came back after leaving, before three days were over?

References:
    Unplanned re-attendance is one of the A&E clinical quality indicators (Department of Health 2010; there within 7
    days); 72 hours is what departments review.
"""

from __future__ import annotations

from washhouse.insight.codelists import CODED_CTE, EMERGENCY_ATTENDANCE
from washhouse.insight.features.registry import PLAIN_CORE_FEATURES, PLAIN_FEATURES
from washhouse.insight.models.points import at_least, at_most
from washhouse.insight.outcomes.contract import PERSON_COLUMNS_SQL, Outcome, Words

POPULATION_SQL = f"""
WITH {CODED_CTE},
"attendance" AS (
    SELECT e."person_id", e."ref", min(e."time") AS "came", max(coalesce(e."end_time", e."time")) AS "went"
    FROM "event" AS e JOIN "coded" AS c ON c."code" = e."code"
    WHERE e."superseded_at" IS NULL AND e."time" IS NOT NULL
    GROUP BY e."person_id", e."ref"
),
"indexed" AS (
    SELECT a."person_id", i."index_date", arg_max(a."went", (a."came", a."ref")) AS "went"
    FROM "attendance" AS a JOIN "index_date" AS i ON i."index_date" = CAST(a."came" AS DATE)
    GROUP BY a."person_id", i."index_date"
)
SELECT x."index_date", x."person_id", {PERSON_COLUMNS_SQL},
    CASE WHEN coalesce(p."death_date" <= CAST(x."went" AS DATE), FALSE) THEN 'not-eligible' ELSE 'at-risk' END
        AS "status",
    min(a."came") AS "outcome_at"
FROM "indexed" AS x
JOIN "person" AS p ON p."person_id" = x."person_id"
LEFT JOIN "attendance" AS a
  ON a."person_id" = x."person_id" AND a."came" > x."went" AND a."came" < x."went" + INTERVAL 72 HOUR
GROUP BY ALL
"""

REATTENDANCE = Outcome(
    name="reattendance",
    title="A&E re-attendance within 72 hours",
    source="hospital",
    index="day",
    horizon_days=4,
    washout_days=3,
    population_sql=POPULATION_SQL,
    codelists=(EMERGENCY_ATTENDANCE,),
    features=PLAIN_FEATURES,
    linear_features=PLAIN_CORE_FEATURES,
    items=(
        at_most("days_since_emergency", 7, "Went to A&E in the week before"),
        at_least("emergency_28d", 1, "Went to A&E in the 28 days before"),
        at_least("emergency_90d", 2, "Went to A&E twice or more in the 90 days before"),
        at_least("emergency_365d", 4, "Went to A&E 4 times or more in the year before"),
        at_least("mental_health_emergency_90d", 1, "Went to A&E for mental health in the 90 days before"),
        at_least("ever_alcohol_misuse", 1, "Alcohol misuse on the record"),
        at_least("ever_severe_mental_illness", 1, "Severe mental illness on the record"),
        at_least("age_years", 75, "75 or older"),
    ),
    words=Words(
        purpose="To offer a call or a visit to those likeliest to come back unplanned. A clinician decides.",
        population="Everybody who left an emergency department, on the day they came; the last attendance of a day.",
        outcome="Another attendance that begins after leaving and within 72 hours of it.",
        out_of_scope=(
            "Refusing, delaying or redirecting an attendance.",
            "Any statement about self-harm.",
            "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
        ),
        limitations=(
            "Looks at what the record knew at the start of the day: nothing of the attendance itself.",
            "Hospital data comes monthly, so the list is weeks late unless a department sends its own.",
            "Planned follow-ups in the department count as coming back.",
        ),
        things="re-attendances",
    ),
    recent_days=7,
    explained=200,
)
