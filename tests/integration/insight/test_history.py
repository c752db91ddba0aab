"""Does a part of the past hold the same people and outcomes as the whole of it?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from washhouse.insight.models.history import gather_history
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.outcomes.missed_contact import MISSED_NEXT_CONTACT


@pytest.mark.parametrize("outcome", [CRISIS, MISSED_NEXT_CONTACT], ids=lambda outcome: outcome.name)
def test_the_newest_index_alone_concerns_whom_it_did_among_the_others(
    computing: Callable[..., Any], planted: Any, last_day: date, outcome: Outcome
) -> None:
    compute, today = computing(planted), last_day + timedelta(1)
    whole = gather_history(outcome, compute, today).cohort
    assert whole is not None
    days = np.unique(whole.index_date)
    alone = gather_history(outcome, compute, today, since=days[-2].astype("datetime64[D]").item()).cohort
    assert alone is not None and alone.people is not None and whole.people is not None
    newest = whole.take(whole.index_date == days[-1])
    assert newest.people is not None
    assert alone.people["person_id"].to_pylist() == newest.people["person_id"].to_pylist()
    assert alone.outcome.tolist() == newest.outcome.tolist()
