"""How are texts numbered so that the number follows from the text alone?

Blocks, dictionaries and fingerprints are made of these numbers. Because nothing is counted up, a record has the same
numbers in every batch, alone or among millions; that two different texts share a number only adds a candidate pair or,
with 64 bits, does not happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.similarity import compiled
from washhouse.linkage.threads import spread

Hashes = npt.NDArray[np.uint64]
Array = npt.NDArray[Any]
_PRIME = 0x100000001B3
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@compiled
def _hash_texts(data: Array, offsets: Array, valid: Array, out: Array) -> None:
    """Continue each row's hash with its text (FNV-1a, then SplitMix64's finaliser); a missing text differs from ''."""
    for i in range(len(out)):
        h = out[i]
        if valid[i]:
            for k in range(offsets[i], offsets[i + 1]):
                h = (h ^ np.uint64(data[k])) * np.uint64(_PRIME)
            h ^= np.uint64(1)
        h *= np.uint64(_PRIME)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(_MIX[0])
        h = (h ^ (h >> np.uint64(27))) * np.uint64(_MIX[1])
        out[i] = h ^ (h >> np.uint64(31))


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array, without a copy where it is one."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def hash_columns(columns: Sequence[pa.ChunkedArray | pa.Array], what: str = "", threads: int = 1) -> Hashes:
    """Return one 64-bit number for each row of some columns of text.

    Args:
        columns: Columns of one length; nulls are told from empty texts.
        what: What the texts are; the same text of another kind has another number.
        threads: Threads to use.

    >>> a, b = hash_columns([pa.array(["x", "y"])]), hash_columns([pa.array(["y"])])
    >>> bool(a[1] == b[0]), bool(a[0] == a[1])
    (True, False)
    """
    seed = int.from_bytes(hashlib.blake2b(what.encode(), digest_size=8).digest(), "little")
    out = np.full(len(columns[0]) if columns else 0, seed, dtype=np.uint64)
    for column in columns:
        texts = whole(column)
        if not pa.types.is_string(texts.type):
            texts = pc.cast(texts, pa.string())
        texts = pa.concat_arrays([texts]) if texts.offset else texts
        if not len(texts):
            continue
        _, ends, data = texts.buffers()
        valid = pc.is_valid(texts).to_numpy(zero_copy_only=False)
        characters = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        _hash_on_threads(characters, np.frombuffer(ends, np.int32, len(texts) + 1), valid, out, threads)
    return out


def _hash_on_threads(data: Array, offsets: Array, valid: Array, out: Hashes, threads: int) -> None:
    step = max(-(-len(out) // threads), 1)

    def run(at: int) -> None:
        _hash_texts(data, offsets[at : at + step + 1], valid[at : at + step], out[at : at + step])

    list(spread(run, range(0, len(out), step), threads))


def name_records(table: pa.Table, threads: int = 1) -> Hashes:
    """Return a 64-bit number for each record's source and id."""
    return hash_columns([table.column("source"), table.column("source_id")], "record", threads)


def numbers_of(hashes: Hashes) -> npt.NDArray[np.int32]:
    """Shorten 64-bit numbers to 31 bits, never negative."""
    return (hashes >> np.uint64(33)).astype(np.int32)


def places(hashes: Hashes, among: Hashes) -> npt.NDArray[np.int64]:
    """Return where each number stands among others, all different; -1 where it does not.

    >>> places(np.array([5, 7, 5], np.uint64), np.array([7, 5, 9], np.uint64)).tolist()
    [1, 0, 1]
    """
    if np.array_equal(hashes, among):
        return np.arange(len(hashes))
    found = np.full(len(hashes), -1, dtype=np.int64)
    if len(among):
        # Both in order: neighbours are looked up in the same place of memory.
        there, here = np.argsort(among), np.argsort(hashes)
        at = np.minimum(np.searchsorted(among[there], hashes[here]), len(among) - 1)
        same = among[there[at]] == hashes[here]
        found[here[same]] = there[at[same]]
    return found
