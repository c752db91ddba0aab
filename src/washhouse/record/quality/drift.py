"""How far apart are two deliveries, and is it more than chance?

Two big deliveries always differ a little, and two small ones a lot by chance. A drift counts when it is both large
(over its limit) and more than chance makes of deliveries of that size.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import betaincinv, chdtri

CHANCE = 1e-4
"""Chance with which an unchanged feed is called changed: a build makes thousands of comparisons."""
CLUSTERED = 10.0
"""Rows that tell as much as one: those of one person, one contact or one questionnaire come together."""


def lower_share(count: int, among: int) -> float:
    """Lower 97.5 % limit of a share, so that chance alone breaks a limit rarely.

    Args:
        count: How many.
        among: Out of how many.

    Returns:
        The share, 0 to 1; 0 for none.

    References:
        Clopper CJ, Pearson ES. Biometrika 1934;26(4):404-413, doi:10.1093/biomet/26.4.404.

    >>> round(lower_share(10, 100), 4), lower_share(0, 100)
    (0.049, 0.0)
    """
    return float(betaincinv(count, among - count + 1, 0.025)) if count else 0.0


def stability_index(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Population stability index of two mixes of categories: the sum of (a - b) ln(a / b) over their shares.

    Half a row is added to every category, so that one that is new or has vanished counts and stays finite.

    Args:
        before: Rows by category.
        after: Rows by category.

    Returns:
        0 for the same mix, without an upper end. It is the sum of the two Kullback-Leibler divergences.

    References:
        Siddiqi N. Credit Risk Scorecards. Wiley 2006 (over 0.25 is called a major change).
        Kullback S, Leibler RA. Ann Math Stat 1951;22(1):79-86, doi:10.1214/aoms/1177729694 (the divergence J).

    >>> round(stability_index({"a": 500, "b": 500}, {"a": 800, "b": 200}), 2)
    0.41
    >>> stability_index({"a": 5}, {"a": 50})
    0.0
    """
    names = sorted({*before, *after})
    old = np.array([before.get(name, 0) for name in names], float) + 0.5
    new = np.array([after.get(name, 0) for name in names], float) + 0.5
    p, q = old / old.sum(), new / new.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def chance_index(
    categories: int, before: int, after: int, *, clustered: float = CLUSTERED, chance: float = CHANCE
) -> float:
    """The stability index that chance alone exceeds with a small probability.

    Under one and the same mix the index is about (1/n + 1/m) times a chi-square with one less than the number of
    categories as its degrees of freedom; clustered rows count as fewer.

    Args:
        categories: Number of categories, at least 2.
        before: Rows before.
        after: Rows after.
        clustered: Rows that tell as much as one.
        chance: The probability.

    References:
        Yurdakul B, Naranjo J. Statistical properties of the population stability index. J Risk Model Validation
        2020;14(4):89-100, doi:10.21314/JRMV.2020.227.
    """
    return float(clustered * (1 / before + 1 / after) * chdtri(categories - 1, chance))


def change(before: float, after: float) -> float:
    """How far a number moved, as a part of what it was; 1 where it was nothing.

    >>> change(100, 40), change(100, 250), change(0, 5), change(0, 0)
    (0.6, 1.5, 1.0, 0.0)
    """
    if before == 0:
        return 1.0 if after else 0.0
    return abs(after - before) / before


def is_beyond_chance(before: float, after: float) -> bool:
    """Do two counts of rows differ by more than chance, given how rows cluster?

    >>> is_beyond_chance(1000, 400), is_beyond_chance(10, 4)
    (True, False)
    """
    if before == after:
        return False
    return bool((after - before) ** 2 / (CLUSTERED * (before + after)) > chdtri(1, CHANCE))


def shares_differ(before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Do two shares, each so many of so many, differ by more than chance, given how rows cluster?

    >>> shares_differ((10, 1000), (300, 1000)), shares_differ((1, 10), (3, 10))
    (True, False)
    """
    (a, n), (b, m) = before, after
    pooled = (a + b) / (n + m)
    variance = CLUSTERED * pooled * (1 - pooled) * (1 / n + 1 / m)
    return bool(variance > 0 and (a / n - b / m) ** 2 / variance > chdtri(1, CHANCE))
