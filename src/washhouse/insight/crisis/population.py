"""Who is at risk of a crisis at an index time, who is in crisis care, and who then had one?

At risk are adults with an open referral to a community team, alive, not on a mental-health ward and not with a crisis
team. Those who would be, but are on a ward or with a crisis team, are `in-crisis-care` and get no score. Status rests
on what was recorded before the index time; the outcome rests on the record's latest states.

An open referral to a crisis team counts as its care while it was received, or the team last saw the person, at most
`MOST_DAYS_UNSEEN` days ago. Senders forget to close referrals, and such a person must come back onto the list.
"""

from __future__ import annotations

from washhouse.insight.codelists import CODED_CTE
from washhouse.insight.crisis.label import CRISIS_CTES, FINAL_TIME, HORIZON_DAYS, VISIBLE

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
    SELECT l."at", l."person_id", min(c."time") AS "crisis_at",
        arg_min(c."kind", (c."time", c."kind", c."ref")) AS "kind"
    FROM "caseload" AS l
    JOIN "crisis" AS c ON c."person_id" = l."person_id" AND c."key" = TIMESTAMP '{FINAL_TIME}'
     AND c."time" >= l."at" AND c."time" < l."at" + INTERVAL {HORIZON_DAYS} DAY
    GROUP BY l."at", l."person_id"
)
SELECT l."index_date", l."person_id", l."is_adult", l."is_alive", l."in_hospital", l."with_crisis_team",
    p."bucket", p."birth_month", p."sex", p."deprivation_decile",
    CASE WHEN NOT (l."is_adult" AND l."is_alive") THEN 'not-eligible'
         WHEN l."in_hospital" OR l."with_crisis_team" THEN 'in-crisis-care'
         ELSE 'at-risk' END AS "status",
    o."crisis_at", o."kind" AS "crisis_kind"
FROM "caseload" AS l
JOIN "person" AS p ON p."person_id" = l."person_id"
LEFT JOIN "outcome" AS o ON o."at" = l."at" AND o."person_id" = l."person_id"
ORDER BY l."index_date", l."person_id"
"""
