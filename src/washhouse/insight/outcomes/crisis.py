"""Crisis care within 28 days: who is at risk at an index time, who is in crisis care, and who then had a crisis?

At risk are adults with an open referral to a community team, alive, not on a mental-health ward and not with a crisis
team. Those who would be, but are on a ward or with a crisis team, are `in-crisis-care` and get no score. Status rests
on what was recorded before the index time; the outcome rests on the record's latest states. What a crisis is stands in
`insight.crisis.label`, for features need it too.

An open referral to a crisis team counts as its care while it was received, or the team last saw the person, at most
`MOST_DAYS_UNSEEN` days ago. Senders forget to close referrals, and such a person must come back onto the list.

References:
    docs/adr/2026-11-22-crisis-model.md. The points list's items are those that MaST is described with: BMJ Health &
    Care Informatics 29 Suppl 1, A1.2.
"""

from __future__ import annotations

from washhouse.core.tables import Column
from washhouse.insight.codelists import CODED_CTE, CRISIS_CODELISTS
from washhouse.insight.crisis.label import CRISIS_CTES, FINAL_TIME, HORIZON_DAYS, VISIBLE
from washhouse.insight.features.registry import CORE_FEATURES, CRISIS_FEATURES
from washhouse.insight.models.points import at_least, at_most
from washhouse.insight.outcomes.contract import PERSON_COLUMNS_SQL, Outcome, Words

MODEL = "crisis"
"""Name of the outcome model, in scores and in the folder of models."""

MENTAL_HEALTH = "mental_health"
"""Source whose submissions make history and whose freshness decides."""

ADULT_YEARS = 18

MOST_DAYS_UNSEEN = 42
"""Days for which an open referral to a crisis team counts as its care without a known contact.

A choice of this project, not a national rule: such a team sees people daily to weekly, and a monthly return tells of
a contact up to five weeks later.
"""

POPULATION_SQL = f"""
WITH {CODED_CTE},
"index" AS (
    SELECT "index_date", CAST("index_date" AS TIMESTAMP) AS "at" FROM "index_date"
    UNION ALL SELECT NULL, TIMESTAMP '{FINAL_TIME}'
),
"crisis_referral" AS (
    SELECT DISTINCT e."person_id", e."ref"
    FROM "event" AS e JOIN "coded" AS c ON c."code" = e."code" AND c."list" = 'crisis-team'
),
"relevant" AS (
    SELECT e.*
    FROM "event" AS e
    WHERE e."code" IN (SELECT "code" FROM "coded" WHERE "list" <> 'attended-contact')
    UNION ALL
    SELECT e.*
    FROM "event" AS e
    JOIN "crisis_referral" AS r ON r."person_id" = e."person_id" AND r."ref" = e."parent_ref"
    WHERE e."code" IN (SELECT "code" FROM "coded" WHERE "list" = 'attended-contact')
),
"known" AS (
    SELECT i."at" AS "key", e."person_id", e."time", e."end_time", e."code", e."ref", e."parent_ref", e."team"
    FROM "relevant" AS e JOIN "index" AS i ON {VISIBLE}
),
{CRISIS_CTES},
"open_referral" AS (
    SELECT DISTINCT "key", "person_id", "list" FROM "referral" WHERE "end_time" IS NULL OR "end_time" >= "key"
),
"crisis_care" AS (
    SELECT DISTINCT r."key", r."person_id"
    FROM "referral" AS r
    LEFT JOIN "attended" AS a
      ON a."key" = r."key" AND a."person_id" = r."person_id" AND a."parent_ref" = r."ref"
     AND (a."team" IS NULL OR r."team" IS NULL OR a."team" = r."team")
    WHERE r."list" = 'crisis-team' AND (r."end_time" IS NULL OR r."end_time" >= r."key")
      AND greatest(r."time", coalesce(a."time", r."time")) >= r."key" - INTERVAL {MOST_DAYS_UNSEEN} DAY
),
"open_spell" AS (
    SELECT DISTINCT k."key", k."person_id"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" = 'hospital-spell'
    WHERE k."end_time" IS NULL OR k."end_time" >= k."key"
),
"died" AS (
    SELECT DISTINCT k."key", k."person_id"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" = 'death'
),
"caseload" AS (
    SELECT i."index_date", i."at", o."person_id",
        coalesce(last_day(p."birth_month") + INTERVAL {ADULT_YEARS} YEAR < i."at", FALSE) AS "is_adult",
        d."person_id" IS NULL
            AND NOT (coalesce(p."death_date" < i."index_date", FALSE)
                     AND i."index_date" = (SELECT max("index_date") FROM "index")) AS "is_alive",
        s."person_id" IS NOT NULL AS "in_hospital",
        t."person_id" IS NOT NULL AS "with_crisis_team"
    FROM "open_referral" AS o
    JOIN "index" AS i ON i."at" = o."key" AND i."index_date" IS NOT NULL
    JOIN "person" AS p ON p."person_id" = o."person_id"
    LEFT JOIN "died" AS d ON d."key" = o."key" AND d."person_id" = o."person_id"
    LEFT JOIN "open_spell" AS s ON s."key" = o."key" AND s."person_id" = o."person_id"
    LEFT JOIN "crisis_care" AS t ON t."key" = o."key" AND t."person_id" = o."person_id"
    WHERE o."list" = 'community-team'
),
"outcome" AS (
    SELECT l."at", l."person_id", min(c."time") AS "outcome_at",
        arg_min(c."kind", (c."time", c."kind", c."ref")) AS "kind"
    FROM "caseload" AS l
    JOIN "crisis" AS c ON c."person_id" = l."person_id" AND c."key" = TIMESTAMP '{FINAL_TIME}'
     AND c."time" >= l."at" AND c."time" < l."at" + INTERVAL {HORIZON_DAYS} DAY
    GROUP BY l."at", l."person_id"
)
SELECT l."index_date", l."person_id", l."is_adult", l."is_alive", l."in_hospital", l."with_crisis_team",
    {PERSON_COLUMNS_SQL},
    CASE WHEN NOT (l."is_adult" AND l."is_alive") THEN 'not-eligible'
         WHEN l."in_hospital" OR l."with_crisis_team" THEN 'in-crisis-care'
         ELSE 'at-risk' END AS "status",
    o."outcome_at", o."kind" AS "crisis_kind"
FROM "caseload" AS l
JOIN "person" AS p ON p."person_id" = l."person_id"
LEFT JOIN "outcome" AS o ON o."at" = l."at" AND o."person_id" = l."person_id"
ORDER BY l."index_date", l."person_id"
"""

ITEMS = (
    at_most("days_since_crisis", 90, "Crisis care began in the last 90 days"),
    at_most("days_since_crisis", 365, "Crisis care began in the last 12 months"),
    at_least("crises_1095d", 1, "Crisis care began in the last 3 years"),
    at_least("crises_1095d", 3, "Crisis care began 3 times or more in the last 3 years"),
    at_least("detentions_1095d", 1, "Detained under the Mental Health Act in the last 3 years"),
    at_least("place_of_safety_365d", 1, "Taken to a place of safety in the last 12 months"),
    at_most("days_since_move", 90, "Accommodation changed in the last 90 days"),
    at_least("is_homeless", 1, "Homeless or in temporary accommodation"),
    at_most("days_since_job_change", 90, "Employment changed in the last 90 days"),
    at_least("is_not_working", 1, "Out of work or long-term sick"),
    at_least("missed_90d", 1, "Missed a contact in the last 90 days"),
    at_least("missed_90d", 3, "Missed 3 contacts or more in the last 90 days"),
    at_least("contacts_28d", 3, "3 contacts or more in the last 28 days"),
    at_most("days_since_referral", 90, "Referred to a mental-health team in the last 90 days"),
    at_most("age_years", 34.99, "Younger than 35"),
    at_most("is_female", 0, "Not female"),
)

WORDS = Words(
    purpose=(
        "To order a care team's weekly review of its own caseload by the probability that a person will need crisis "
        f"care in the next {HORIZON_DAYS} days. A clinician decides what to do."
    ),
    population=(
        "Adults, alive, with an open referral to a community mental-health team (A05-A10, A12-A14, A16), not on a "
        "mental-health ward and not with a crisis team, as known at the start of the index day."
    ),
    outcome=(
        f"Within {HORIZON_DAYS} days from the start of the index day, the first of: an unplanned admission to an "
        "acute, older adult or psychiatric intensive care ward that is no transfer; a first attended contact with a "
        "crisis resolution or home treatment team on an unrejected referral (referrals at most 5 days apart count "
        "once)."
    ),
    out_of_scope=(
        "Denying, ending or stepping down care; a low score is not safety.",
        "Predicting suicide or self-harm, or any statement about them.",
        "Grounds for a treatment decision (NICE NG225).",
        "Bands such as low, medium or high.",
        "People who are not on a community mental-health caseload, children, and people in crisis care now.",
        "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
    ),
    limitations=(
        "Index dates in the past rest on monthly submissions and are two to nine days staler than today's list.",
        "Deprivation is that of the present address, also for past index dates.",
        "Acceptance by a crisis team is not in the national data: the first attended contact stands for it.",
    ),
    things="crises",
)

CRISIS = Outcome(
    name=MODEL,
    title=f"Crisis care within {HORIZON_DAYS} days",
    source=MENTAL_HEALTH,
    index="month",
    horizon_days=HORIZON_DAYS,
    washout_days=28,
    population_sql=POPULATION_SQL,
    codelists=CRISIS_CODELISTS,
    features=CRISIS_FEATURES,
    items=ITEMS,
    linear_features=CORE_FEATURES,
    words=WORDS,
    facts=(
        Column("is_adult", "bool", "18 or older, whatever the day of birth", nullable=False),
        Column("is_alive", "bool", "No death known", nullable=False),
        Column("in_hospital", "bool", "On a mental-health ward", nullable=False),
        Column("with_crisis_team", "bool", "Open, unrejected, not forgotten referral to a crisis team", nullable=False),
        Column("crisis_kind", "string", "`admission` or `crisis-team`"),
    ),
    earlier_days=7,
    history_weeks=24,
    most_people=300_000,
)
