"""How are small tables of number columns held, stacked and taken apart?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from washhouse.synthetic.columns import Array

Frame = dict[str, Array]
"""Named columns of equal length."""


def stack(frames: Sequence[Frame]) -> Frame:
    """Return frames with equal columns as one.

    Example:
        >>> stack([{"day": np.array([1])}, {"day": np.array([2, 3])}])["day"].tolist()
        [1, 2, 3]
    """
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def take(frame: Frame, rows: Array) -> Frame:
    """Return the given rows of a frame.

    Example:
        >>> take({"day": np.array([5, 6, 7])}, np.array([2, 0]))["day"].tolist()
        [7, 5]
    """
    return {name: column[rows] for name, column in frame.items()}
