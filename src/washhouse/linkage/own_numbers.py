"""Which NHS numbers are people's own, and which are a slip of the pen?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.hashes import Hashes, hash_columns, name_records, places
from washhouse.linkage.sensitive import REGISTER, Flags

Codes = npt.NDArray[np.integer[Any]]
"""Numbers of people, -1 for nobody."""


class OwnNumbers:
    """The NHS numbers that are people's own; people are told by numbers, in one pass over all records.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        membership: Spans of every record, see `tables.MEMBERSHIP`.
    """

    def __init__(self, identities: pa.Table, membership: pa.Table) -> None:
        current = membership.filter(pc.is_null(membership.column("valid_to")))
        holder = pc.dictionary_encode(current.column("person_id")).combine_chunks()
        self._names = name_records(current)
        self._holder: Codes = holder.indices.to_numpy()
        self._people = holder.dictionary
        said = identities.select(["source", "source_id", "nhs_number"])
        said = said.filter(pc.is_valid(said.column("nhs_number")))
        person = self.holders(name_records(said))
        number = hash_columns([said.column("nhs_number")])
        registered = pc.equal(said.column("source"), REGISTER).to_numpy()
        # Side by side lie the records that bear one number, among them those of one person.
        order = np.lexsort((person, number))
        order = order[person[order] >= 0]
        person, number, registered = person[order], number[order], registered[order]
        starts = _starts(number, person)
        self._person, self._number = person[starts], number[starts]
        self._text = said.column("nhs_number").take(pa.array(order[starts]))
        sizes = np.diff(np.append(starts, len(order)))
        on_list = np.add.reduceat(registered, starts, dtype=np.int64) > 0 if len(starts) else np.empty(0, bool)
        # Whoever is registered under a number has more claim to it than whoever bears it on however many records.
        claim = sizes + on_list * np.int64(len(order) + 1)
        self._is_slip = claim < _best(claim, self._number)

    def holders(self, names: Hashes) -> Codes:
        """Return the person of each record that is named, see `hashes.name_records`; -1 where it has none."""
        row = places(names, self._names)
        found: Codes = np.where(row >= 0, self._holder[row], -1) if len(self._holder) else row
        return found

    def of(self, people: Collection[str]) -> dict[str, set[str]]:
        """Return the numbers of some people, as far as they are their own; people without one are left out."""
        return self._told(people, ~self._is_slip)

    def borne_by(self, people: Collection[str]) -> dict[str, set[str]]:
        """Return all numbers that the records of some people bear; people without one are left out."""
        return self._told(people, np.ones(len(self._person), dtype=bool))

    def _told(self, people: Collection[str], wanted: Flags) -> dict[str, set[str]]:
        asked = pc.is_in(self._people, value_set=pa.array(sorted(people), pa.string())).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(wanted & asked[self._person])
        numbers: dict[str, set[str]] = {}
        names = self._people.take(pa.array(self._person[rows])).to_pylist()
        for person, number in zip(names, self._text.take(pa.array(rows)).to_pylist(), strict=True):
            numbers.setdefault(person, set()).add(number)
        return numbers

    def differ(self, one: Codes, other: Codes) -> Flags:
        """Say of couples of people whether each has a number of its own, and none is both people's."""
        own = np.flatnonzero(~self._is_slip)
        own = own[np.argsort(self._person[own], kind="stable")]
        person, number = self._person[own], self._number[own]
        bounds = np.searchsorted(person, np.arange(len(self._people) + 1))
        first = np.append(number, np.uint64(0))[bounds[:-1]] if len(self._people) else np.empty(0, np.uint64)
        held = np.diff(bounds)
        differ = np.zeros(len(one), dtype=bool)
        known = np.flatnonzero((one >= 0) & (other >= 0))
        known = known[(held[one[known]] > 0) & (held[other[known]] > 0)]
        differ[known] = first[one[known]] != first[other[known]]
        for row in known[(held[one[known]] > 1) | (held[other[known]] > 1)].tolist():
            mine, theirs = (number[bounds[who] : bounds[who + 1]] for who in (one[row], other[row]))
            differ[row] = not np.isin(mine, theirs).any()
        return differ


def _starts(*keys: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return where another combination of keys begins; equal ones lie side by side."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64)
    other = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.append(0, np.flatnonzero(other) + 1)


def _best(claim: npt.NDArray[np.int64], number: Hashes) -> npt.NDArray[np.int64]:
    """Return the strongest claim to each number; equal numbers lie side by side."""
    starts = _starts(number)
    if not len(starts):
        return claim
    best: npt.NDArray[np.int64] = np.maximum.reduceat(claim, starts)
    return np.repeat(best, np.diff(np.append(starts, len(claim))))
