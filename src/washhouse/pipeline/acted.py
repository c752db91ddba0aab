"""Who was acted on because of a model's scores, so that a refit can leave them out?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.desk.database import open_desk
from washhouse.desk.score_exposures import list_acted_on
from washhouse.insight.models.acted import acted_on
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.states import read_registry
from washhouse.insight.outcomes.contract import Outcome
from washhouse.lake.pointer import Version
from washhouse.pipeline.context import RunContext
from washhouse.record.tables import RETIRED


def leave_out_acted(context: RunContext, version: Version, outcome: Outcome, cohort: Cohort) -> tuple[Cohort, int]:
    """Leave out the person-indexes at which somebody had acted on a score of the outcome's own models.

    Args:
        context: The run.
        version: The version that is fitted on; a candidate that is not yet published will do.
        outcome: The declaration.
        cohort: Person-indexes, with people.

    Returns:
        The others, and how many were left out.
    """
    assert cohort.people is not None, "who was acted on is told by person"  # noqa: S101
    versions = read_registry(context.home.models, outcome.name).versions
    if not versions:
        return cohort, 0
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        actions = list_acted_on(desk, versions)
    finally:
        desk.close()
    if not actions:
        return cohort, 0
    retired = context.lake.read(RETIRED, version.tables[RETIRED.name])
    now = dict(zip(retired["old"].to_pylist(), retired["new"].to_pylist(), strict=True))
    told = {"person_id": [_resolve(person, now) for person, _ in actions], "day": [day for _, day in actions]}
    rows = cohort.people.append_column("index_date", pa.array(cohort.index_date))
    left_out = acted_on(rows, pa.table(told))
    return cohort.take(~left_out), int(left_out.sum())


def _resolve(person: str, now: dict[str, str]) -> str:
    """The id that a person has now; the desk keeps that of its day."""
    seen = {person}
    while person in now and now[person] not in seen:
        person = now[person]
        seen.add(person)
    return person
