"""How do two records compare, field by field?

The only comparison there is: batch linkage, and whatever links single records later, call the same compiled function.
A pair's outcome in all fields is one integer, its **pattern**: the level of field f times the product of the level
counts of the fields before it.

References:
    Levels of `kernel` are those of `fields.LEVELS`, level 0 being "missing on either side".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import NUMBER_LIMIT, Encoded, Ints
from washhouse.linkage.fields import Field, Kind
from washhouse.linkage.similarity import compiled, is_one_letter_misread, is_one_slip, jaro_winkler_from
from washhouse.linkage.threads import spread

_NAME, _DATE, _EXACT, _POSTCODE, _ADDRESS, _IDENTIFIER, _WORD, _SETTING, _NUMBER, _SPAN = (int(k) for k in Kind)
Array = npt.NDArray[Any]
CHUNK = 200_000
"""Pairs that one thread takes at a time."""
OVERLAP_DAYS = 31
"""Days that two lists may both hold a person who moved from one to the other: a practice hears of it late."""


@compiled
def _name_level(a: int, b: int, band_column: int, features: Array, offsets: Array, points: Array) -> int:
    if a == b:
        return int(features[a, band_column])
    x = points[offsets[a] : offsets[a + 1]]
    y = points[offsets[b] : offsets[b + 1]]
    if len(x) > 1 and len(y) > 1 and (is_one_slip(x, y) or is_one_letter_misread(x, y)):
        return 5
    if band_column == 0:
        for i in range(2, 5):
            for j in range(2, 5):
                if features[a, i] >= 0 and features[a, i] == features[b, j]:
                    return 6
    short = min(len(x), len(y))
    prefix = 0
    while prefix < short and x[prefix] == y[prefix]:
        prefix += 1
    alike = jaro_winkler_from(x, y, 0.80)
    if alike >= 0.92 and short > 3:
        return 7
    if prefix == short and (short == 1 or short >= 3):
        return 8
    if features[a, 7] or features[b, 7]:
        for i in range(5, 7):
            for j in range(5, 7):
                if features[a, i] >= 0 and features[a, i] == features[b, j]:
                    return 8
    if alike >= 0.80:
        return 10
    return 11


@compiled
def _date_level(a: int, b: int, features: Array) -> int:
    year, month, day = features[a, 0], features[a, 1], features[a, 2]
    other_year, other_month, other_day = features[b, 0], features[b, 1], features[b, 2]
    whole = year > 0 and month > 0 and day > 0 and other_year > 0 and other_month > 0 and other_day > 0
    if a == b and whole:
        return 2 if month == 1 and day == 1 else 1
    if not whole:
        known = 0
        agree = 0
        for i in range(3):
            if features[a, i] > 0 and features[b, i] > 0:
                known += 1
                if features[a, i] == features[b, i]:
                    agree += 1
        if known == 0:
            return 0
        if agree == known:
            return 3 if known > 1 else 0
        return 7 if agree == 1 and known == 2 else 10
    if year == other_year and month == other_day and day == other_month:
        return 4
    x = year * 10000 + month * 100 + day
    y = other_year * 10000 + other_month * 100 + other_day
    differ = 0
    for _ in range(8):
        if x % 10 != y % 10:
            differ += 1
        x //= 10
        y //= 10
    if differ == 1:
        return 5
    if month == other_month and day == other_day:
        return 6
    if year == other_year:
        if (month == 1 and day == 1) or (other_month == 1 and other_day == 1):
            return 9
        return 7 if month == other_month or day == other_day else 8
    return 10


@compiled
def _postcode_level(a: int, b: int, features: Array, offsets: Array, points: Array) -> int:
    if a == b:
        return 1
    if is_one_slip(points[offsets[a] : offsets[a + 1]], points[offsets[b] : offsets[b + 1]]):
        return 2
    for part in range(3):
        if features[a, 2 - part] >= 0 and features[a, 2 - part] == features[b, 2 - part]:
            return 3 + part
    return 6


@compiled
def _address_level(a: int, b: int, features: Array, offsets: Array, points: Array) -> int:
    if a == b:
        return 1
    house, other_house = features[a, 0], features[b, 0]
    same_street = features[a, 1] >= 0 and features[a, 1] == features[b, 1]
    alike = same_street
    if not same_street:
        x = points[offsets[a] : offsets[a + 1]]
        y = points[offsets[b] : offsets[b + 1]]
        alike = len(x) > 0 and len(y) > 0 and (is_one_slip(x, y) or jaro_winkler_from(x, y, 0.9) >= 0.9)
    if house == other_house:
        if alike:
            return 2
        return 5 if house >= 0 else 6
    if alike:
        if house >= 0 and other_house >= 0:
            x = points[offsets[house] : offsets[house + 1]]
            y = points[offsets[other_house] : offsets[other_house + 1]]
            if is_one_slip(x, y):
                return 3
        return 4
    return 6


@compiled
def _identifier_level(a: int, b: int, offsets: Array, points: Array) -> int:
    if a == b:
        return 1
    x = points[offsets[a] : offsets[a + 1]]
    y = points[offsets[b] : offsets[b + 1]]
    return 2 if len(x) > 3 and is_one_slip(x, y) else 3


@compiled
def _word_level(a: int, b: int, features: Array, offsets: Array, points: Array) -> int:
    if a == b:
        return int(features[a, 0])
    x = points[offsets[a] : offsets[a + 1]]
    y = points[offsets[b] : offsets[b + 1]]
    if len(x) > 2 and len(y) > 2:
        if is_one_slip(x, y):
            return 5
        if jaro_winkler_from(x, y, 0.9) >= 0.9:
            return 6
    return 7


@compiled
def _number_level(a: int, b: int, features: Array) -> int:
    if a == b:
        return 1
    x = np.int64(features[a, 0]) * 2147483648 + features[a, 1]
    y = np.int64(features[b, 0]) * 2147483648 + features[b, 1]
    if abs(x) >= NUMBER_LIMIT or abs(y) >= NUMBER_LIMIT:
        return 4
    if abs(x - y) <= 1000:
        return 2
    return 3 if abs(x - y) <= 3000 else 4


@compiled
def _span_level(a: int, b: int, features: Array) -> int:
    both = min(features[a, 1], features[b, 1]) - max(features[a, 0], features[b, 0])
    return 2 if both > OVERLAP_DAYS else 1


@compiled
def field_level(kind: int, column: int, a: int, b: int, features: Array, offsets: Array, points: Array) -> int:
    """Return the level of two values of one field; 0 where either is missing."""
    if a < 0 or b < 0:
        return 0
    if kind == _NAME:
        return _name_level(a, b, column, features, offsets, points)
    if kind == _DATE:
        return _date_level(a, b, features)
    if kind == _POSTCODE:
        return _postcode_level(a, b, features, offsets, points)
    if kind == _ADDRESS:
        return _address_level(a, b, features, offsets, points)
    if kind == _IDENTIFIER:
        return _identifier_level(a, b, offsets, points)
    if kind == _NUMBER:
        return _number_level(a, b, features)
    if kind == _WORD:
        return _word_level(a, b, features, offsets, points)
    if kind == _SPAN:
        return _span_level(a, b, features)
    return 1 if a == b else 2


@compiled
def _patterns(
    left: Array,
    right: Array,
    codes: Array,
    kinds: Array,
    columns: Array,
    partners: Array,
    covers: Array,
    strides: Array,
    features: Array,
    offsets: Array,
    points: Array,
    out: Array,
) -> None:
    fields = codes.shape[1]
    for p in range(len(left)):
        i = left[p]
        j = right[p]
        pattern = 0
        for f in range(fields):
            a = codes[i, f]
            b = codes[j, f]
            level = 0
            cover = covers[f]
            if cover >= 0 and codes[i, cover] >= 0 and codes[j, cover] >= 0:
                level = 0
            elif kinds[f] == _SETTING:
                level = a + 1 if a == b else strides[f + 1] // strides[f] - 1
            else:
                level = field_level(kinds[f], columns[f], a, b, features, offsets, points)
                partner = partners[f]
                if partner >= 0 and level >= 10 and a == codes[j, partner] and b == codes[i, partner]:
                    level = 9
            pattern += level * strides[f]
        out[p] = pattern


def level_counts(fields: Sequence[Field], settings: int = 0) -> tuple[int, ...]:
    """Return how many levels each field has, "missing" included.

    Args:
        fields: The fields.
        settings: Number of sources, where the setting of a pair is compared too.
    """
    return tuple(settings + 2 if f.kind is Kind.SETTING else len(f.levels) + 1 for f in fields)


def strides_of(counts: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return what one level of each field adds to a pattern, and the number of patterns at the end."""
    return np.concatenate([[1], np.cumprod(np.array(counts, dtype=np.int64))]).astype(np.int64)


@dataclass(frozen=True)
class Comparison:
    """Compares pairs of records; prepared once for many.

    Attributes:
        encoded: The records.
        codes: Their values, a row for each record. Shape (records, fields).
        kinds: Kind of each field.
        columns: Which band of a name counts in each field.
        partners: The field that each may be swapped with, -1 for none.
        covers: The field that says all that each does, where both sides have it; -1 for none.
        strides: What one level of each field adds to a pattern.
    """

    encoded: Encoded
    codes: Ints
    kinds: Array
    columns: Array
    partners: Array
    covers: Array
    strides: Array

    def patterns(self, left: Ints, right: Ints) -> npt.NDArray[np.int64]:
        """Return the pattern of each pair."""
        out = np.empty(len(left), dtype=np.int64)
        _patterns(
            left, right, self.codes, self.kinds, self.columns, self.partners, self.covers, self.strides,
            self.encoded.features, self.encoded.offsets, self.encoded.points, out,
        )  # fmt: skip
        return out


def comparison_of(encoded: Encoded, counts: Sequence[int], pairs: int | None = None) -> Comparison:
    """Prepare to compare records.

    Args:
        encoded: The records.
        counts: Levels of each field, from `level_counts`.
        pairs: Pairs that will be compared; many if left out.
    """
    kinds = np.array([int(f.kind) for f in encoded.fields], dtype=np.int64)
    columns = np.array([1 if f.name == "surname" else 0 for f in encoded.fields], dtype=np.int64)
    first, last = encoded.row("first_name"), encoded.row("surname")
    partners = np.full(len(encoded.fields), -1, dtype=np.int64)
    if first >= 0 and last >= 0:
        partners[first], partners[last] = last, first
    covers = np.full(len(encoded.fields), -1, dtype=np.int64)
    if encoded.row("address") >= 0:
        # Where both sides have a UPRN, it says all that the written address would.
        covers[encoded.row("address")] = encoded.row("uprn")
    codes = encoded.codes.T
    if pairs is None or pairs > encoded.records // 8:
        # A record's values side by side are fetched from memory at once.
        codes = np.ascontiguousarray(codes)
    return Comparison(encoded, codes, kinds, columns, partners, covers, strides_of(counts))


def compare(
    encoded: Encoded, left: Ints, right: Ints, counts: Sequence[int], threads: int = 1
) -> npt.NDArray[np.int64]:
    """Compare pairs of records.

    Args:
        encoded: The records.
        left: One record of each pair.
        right: The other.
        counts: Levels of each field, from `level_counts`.
        threads: Threads to use; the result does not depend on it.

    Returns:
        The pattern of each pair.
    """
    comparison = comparison_of(encoded, counts, len(left))
    if threads <= 1 or len(left) <= CHUNK:
        return comparison.patterns(left, right)
    chunks = [slice(at, at + CHUNK) for at in range(0, len(left), CHUNK)]
    return np.concatenate(list(spread(lambda part: comparison.patterns(left[part], right[part]), chunks, threads)))


@compiled
def _index_patterns(patterns: Array, slots: Array, places: Array, found: Array, index: Array) -> int:
    """Number patterns by first use through a table of a power of two slots; -1 when `found` is full."""
    count = 0
    mask = len(slots) - 1
    for p in range(len(patterns)):
        pattern = patterns[p]
        h = np.uint64(pattern) * np.uint64(0x9E3779B97F4A7C15)
        at = np.int64(h >> np.uint64(32)) & mask
        while places[at] >= 0 and slots[at] != pattern:
            at = (at + 1) & mask
        if places[at] < 0:
            if count == len(found):
                return -1
            slots[at] = pattern
            places[at] = count
            found[count] = pattern
            count += 1
        index[p] = places[at]
    return count


def distinct(
    patterns: npt.NDArray[np.int64],
) -> tuple[Ints, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each pattern its place among the distinct ones, those in ascending order, and how often each occurs.

    >>> [x.tolist() for x in distinct(np.array([7, 5, 7]))]
    [[1, 0, 1], [5, 7], [1, 2]]
    """
    index = np.empty(len(patterns), dtype=np.int32)
    room = 1 << 12
    while True:
        slots, places = np.empty(room * 2, dtype=np.int64), np.full(room * 2, -1, dtype=np.int32)
        found = np.empty(room, dtype=np.int64)
        count = _index_patterns(patterns, slots, places, found, index)
        if count >= 0:
            break
        room *= 4
    order = np.argsort(found[:count])
    place = np.empty(count, dtype=np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    index = place[index] if count else index
    return index, found[:count][order], np.bincount(index, minlength=count)


def levels_of(patterns: npt.NDArray[np.int64], counts: Sequence[int]) -> npt.NDArray[np.int8]:
    """Return the level of each pattern in each field. Shape (patterns, fields)."""
    strides = strides_of(counts)
    return (
        np.stack([(patterns // strides[f] % counts[f]).astype(np.int8) for f in range(len(counts))], axis=1)
        if len(counts)
        else np.zeros((len(patterns), 0), np.int8)
    )
