"""How many people could a study have? One cohort's criteria, and how many are left after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.research.cohorts import COHORTS, Cohort, Criterion, HasCode
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

BAR_WIDTH = 240.0
POPULATION = "Everybody registered with a practice, alive on the index date, of known month of birth, not opted out"


@dataclass(frozen=True)
class Step:
    """One criterion and who is left after it.

    Attributes:
        number: 0 for the population.
        words: The criterion.
        codes: The codelist behind it, in words; empty where it is none.
        people: Left after it, to the nearest 5; None where not told.
        left_out: Left out by it, from what is told; None where either is not.
        share: Left, as a part of the step before; None where either is not told.
        width: Length of its bar, px.
    """

    number: int
    words: str
    codes: str
    people: int | None
    left_out: int | None
    share: float | None
    width: float


def show_cohorts(visit: Visit) -> Response:
    """List the cohorts that are declared."""
    found = visit.published.summary.get("population", {}).get("cohorts", {})
    return render(visit, "research/cohorts.html", lines=[(one, found.get(one.id)) for one in COHORTS.values()])


def show_cohort(visit: Visit) -> Response:
    """Show how a cohort comes about, step by step."""
    cohort = COHORTS.get(visit.parameter("cohort"))
    if cohort is None:
        raise HTTPException(404)
    noted = visit.published.summary.get("population", {}).get("cohorts", {}).get(cohort.id, {})
    rows = [row for row in visit.record.attrition(noted).to_pylist() if row["cohort"] == cohort.id]
    index_date = date.fromisoformat(noted["index_date"]) if noted else None
    return render(visit, "research/cohort.html", cohort=cohort, index_date=index_date, steps=build_steps(cohort, rows))


def build_steps(cohort: Cohort, rows: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Join a cohort's criteria with the counts of `record.attrition`; none where it was not counted."""
    counts: list[int | None] = [row["people"] for row in sorted(rows, key=lambda row: row["step"])]
    if len(counts) != len(cohort.criteria) + 1:
        return []
    steps = []
    for number, people in enumerate(counts):
        before = counts[number - 1] if number else None
        both = people is not None and before is not None
        steps.append(
            Step(
                number=number,
                words=cohort.criteria[number - 1].words if number else POPULATION,
                codes=_codes(cohort.criteria[number - 1]) if number else "",
                people=people,
                left_out=before - people if both else None,  # type: ignore[operator]
                share=people / before if both and before else None,  # type: ignore[operator]
                width=round(BAR_WIDTH * (people or 0) / (counts[0] or 1), 1),
            )
        )
    return steps


def _codes(criterion: Criterion) -> str:
    if not isinstance(criterion, HasCode):
        return ""
    return f"{criterion.codes.meaning}. {criterion.codes.source}."
