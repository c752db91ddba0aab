"""What does the past of a record teach about an outcome: who was at risk, what was known then, and what came of it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow.compute as pc

from washhouse.insight.models.fit import Cohort
from washhouse.insight.models.plan import Split, choose_index_dates, split_index_dates
from washhouse.insight.models.present import Compute
from washhouse.insight.models.score import (
    build_cohort,
    compute_features,
    find_population,
    number_rows,
    read_submitted,
)
from washhouse.insight.outcomes.contract import Outcome


@dataclass(frozen=True)
class History:
    """Person-indexes at risk whose outcome is known.

    Attributes:
        cohort: The person-indexes; none if there is no index date.
        split: The index dates, split in time.
    """

    cohort: Cohort | None
    split: Split


def gather_history(outcome: Outcome, compute: Compute, today: date | None, since: date | None = None) -> History:
    """Gather the person-indexes that a model is fitted or judged on.

    Args:
        outcome: The declaration.
        compute: Runs kernels over the record.
        today: Day at whose start the newest scores are made; None if the outcome's source sent nothing.
        since: Take index dates after this day only.

    Returns:
        The history.
    """
    submitted = read_submitted(compute).get(outcome.source, [])
    dates = choose_index_dates(outcome, submitted, today) if today is not None else ()
    dates = tuple(day for day in dates if since is None or day > since)
    split = split_index_dates(outcome, dates)
    if not dates:
        return History(None, split)
    population = find_population(compute, outcome, (), dates)
    rows = number_rows(population.filter(pc.equal(population["status"], "at-risk")))
    if not rows.num_rows:
        return History(None, split)
    matrix = compute_features(compute, outcome, rows)
    return History(build_cohort(rows, matrix), split)
