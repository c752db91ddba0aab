"""What does the past of a record teach about an outcome: who was at risk, what was known then, and what came of it?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Column
from washhouse.insight.codelists import CODED_CTE, build_codelist_table
from washhouse.insight.features.compile import build_feature_tables
from washhouse.insight.features.matrix import Matrix, begin_matrix, fill_matrix
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.plan import Split, choose_index_dates, split_index_dates
from washhouse.insight.models.present import LISTED, Compute, Progress, build_index_table, feature_stages
from washhouse.insight.outcomes.contract import PEOPLE, SUBMITTED, Outcome
from washhouse.record.kernels import Kernel, Stage
from washhouse.record.tables import PERSON

_IN_SAMPLE = """CAST('0x' || substr("person_id", 1, 7) AS BIGINT) < $share * 268435456"""
"""Ids are digests: their first seven hex digits are as good as drawn, and the same in every run."""


def _named(columns: Iterable[Column]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


SAMPLED_PEOPLE = Kernel(
    "sampled-people",
    f'SELECT {_named(PERSON.columns)} FROM "person" WHERE {_IN_SAMPLE}',
    PERSON.columns,
    inputs=("person",),
)
SAMPLED_EVENTS = Kernel(
    "sampled-events",
    f"""WITH {CODED_CTE} SELECT {_named(LISTED.columns)} FROM "event"
        WHERE "code" IN (SELECT "code" FROM "coded") AND {_IN_SAMPLE}""",
    LISTED.columns,
    inputs=("event",),
)
"""Of a sample of people, the events whose codes a population names."""


@dataclass(frozen=True)
class History:
    """Person-indexes at risk whose outcome is known.

    Attributes:
        cohort: The person-indexes; none if there is no index date.
        split: The index dates, split in time.
    """

    cohort: Cohort | None
    split: Split


def gather_history(
    outcome: Outcome,
    compute: Compute,
    today: date | None,
    since: date | None = None,
    *,
    submitted: Sequence[date] | None = None,
    tell: Progress = lambda what, share: None,
) -> History:
    """Gather the person-indexes that a model is fitted or judged on.

    Args:
        outcome: The declaration.
        compute: Runs stages over the record.
        today: Day at whose start the newest scores are made; None if the outcome's source sent nothing.
        since: Take index dates after this day only.
        submitted: Days on which the outcome's source submitted something, in order; read from the record unless given.
        tell: Whoever follows.

    Returns:
        The history.
    """
    if submitted is None:
        submitted = read_submitted(compute).get(outcome.source, [])
    dates = choose_index_dates(outcome, submitted, today) if today is not None else ()
    dates = tuple(day for day in dates if since is None or day > since)
    split = split_index_dates(outcome, dates)
    if not dates or today is None:
        return History(None, split)
    tell(f"{outcome.name}: finding people in the past", 0.0)
    share = share_sampled(compute, outcome)
    population = find_population(compute, outcome, [*dates, *present_indexes(outcome, today)], share)
    in_past = pc.is_in(population["index_date"], pa.array(dates, pa.date32()))
    rows = number_rows(population.filter(pc.and_(in_past, pc.equal(population["status"], "at-risk"))))
    del population, in_past
    if not rows.num_rows:
        return History(None, split)
    tell(f"{outcome.name}: computing features", 0.1)
    cohort = build_cohort(rows, compute_features(compute, outcome, rows))
    return History(replace(cohort, sampled=share), split)


def present_indexes(outcome: Outcome, today: date) -> tuple[date, ...]:
    """Days of the newest scores, newest first.

    Args:
        outcome: The declaration.
        today: Day at whose start the newest scores are made.

    Returns:
        Today, and the earlier day to compare with; or the days before today on which an event may have happened.
    """
    if outcome.index == "day":
        return tuple(today - timedelta(number) for number in range(1, outcome.recent_days + 1))
    return (today, today - timedelta(outcome.earlier_days)) if outcome.earlier_days else (today,)


def lacking_weeks(outcome: Outcome, today: date, kept: Collection[date], tested_since: date) -> tuple[date, ...]:
    """Days of earlier weeks that nobody was scored on, and on which the model can be honest still.

    A model has seen what came of the people before its test begins; it was fitted and calibrated on it. Of what came
    later it knows nothing, as little as on the day itself.

    Args:
        outcome: The declaration.
        today: Day at whose start the newest scores are made.
        kept: Index dates whose scores are in the record already.
        tested_since: First index date of the model's test.

    Returns:
        One day for each week before those of `present_indexes` that has no scores, newest first.
    """
    days = (today - timedelta(7 * number) for number in range(1 + outcome.earlier_days // 7, outcome.history_weeks))
    return tuple(
        day for day in days if day >= tested_since and not any(day - timedelta(7) < other <= day for other in kept)
    )


def read_submitted(compute: Compute) -> dict[str, list[date]]:
    """Days on which each source submitted something, in order."""
    return days_of(together(compute, SUBMITTED, {}))


def days_of(submitted: pa.Table) -> dict[str, list[date]]:
    """Days by source, in order, of what `SUBMITTED` gives of one bucket or of all."""
    found: dict[str, set[date]] = {}
    for source, day in zip(submitted["source"].to_pylist(), submitted["day"].to_pylist(), strict=True):
        found.setdefault(source, set()).add(day)
    return {source: sorted(found[source]) for source in sorted(found)}


def together(
    compute: Compute, kernel: Kernel, extra: Mapping[str, pa.Table], params: Mapping[str, Any] | None = None
) -> pa.Table:
    """What a kernel gives of all buckets."""
    return pa.concat_tables([made[kernel.name] for made in compute([Stage(kernel, params=params or {})], extra)])


def share_sampled(compute: Compute, outcome: Outcome) -> float:
    """Share of the record's people that a model is fitted on: all, or `most_people` of them, above 0 to 1."""
    people = int(pc.sum(together(compute, PEOPLE, {})["people"]).as_py() or 0)
    return min(1.0, outcome.most_people / max(people, 1))


def find_population(compute: Compute, outcome: Outcome, days: Iterable[date], share: float = 1.0) -> pa.Table:
    """Whom an outcome concerns at each index date, with status and outcome, in a fixed order.

    Args:
        compute: Runs stages over the record.
        outcome: The declaration.
        days: Index dates. The last decides what is known to be the end of the past.
        share: Share of people to take, by id, the same on every day.
    """
    params = {"share": share}
    extra = {"index_date": build_index_table(days), "codelist": build_codelist_table(outcome.codelists)}
    stages = [
        Stage(SAMPLED_PEOPLE, params=params, is_kept=False),
        Stage(SAMPLED_EVENTS, params=params, is_kept=False),
        Stage(outcome.population, over={"person": SAMPLED_PEOPLE.name, "event": SAMPLED_EVENTS.name}),
    ]
    found = pa.concat_tables([made[outcome.population.name] for made in compute(stages, extra)])
    return found.sort_by([("index_date", "ascending"), ("person_id", "ascending")]).combine_chunks()


def number_rows(rows: pa.Table) -> pa.Table:
    """The rows with their number in `row`, counting from 0."""
    if "row" in rows.column_names:
        rows = rows.drop_columns("row")
    return rows.append_column("row", pa.array(np.arange(rows.num_rows, dtype=np.int32)))


def compute_features(compute: Compute, outcome: Outcome, rows: pa.Table) -> Matrix:
    """Features of person-indexes.

    Args:
        compute: Runs stages over the record.
        outcome: The declaration.
        rows: Rows of `find_population` with `row`, counting from 0.

    Returns:
        The matrix, in the order of the rows.
    """
    features, name = outcome.features, f"{outcome.name}-features"
    tables = {"row": rows.select(["bucket", "row", "person_id", "index_date"]), **build_feature_tables(features)}
    matrix = begin_matrix(features, rows)
    for made in compute(feature_stages(name, features, {table: table for table in tables}), tables):
        fill_matrix(features, rows, made[name], matrix)
    return matrix


def build_cohort(rows: pa.Table, matrix: Matrix) -> Cohort:
    """Person-indexes with their outcome, for fitting or judging.

    Args:
        rows: Rows of `find_population`, all at risk.
        matrix: Their features.
    """
    _, person = np.unique(rows["person_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    return Cohort(
        index_date=rows["index_date"].to_numpy().astype("datetime64[D]"),
        person=person.astype(np.int64),
        outcome=rows["outcome_at"].is_valid().to_numpy(zero_copy_only=False),
        matrix=matrix,
        people=rows.select(
            [
                "bucket",
                "person_id",
                "birth_month",
                "sex",
                "deprivation_decile",
                "ethnic_category",
                "small_area",
                "practice",
            ]
        ),
    )
