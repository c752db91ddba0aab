"""How did a person's risk move over 24 weeks? A drawing with its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from washhouse.action.trend import WEEKS, Week, build_weeks
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.web.care.address import person_of
from washhouse.web.shell.people import name_of, person_address, reveal_people
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

STEP, HEIGHT = 24, 96


@dataclass(frozen=True)
class Drawing:
    """Where the marks of a trend lie.

    Attributes:
        width: Width of the drawing.
        height: Height of the drawing.
        shaded: Left ends of the weeks in which the person was not with the team.
        crisis: Middles of the weeks in which they were in crisis care.
        dots: Where each risk lies, x and y; intervals stand in the table.
        lines: Points of risks in weeks next to each other.
        top: Risk at the upper edge, 0 to 1.
    """

    width: int
    height: int
    shaded: tuple[int, ...]
    crisis: tuple[int, ...]
    dots: tuple[tuple[int, float], ...]
    lines: tuple[str, ...]
    top: float


def show_trend(visit: Visit) -> Response:
    """Show a person's risk week by week, as it was published then."""
    person = person_of(visit)
    record = visit.record
    events = record.events(person).select(["time", "end_time", "superseded_at", "code", "ref"]).to_pylist()
    record.person(person)
    published = record.scores([person], MODEL).to_pylist()
    earlier = record.earlier_scores(person, MODEL, visit.published.kept()).to_pylist()
    scores = {row["index_date"]: row for row in (*earlier, *published)}
    weeks = build_weeks(scores.values(), events, visit.services.today())
    return render(
        visit,
        "care/trend.html",
        name=name_of(person, reveal_people(visit, [person]).get(person)),
        address=person_address(person),
        weeks=tuple(reversed(weeks)),
        drawing=draw_trend(weeks),
        scored=sum(week.risk is not None for week in weeks),
        without=sum(not week.with_team for week in weeks),
    )


def draw_trend(weeks: Sequence[Week]) -> Drawing:
    """Lay a trend out: the upper edge is twice the highest risk, at least 4 of 25."""
    top = min(1.0, max(0.16, *(2 * (week.risk or 0.0) for week in weeks)))
    points = [
        (number * STEP + STEP // 2, round(HEIGHT * (1 - week.risk / top), 1))
        for number, week in enumerate(weeks)
        if week.risk is not None
    ]
    lines: list[list[tuple[int, float]]] = []
    for point in points:
        if lines and point[0] - lines[-1][-1][0] == STEP:
            lines[-1].append(point)
        else:
            lines.append([point])
    return Drawing(
        width=WEEKS * STEP,
        height=HEIGHT,
        shaded=tuple(number * STEP for number, week in enumerate(weeks) if not week.with_team),
        crisis=tuple(number * STEP + STEP // 2 for number, week in enumerate(weeks) if week.in_crisis_care),
        dots=tuple(points),
        lines=tuple(" ".join(f"{x},{y}" for x, y in line) for line in lines if len(line) > 1),
        top=top,
    )
