"""What is a crisis, in fields, and when did it begin?

A crisis is the start of an unplanned stay on an acute, older adult or psychiatric intensive care ward, or of care by a
crisis resolution or home treatment team. The team's start is the first contact that took place, because the national
set holds no date of acceptance. Referrals to such teams at most five days apart count once.

The same SQL gives what was known at an index time (for features) and the final truth (for labels): the truth is what is
known at the end of time.

References:
    Garriga 2022, doi:10.1038/s41591-022-01811-5 (the outcome); docs/adr/2026-11-22-crisis-model.md (the fields).
"""

from __future__ import annotations

HORIZON_DAYS = 28
"""Days after the index in which a crisis counts; the index day is the first."""

SAME_REFERRAL_DAYS = 5
"""Accepted referrals to a crisis team whose receipt lies at most so many days apart are one."""

FINAL_TIME = "9999-12-31 00:00:00"
"""An index time at which everything is known, for outcomes."""

VISIBLE = """e."time" < i."at" AND e."recorded_at" < i."at"
            AND (e."superseded_at" IS NULL OR e."superseded_at" >= i."at")"""
"""When a state `e` of an event was known at an index `i`: it had happened, been recorded and not been replaced."""

CRISIS_CTES = f"""
"rejection" AS (
    SELECT k."key", k."person_id", k."ref", k."team"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" = 'rejected-referral'
),
"referral" AS (
    SELECT k."key", k."person_id", k."time", k."end_time", k."ref", k."team", c."list"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" IN ('community-team', 'crisis-team')
    WHERE NOT EXISTS (
        SELECT 1 FROM "rejection" AS x
        WHERE x."key" = k."key" AND x."person_id" = k."person_id" AND x."ref" = k."ref"
          AND (x."team" IS NULL OR k."team" IS NULL OR x."team" = k."team")
    )
),
"attended" AS (
    SELECT k."key", k."person_id", k."time", k."parent_ref", k."team"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" = 'attended-contact'
),
"accepted" AS (
    SELECT r."key", r."person_id", r."ref", min(r."time") AS "received_at", min(a."time") AS "time"
    FROM "referral" AS r
    JOIN "attended" AS a
      ON a."key" = r."key" AND a."person_id" = r."person_id" AND a."parent_ref" = r."ref"
     AND (a."team" IS NULL OR r."team" IS NULL OR a."team" = r."team")
     AND a."time" >= date_trunc('day', r."time") - INTERVAL 1 HOUR
    WHERE r."list" = 'crisis-team'
    GROUP BY r."key", r."person_id", r."ref"
),
"spaced" AS (
    SELECT *, coalesce(date_diff('day',
        CAST(lag("received_at") OVER (PARTITION BY "key", "person_id" ORDER BY "received_at", "ref") AS DATE),
        CAST("received_at" AS DATE)) > {SAME_REFERRAL_DAYS}, TRUE) AS "is_new"
    FROM "accepted"
),
"numbered" AS (
    SELECT *, sum(CASE WHEN "is_new" THEN 1 ELSE 0 END)
        OVER (PARTITION BY "key", "person_id" ORDER BY "received_at", "ref" ROWS UNBOUNDED PRECEDING) AS "group_number"
    FROM "spaced"
),
"crisis" AS (
    SELECT "key", "person_id", min("time") AS "time", 'crisis-team' AS "kind", arg_min("ref", ("time", "ref")) AS "ref"
    FROM "numbered"
    GROUP BY "key", "person_id", "group_number"
    UNION ALL
    SELECT k."key", k."person_id", min(k."time"), 'admission', k."ref"
    FROM "known" AS k JOIN "coded" AS c ON c."code" = k."code" AND c."list" = 'crisis-ward'
    WHERE NOT EXISTS (
        SELECT 1 FROM "known" AS o JOIN "coded" AS n ON n."code" = o."code" AND n."list" = 'not-a-crisis-admission'
        WHERE o."key" = k."key" AND o."person_id" = k."person_id" AND o."ref" = k."ref"
    )
    GROUP BY k."key", k."person_id", k."ref"
)"""
"""From `known` (key, person_id, time, end_time, code, ref, parent_ref, team) and `coded` to `referral` (unrejected,
to a community or crisis team) and `crisis`: one row per key, person and crisis (time, kind, ref)."""
