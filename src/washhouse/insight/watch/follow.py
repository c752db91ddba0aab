"""What did a model say of people in the months since it was judged, and what came of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from washhouse.insight.models.history import gather_history
from washhouse.insight.models.plan import choose_index_dates
from washhouse.insight.models.present import RISK_DECIMALS, Compute
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
        submitted: Days on which the outcome's source submitted something, in order.
        today: Day at whose start the newest scores are made.
        since: Any day of the last month that was counted.

    Returns:
        One for each later month all of whose outcomes are known by now; usually none or one.
    """
    days = [day for day in choose_index_dates(outcome, submitted, today) if day > _last_day(since)]
    if outcome.index == "day" and not any(day == _last_day(day) for day in days):
        return ()  # No month is over: whoever was seen since need not be looked for.
    cohort = gather_history(outcome, compute, today, since=_last_day(since), submitted=submitted).cohort
    if cohort is None:
        return ()
    if outcome.index == "day":
        # Looked at every day: a month counts when all of it is known.
        newest = cohort.index_date.max().astype("datetime64[D]").item()
        whole = newest if newest == _last_day(newest) else newest.replace(day=1) - timedelta(1)
        cohort = cohort.take(cohort.index_date <= np.datetime64(whole))
    if not len(cohort.outcome):
        return ()
    model, calibration = load_model(stored["models"][stored["shipped"]])
    risk = np.round(calibration.risk(model.log_odds(cohort.matrix)), RISK_DECIMALS)
    return count_periods(cohort.index_date, risk, cohort.outcome)


def _last_day(day: date) -> date:
    """The last day of a day's month.

    >>> _last_day(date(2025, 12, 3))
    datetime.date(2025, 12, 31)
    """
    return (day.replace(day=1) + timedelta(31)).replace(day=1) - timedelta(1)
