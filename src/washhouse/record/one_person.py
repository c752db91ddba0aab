"""Who counts as one person when a population is counted, and who is left out of every one?"""

from __future__ import annotations

from washhouse.record.export.people import OPTED_OUT

WHO_CTE = f"""
who AS (
    SELECT p.*, coalesce(v.view_id, p.person_id) AS one, row(v.view_id <> p.person_id, p.person_id) AS place,
           p.person_id IN (SELECT person_id FROM event
                           WHERE code = '{OPTED_OUT}' AND superseded_at IS NULL) AS opted_out
    FROM person AS p LEFT JOIN person_view AS v ON v.person_id = p.person_id)"""
"""People of the record with the id that they bear in the view of the grant's purpose (`one`), the order in which their
word counts (`place`), and whether they have opted out of what is not their own care."""
