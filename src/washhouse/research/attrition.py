"""How many people are left after each criterion of a cohort?

People are those of the research view (lenient), without those who opted out. Only counts leave this module, under the
disclosure rule; who the people are is kept as a hash, by which the audit can later say whether somebody was among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Column
from washhouse.governance.audit import cohort_hash
from washhouse.governance.disclosure import tell_count
from washhouse.insight.codelists import CODED_CTE, build_codelist_table
from washhouse.record.kernels import Kernel
from washhouse.record.one_person import WHO_CTE
from washhouse.research.cohorts import Cohort, Criterion, HasCode, OfAge

_COLUMNS = (
    Column("person_id", "string", "Person of the research view", nullable=False),
    Column("met", "int32", "Criteria met before the first that is not", nullable=False),
)

Compute = Callable[[Kernel, Mapping[str, object], Mapping[str, pa.Table]], pa.Table]
"""Runs a kernel with parameters and extra tables over all buckets."""


@dataclass(frozen=True)
class Counted:
    """A cohort, counted.

    Attributes:
        rows: Rows of `record.attrition`.
        summary: What the version notes of it: index date, and the hash of who is in it.
    """

    rows: list[dict[str, object]]
    summary: dict[str, object]


def index_date_of(cohort: Cohort, covers: Mapping[str, date]) -> date | None:
    """The day after the last that all its sources tell of; None where one of them never sent."""
    reaches = [covers[source] for source in cohort.sources if source in covers]
    return min(reaches) + timedelta(days=1) if len(reaches) == len(cohort.sources) else None


def cohort_kernel(cohort: Cohort) -> Kernel:
    """Compile a cohort's criteria into one pass of a bucket; `index_date` is bound.

    What was recorded only after the index date is known to the study all the same: it is done in hindsight.
    """
    tests = ", ".join(f"{_sql(criterion, place)} AS c{place}" for place, criterion in enumerate(cohort.criteria))
    last = len(cohort.criteria)
    met = " ".join(f"WHEN NOT coalesce(c{place}, false) THEN {place}" for place in range(last))
    sql = f"""
    WITH {CODED_CTE},
    {WHO_CTE},
    member AS (
        SELECT one, arg_min(birth_month, place) AS birth_month, min(death_date) AS death_date,
               count(practice) > 0 AND NOT bool_or(opted_out) AS is_asked
        FROM who GROUP BY one),
    happened AS (
        SELECT w.one, c.list, max(e.time) AS latest
        FROM event AS e JOIN who AS w ON w.person_id = e.person_id JOIN coded AS c ON c.code = e.code
        WHERE e.superseded_at IS NULL AND e.time < $index_date
        GROUP BY w.one, c.list),
    tested AS (
        SELECT m.one, {tests}
        FROM member AS m LEFT JOIN happened AS h ON h.one = m.one
        WHERE m.is_asked AND m.birth_month < $index_date
          AND (m.death_date IS NULL OR m.death_date >= $index_date)
        GROUP BY m.one, m.birth_month)
    SELECT one AS person_id, CAST(CASE {met} ELSE {last} END AS INTEGER) AS met FROM tested ORDER BY one"""
    return Kernel(f"cohort-{cohort.id}", sql, _COLUMNS, inputs=("event", "person", "person_view"))


def _sql(criterion: Criterion, place: int) -> str:
    if isinstance(criterion, OfAge):
        age = "date_diff('month', m.birth_month, $index_date) // 12"
        below = f" AND {age} < {criterion.below}" if criterion.below else ""
        return f"any_value({age} >= {criterion.at_least}{below})"
    window = f" AND h.latest >= $index_date - INTERVAL {criterion.days} DAY" if criterion.days else ""
    has = f"coalesce(bool_or(h.list = '{criterion.codes.name}'{window}), false)"
    return has if criterion.wanted else f"NOT {has}"


def count_cohort(cohort: Cohort, index_date: date, compute: Compute) -> Counted:
    """Count who is left after each criterion.

    Args:
        cohort: The cohort.
        index_date: Day that ages and windows are counted from.
        compute: Runs the kernel.
    """
    codelists = [criterion.codes for criterion in cohort.criteria if isinstance(criterion, HasCode)]
    people = compute(cohort_kernel(cohort), {"index_date": index_date}, {"codelist": build_codelist_table(codelists)})
    rows: list[dict[str, object]] = []
    for step in range(len(cohort.criteria) + 1):
        left = pc.sum(pc.greater_equal(people["met"], step)).as_py() or 0
        rows.append({"cohort": cohort.id, "step": step, "people": tell_count(left)})
    members = people.filter(pc.equal(people["met"], len(cohort.criteria)))["person_id"].to_pylist()
    return Counted(rows, {"index_date": index_date.isoformat(), "cohort_sha256": cohort_hash(members)})
