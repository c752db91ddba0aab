"""Which rows of a table are some people's, so that they lie together on the disk and can be read without the others?

A row's share follows from one column's value alone, by its CRC-32: the same in every process, batch and version. It
spreads values evenly and hides nothing; tables of people lie encrypted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

SHARES = 16
"""Shares by which a large table lies. Of a city of 1.4 million, one is some 90,000 people."""


@dataclass(frozen=True)
class Share:
    """One share of a table's rows.

    Attributes:
        column: Column whose value decides; rows without a value are in share 0.
        number: Which share, from 0.
        of: Of how many, a power of two; rows that lie by `SHARES` are then in whole shares, or in parts of one.
    """

    column: str
    number: int
    of: int

    def select(self, rows: pa.Table) -> pa.Table:
        """Leave the rows of the share, in their order."""
        return rows.filter(pa.array(digests(rows.column(self.column)) % self.of == self.number))

    def holds(self, lies_in: int) -> bool:
        """Whether a row that lies in a share of `SHARES` may be in this one."""
        few = min(self.of, SHARES)
        return lies_in % few == self.number % few


@dataclass(frozen=True)
class Chosen:
    """Some people's rows, however they lie.

    Attributes:
        column: Column whose value decides.
        values: Its values, text.
    """

    column: str
    values: pa.Array

    def select(self, rows: pa.Table) -> pa.Table:
        """Leave their rows, in their order."""
        return rows.filter(self._mask(rows))

    def any_in(self, rows: pa.Table) -> bool:
        """Whether any of the rows is theirs."""
        return bool(pc.any(self._mask(rows)).as_py())

    def _mask(self, rows: pa.Table) -> pa.ChunkedArray:
        return pc.is_in(rows.column(self.column).cast(pa.string()), value_set=self.values)


def digests(column: pa.ChunkedArray) -> npt.NDArray[np.uint32]:
    """CRC-32 of each value as text; 0 where there is none.

    >>> digests(pa.chunked_array([["a", None, "b"], ["a"]])).tolist()
    [3904355907, 0, 1908338681, 3904355907]
    """
    found = [np.zeros(0, dtype=np.uint32)]
    for chunk in column.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        values = encoded.dictionary.cast(pa.string()).to_pylist()
        # The last is for rows without a value.
        named = np.array([*(zlib.crc32(value.encode()) for value in values), 0], dtype=np.uint32)
        found.append(named[encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)])
    return np.concatenate(found)


def laid_out(pieces: Iterable[pa.Table], column: str) -> list[pa.Table]:
    """Bring the rows of each share together, in the order in which they come.

    Each piece is laid out by itself: it is as it was read, still near, and never copied into one with the others.

    Args:
        pieces: Rows, at least one piece.
        column: Column whose value decides.

    Returns:
        The rows of each of the `SHARES`.
    """
    shares: list[list[pa.Table]] = [[] for _ in range(SHARES)]
    for rows in pieces:
        numbers = (digests(rows.column(column)) % SHARES).astype(np.uint8)
        order = pa.array(np.argsort(numbers, kind="stable"))
        laid = pc.take(rows.combine_chunks(), order, boundscheck=False)
        ends = np.cumsum(np.bincount(numbers, minlength=SHARES)).tolist()
        for share, (first, end) in enumerate(pairwise([0, *ends])):
            shares[share].append(laid.slice(first, end - first))
    return [pa.concat_tables(share) for share in shares]
