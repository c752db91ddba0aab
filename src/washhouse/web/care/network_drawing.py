"""Where does each box and line of a network lie? Plain geometry; the template draws it as SVG elements.

Wide: the person on the left, each hop a column further right. Narrow: one below another, each hop a step further in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from washhouse.web.care.network import End, Section

ROW = 58
BOX_HEIGHT = 42
MARGIN = 4
LETTER = 7.8
"""Width of a letter of a box's name, in SVG units."""
COLUMNS = {1: (360, 340), 2: (220, 190)}
"""Width of a box, and of the gap before the next, by number of hops; more hops have the narrowest."""
NARROWEST = (210, 190)
NARROW_WIDTH = 343
NARROW_ROW = 76
STEP = 18
MOST_STEPS = 6


@dataclass(frozen=True)
class Box:
    """A person, team, service or practice."""

    x: float
    y: float
    width: float
    name: str
    what: str
    style: str
    full: str


@dataclass(frozen=True)
class Line:
    """A tie: its path, why, and since when."""

    path: str
    lane: str
    ended: bool
    why: str
    span: str
    x: float
    y: float


@dataclass(frozen=True)
class Note:
    """Words beside a branch: how many more are not shown."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """A drawn network."""

    width: int
    height: float
    deep: bool
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]


def draw_wide(sections: Sequence[Section]) -> Drawing:
    """Lay a network out from left to right."""
    by_key = {section.key: section for section in sections}
    hops = _depth(sections[0], by_key)
    box, gap = COLUMNS.get(max(hops, 1), NARROWEST)
    boxes: list[Box] = []
    lines: list[Line] = []
    notes: list[Note] = []
    bottom = float(MARGIN)

    def place(section: Section, hop: int) -> float:
        """Place a section's ends below what is placed already; returns the middle of its own box."""
        nonlocal bottom
        left = MARGIN + hop * (box + gap)
        middles = []
        for end in section.ends:
            if end.is_open:
                middle = place(by_key[end.key], hop + 1)
            else:
                middle = bottom + BOX_HEIGHT / 2
                bottom += ROW
            middles.append(middle)
            boxes.append(_box(left + box + gap, middle - BOX_HEIGHT / 2, box, end))
        if section.hidden:
            notes.append(Note(left + box + gap, bottom + 16, f"{section.hidden} more not shown"))
            bottom += 30
        own = (middles[0] + middles[-1]) / 2 if middles else bottom + BOX_HEIGHT / 2
        if not middles:
            bottom += ROW
        for end, middle in zip(section.ends, middles, strict=True):
            start, stop = left + box, left + box + gap
            bend = start + 24
            path = f"M{start} {own:g}C{bend} {own:g} {start + 8} {middle:g} {start + 32} {middle:g}H{stop}"
            lines.append(_line(path, end, start + 36, middle - 5, gap - 40))
        return own

    middle = place(sections[0], 0)
    boxes.append(_root(sections[0], MARGIN, middle - BOX_HEIGHT / 2, box))
    width = MARGIN * 2 + box + max(hops, 1) * (box + gap)
    return Drawing(int(width), bottom, hops > len(COLUMNS), tuple(boxes), tuple(lines), tuple(notes))


def draw_narrow(sections: Sequence[Section]) -> Drawing:
    """Lay a network out from the top down."""
    by_key = {section.key: section for section in sections}
    boxes = [_root(sections[0], 2, MARGIN, NARROW_WIDTH - 4)]
    lines: list[Line] = []
    notes: list[Note] = []
    y = MARGIN + BOX_HEIGHT + 8.0

    def place(section: Section, hop: int, top: float) -> None:
        nonlocal y
        rail = 10 + min(hop, MOST_STEPS) * STEP
        for end in section.ends:
            middle = y + 26 + BOX_HEIGHT / 2
            left = rail + 14
            lines.append(_line(f"M{rail} {top:g}V{middle:g}H{left}", end, left, y + 18, NARROW_WIDTH - left, one=True))
            boxes.append(_box(left, y + 26, NARROW_WIDTH - left - 2, end))
            y += NARROW_ROW
            if end.is_open:
                place(by_key[end.key], hop + 1, middle + BOX_HEIGHT / 2)
        if section.hidden:
            notes.append(Note(rail + 14, y + 16, f"{section.hidden} more not shown"))
            y += 30

    place(sections[0], 0, MARGIN + BOX_HEIGHT)
    return Drawing(NARROW_WIDTH, y + MARGIN, False, tuple(boxes), tuple(lines), tuple(notes))


def _depth(section: Section, by_key: Mapping[str, Section]) -> int:
    """Hops below a section, 0 where it has no ends."""
    return max((1 + (_depth(by_key[end.key], by_key) if end.is_open else 0) for end in section.ends), default=0)


def _root(section: Section, x: float, y: float, width: float) -> Box:
    return Box(x, y, width, cut(section.name, width), "", "root", section.name)


def _box(x: float, y: float, width: float, end: End) -> Box:
    what = "shown already" if end.is_again else end.what
    style = "again" if end.is_again else end.style
    return Box(x, y, width, cut(end.name, width), what, style, f"{end.name}, {what}")


def _line(path: str, end: End, x: float, y: float, room: float, *, one: bool = False) -> Line:
    """A line with why and since when: one below the other, or side by side where there is `one` row."""
    why = ", ".join(dict.fromkeys(why.short for why in end.whys))
    span = end.whys[0].span
    ended = all(each.ended for each in end.whys)
    if one:
        why = f"{why}, {span}"
        span = ""
    return Line(path, end.whys[0].lane, ended, cut(why, room, 6.2), span, x, y)


def cut(text: str, room: float, letter: float = LETTER) -> str:
    """Cut a text to the letters that there is room for.

    >>> cut("Community mental health, functional (T001)", 230), cut("Anna", 230)
    ('Community mental health, f…', 'Anna')
    """
    most = max(int((room - 12) / letter), 4)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
