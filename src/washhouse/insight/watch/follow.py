"""What did a model say of people in the months since it was judged, and what came of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.insight.models.plan import choose_index_dates
from washhouse.insight.models.present import RISK_DECIMALS, Compute
from washhouse.insight.models.score import build_cohort, compute_features, find_population, number_rows, present_indexes
from washhouse.insight.models.store import load_model
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.watch.calibration import Period, count_periods


def follow(
    outcome: Outcome,
    stored: Mapping[str, Any],
    compute: Compute,
    submitted: Sequence[date],
    today: date,
    *,
    since: date,
) -> tuple[Period, ...]:
    """Let a model say what it would have said in months that are past, as was known then, and count what came.

    Args:
        outcome: The declaration.
        stored: What its `model.json` holds.
        compute: Runs stages over the record.
        submitted: Days on which its source submitted something, in order.
        today: Day at whose start the newest scores are made.
        since: Any day of the last month that was counted.

    Returns:
        One for each later month all of whose outcomes are known by now; usually none or one.
    """
    known = choose_index_dates(outcome, submitted, today)
    if not known:
        return ()
    begin = _next_month(since)
    # Outcomes that follow an event are indexed every day: a month counts when all of it is known.
    end = known[-1] + timedelta(1) if outcome.index != "day" else (known[-1] + timedelta(1)).replace(day=1)
    days = [day for day in known if begin <= day < end]
    if not days:
        return ()
    population = find_population(compute, outcome, present_indexes(outcome, today), days)
    in_past = pc.is_in(population["index_date"], pa.array(days, pa.date32()))
    rows = number_rows(population.filter(pc.and_(in_past, pc.equal(population["status"], "at-risk"))))
    if not rows.num_rows:
        return ()
    cohort = build_cohort(rows, compute_features(compute, outcome, rows))
    model, calibration = load_model(stored["models"][stored["shipped"]])
    risk = np.round(calibration.risk(model.log_odds(cohort.matrix)), RISK_DECIMALS)
    return count_periods(cohort.index_date, risk, cohort.outcome)


def _next_month(day: date) -> date:
    """The first day of the month after a day's.

    >>> _next_month(date(2025, 12, 3))
    datetime.date(2026, 1, 1)
    """
    return (day.replace(day=1) + timedelta(31)).replace(day=1)
