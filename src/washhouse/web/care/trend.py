"""How did a person's risk move over 24 weeks? A drawing with its numbers as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from starlette.responses import Response

from washhouse.action.trend import TREND_COLUMNS, Week, build_weeks, find_spans
from washhouse.action.words import PEOPLE
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.web.care.address import person_of
from washhouse.web.shell.exposures import note_scores
from washhouse.web.shell.people import name_of, person_address, reveal_people
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import plural

STEP, HEIGHT = 24, 96
SPARK_STEP, SPARK_HEIGHT = 5, 24


@dataclass(frozen=True)
class Drawing:
    """Where the marks of a trend lie.

    Attributes:
        step: Width of a week.
        width: Width of the drawing.
        height: Height of the drawing.
        shaded: Left ends of the weeks in which the person was not with the team.
        crisis: Middles of the weeks in which they were in crisis care.
        dots: Where each risk lies, x and y, and whether it was scored afterwards; intervals stand in the table.
        lines: Points of risks in weeks next to each other, and whether they lead to one that was scored afterwards.
        top: Risk at the upper edge, 0 to 1.
        words: The same in a sentence.
    """

    step: int
    width: int
    height: int
    shaded: tuple[int, ...]
    crisis: tuple[float, ...]
    dots: tuple[tuple[float, float, bool], ...]
    lines: tuple[tuple[str, bool], ...]
    top: float
    words: str


def show_trend(visit: Visit) -> Response:
    """Show a person's risk week by week, as it was published then."""
    person = person_of(visit)
    record = visit.record
    events = record.events(person).select(TREND_COLUMNS).to_pylist()
    record.person(person)
    scores = record.scores([person], MODEL).to_pylist()
    newest = max((row for row in scores if row["risk"] is not None), key=lambda row: row["index_date"], default=None)
    if newest is not None:
        note_scores(visit, newest["model_version"], newest["index_date"], {person: None})
    weeks = build_weeks(scores, find_spans(events), visit.services.today())
    return render(
        visit,
        "care/trend.html",
        name=name_of(person, reveal_people(visit, [person]).get(person)),
        address=person_address(person),
        weeks=tuple(reversed(weeks)),
        drawing=draw_trend(weeks, top_of([weeks])),
        scored=sum(week.risk is not None for week in weeks),
        without=sum(not week.with_team for week in weeks),
        afterwards=sum(week.afterwards for week in weeks),
    )


def top_of(trends: Iterable[Sequence[Week]]) -> float:
    """Risk at the upper edge of trends that are to be compared: twice the highest, at least 4 of 25."""
    return min(1.0, max([0.16, *(2 * (week.risk or 0.0) for weeks in trends for week in weeks)]))


def draw_trend(weeks: Sequence[Week], top: float, step: int = STEP, height: int = HEIGHT) -> Drawing:
    """Lay a trend out.

    Args:
        weeks: The weeks, the oldest first.
        top: Risk at the upper edge, 0 to 1.
        step: Width of a week.
        height: Height of the drawing.
    """
    points = [
        (number * step + step / 2, round(height * (1 - week.risk / top), 1), week.afterwards)
        for number, week in enumerate(weeks)
        if week.risk is not None
    ]
    lines: list[tuple[list[str], bool]] = []
    for (x, y, _), (later_x, later_y, afterwards) in pairwise(points):
        if later_x - x != step:
            continue
        if not lines or lines[-1][1] != afterwards or lines[-1][0][-1] != f"{x:g},{y:g}":
            lines.append(([f"{x:g},{y:g}"], afterwards))
        lines[-1][0].append(f"{later_x:g},{later_y:g}")
    return Drawing(
        step=step,
        width=len(weeks) * step,
        height=height,
        shaded=tuple(number * step for number, week in enumerate(weeks) if not week.with_team),
        crisis=tuple(number * step + step / 2 for number, week in enumerate(weeks) if week.in_crisis_care),
        dots=tuple(points),
        lines=tuple((" ".join(line), afterwards) for line, afterwards in lines),
        top=top,
        words=say_trend(weeks),
    )


def say_trend(weeks: Sequence[Week]) -> str:
    """A trend in a sentence.

    >>> from datetime import date
    >>> say_trend([Week(date(2024, 7, 1), 0.2, "about 5 of 25 people like this", "", False, True)])
    '1 week: about 5 of 25 at first and now, about 5 at most.'
    """
    risks = [round((week.risk or 0.0) * PEOPLE) for week in weeks if week.risk is not None]
    span = plural(len(weeks), "week")
    if not risks:
        said = f"{span}: no score kept"
    elif risks[0] == risks[-1]:
        said = f"{span}: about {risks[0]} of {PEOPLE} at first and now, about {max(risks)} at most"
    else:
        said = f"{span}: from about {risks[0]} to about {risks[-1]} of {PEOPLE}, about {max(risks)} at most"
    counts = (
        (sum(not week.with_team for week in weeks), "not with the team"),
        (sum(week.in_crisis_care for week in weeks), "in crisis care"),
        (sum(week.afterwards for week in weeks), "scored afterwards"),
    )
    return "; ".join([said, *(f"{plural(count, 'week')} {words}" for count, words in counts if count)]) + "."
