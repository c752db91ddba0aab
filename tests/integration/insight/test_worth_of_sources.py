"""Is the worth of a source found where it is planted, and none where there is none?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc

from washhouse.insight.models.history import gather_history
from washhouse.insight.models.worth import measure_worth
from washhouse.insight.outcomes.crisis import CRISIS


def test_the_source_that_tells_of_the_cause_is_worth_most(
    computing: Callable[..., Any], planted: Any, last_day: date
) -> None:
    # Crises follow missed contacts; here another sender than the caseload's own tells of these.
    is_cause = pc.equal(planted.event["code"], "MHS_CONTACT//3")
    told_by = pc.if_else(is_cause, "hospital", planted.event["source"])
    at = planted.event.schema.get_field_index("source")
    compute = computing(replace(planted, event=planted.event.set_column(at, "source", told_by)))
    history = gather_history(CRISIS, compute, last_day + timedelta(1))
    assert history.cohort is not None
    worth = measure_worth(CRISIS, "points", history.cohort, history.split, compute, ("gp", "hospital", "mental_health"))
    lost = {each["words"]: each["lost"]["auroc"] for each in worth["fewer"]}
    assert set(lost) == {"mental_health alone", "without gp", "without hospital"}
    assert (lost["without gp"].value, lost["without gp"].upper) == (0.0, 0.0), "it sent nothing"
    assert lost["without hospital"] == lost["mental_health alone"]
    assert lost["without hospital"].lower > 0.02
    assert worth["all"]["auroc"].lower > 0.5


def test_features_of_all_sources_are_the_same_as_without_choosing(
    computing: Callable[..., Any], planted: Any, last_day: date
) -> None:
    compute = computing(planted)
    history = gather_history(CRISIS, compute, last_day + timedelta(1))
    assert history.cohort is not None
    worth = measure_worth(CRISIS, "points", history.cohort, history.split, compute, ("mental_health", "gp"))
    assert {each["lost"]["auroc"].value for each in worth["fewer"]} == {0.0}
