"""Does a part of the past hold the same people and outcomes as the whole of it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from washhouse.insight.models.history import gather_history
from washhouse.insight.outcomes.contract import Outcome
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.insight.outcomes.missed_contact import MISSED_NEXT_CONTACT


@pytest.mark.parametrize("outcome", [CRISIS, MISSED_NEXT_CONTACT], ids=lambda outcome: outcome.name)
def test_the_newest_index_alone_concerns_whom_it_did_among_the_others(
    computing: Callable[..., Any], planted: Any, last_day: date, outcome: Outcome
) -> None:
    # Half of the people have no contact in the last months: they are at risk, and teach nothing of missed contacts.
    event = planted.event
    since = pa.scalar(datetime.combine(last_day - timedelta(100), datetime.min.time()), event["time"].type)
    is_late = pc.and_(pc.starts_with(event["code"], "MHS_CONTACT"), pc.greater_equal(event["time"], since))
    is_half = pc.is_in(pc.utf8_slice_codeunits(event["person_id"], 31), pa.array(list("02468ace")))
    seldom = replace(planted, event=event.filter(pc.invert(pc.and_(is_late, is_half))))
    compute, today = computing(seldom), last_day + timedelta(1)
    whole = gather_history(outcome, compute, today).cohort
    assert whole is not None
    days = np.unique(whole.index_date)
    alone = gather_history(outcome, compute, today, since=days[-2].astype("datetime64[D]").item()).cohort
    assert alone is not None and alone.people is not None and whole.people is not None
    newest = whole.take(whole.index_date == days[-1])
    assert newest.people is not None
    assert alone.people["person_id"].to_pylist() == newest.people["person_id"].to_pylist()
    assert alone.outcome.tolist() == newest.outcome.tolist()
    without = [person for person in newest.people["person_id"].to_pylist() if person[-1] in "02468ace"]
    assert bool(without) == (outcome is CRISIS), "whoever has no contact teaches nothing of missed contacts"
