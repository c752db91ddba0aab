"""Which of many records are among a few that are asked for? In one pass, without a copy of what is looked through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.blocking import Keys, halved, mix_parts, mixed
from washhouse.linkage.encode import Ints
from washhouse.linkage.similarity import compiled

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]


@compiled
def _is_wanted(key: int, wanted: Array, seen: Array, mask: int) -> bool:
    """Say whether a key is among the wanted ones (sorted); a bitmap answers for nearly all others."""
    if seen[(key ^ (key >> 21)) & mask] == 0:
        return False
    low = 0
    high = len(wanted)
    while low < high:
        middle = (low + high) >> 1
        if wanted[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < len(wanted) and wanted[low] == key


@compiled
def _probe(keys: Array, wanted: Array, seen: Array, mask: int, out: Array) -> int:
    """Write the rows whose key is wanted."""
    found = 0
    for i in range(len(keys)):
        if _is_wanted(keys[i], wanted, seen, mask):
            out[found] = i
            found += 1
    return found


@compiled
def _probe_parts(parts: Any, wanted: Array, seen: Array, mask: int, out: Array) -> int:
    """Write the rows whose mixed parts are wanted, see `blocking.mix_parts`."""
    found = 0
    for i in range(len(parts[0])):
        h = np.uint64(0)
        known = True
        for part in parts:
            known &= part[i] >= 0
            h = mixed(h, part[i])
        if known and _is_wanted(halved(np.int64(h)), wanted, seen, mask):
            out[found] = i
            found += 1
    return found


def _bitmap(wanted: Array) -> Array:
    size = 1 << max(10, int(np.ceil(np.log2(len(wanted) * 16))))
    seen = np.zeros(size, dtype=np.uint8)
    seen[(wanted ^ (wanted >> 21)) & (size - 1)] = 1
    return seen


def among(keys: Array, wanted: Array) -> Rows:
    """Return the rows of many keys that are among a few.

    Args:
        keys: 64-bit keys, in any order.
        wanted: Keys, ascending.
    """
    if not len(wanted) or not len(keys):
        return np.empty(0, dtype=np.int64)
    wanted = np.sort(wanted.view(np.int64))
    seen = _bitmap(wanted)
    out = np.empty(len(keys), dtype=np.int64)
    return out[: _probe(keys.view(np.int64), wanted, seen, len(seen) - 1, out)].copy()


@dataclass(frozen=True)
class BlockKeys:
    """Keys of records under blocking rules, made where they are asked for; see `blocking.block_keys`.

    Attributes:
        parts: Parts of the records, by name.
        rules: The rules.
    """

    parts: Mapping[str, Ints]
    rules: Sequence[Sequence[str]]

    def of(self, rule: int, rows: npt.NDArray[np.integer[Any]]) -> Keys:
        """Return the keys of some records under the rule of a number, -1 where a part is missing."""
        keys = np.empty(len(rows), dtype=np.int64)
        mix_parts([self.parts[part][rows] for part in self.rules[rule]], keys)
        return keys

    def among(self, rule: int, wanted: Keys) -> Rows:
        """Return the records whose key under a rule is among a few.

        Args:
            rule: Number of the rule.
            wanted: Keys, ascending, none negative.
        """
        parts = tuple(self.parts[part] for part in self.rules[rule])
        if not len(wanted) or not len(parts[0]):
            return np.empty(0, dtype=np.int64)
        seen = _bitmap(wanted)
        out = np.empty(len(parts[0]), dtype=np.int64)
        return out[: _probe_parts(parts, wanted, seen, len(seen) - 1, out)].copy()
