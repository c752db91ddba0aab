"""Where does each mark of a person's timeline lie? Plain geometry; the template draws it as SVG elements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from washhouse.web.care.timeline import Entry
from washhouse.web.shell.words import short_day

ROW = 12
BIN = 9
MOST_STACKED = 4
MOST_BARS = 4
LANE_GAP = 14
AXIS = 26
TITLE = 22
MARGIN = 12
LANE_ORDER = ("mental-health", "gp", "hospital", "social-care", "meds")
"""Lanes from the top down; others follow by name."""


@dataclass(frozen=True)
class Bar:
    """A span of time."""

    x: float
    y: float
    width: float
    lane: str
    major: bool
    text: str


@dataclass(frozen=True)
class Dot:
    """A moment; the weight `many` stands for more than can be stacked."""

    x: float
    y: float
    lane: str
    weight: str
    text: str


@dataclass(frozen=True)
class Tick:
    """A month or year on the time axis."""

    x: float
    text: str
    strong: bool


@dataclass(frozen=True)
class Lane:
    """One service's lane."""

    title: str
    style: str
    y: float
    height: float
    count: int


@dataclass(frozen=True)
class Chart:
    """A drawn timeline."""

    width: int
    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]
    start: date
    end: date


def build_chart(entries: Sequence[Entry], start: date, end: date, width: int) -> Chart:
    """Lay out the entries that touch `start` (included) to `end` (excluded).

    Args:
        entries: Entries of one person.
        start: First day shown.
        end: Day after the last one shown.
        width: Width of the drawing, in SVG units.

    Returns:
        One lane per service, in the order of `LANE_ORDER`.
    """
    scale = _Scale(start, end, width)
    shown = [entry for entry in entries if entry.day < end and _last_day(entry, end) >= start]
    by_lane: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(shown, key=lambda entry: entry.time):
        by_lane[entry.lane].append(entry)
    lanes: list[Lane] = []
    bars: list[Bar] = []
    dots: list[Dot] = []
    y = float(AXIS)
    for style in [*(name for name in LANE_ORDER if name in by_lane), *sorted(set(by_lane) - set(LANE_ORDER))]:
        group = by_lane[style]
        body = y + TITLE
        lane_bars, rows = _bars([entry for entry in group if entry.lasting], scale, body, end)
        dots_y = body + rows * ROW
        lane_dots, levels = _dots([entry for entry in group if not entry.lasting], scale, dots_y)
        height = TITLE + rows * ROW + levels * BIN + (4 if levels else 0)
        lanes.append(Lane(group[0].service, style, y, height, len(group)))
        bars += lane_bars
        dots += lane_dots
        y += height + LANE_GAP
    return Chart(width, y, tuple(lanes), tuple(_ticks(scale)), tuple(bars), tuple(dots), start, end)


@dataclass(frozen=True)
class _Scale:
    start: date
    end: date
    width: int

    def x(self, day: date) -> float:
        """Where a day lies, kept inside the drawing."""
        share = (day - self.start) / (self.end - self.start)
        return round(MARGIN + min(max(share, 0.0), 1.0) * (self.width - 2 * MARGIN), 1)


def _say(entry: Entry) -> str:
    until = f" to {short_day(entry.end_day)}" if entry.end_day is not None and entry.lasting else ""
    return f"{short_day(entry.day)}{until}: {entry.title}"


def _last_day(entry: Entry, end: date) -> date:
    if not entry.lasting:
        return entry.day
    return entry.end_day if entry.end_day is not None else end


def _bars(entries: Iterable[Entry], scale: _Scale, top: float, end: date) -> tuple[list[Bar], int]:
    """Pack spans into as few rows as they need, at most `MOST_BARS`."""
    free: list[float] = []
    bars = []
    for entry in entries:
        x = scale.x(entry.day)
        right = max(scale.x(_last_day(entry, end)), x + 3)
        row = next((index for index, until in enumerate(free) if until <= x), len(free))
        if row == len(free):
            if row == MOST_BARS:
                row = min(range(MOST_BARS), key=lambda index: free[index])
            else:
                free.append(0.0)
        free[row] = right + 2
        bars.append(Bar(x, top + row * ROW, round(right - x, 1), entry.lane, entry.weight == "major", _say(entry)))
    return bars, len(free)


def _dots(entries: Iterable[Entry], scale: _Scale, top: float) -> tuple[list[Dot], int]:
    """Stack moments that fall on the same place; what matters most lies on top."""
    columns: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        columns[int(scale.x(entry.day) // BIN)].append(entry)
    dots = []
    levels = 0
    rank = {"major": 0, "missed": 1, "ordinary": 2, "quiet": 3}
    for column, group in columns.items():
        group.sort(key=lambda entry: rank[entry.weight])
        kept = group if len(group) <= MOST_STACKED else group[: MOST_STACKED - 1]
        x = column * BIN + BIN / 2
        for level, entry in enumerate(kept):
            dots.append(Dot(x, top + level * BIN + BIN / 2, entry.lane, entry.weight, _say(entry)))
        if len(kept) < len(group):
            y = top + len(kept) * BIN + BIN / 2
            dots.append(Dot(x, y, group[0].lane, "many", f"{len(group) - len(kept)} more"))
        levels = max(levels, min(len(group), MOST_STACKED))
    return dots, levels


def _ticks(scale: _Scale) -> Iterable[Tick]:
    """Months, quarters or years, so that labels do not touch."""
    days = (scale.end - scale.start).days
    months = max(1, round(days / 30.44))
    room = max(2, scale.width // 64)
    step = next((size for size in (1, 2, 3, 6, 12, 24, 60, 120) if months / size <= room), 240)
    at = date(scale.start.year, scale.start.month, 1)
    while at < scale.end:
        aligned = (at.year * 12 + at.month - 1) % step == 0
        if at >= scale.start and aligned:
            year = at.month == 1 or step >= 12
            yield Tick(scale.x(at), f"{at.year}" if year else f"{at:%b}", year)
        at = (at + timedelta(days=32)).replace(day=1)
