"""Does a part of the past hold the same people and outcomes as the whole of it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
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


@pytest.mark.parametrize("outcome", [CRISIS, MISSED_NEXT_CONTACT], ids=lambda outcome: outcome.name)
def test_of_too_many_people_a_sample_by_id_is_taken_the_same_on_every_day(
    computing: Callable[..., Any], planted: Any, last_day: date, outcome: Outcome
) -> None:
    # Ids as a record has them: their first digits are as good as drawn.
    digest = {each: sha256(each.encode()).hexdigest()[:32] for each in planted.person["person_id"].to_pylist()}

    def with_digests(table: pa.Table) -> pa.Table:
        ids = pa.array([digest[each] for each in table["person_id"].to_pylist()])
        return table.set_column(table.schema.get_field_index("person_id"), "person_id", ids)

    compute = computing(replace(planted, event=with_digests(planted.event), person=with_digests(planted.person)))
    today = last_day + timedelta(1)
    whole = gather_history(outcome, compute, today).cohort
    few = gather_history(replace(outcome, most_people=65), compute, today).cohort
    assert whole is not None and whole.people is not None and few is not None and few.people is not None
    assert (whole.sampled, few.sampled) == (1.0, 0.25)
    taken = set(few.people["person_id"].to_pylist())
    assert taken == {each for each in whole.people["person_id"].to_pylist() if int(each[:7], 16) < 0.25 * 2**28}
    assert 30 <= len(taken) <= 100, "a quarter of 260, four standard deviations either way"
    same = np.isin(np.array(whole.people["person_id"].to_pylist()), sorted(taken))
    assert few.outcome.tolist() == whole.take(same).outcome.tolist()
    assert np.array_equal(few.matrix.values, whole.take(same).matrix.values, equal_nan=True)
