"""Non-attendance of the next contact: if a contact comes next, will the person miss it?

Bookings are not in the national data, so the next contact is that which then took place or was missed; a cancelled one
is passed over. A person without a contact in the horizon has no outcome to learn from, and is scored all the same.

References:
    AttendStatus 3, 7 (missed) and 5, 6 (took place); NHS England community mental health dashboard.
"""

from __future__ import annotations

from washhouse.insight.codelists import ATTENDED_CONTACT, CODED_CTE, COMMUNITY_TEAM, DEATH, MISSED_CONTACT
from washhouse.insight.crisis.label import VISIBLE
from washhouse.insight.features.registry import PLAIN_CORE_FEATURES, PLAIN_FEATURES
from washhouse.insight.models.points import at_least, at_most
from washhouse.insight.outcomes.contract import PERSON_COLUMNS_SQL, Outcome, Words

HORIZON_DAYS = 28

POPULATION_SQL = f"""
WITH {CODED_CTE},
"relevant" AS (
    SELECT e."person_id", e."time", e."end_time", e."recorded_at", e."superseded_at", c."list"
    FROM "event" AS e JOIN "coded" AS c ON c."code" = e."code"
),
"index" AS (
    SELECT "index_date", CAST("index_date" AS TIMESTAMP) AS "at",
        "index_date" = (SELECT max("index_date") FROM "index_date") AS "is_newest"
    FROM "index_date"
),
"open" AS (
    SELECT DISTINCT i."index_date", i."at", i."is_newest", e."person_id"
    FROM "relevant" AS e JOIN "index" AS i ON {VISIBLE}
    WHERE e."list" = '{COMMUNITY_TEAM.name}' AND (e."end_time" IS NULL OR e."end_time" >= i."at")
),
"died" AS (
    SELECT DISTINCT i."at", e."person_id"
    FROM "relevant" AS e JOIN "index" AS i ON {VISIBLE}
    WHERE e."list" = '{DEATH.name}'
),
"next" AS (
    SELECT o."at", o."person_id", arg_min(e."list", (e."time", e."list")) AS "list", min(e."time") AS "time"
    FROM "open" AS o
    JOIN "relevant" AS e ON e."person_id" = o."person_id" AND e."superseded_at" IS NULL
     AND e."list" IN ('{ATTENDED_CONTACT.name}', '{MISSED_CONTACT.name}')
     AND e."time" >= o."at" AND e."time" < o."at" + INTERVAL {HORIZON_DAYS} DAY
    GROUP BY o."at", o."person_id"
)
SELECT o."index_date", o."person_id", {PERSON_COLUMNS_SQL},
    CASE WHEN d."person_id" IS NOT NULL OR coalesce(p."death_date" < o."index_date", FALSE)
           OR (n."person_id" IS NULL AND NOT o."is_newest") THEN 'not-eligible' ELSE 'at-risk' END AS "status",
    CASE WHEN n."list" = '{MISSED_CONTACT.name}' THEN n."time" END AS "outcome_at"
FROM "open" AS o
JOIN "person" AS p ON p."person_id" = o."person_id"
LEFT JOIN "died" AS d ON d."at" = o."at" AND d."person_id" = o."person_id"
LEFT JOIN "next" AS n ON n."at" = o."at" AND n."person_id" = o."person_id"
"""

MISSED_NEXT_CONTACT = Outcome(
    name="missed-contact",
    title=f"Non-attendance of the next contact within {HORIZON_DAYS} days",
    source="mental_health",
    index="month",
    horizon_days=HORIZON_DAYS,
    washout_days=0,
    population_sql=POPULATION_SQL,
    codelists=(COMMUNITY_TEAM, ATTENDED_CONTACT, MISSED_CONTACT, DEATH),
    features=PLAIN_FEATURES,
    linear_features=PLAIN_CORE_FEATURES,
    items=(
        at_least("missed_28d", 1, "Missed a contact in the last 28 days"),
        at_least("missed_90d", 1, "Missed a contact in the last 90 days"),
        at_least("missed_90d", 3, "Missed 3 contacts or more in the last 90 days"),
        at_least("missed_365d", 2, "Missed 2 contacts or more in the last 12 months"),
        at_least("cancelled_90d", 1, "A contact was cancelled in the last 90 days"),
        at_most("contacts_90d", 0, "No contact in the last 90 days"),
        at_most("days_since_referral", 90, "Referred to a mental-health team in the last 90 days"),
        at_most("age_years", 34.99, "Younger than 35"),
    ),
    words=Words(
        purpose="To decide whom to ring before a contact, and which slot or place to offer. The team decides.",
        population="Everybody alive with an open referral to a community mental-health team.",
        outcome=f"The next contact that took place or was missed, within {HORIZON_DAYS} days, was missed.",
        out_of_scope=(
            "Double booking, shortening or withdrawing an offer, or discharge for not attending.",
            "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
        ),
        limitations=(
            "Bookings are not in the data: those without a contact in the horizon are not learned from.",
            "The chance holds for the next contact, not for the next 28 days.",
        ),
        things="missed contacts",
    ),
)
