"""Whose record is this one? A single record against everybody, with the comparison that the nightly run makes.

The same encoding, blocks, kernel and weights as a batch under the same trained model, so that a pair found here weighs
what it weighs in `edge` (tested). Nothing here is written; `pipeline.identifying` keeps what is to be recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.core.nhs_number import parse_nhs_number
from washhouse.linkage.blocking import block_keys
from washhouse.linkage.cluster import MAX_RECORDS
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.explain import waterfall
from washhouse.linkage.fields import Kind
from washhouse.linkage.hashes import name_records
from washhouse.linkage.identify import KEYS, POSSIBLE, SHOWN, Candidate, Identified, check_record
from washhouse.linkage.index import LinkIndex, encode_under
from washhouse.linkage.kernel import compare, levels_of
from washhouse.linkage.model import probability
from washhouse.linkage.scoring import KEPT_EDGE
from washhouse.linkage.similarity import compiled
from washhouse.linkage.superseded import Superseded
from washhouse.linkage.trained import TrainedModel

Array = npt.NDArray[Any]
Said = Mapping[str, Any]
"""A record: texts by field name, see `identify.check_record`."""
_SPARE_VALUES, _SPARE_POINTS, _SPARE_RECORDS = 1 << 16, 1 << 20, 1 << 14
"""Room beside the arrays that is made at a time, for records that come one by one."""
_MOST_WEIGHTS = 1 << 18
"""Weights of patterns that are kept at most."""
_NOBODY = -1
"""Person of a row that was placed and not kept."""


def identify(index: LinkIndex, model: TrainedModel, record: Said) -> Identified:
    """Say who a record may be. Keep a `Finder` to ask more than once.

    Args:
        index: Everybody, with the persons that they are.
        model: The index's trained model.
        record: Texts by field name.

    Raises:
        InputError: `record-invalid`, or `link-model`: the index was made under another model.
    """
    if index.trained.digest != model.digest:
        raise InputError("link-model", "The index was made under another model.", "Link again.")
    return Finder(index).find([record])[0]


@dataclass(frozen=True)
class _Pair:
    """A known record that may be the same person's, and how it compares."""

    row: int
    weight: float
    probability: float
    pattern: int


@dataclass(frozen=True)
class _Facts:
    """Values of the records of one person, by their numbers in the dictionary; see `sensitive`."""

    numbers: frozenset[int]
    sexes: frozenset[int]
    births: frozenset[int]

    def parted_from(self, person: _Facts) -> bool:
        """Does a person have another number than this record; or, where one has none, another sex?"""
        if self.numbers and person.numbers:
            return not person.numbers <= self.numbers
        return bool(self.sexes and person.sexes and not self.sexes & person.sexes)

    def may_be_changed(self, other: _Facts) -> bool:
        """May two candidates of one birth date be one person before and after a change?"""
        if not self.births & other.births or self.numbers & other.numbers:
            return False
        if self.numbers and other.numbers:
            return True
        return bool(self.sexes and other.sexes and not self.sexes & other.sexes)


class Finder:
    """Everybody, ready to be asked about: block keys sorted, room beside the arrays for records that come one by one.

    Safe for threads: one question at a time.

    Args:
        index: Everybody, with the persons that they are.
        superseded: The list of superseded NHS numbers by which the index's records were brought up to date.
    """

    def __init__(self, index: LinkIndex, superseded: Superseded | None = None) -> None:
        if index.persons is None:
            raise ValueError("the index has no persons yet")
        self.trained = index.trained
        self._current = superseded.current if superseded else {}
        self._lock = threading.Lock()
        e = index.encoded
        self._records, self._values, self._points = e.records, len(e.hashes), len(e.points)
        self._codes = _room(e.codes, _SPARE_RECORDS, axis=1)
        self._features = _room(e.features, _SPARE_VALUES)
        self._offsets = _room(e.offsets, _SPARE_VALUES)
        self._characters = _room(e.points, _SPARE_POINTS)
        self._by_hash = np.argsort(e.hashes)
        self._hashes = e.hashes[self._by_hash]
        self._late_values: dict[int, int] = {}
        keys = block_keys(e, self.trained.rules)
        self._order = [np.argsort(row).astype(np.int32) for row in keys]
        self._keys = [row[order] for row, order in zip(keys, self._order, strict=True)]
        self._late_rows: list[dict[int, list[int]]] = [{} for _ in keys]
        coded = index.persons.dictionary_encode()
        self._persons: list[str] = coded.dictionary.to_pylist()
        self._numbers = {person: i for i, person in enumerate(self._persons)}
        self._person = _room(coded.indices.to_numpy().astype(np.int32), _SPARE_RECORDS)
        self._members = np.argsort(self._person[: self._records], kind="stable")
        self._starts = np.searchsorted(self._person[: self._records][self._members], np.arange(len(self._persons) + 1))
        self._late_members: dict[int, list[int]] = {}
        self._names = np.sort(index.names)
        self._by_name = np.argsort(index.names)
        self._late_names: dict[int, int] = {}
        self._rows = {f.name: i for i, f in enumerate(self.trained.fields)}
        self._weights: dict[int, float] = {}
        self._steps = lru_cache(maxsize=65_536)(lambda pattern: tuple(waterfall(self.trained.model, pattern)))

    def persons_of(self, records: Sequence[Mapping[str, str]]) -> list[str | None]:
        """Return the person of each record that is known under its source and id."""
        names = name_records(_table(records))
        with self._lock:
            place = np.minimum(np.searchsorted(self._names, names), max(len(self._names) - 1, 0)).tolist()
            out: list[str | None] = []
            for name, at in zip(names.tolist(), place, strict=True):
                row = self._late_names.get(name)
                if row is None and len(self._names) and int(self._names[at]) == name:
                    row = int(self._by_name[at])
                out.append(None if row is None else self._persons[self._person[row]])
            return out

    def find(self, records: Sequence[Said]) -> list[Identified]:
        """Say who each of some records may be; they are not compared with each other.

        Args:
            records: Texts by field name.

        Raises:
            InputError: `record-invalid`.
        """
        if not records:
            return []
        fresh = encode_under(self._said(records), self.trained)
        with self._lock:
            pairs = self._weighed(self._placed(fresh, stays=False), among=False)
            return [self._decided(i, mine) for i, mine in enumerate(pairs)]

    def take(self, records: Sequence[Said], born: Callable[[int], str]) -> list[tuple[Identified, str]]:
        """Say who each of some records may be, give it a person and let it be found, one after the other.

        Each is compared with everybody and with those before it: the answer is that of asking one by one.

        Args:
            records: Texts by field name, with `source` and `source_id`; none is known yet. One that comes twice here
                has the same person twice.
            born: Gives the id of a new person, founded by the record of that place.

        Returns:
            Who each may be, and the person it was given.

        Raises:
            InputError: `record-invalid`.
        """
        if not records:
            return []
        table = self._said(records)
        fresh = encode_under(table, self.trained)
        taken = []
        with self._lock:
            keys = self._placed(fresh, stays=True)
            pairs = self._weighed(keys, among=True)
            for i, name in enumerate(name_records(table).tolist()):
                found = self._decided(i, pairs[i])
                again = self._late_names.get(name)
                person = found.person_id or born(i) if again is None else self._persons[self._person[again]]
                if again is None:
                    self._give(i, name, person)
                taken.append((found, person))
            self._keep(keys)
        return taken

    def add(self, records: Sequence[Said], person_ids: Sequence[str]) -> None:
        """Let records be found from now on.

        Args:
            records: Texts by field name, with `source` and `source_id`; none is known yet.
            person_ids: The person of each, known or new.
        """
        if not records:
            return
        table = self._said(records)
        fresh = encode_under(table, self.trained)
        with self._lock:
            keys = self._placed(fresh, stays=True)
            for i, (name, person) in enumerate(zip(name_records(table).tolist(), person_ids, strict=True)):
                self._give(i, name, person)
            self._keep(keys)

    def _said(self, records: Sequence[Said]) -> pa.Table:
        """Return what records say, as a table; a superseded NHS number is the one that counts."""
        checked = [check_record(record) for record in records]
        for record in checked:
            number = parse_nhs_number(record.get("nhs_number", ""))
            if number is not None and number in self._current:
                record["nhs_number"] = self._current[number]
        return _table(checked)

    def _placed(self, fresh: Encoded, *, stays: bool) -> Array:
        """Write fresh records beside the known ones and return their block keys. What does not stay is written over."""
        number = np.empty(len(fresh.hashes), dtype=np.int32)
        place = np.searchsorted(self._hashes, fresh.hashes)
        known = place < len(self._hashes)
        known[known] = self._hashes[place[known]] == fresh.hashes[known]
        number[known] = self._by_hash[place[known]]
        values, points = self._values, self._points
        added: list[int] = []
        for i in np.flatnonzero(~known).tolist():
            late = self._late_values.get(int(fresh.hashes[i]))
            number[i] = values + len(added) if late is None else late
            if late is None:
                added.append(i)
        self._make_room(fresh.records, len(added), int(np.diff(fresh.offsets)[added].sum()) if added else 0)
        houses = _houses(fresh)
        for i in added:
            features = fresh.features[i].copy()
            if i in houses and features[0] >= 0:
                features[0] = number[features[0]]
            text = fresh.points[fresh.offsets[i] : fresh.offsets[i + 1]]
            self._features[values] = features
            self._characters[points : points + len(text)] = text
            points += len(text)
            values += 1
            self._offsets[values] = points
            if stays:
                self._late_values[int(fresh.hashes[i])] = values - 1
        rows = slice(self._records, self._records + fresh.records)
        self._person[rows] = _NOBODY
        for f, field in enumerate(fresh.fields):
            own = fresh.codes[f]
            setting = field.kind is Kind.SETTING or not len(number)
            self._codes[f, rows] = own if setting else np.where(own >= 0, number[own], -1)
        if stays:
            self._values, self._points = values, points
        return block_keys(fresh, self.trained.rules)

    def _make_room(self, records: int, values: int, points: int) -> None:
        if self._values + values >= len(self._features):
            self._features = _room(self._features, values + _SPARE_VALUES)
            self._offsets = _room(self._offsets, values + _SPARE_VALUES)
        if self._points + points > len(self._characters):
            self._characters = _room(self._characters, points + _SPARE_POINTS)
        if self._records + records > self._codes.shape[1]:
            self._codes = _room(self._codes, records + _SPARE_RECORDS, axis=1)
            self._person = _room(self._person, records + _SPARE_RECORDS)

    def _give(self, i: int, name: int, person: str) -> None:
        """Give one of the records just placed a person."""
        row = self._records + i
        number = self._numbers.setdefault(person, len(self._persons))
        if number == len(self._persons):
            self._persons.append(person)
        self._person[row] = number
        self._late_members.setdefault(number, []).append(row)
        self._late_names[name] = row

    def _keep(self, keys: Array) -> None:
        """Let those of the records just placed that were given a person be found."""
        first, count = self._records, keys.shape[1]
        given = np.flatnonzero(self._person[first : first + count] != _NOBODY).tolist()
        for rows, mine in zip(self._late_rows, keys.tolist(), strict=True):
            for i in given:
                if mine[i] >= 0:
                    rows.setdefault(mine[i], []).append(first + i)
        self._records += count

    def _weighed(self, keys: Array, *, among: bool) -> list[list[_Pair]]:
        """Compare the records just placed; return each one's pairs worth keeping, the strongest first."""
        left, right = self._pairs(keys, among)
        encoded = Encoded(
            self.trained.fields, self._codes, self._features, self._offsets, self._characters,
            self._hashes, {}, {}, {}, {},
        )  # fmt: skip
        compared = compare(encoded, left, right, self.trained.counts)
        weight = self._weights_of(compared)
        chance = probability(weight)
        order = np.lexsort((left, -weight, right))
        order = order[chance[order] >= KEPT_EDGE]
        found: list[list[_Pair]] = [[] for _ in range(keys.shape[1])]
        columns = ((right - self._records), left, weight, chance, compared)
        for i, *pair in zip(*(column[order].tolist() for column in columns), strict=True):
            found[i].append(_Pair(*pair))
        return found

    def _weights_of(self, compared: Array) -> Array:
        """Return the weight of each pair's pattern; most patterns have been weighed before."""
        patterns, pattern = np.unique(compared, return_inverse=True)
        asked = patterns.tolist()
        if len(self._weights) > _MOST_WEIGHTS:
            self._weights.clear()
        fresh = [each for each in asked if each not in self._weights]
        if fresh:
            weights, _ = self.trained.model.weights(levels_of(np.array(fresh, dtype=np.int64), self.trained.counts))
            self._weights.update(zip(fresh, weights.tolist(), strict=True))
        return np.array([self._weights[each] for each in asked], dtype=np.float64)[pattern]

    def _pairs(self, keys: Array, among: bool) -> tuple[Ints, Ints]:
        """Return the known records that share a block with each new one; with `among`, the new ones before it too."""
        packed = [np.empty(0, dtype=np.int64)]
        limit, first, count = self.trained.max_block_pairs, self._records, keys.shape[1]
        for r, mine in enumerate(keys):
            low = np.searchsorted(self._keys[r], mine)
            high = np.searchsorted(self._keys[r], mine, side="right")
            late, before = self._late_rows[r], dict[int, list[int]]()
            for i, key in enumerate(mine.tolist()):
                if key < 0:
                    high[i] = low[i]
                    continue
                come = [*late.get(key, ()), *before.get(key, ())]
                size = int(high[i] - low[i]) + len(come)
                if among:
                    before.setdefault(key, []).append(first + i)
                if (size + 1) * size // 2 > limit:
                    high[i] = low[i]
                elif come:
                    packed.append(np.array(come, dtype=np.int64) + np.int64(first + i) * (first + count))
            size = int((high - low).sum())
            if size:
                left, right = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
                _expand(self._order[r], low, high, first, left, right)
                packed.append(left + right * (first + count))
        right_row, left_row = np.divmod(np.unique(np.concatenate(packed)), first + count)
        return left_row.astype(np.int32), right_row.astype(np.int32)

    def _decided(self, i: int, pairs: Sequence[_Pair]) -> Identified:
        """Put one record's pairs together by person and decide."""
        mine = self._facts(np.array([self._records + i]))
        others: list[_Facts] = []
        candidates: list[Candidate] = []
        roomy, seen = False, {_NOBODY}
        for pair in pairs:
            person = int(self._person[pair.row])
            if person in seen:
                continue
            seen.add(person)
            members = self._members_of(person)
            theirs = self._facts(members)
            # Nobody is suggested from whom a sensitive change may part the record, or a stronger candidate.
            if mine.parted_from(theirs) or any(other.may_be_changed(theirs) for other in others):
                continue
            others.append(theirs)
            roomy = roomy if candidates else len(members) < MAX_RECORDS
            steps = self._steps(pair.pattern)
            candidates.append(Candidate(self._persons[person], pair.weight, pair.probability, pair.pattern, steps))
            if len(candidates) == SHOWN:
                break
        if not candidates or candidates[0].probability < POSSIBLE:
            return Identified("new", tuple(candidates), None)
        same = roomy and candidates[0].probability >= self.trained.thresholds["strict"]
        return Identified("same" if same else "possible", tuple(candidates), candidates[0].person_id if same else None)

    def _facts(self, rows: Array) -> _Facts:
        """Gather what some records say together."""

        def said(name: str) -> frozenset[int]:
            codes = self._codes[self._rows[name], rows] if name in self._rows else np.empty(0, np.int32)
            return frozenset(codes[codes >= 0].tolist())

        return _Facts(said("nhs_number"), said("sex"), said("birth_date"))

    def _members_of(self, person: int) -> Array:
        """Return the rows of a person's records."""
        early = (
            self._members[self._starts[person] : self._starts[person + 1]]
            if person + 1 < len(self._starts)
            else np.empty(0, np.int64)
        )
        late = self._late_members.get(person)
        return np.concatenate([early, late]) if late else early


@compiled
def _expand(order: Array, low: Array, high: Array, first: int, left: Array, right: Array) -> int:
    """Write the pairs of new records with the rows of their blocks."""
    found = 0
    for i in range(len(low)):
        for x in range(low[i], high[i]):
            left[found] = order[x]
            right[found] = first + i
            found += 1
    return found


def _houses(fresh: Encoded) -> set[int]:
    """Return the values that point at another: addresses, at the one that holds their numbers."""
    rows = [fresh.codes[f] for f, field in enumerate(fresh.fields) if field.kind is Kind.ADDRESS]
    return set(np.concatenate(rows).tolist()) if rows else set()


def _room(array: Array, spare: int, axis: int = 0) -> Array:
    """Return a copy with room for more at the end of an axis."""
    shape = list(array.shape)
    used = shape[axis]
    shape[axis] += spare
    wider = np.zeros(shape, dtype=array.dtype)
    wider[(slice(None),) * axis + (slice(0, used),)] = array
    return wider


def _table(records: Sequence[Said]) -> pa.Table:
    return pa.table({name: pa.array([record.get(name) for record in records], pa.string()) for name in KEYS})
