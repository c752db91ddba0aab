"""How alike are two strings? Compiled measures over code points, shared by every comparison.

A string here is a slice of one array of Unicode code points (`uint32`): no Python object is touched, so that the
same functions serve millions of pairs at once, without the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

_F = TypeVar("_F", bound=Callable[..., Any])
Points = npt.NDArray[np.uint32]


def compiled(function: _F) -> _F:
    """Compile a function with numba: cached on disk, free of the interpreter's lock."""
    return cast(_F, numba.njit(cache=True, nogil=True)(function))


def code_points(text: str) -> Points:
    """Return the code points of a text.

    >>> code_points("AB").tolist()
    [65, 66]
    """
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


@compiled
def jaro_winkler(a: Points, b: Points) -> float:
    """Return the Jaro-Winkler similarity, 0 to 1.

    Equal to rapidfuzz: the prefix bonus (0.1 a letter, four letters at most) is given above a Jaro similarity of 0.7.

    >>> round(jaro_winkler(code_points("MARTHA"), code_points("MARHTA")), 4)
    0.9611

    References:
        Winkler 1990, "String comparator metrics and enhanced decision rules in the Fellegi-Sunter model".
    """
    n = len(a)
    m = len(b)
    if n == 0 or m == 0:
        return 1.0 if n == m else 0.0
    bound = max(max(n, m) // 2 - 1, 0)
    if n <= 64 and m <= 64:
        common, out_of_order = _common_in_bits(a, b, bound)
    else:
        common, out_of_order = _common(a, b, bound)
    if common == 0:
        return 0.0
    jaro = (common / n + common / m + (common - out_of_order // 2) / common) / 3.0
    if jaro > 0.7:
        jaro += _equal_start(a, b) * 0.1 * (1.0 - jaro)
    return float(jaro)


@compiled
def jaro_winkler_from(a: Points, b: Points, least: float) -> float:
    """Return the Jaro-Winkler similarity where it is at least so much, else anything below: most pairs are soon told.

    A character that the other string does not hold anywhere has no counterpart.

    Args:
        a: One string.
        b: The other.
        least: What is asked for, above 0.7.
    """
    n = len(a)
    m = len(b)
    if n and m:
        held = np.uint64(0)
        for i in range(n):
            held |= np.uint64(1) << np.uint64(a[i] & 63)
        common = 0
        for j in range(m):
            if held & (np.uint64(1) << np.uint64(b[j] & 63)):
                common += 1
        common = min(common, n)
        most = (common / n + common / m + 1.0) / 3.0
        # A little room for rounding.
        if most + _equal_start(a, b) * 0.1 * (1.0 - most) < least - 1e-9:
            return 0.0
    return jaro_winkler(a, b)


@compiled
def _equal_start(a: Points, b: Points) -> int:
    """Return how many characters the strings begin with alike, four at most."""
    prefix = 0
    while prefix < 4 and prefix < len(a) and prefix < len(b) and a[prefix] == b[prefix]:
        prefix += 1
    return prefix


@compiled
def _common_in_bits(a: Points, b: Points, bound: int) -> tuple[int, int]:
    """Return how many characters have a counterpart near by, and how many of those stand out of order; 64 at most."""
    one = np.uint64(1)
    used_a = np.uint64(0)
    used_b = np.uint64(0)
    common = 0
    m = len(b)
    for i in range(len(a)):
        for j in range(max(0, i - bound), min(m, i + bound + 1)):
            bit = one << np.uint64(j)
            if a[i] == b[j] and not used_b & bit:
                used_a |= one << np.uint64(i)
                used_b |= bit
                common += 1
                break
    out_of_order = 0
    j = 0
    for i in range(len(a) if common else 0):
        if used_a & (one << np.uint64(i)):
            while not used_b & (one << np.uint64(j)):
                j += 1
            if a[i] != b[j]:
                out_of_order += 1
            j += 1
    return common, out_of_order


@compiled
def _common(a: Points, b: Points, bound: int) -> tuple[int, int]:
    """Return what `_common_in_bits` does, for strings of any length."""
    used_a = np.zeros(len(a), np.uint8)
    used_b = np.zeros(len(b), np.uint8)
    common = 0
    for i in range(len(a)):
        for j in range(max(0, i - bound), min(len(b), i + bound + 1)):
            if used_b[j] == 0 and a[i] == b[j]:
                used_a[i] = 1
                used_b[j] = 1
                common += 1
                break
    out_of_order = 0
    j = 0
    for i in range(len(a) if common else 0):
        if used_a[i]:
            while used_b[j] == 0:
                j += 1
            if a[i] != b[j]:
                out_of_order += 1
            j += 1
    return common, out_of_order


@compiled
def is_one_slip(a: Points, b: Points) -> bool:
    """Say whether one typing slip turns one string into the other.

    A slip is one character typed wrongly, left out, put in, or two neighbours swapped (Damerau 1964).

    >>> is_one_slip(code_points("SMITH"), code_points("SMIHT"))
    True
    """
    n = len(a)
    m = len(b)
    if abs(n - m) > 1:
        return False
    start = 0
    while start < n and start < m and a[start] == b[start]:
        start += 1
    end = 0
    while end < n - start and end < m - start and a[n - 1 - end] == b[m - 1 - end]:
        end += 1
    left_a = n - start - end
    left_b = m - start - end
    if left_a <= 1 and left_b <= 1:
        return True
    return left_a == 2 and left_b == 2 and a[start] == b[start + 1] and a[start + 1] == b[start]


@compiled
def is_one_letter_misread(a: Points, b: Points) -> bool:
    """Say whether the strings differ by one letter that was read as another, wherever it stands.

    Scanned forms are misread the same way throughout a word.

    >>> is_one_letter_misread(code_points("HARRIS"), code_points("HAVVIS"))
    True
    """
    n = len(a)
    if n != len(b):
        return False
    first = -1
    for i in range(n):
        if a[i] != b[i]:
            if first < 0:
                first = i
            elif a[i] != a[first] or b[i] != b[first]:
                return False
    return first >= 0
