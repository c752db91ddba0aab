"""How is an indicator computed: who is counted, how often, and how often would people of their age and sex be?

People are those of the planning view (balanced), without those who opted out. What leaves this module for the record
is told under the disclosure rule: exact counts of small places are never stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Column
from washhouse.governance.audit import cohort_hash
from washhouse.governance.disclosure import tell_count
from washhouse.insight.codelists import CODED_CTE, build_codelist_table
from washhouse.population.funnel import dispersion
from washhouse.population.indicators import Indicator
from washhouse.record.kernels import Kernel
from washhouse.record.one_person import WHO_CTE

BAND_YEARS = 5
OLDEST_BAND = 90
"""Ages from here on are one band."""

_SQL = f"""
WITH {CODED_CTE},
{WHO_CTE},
member AS (
    SELECT one, arg_min(practice, place) AS practice, arg_min(birth_month, place) AS birth_month,
           arg_min(nullif(sex, 'unknown'), place) AS sex, min(death_date) AS death_date,
           bool_or(opted_out) AS opted_out
    FROM who GROUP BY one),
happened AS (
    SELECT w.one, count(DISTINCT e.ref) AS events
    FROM event AS e JOIN who AS w ON w.person_id = e.person_id JOIN coded AS c ON c.code = e.code
    WHERE e.superseded_at IS NULL AND e.time >= $since AND e.time < $until
    GROUP BY w.one)
SELECT m.one AS person_id, m.practice, m.sex,
       CAST(least(greatest(date_diff('month', m.birth_month, $since), 0) // 12 // {BAND_YEARS} * {BAND_YEARS},
                  {OLDEST_BAND}) AS INTEGER) AS age_band,
       coalesce(h.events, 0) AS events
FROM member AS m LEFT JOIN happened AS h ON h.one = m.one
WHERE NOT m.opted_out AND m.practice IS NOT NULL AND m.sex IS NOT NULL AND m.birth_month < $until
  AND (m.death_date IS NULL OR m.death_date >= $since)
ORDER BY m.one"""

KERNEL = Kernel(
    "indicator",
    _SQL,
    (
        Column("person_id", "string", "Person of the planning view", nullable=False),
        Column("practice", "string", "Practice", nullable=False),
        Column("sex", "string", "As recorded", nullable=False),
        Column("age_band", "int32", "First year of the age band at the start of the period", nullable=False),
        Column("events", "int64", "Things counted", nullable=False),
    ),
    inputs=("event", "person", "person_view"),
)
"""One row per person in the denominator. Reads `codelist` beside the record; parameters `since`, `until`."""

Compute = Callable[[Kernel, Mapping[str, object], Mapping[str, pa.Table]], pa.Table]
"""Runs a kernel with parameters and extra tables over all buckets."""


@dataclass(frozen=True)
class Counted:
    """An indicator, computed.

    Attributes:
        rows: Rows of `record.indicator`.
        summary: What the version notes of it: period, people and the hash of who they were, dispersion.
    """

    rows: list[dict[str, object]]
    summary: dict[str, object]


def period_of(indicator: Indicator, covers: Mapping[str, date]) -> tuple[date, date] | None:
    """The period that can be told, end excluded: the days up to which its source's data reaches. None without data."""
    reaches = covers.get(indicator.source)
    if reaches is None:
        return None
    until = reaches + timedelta(days=1)
    return until - timedelta(days=indicator.days), until


def count_indicator(indicator: Indicator, since: date, until: date, compute: Compute) -> Counted:
    """Compute an indicator by practice.

    Expected is what the practice would have if each of its people had the mean of all people of that age band and sex:
    indirect standardisation.

    Args:
        indicator: The indicator.
        since: First day of the period.
        until: Day after the last.
        compute: Runs the kernel.
    """
    extra = {"codelist": build_codelist_table([indicator.counted])}
    people = compute(KERNEL, {"since": since, "until": until}, extra)
    named = ["practice", "sex", "age_band"]
    with_any = people.append_column("concerned", pc.cast(pc.greater(people["events"], 0), pa.int64()))
    counts: list[tuple[Any, str]] = [([], "count_all"), ("events", "sum"), ("concerned", "sum")]
    cells = (
        with_any.group_by(named, use_threads=False).aggregate(counts).sort_by([(name, "ascending") for name in named])
    )
    strata: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for cell in cells.to_pylist():
        stratum = strata[cell["sex"], cell["age_band"]]
        stratum[0] += cell["count_all"]
        stratum[1] += cell["events_sum"]
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for cell in cells.to_pylist():
        total, (among, events) = totals[cell["practice"]], strata[cell["sex"], cell["age_band"]]
        total[0] += cell["count_all"]
        total[1] += cell["events_sum"]
        total[2] += cell["concerned_sum"]
        total[3] += cell["count_all"] * events / among
    rows = [
        _row(indicator, practice, int(size), int(events), int(concerned), expected, since, until)
        for practice, (size, events, concerned, expected) in sorted(totals.items())
    ]
    told = [row for row in rows if row["observed"] is not None]
    summary: dict[str, object] = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "people": tell_count(people.num_rows),
        "cohort_sha256": cohort_hash(people["person_id"].to_pylist()),
        "dispersion": dispersion([row["observed"] for row in told], [row["expected"] for row in told])  # type: ignore[misc]
        if len(told) > 1
        else None,
    }
    return Counted(rows, summary)


def _row(
    indicator: Indicator,
    practice: str,
    people: int,
    events: int,
    concerned: int,
    expected: float,
    since: date,
    until: date,
) -> dict[str, object]:
    """One place, told or not: its people, its events and the people who had them must each be told.

    Nothing can be compared with an expectation that is told as 0.0: such a place is not told either.
    """
    counts = [tell_count(count) for count in (people, events, concerned)]
    is_told = None not in counts and round(expected, 1) > 0
    return {
        "indicator": indicator.id,
        "place": practice,
        "since": since,
        "until": until,
        "people": counts[0],
        "observed": counts[1] if is_told else None,
        "expected": round(expected, 1) if is_told else None,
    }
