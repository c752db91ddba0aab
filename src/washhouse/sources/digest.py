"""Which rows of a file stood in it before? With memory for a digest of each row, and for no text.

References:
    SipHash, whose keyed digests nobody who lacks the key can make collide: Aumasson and Bernstein, SipHash: a fast
    short-input PRF, INDOCRYPT 2012, doi:10.1007/978-3-642-34931-7_28. One round a word and three at the end, 128 bits
    out, as its reference code has it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Digests = npt.NDArray[np.uint64]
"""One digest of 128 bits per row, shape (rows, 2)."""

_F = TypeVar("_F", bound=Callable[..., Any])
_PARTS = 64
_FIRST_SLOTS = 64
_MOST_IN_ONE = 1 << 16
_FULL = 0.8
_ALL = np.zeros(0, dtype=np.bool_)


def _compiled(function: _F) -> _F:
    """Compile a function with numba: cached on disk, free of the interpreter's lock."""
    return cast(_F, numba.njit(cache=True, nogil=True)(function))


def digest_rows(columns: Sequence[pa.Array]) -> Digests:
    """Return one digest per row, equal for rows whose columns are equal.

    The digests differ from process to process. Two different rows of 100 million share one with a chance of 2e-23.

    Args:
        columns: Columns of one length: texts, numbers, dates, times, yes or no. Nulls equal each other.
    """
    rows = len(columns[0])
    states = np.empty((rows, 4), dtype=np.uint64)
    states[:] = _key()
    for column in columns:
        valid = _valid(column)
        if pa.types.is_string(column.type):
            _absorb_texts(states, *_text_parts(column), valid)
        else:
            _absorb_words(states, _words(column), valid)
    digests = np.empty((rows, 2), dtype=np.uint64)
    _finish(states, digests)
    return digests


@cache
def _key() -> Digests:
    """The state that a digest begins with, by a key of this process."""
    first, second = np.frombuffer(os.urandom(16), dtype=np.uint64)
    constants = np.array(
        [0x736F6D6570736575, 0x646F72616E646F6D ^ 0xEE, 0x6C7967656E657261, 0x7465646279746573], dtype=np.uint64
    )
    return constants ^ np.array([first, second, first, second], dtype=np.uint64)


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values of a column are there; empty if all are."""
    valid: npt.NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else _ALL
    return valid


def _text_parts(column: pa.StringArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], Digests]:
    """Where the texts of a column start, and their bytes, one by one and eight at a time as far as they go."""
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    if data is None:
        return starts, np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint64)
    # Arrow's buffers lie at whole words but for those that it took over from elsewhere.
    single = np.frombuffer(data if data.address % 8 == 0 else data.to_pybytes(), dtype=np.uint8)
    return starts, single, single[: len(single) // 8 * 8].view(np.uint64)


def _words(column: pa.Array) -> Digests:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    elif not pa.types.is_floating(column.type) and not pa.types.is_integer(column.type):
        column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    if column.null_count:
        column = pc.fill_null(column, 0)
    values = column.to_numpy(zero_copy_only=False)
    wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64, copy=False)
    return np.ascontiguousarray(wide).view(np.uint64)


@_compiled
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> tuple[Any, Any, Any, Any]:
    v0 += v1
    v1 = (v1 << np.uint64(13)) | (v1 >> np.uint64(51))
    v1 ^= v0
    v0 = (v0 << np.uint64(32)) | (v0 >> np.uint64(32))
    v2 += v3
    v3 = (v3 << np.uint64(16)) | (v3 >> np.uint64(48))
    v3 ^= v2
    v0 += v3
    v3 = (v3 << np.uint64(21)) | (v3 >> np.uint64(43))
    v3 ^= v0
    v2 += v1
    v1 = (v1 << np.uint64(17)) | (v1 >> np.uint64(47))
    v1 ^= v2
    v2 = (v2 << np.uint64(32)) | (v2 >> np.uint64(32))
    return v0, v1, v2, v3


@_compiled
def _load(data: npt.NDArray[np.uint8], words: Digests, at: Any, count: Any) -> Any:
    """Up to eight bytes from a place on, the first lowest."""
    place = at >> 3
    if place + 1 < len(words):
        shift = np.uint64((at & 7) << 3)
        word = (words[place] >> shift) | ((words[place + 1] << np.uint64(1)) << (np.uint64(63) - shift))
        return word if count == 8 else word & ((np.uint64(1) << np.uint64(count << 3)) - np.uint64(1))
    word = np.uint64(0)
    for byte in range(count):
        word |= np.uint64(data[at + byte]) << np.uint64(byte << 3)
    return word


@_compiled
def _absorb_texts(
    states: Digests,
    starts: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    words: Digests,
    valid: npt.NDArray[np.bool_],
) -> None:
    """Take one text of each row: its length with its first four bytes, then eight bytes at a time."""
    for row in range(len(states)):
        v0, v1, v2, v3 = states[row, 0], states[row, 1], states[row, 2], states[row, 3]
        at, end = np.int64(starts[row]), np.int64(starts[row + 1])
        if len(valid) and not valid[row]:
            at = end
            word = np.uint64(0xFFFFFFFF) << np.uint64(32)
        else:
            word = np.uint64(end - at) << np.uint64(32) | _load(data, words, at, min(4, end - at))
            at += 4
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        while at < end:
            word = _load(data, words, at, min(8, end - at))
            at += 8
            v3 ^= word
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
        states[row, 0], states[row, 1], states[row, 2], states[row, 3] = v0, v1, v2, v3


@_compiled
def _absorb_words(states: Digests, words: Digests, valid: npt.NDArray[np.bool_]) -> None:
    """Take one number of each row: whether it is there, and itself."""
    for row in range(len(states)):
        v0, v1, v2, v3 = states[row, 0], states[row, 1], states[row, 2], states[row, 3]
        there = np.uint64(0) if len(valid) and not valid[row] else np.uint64(1)
        for word in (there, words[row] * there):
            v3 ^= word
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
        states[row, 0], states[row, 1], states[row, 2], states[row, 3] = v0, v1, v2, v3


@_compiled
def _finish(states: Digests, digests: Digests) -> None:
    for row in range(len(states)):
        v0, v1, v2, v3 = states[row, 0], states[row, 1], states[row, 2], states[row, 3]
        v2 ^= np.uint64(0xEE)
        for half in range(2):
            for _ in range(3):
                v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            digests[row, half] = v0 ^ v1 ^ v2 ^ v3
            v1 ^= np.uint64(0xDD)


def has_loose_ends(column: pa.StringArray) -> bool:
    """Whether some text of a column is empty or may begin or end with white space: what stands there is no plain sign.

    >>> [has_loose_ends(pa.array([text, None])) for text in ("a b", "a ", "\u00a0a", "")]
    [False, True, True, True]
    """
    starts, single, _ = _text_parts(column)
    return bool(_is_loose(starts, single, _valid(column)))


@_compiled
def _is_loose(starts: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]) -> bool:
    for row in range(len(starts) - 1):
        if len(valid) and not valid[row]:
            continue
        first, end = starts[row], starts[row + 1]
        if first == end:
            return True
        for byte in (data[first], data[end - 1]):
            if byte <= 0x20 or byte >= 0x7F:
                return True
    return False


class Seen:
    """Digests that were there before; 16 bytes each, and as much room again at most."""

    def __init__(self) -> None:
        # Few digests lie in one part, many in several, so that only one has to be moved at a time when it is full.
        self._slots = [_empty(_FIRST_SLOTS)]
        self._used = [0]

    def add(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """Add digests and return which of them were there before, earlier in the same call included.

        Args:
            digests: Shape (rows, 2).

        >>> Seen().add(np.array([[7, 1], [3, 1], [7, 1], [7, 2]], dtype=np.uint64)).tolist()
        [False, False, True, False]
        """
        again = np.zeros(len(digests), dtype=np.bool_)
        if len(self._slots) == 1 and self._used[0] + len(digests) > _MOST_IN_ONE:
            held = self._slots[0][self._slots[0].any(axis=1)]
            self._slots, self._used = [_empty(_FIRST_SLOTS) for _ in range(_PARTS)], [0] * _PARTS
            self._add(held, np.zeros(len(held), dtype=np.bool_))
        self._add(digests, again)
        return again

    def holds(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """Return which digests were added.

        Args:
            digests: Shape (rows, 2).
        """
        found = np.zeros(len(digests), dtype=np.bool_)
        is_one = len(self._slots) == 1
        parts = np.zeros(len(digests), np.uint8) if is_one else _part(digests)
        for part in np.unique(parts):
            _look(self._slots[part], digests, np.flatnonzero(parts == part), found)
        return found

    def _add(self, digests: Digests, again: npt.NDArray[np.bool_]) -> None:
        if len(self._slots) == 1:
            self._add_to(0, digests, np.arange(len(digests)), again)
            return
        parts = _part(digests)
        order = np.argsort(parts, kind="stable")
        ends = np.cumsum(np.bincount(parts, minlength=_PARTS))
        for part in range(_PARTS):
            self._add_to(part, digests, order[ends[part - 1] if part else 0 : ends[part]], again)

    def _add_to(self, part: int, digests: Digests, rows: npt.NDArray[np.intp], again: npt.NDArray[np.bool_]) -> None:
        slots = old = len(self._slots[part])
        while self._used[part] + len(rows) > _FULL * slots:
            slots = slots * 2 if slots < _MOST_IN_ONE else slots * 3 // 2
        if slots > old:
            before, self._slots[part] = self._slots[part], _empty(slots)
            _move(self._slots[part], before)
        self._used[part] += _insert(self._slots[part], digests, rows, again)


def _part(digests: Digests) -> npt.NDArray[np.uint8]:
    return (digests[:, 0] >> np.uint64(64 - _PARTS.bit_length() + 1)).astype(np.uint8)


def _empty(slots: int) -> Digests:
    return np.zeros((slots, 2), dtype=np.uint64)


@_compiled
def _find(slots: Digests, high: Any, low: Any) -> Any:
    """The slot of a digest, or the empty one where it belongs."""
    count = len(slots)
    at: Any = np.int64(((low & np.uint64(0xFFFFFFFF)) * np.uint64(count)) >> np.uint64(32))
    while (slots[at, 0] != high or slots[at, 1] != low) and (slots[at, 0] != 0 or slots[at, 1] != 0):
        at += 1
        if at == count:
            at = 0
    return at


@_compiled
def _insert(slots: Digests, digests: Digests, rows: npt.NDArray[np.intp], again: npt.NDArray[np.bool_]) -> int:
    added = 0
    for row in rows:
        high, low = digests[row, 0], digests[row, 1]
        if high == 0 and low == 0:  # an empty slot looks like that
            low = np.uint64(1)
        at = _find(slots, high, low)
        if slots[at, 0] == high and slots[at, 1] == low:
            again[row] = True
        else:
            slots[at, 0], slots[at, 1] = high, low
            added += 1
    return added


@_compiled
def _look(slots: Digests, digests: Digests, rows: npt.NDArray[np.intp], found: npt.NDArray[np.bool_]) -> None:
    for row in rows:
        high, low = digests[row, 0], digests[row, 1]
        if high == 0 and low == 0:
            low = np.uint64(1)
        at = _find(slots, high, low)
        found[row] = slots[at, 0] == high and slots[at, 1] == low


@_compiled
def _move(slots: Digests, before: Digests) -> None:
    for row in range(len(before)):
        high, low = before[row, 0], before[row, 1]
        if high != 0 or low != 0:
            at = _find(slots, high, low)
            slots[at, 0], slots[at, 1] = high, low
