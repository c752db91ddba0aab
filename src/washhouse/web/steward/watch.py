"""Is what the models look at, and what they say, still as it was? Charts of statistical process control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from washhouse.desk.score_exposures import count_weeks
from washhouse.governance.disclosure import tell_count, tell_part
from washhouse.insight.codelists import Codelist
from washhouse.insight.outcomes.registry import OUTCOMES, watched_codelists
from washhouse.insight.watch.inputs import RISK
from washhouse.web.shell.layout import source_lane, source_title
from washhouse.web.shell.respond import render
from washhouse.web.shell.visit import Visit

WIDTH, HEIGHT, MARGIN = 220, 44, 5

CALIBRATION = "Observed over expected outcomes, by month"
MOST_INPUTS = 5
MOST_MISSING = 3
WEEKS_SHOWN = 8
PEOPLE_SEEN = "People of whom anything was told"


@dataclass(frozen=True)
class Chart:
    """A series as drawn, the oldest point on the left.

    Attributes:
        path: The line.
        x: Where its last point lies.
        y: The same.
        band: Top and height of the band between the limits; none where nothing is judged.
        centre: Height of what is usual.
        is_signal: Whether the last point is outside.
        words: What it shows, for who does not see it.
    """

    path: str
    x: float
    y: float
    band: tuple[float, float] | None
    centre: float | None
    is_signal: bool
    words: str


@dataclass(frozen=True)
class Series:
    """One thing that is watched.

    Attributes:
        title: What, in words.
        period: Its newest point's day.
        value: Its newest value; none where it is not told.
        usual: Centre and limits; none where nothing is judged.
        status: Of the newest point, as `record.watch` has it.
        chart: Its points; none for fewer than two that are told.
    """

    title: str
    period: date
    value: float | None
    usual: tuple[float, float, float] | None
    status: str
    chart: Chart | None

    @property
    def is_signal(self) -> bool:
        """Whether somebody should look at it."""
        return self.status in ("outside", "run")


@dataclass(frozen=True)
class Group:
    """Series of one source or model; `within` more are not shown, as they have moved less."""

    name: str
    title: str
    lane: str
    series: tuple[Series, ...]
    within: int = 0

    @property
    def judged(self) -> tuple[Series, ...]:
        """Those of which there is enough to judge."""
        return tuple(each for each in self.series if each.status != "too-few")

    @property
    def too_few(self) -> tuple[Series, ...]:
        """The others."""
        return tuple(each for each in self.series if each.status == "too-few")

    @property
    def signals(self) -> tuple[Series, ...]:
        """Those that somebody should look at."""
        return tuple(each for each in self.series if each.is_signal)


def show_watch(visit: Visit) -> Response:
    """Show what has changed first, then every series by source and by model."""
    rows = visit.record.watch().to_pylist()
    lists = {codelist.name: codelist for codelist in watched_codelists()}
    volumes = build_volumes([row for row in rows if row["watch"] == "volume"], lists)
    models = build_models([row for row in rows if row["watch"] != "volume"])
    changed = [(group, each) for group in (*models, *volumes) for each in group.signals]
    return render(
        visit,
        "steward/watch.html",
        known=bool(rows),
        volumes=volumes,
        models=models,
        changed=changed,
        shown=read_shown(visit),
    )


def read_shown(visit: Visit) -> list[tuple[str, list[tuple[date, int | None, int | None]]]]:
    """Of how many people each model's score was shown, week by week, and how many were acted on; as may be told.

    A model of which nobody was shown a score is not there.
    """
    today = visit.services.now().date()
    monday = today - timedelta(today.weekday() + 7 * (WEEKS_SHOWN - 1))
    found = []
    for name, outcome in OUTCOMES.items():
        parts = [
            (each, tell_part(each.acted_on, each.shown)) for each in count_weeks(visit.services.desk, name, monday)
        ]
        if parts:
            weeks = [(each.week, tell_count(each.shown), part[0] if part else None) for each, part in parts]
            found.append((outcome.title, weeks))
    return found


def build_volumes(rows: Iterable[Mapping[str, Any]], lists: Mapping[str, Codelist]) -> list[Group]:
    """Series of counts by source; people first, then lists by what they mean."""
    groups = []
    for source, found in _by(rows, "source").items():
        series = [_series(_title_of(item, lists), points) for item, points in _by(found, "item").items()]
        series.sort(key=lambda each: (each.title != PEOPLE_SEEN, each.title))
        groups.append(Group(source, source_title(source), source_lane(source), tuple(series)))
    return sorted(groups, key=lambda group: group.title)


def build_models(rows: Iterable[Mapping[str, Any]]) -> list[Group]:
    """What each model says, and of what it sees the features that have moved most, or of which less is known."""
    groups = []
    for model, found in _by(rows, "model").items():
        periods = [row for row in found if row["watch"] == "calibration"]
        told = [_series(CALIBRATION, periods)] if periods else []
        inputs = [_series(_input_title(row["item"]), [row]) for row in found if row["watch"] == "inputs"]
        moved = sorted(inputs, key=lambda each: (not each.is_signal, -(each.value or 0.0)))
        shown = [each for each in moved if each.is_signal or each in moved[:MOST_INPUTS]]
        unknown = [
            (row["value"] - row["centre"], _series(f"{_input_title(row['item'])}: share nothing is known of", [row]))
            for row in found
            if row["watch"] == "missing"
        ]
        unknown.sort(key=lambda each: (not each[1].is_signal, -each[0]))
        missing = [each for place, (_, each) in enumerate(unknown) if each.is_signal or place < MOST_MISSING]
        title = OUTCOMES[model].title if model in OUTCOMES else model
        groups.append(Group(model, title, "", (*told, *shown, *missing), within=len(inputs) - len(shown)))
    return groups


def _by(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[Any, list[Mapping[str, Any]]]:
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        key = row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
        found.setdefault(key, []).append(row)
    return found


def _title_of(item: str | None, lists: Mapping[str, Codelist]) -> str:
    if item is None:
        return PEOPLE_SEEN
    return lists[item].meaning if item in lists else item


def _input_title(item: str) -> str:
    return "The risks themselves" if item == RISK else item.replace("_", " ").capitalize()


def _series(title: str, points: Sequence[Mapping[str, Any]]) -> Series:
    ordered = sorted(points, key=lambda row: row["period"])
    newest = ordered[-1]
    judged = newest["upper"] is not None
    usual = (newest["centre"], newest["lower"], newest["upper"]) if judged else None
    is_signal = newest["status"] in ("outside", "run")
    return Series(
        title=title,
        period=newest["period"],
        value=newest["value"],
        usual=usual,
        status=newest["status"],
        chart=draw_chart([row["value"] for row in ordered if row["value"] is not None], usual, is_signal, title),
    )


def draw_chart(
    values: Sequence[float], usual: tuple[float, float, float] | None, is_signal: bool, what: str
) -> Chart | None:
    """Draw a series with its limits; None for fewer than two points.

    >>> chart = draw_chart([10.0, 10.0, 30.0], (10.0, 0.0, 20.0), True, "contacts")
    >>> chart.path, chart.band
    ('M5.0 27.7 L110.0 27.7 L215.0 5.0', (16.3, 22.7))
    >>> draw_chart([1.0], None, False, "contacts") is None
    True
    """
    if len(values) < 2:
        return None
    marks = [*values, *(usual or ())]
    low: float = min(marks)
    high: float = max(marks) if max(marks) > low else low + 1.0
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)

    def height(value: float) -> float:
        return round(HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1)

    points = [(round(MARGIN + place * step, 1), height(value)) for place, value in enumerate(values)]
    said = f"{what}: the last {len(values)}, from {values[0]:.3g} to {values[-1]:.3g}"
    if usual:
        said += f"; {usual[1]:.3g} to {usual[2]:.3g} is usual"
    return Chart(
        path="M" + " L".join(f"{x} {y}" for x, y in points),
        x=points[-1][0],
        y=points[-1][1],
        band=(height(usual[2]), round(height(usual[1]) - height(usual[2]), 1)) if usual else None,
        centre=height(usual[0]) if usual else None,
        is_signal=is_signal,
        words=said,
    )
