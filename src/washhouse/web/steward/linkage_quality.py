"""How are a linkage's errors put before a steward? Rates in words, groups beside the rest, versions one after another.

Plain geometry for the drawings; every drawn number stands in a table as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from washhouse.web.shell.layout import SOURCE_TITLES
from washhouse.web.shell.services import EarlierVersion

FIGURES = {
    "missed": "Missed links",
    "false": "False links",
    "alone": "Alone",
}
"""The figures in the order in which they are offered."""
EXPLAINED = {
    "missed": "Of the pairs of records that are one person's, the share expected to be kept apart.",
    "false": "Of the pairs of records that were put together, the share expected to be two people's.",
    "alone": "Of the records of other sources, the share whose person has no record in the GP list.",
}
AXIS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Ratios marked on the axis of the groups; what lies beyond is drawn with an arrow."""
AXIS_WORDS = ("⅛", "¼", "½", "1", "2", "4", "8")
WIDTH, MARGIN = 240, 12
TREND_WIDTH, TREND_HEIGHT, TREND_LEFT, TREND_FOOT = 340, 150, 46, 22
MOST_VERSIONS = 12


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval; shares of one."""

    share: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """The share as so many of a round number.

        >>> Rate(0.0032, 0.002, 0.0044).words, Rate(0.12, 0.1, 0.2).words, Rate(0.0, 0.0, 0.1).words
        ('about 3 in 1,000', 'about 12 in 100', 'fewer than 1 in 10,000')
        """
        for base in (100, 1_000, 10_000):
            if self.share * base >= 1:
                return f"about {round(self.share * base)} in {base:,}"
        return "fewer than 1 in 10,000"


@dataclass(frozen=True)
class Whisker:
    """A ratio and its interval as drawn; `cut_low` and `cut_high` say that it goes on beyond the axis."""

    x: float
    left: float
    right: float
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class GroupLine:
    """One group beside the rest.

    Attributes:
        group: Its name.
        people: How many there are, to the next ten; None for fewer than ten.
        rate: Its rate; None where too little is known.
        ratio: Its rate divided by the rest's, with interval.
        verdict: `more`, `less`, `level` or `unknown`.
        drawn: The ratio as drawn.
    """

    group: str
    people: int | None
    rate: Rate | None
    ratio: Rate | None
    verdict: str
    drawn: Whisker | None


@dataclass(frozen=True)
class GroupTable:
    """The groups of one division of people."""

    title: str
    lines: tuple[GroupLine, ...]


@dataclass(frozen=True)
class VersionLine:
    """What one version came to."""

    id: str
    published_at: datetime
    records: int
    people: int
    rates: Mapping[str, Rate | None]
    off_parity: int | None


@dataclass(frozen=True)
class TrendPoint:
    """One version's rate as drawn."""

    x: float
    y: float
    top: float
    foot: float
    label: str


@dataclass(frozen=True)
class Trend:
    """One figure over the versions, as drawn; `marks` are heights of the axis with their words."""

    title: str
    points: tuple[TrendPoint, ...]
    path: str
    marks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class QualityPage:
    """Everything that the page shows of errors."""

    overall: Mapping[str, Rate | None]
    expected_false: float
    expected_missed: float
    never_compared: float
    linked_pairs: int
    figure: str
    tables: tuple[GroupTable, ...]
    off_parity: int
    ratios: int
    over: tuple[str, ...]
    as_of: str


def build_quality(quality: Mapping[str, Any], figure: str) -> QualityPage:
    """Put a quality report into the shape of the page.

    Args:
        quality: `summary["linkage"]["quality"]` of a version.
        figure: Which figure the groups are compared by; an unknown one counts as the first.
    """
    chosen = figure if figure in FIGURES else next(iter(FIGURES))
    tables: dict[str, list[GroupLine]] = {}
    for row in quality["groups"]:
        tables.setdefault(row["title"], []).append(_group_line(row, chosen))
    return QualityPage(
        overall={name: build_rate(quality["overall"][name]) for name in FIGURES},
        expected_false=quality["expected_false"],
        expected_missed=quality["expected_missed"],
        never_compared=quality["expected_never_compared"],
        linked_pairs=quality["linked_pairs"],
        figure=chosen,
        tables=tuple(GroupTable(title, tuple(lines)) for title, lines in tables.items()),
        off_parity=quality["limits"]["excluding_parity"],
        ratios=quality["limits"]["ratios"],
        over=tuple(breach["words"] for breach in quality.get("over", ())),
        as_of=quality["as_of"],
    )


def build_rate(figure: Mapping[str, float] | None, prefix: str = "") -> Rate | None:
    """Read a rate, or with the prefix `ratio` a ratio, from a report."""
    if not figure or (prefix and prefix not in figure):
        return None
    return Rate(
        figure[prefix or "rate"],
        figure[f"{prefix}_low" if prefix else "low"],
        figure[f"{prefix}_high" if prefix else "high"],
    )


def _group_line(row: Mapping[str, Any], name: str) -> GroupLine:
    rate, ratio = build_rate(row[name]), build_rate(row[name], "ratio")
    group = SOURCE_TITLES.get(row["group"], row["group"]) if row["dimension"] == "source" else row["group"]
    return GroupLine(group, row["people"], rate, ratio, verdict_of(ratio), draw_ratio(ratio) if ratio else None)


def verdict_of(ratio: Rate | None) -> str:
    """Say whether a group's errors are more frequent than the rest's.

    >>> verdict_of(Rate(2, 1.1, 4)), verdict_of(Rate(2, 0.9, 4)), verdict_of(Rate(0.5, 0.3, 0.9)), verdict_of(None)
    ('more', 'level', 'less', 'unknown')
    """
    if ratio is None:
        return "unknown"
    return "more" if ratio.low > 1 else "less" if ratio.high < 1 else "level"


def draw_ratio(ratio: Rate) -> Whisker:
    """Place a ratio on the axis, which is logarithmic.

    >>> draw_ratio(Rate(1.0, 0.5, 100.0)).x, draw_ratio(Rate(1.0, 0.5, 100.0)).cut_high
    (120.0, True)
    """
    return Whisker(place(ratio.share), place(ratio.low), place(ratio.high), ratio.low < AXIS[0], ratio.high > AXIS[-1])


def place(ratio: float) -> float:
    """Where a ratio lies on the axis.

    >>> [place(ratio) for ratio in (0.0, 0.125, 1.0, 8.0, 50.0)]
    [12.0, 12.0, 120.0, 228.0, 228.0]
    """
    low, high = math.log(AXIS[0]), math.log(AXIS[-1])
    share = (math.log(min(max(ratio, AXIS[0]), AXIS[-1])) - low) / (high - low)
    return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


def build_versions(versions: Sequence[EarlierVersion]) -> list[VersionLine]:
    """Read the figures of the last versions, the newest last; versions without a linkage are left out."""
    lines = []
    for version in versions[-MOST_VERSIONS:]:
        linkage = version.summary.get("linkage")
        if not linkage:
            continue
        quality = linkage.get("quality")
        lines.append(
            VersionLine(
                id=version.id,
                published_at=version.published_at,
                records=linkage["records"],
                people=linkage["people"],
                rates={name: build_rate(quality["overall"][name]) if quality else None for name in FIGURES},
                off_parity=quality["limits"]["excluding_parity"] if quality else None,
            )
        )
    return lines


def build_trends(lines: Sequence[VersionLine]) -> list[Trend]:
    """Draw each figure over the versions; none where fewer than two versions tell it."""
    return [trend for name, title in FIGURES.items() if (trend := _trend(name, title, lines)) is not None]


def _trend(name: str, title: str, lines: Sequence[VersionLine]) -> Trend | None:
    known = [(place, line, rate) for place, line in enumerate(lines) if (rate := line.rates[name]) is not None]
    if len(known) < 2:
        return None
    top = axis_top(max(rate.high for _, _, rate in known))
    step = (TREND_WIDTH - TREND_LEFT - 16) / max(len(lines) - 1, 1)

    def height(share: float) -> float:
        return round(10 + (1 - share / top) * (TREND_HEIGHT - TREND_FOOT - 10), 1)

    points = tuple(
        TrendPoint(
            x=round(TREND_LEFT + 8 + index * step, 1),
            y=height(rate.share),
            top=height(rate.high),
            foot=height(rate.low),
            label=line.id.split("-")[0].lstrip("v0") or "0",
        )
        for index, line, rate in known
    )
    path = " ".join(f"{'L' if at else 'M'}{point.x} {point.y}" for at, point in enumerate(points))
    marks = tuple((height(top * share), f"{top * share * 100:.3g} %") for share in (0, 0.5, 1))
    return Trend(title, points, path, marks)


def axis_top(highest: float) -> float:
    """Return a round number at or above the highest value.

    >>> axis_top(0.0231), axis_top(0.31), axis_top(0.0)
    (0.04, 0.4, 0.01)
    """
    if highest <= 0:
        return 0.01
    power = 10.0 ** math.floor(math.log10(highest))
    return float(f"{next(step * power for step in (1, 2, 4, 6, 10) if step * power >= highest * 0.9999):.6g}")
