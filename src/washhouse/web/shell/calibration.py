"""Does what a model expects come about? Expected against observed by tenth of risk, as a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from washhouse.web.shell.words import plural, share

SIZE = 240
"""Width and height of the drawing, in its own units."""

TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares that a line is drawn at, as far as the drawing reaches."""


@dataclass(frozen=True)
class Drawing:
    """Dots and a scale; the origin is at the upper left.

    Attributes:
        size: Width and height.
        dots: Per tenth, `(x, y)`: expected to the right, observed upwards.
        ticks: Per line of the scale, its place from the left and its words.
        words: The same in a sentence.
    """

    size: int
    dots: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    words: str


def draw_calibration(tenths: Sequence[Mapping[str, Any]], size: int = SIZE) -> Drawing | None:
    """Lay out expected against observed. The scale is a square root, for most risks are small.

    Args:
        tenths: Groups by risk, the lowest first, with `expected` and `observed`, both 0 to 1; what may not be told of a
            few outcomes is None, and not drawn.
        size: Width and height.

    Returns:
        None where there is nothing to draw.

    >>> drawing = draw_calibration([{"expected": 0.01, "observed": 0.0}, {"expected": 0.04, "observed": 0.04}], 100)
    >>> drawing.dots
    ((50.0, 100.0), (100.0, 0.0))
    >>> drawing.ticks
    ((0.0, '0 %'), (50.0, '1 %'))
    """
    told = [each for each in tenths if each["observed"] is not None]
    if not told:
        return None
    top = max(*(max(each["expected"], each["observed"]) for each in told), 0.01)

    def place(value: float) -> float:
        return round(size * sqrt(value / top), 1)

    high, few = told[-1], len(tenths) - len(told)
    untold = f"{plural(few, 'group')} more with few outcomes not drawn. " if few else ""
    return Drawing(
        size=size,
        dots=tuple((place(each["expected"]), round(size - place(each["observed"]), 1)) for each in told),
        ticks=tuple((place(tick), f"{tick * 100:g} %") for tick in TICKS if tick <= top),
        words=(
            f"Observed against expected in {len(told)} groups by risk, on the line where they agree. "
            f"In the highest {share(high['expected'])} expected, {share(high['observed'])} observed. "
            f"{untold}The table says the same."
        ),
    )
