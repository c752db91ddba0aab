"""Which pairs of records are worth comparing?

A rule says which parts two records must share. Records are compared inside a block of equal keys; a pair that an
earlier rule already gave is left out. Blocks that are too large are skipped and counted: they would cost the square of
their size and tell little. `block_groups` finds the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.fields import Kind
from washhouse.linkage.similarity import compiled

Keys = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
MAX_BLOCK_PAIRS = 20_000
"""Pairs that one block may give (200 records of one table)."""

RULES: tuple[tuple[str, ...], ...] = (
    ("nhs_number",),
    ("uprn",),
    ("postcode", "house"),
    ("birth_date", "postcode"),
    ("birth_date", "surname_sound"),
    ("birth_date", "first_root"),
    ("birth_date", "sex", "postcode_district"),
    ("first_root", "surname", "birth_year"),
    ("first_root", "surname_sound", "birth_day_month"),
    ("postcode", "first_root"),
    ("postcode", "surname_start"),
    ("postcode", "birth_year"),
    ("postcode", "birth_day_month"),
    ("phone",),
    ("address", "first_root"),
    ("first_root", "surname_sound", "postcode_district"),
    ("names", "birth_year"),
    ("names", "birth_day_month"),
    ("birth_date", "house"),
)
"""Rules for people, the surest first. A rule is used when all its parts are known."""

WIDE_RULES: tuple[tuple[str, ...], ...] = (("birth_date", "sex"), ("birth_date",), ("first_root", "surname"))
"""Rules that find what the others miss, at a price: used only while they give at most `WIDE_PAIRS` pairs a record."""
WIDE_PAIRS = 2.0


@dataclass(frozen=True)
class RuleReport:
    """What one blocking rule did.

    Attributes:
        rule: The parts that were shared.
        pairs: New pairs that it gave.
        skipped_blocks: Blocks left out as too large.
        skipped_records: Records in them.
        skipped_pairs: Pairs in them.
    """

    rule: tuple[str, ...]
    pairs: int
    skipped_blocks: int
    skipped_records: int
    skipped_pairs: int


@dataclass(frozen=True)
class Candidates:
    """Pairs to compare: `left[i] < right[i]`, each pair once, in an order that follows from the records' order."""

    left: Ints
    right: Ints
    reports: tuple[RuleReport, ...]


def rules_for(encoded: Encoded, side: Ints | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the rules for some records: those whose parts they have, one for each further identifier, cheap wide ones.

    Args:
        encoded: The records.
        side: 0 or 1 for each record where two tables are linked.
    """

    def known(rules: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [rule for rule in rules if all(part in encoded.parts for part in rule)]

    extra = [(f.name,) for f in encoded.fields if f.kind is Kind.IDENTIFIER and f.about == "who"]
    wide = []
    for rule in known(WIDE_RULES):
        key = block_keys(encoded, [rule])[0]
        order = np.argsort(key, kind="stable")[(key < 0).sum() :]
        total = possible_pairs(order, *blocks_of(key[order]), side)
        if total.sum() <= WIDE_PAIRS * encoded.records:
            wide.append(rule)
    return (*extra, *known(RULES), *wide)


def possible_pairs(
    order: npt.NDArray[np.integer[Any]],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    side: Ints | None,
) -> npt.NDArray[np.int64]:
    """Return how many pairs each block can give.

    Args:
        order: Records, those of a block together.
        starts: Where each block starts among them.
        ends: Where it ends.
        side: 0 or 1 for each record where two tables are linked.
    """
    sizes = ends - starts
    if side is None:
        within: npt.NDArray[np.int64] = sizes * (sizes - 1) // 2
        return within
    before = np.concatenate([[0], np.cumsum(side[order], dtype=np.int64)])
    theirs = before[ends] - before[starts]
    across: npt.NDArray[np.int64] = theirs * (sizes - theirs)
    return across


def block_keys(encoded: Encoded, rules: Sequence[Sequence[str]]) -> Keys:
    """Return each record's key under each rule, -1 where a part is missing. Shape (rules, records)."""
    keys = np.empty((len(rules), encoded.records), dtype=np.int64)
    for r, rule in enumerate(rules):
        mix_parts([encoded.parts[part] for part in rule], keys[r])
    return keys


def mix_parts(parts: Sequence[Ints], keys: Keys) -> None:
    """Mix the numbers of several parts into one key, -1 where one is missing; collisions only make a block larger."""
    hashes = keys.view(np.uint64)
    hashes[:] = 0
    for part in parts:
        _mix(hashes, part)
    _halve(keys)
    for part in parts:
        _blank(keys, part)


@compiled
def mixed(h: Any, number: Any) -> Any:
    """Mix a part into a key (SplitMix64's finaliser)."""
    h = (h + np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(32))


@compiled
def halved(key: Any) -> Any:
    """Leave the lowest bit of a key out, so that it is not negative."""
    return (key >> 1) & 0x7FFFFFFFFFFFFFFF


@compiled
def _halve(keys: Array) -> None:
    for i in range(len(keys)):
        keys[i] = halved(keys[i])


@compiled
def _blank(keys: Array, part: Array) -> None:
    for i in range(len(keys)):
        if part[i] < 0:
            keys[i] = -1


@compiled
def _mix(key: Array, part: Array) -> None:
    for i in range(len(key)):
        key[i] = mixed(key[i], part[i])


def blocks_of(sorted_keys: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where blocks of equal keys start and end."""
    if len(sorted_keys) == 0:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    cuts = np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1
    return np.concatenate([[0], cuts]), np.concatenate([cuts, [len(sorted_keys)]])
