"""Whose record is this one? A single record against everybody, with the comparison that the nightly run makes.

The same encoding, blocks, kernel and weights as a batch under the same trained model, so that a pair found here weighs
what it weighs in `edge` (tested). Nothing here is written; `pipeline.identifying` keeps what is to be recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.linkage.blocking import block_keys
from washhouse.linkage.cluster import MAX_RECORDS
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.explain import Step, waterfall
from washhouse.linkage.fields import FIELDS, Kind
from washhouse.linkage.index import KEPT_EDGE, LinkIndex, encode_under, name_records
from washhouse.linkage.kernel import compare, levels_of
from washhouse.linkage.model import probability
from washhouse.linkage.similarity import compiled
from washhouse.linkage.trained import TrainedModel

Array = npt.NDArray[Any]
POSSIBLE = 0.1
"""From this probability on a candidate is worth a look; below it the record is taken for somebody new."""
SHOWN = 5
"""Candidates given at most."""
KEYS = ("source", "source_id", *FIELDS)
"""What a record may say."""
LONGEST = 500
"""Longest value, in characters."""
_SPARE_VALUES, _SPARE_POINTS, _SPARE_RECORDS = 4096, 1 << 16, 1024

Decision = Literal["same", "possible", "new"]


@dataclass(frozen=True)
class Candidate:
    """A person whose record may be this one.

    Attributes:
        person_id: The person.
        weight: Weight of the strongest pair, bits.
        probability: Its probability to be one person, 0 to 1.
        pattern: How that pair compares.
        steps: The weight told field by field.
    """

    person_id: str
    weight: float
    probability: float
    pattern: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Identified:
    """Who a record may be.

    Attributes:
        decision: `same`: the strongest candidate, from the strict threshold on; `possible`: somebody should look;
            `new`: nobody known.
        candidates: People, the strongest first; nobody with another valid NHS number than the record's.
        person_id: The person, where the decision is `same`.
    """

    decision: Decision
    candidates: tuple[Candidate, ...]
    person_id: str | None


def check_record(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what a record says, blanks left out.

    Args:
        record: Texts by field name, see `KEYS`; null or blank for what is not known.

    Raises:
        InputError: `record-invalid`: an unknown field, a value that is no text or too long, or nothing to compare.
    """
    if not isinstance(record, Mapping):
        raise InputError("record-invalid", "A record is an object of fields and texts.", f"Fields: {', '.join(KEYS)}.")
    unknown = sorted(str(name)[:40] for name in record if name not in KEYS)
    if unknown:
        raise InputError(
            "record-invalid", "The record has a field that is not known.", f"Known fields: {', '.join(KEYS)}."
        )
    said = {}
    for name, value in record.items():
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value or not _is_text(value):
            raise InputError("record-invalid", f"{name} is no text of at most {LONGEST} characters.")
        if value.strip():
            said[name] = value
    if not any(name in FIELDS for name in said):
        raise InputError("record-invalid", "The record says nothing to compare.", f"Fields: {', '.join(FIELDS)}.")
    return said


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def identify(index: LinkIndex, model: TrainedModel, record: Mapping[str, str]) -> Identified:
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


@compiled
def _expand(order: Array, low: Array, high: Array, first: int, left: Array, right: Array) -> int:
    """Write the pairs of new records with the rows of their blocks; with empty outputs count them."""
    found = 0
    for i in range(len(low)):
        if len(left) == 0:
            found += high[i] - low[i]
            continue
        for x in range(low[i], high[i]):
            left[found] = order[x]
            right[found] = first + i
            found += 1
    return found


class Finder:
    """Everybody, ready to be asked about: block keys sorted, room beside the arrays for records that come one by one.

    Safe for threads: one question at a time.

    Args:
        index: Everybody, with the persons that they are.
    """

    def __init__(self, index: LinkIndex) -> None:
        if index.persons is None:
            raise ValueError("the index has no persons yet")
        self.trained = index.trained
        self._lock = threading.Lock()
        e = index.encoded
        self._records, self._values, self._points = e.records, len(e.hashes), len(e.points)
        self._codes = _room(e.codes, _SPARE_RECORDS, axis=1)
        self._features = _room(e.features, _SPARE_VALUES)
        self._offsets = _room(e.offsets, _SPARE_VALUES)
        self._characters = _room(e.points, _SPARE_POINTS)
        self._by_hash = np.argsort(e.hashes)
        self._hashes = e.hashes[self._by_hash]
        self._late: dict[int, int] = {}
        keys = block_keys(e, self.trained.rules)
        self._order = [np.argsort(row).astype(np.int32) for row in keys]
        self._keys = [row[order] for row, order in zip(keys, self._order, strict=True)]
        self._late_keys = np.empty((len(keys), 0), dtype=np.int64)
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
        self._fields = tuple(f for f in self.trained.fields if f.kind is not Kind.SETTING)
        self._number_row = next((i for i, f in enumerate(self.trained.fields) if f.name == "nhs_number"), -1)
        self._steps = lru_cache(maxsize=65_536)(lambda pattern: tuple(waterfall(self.trained.model, pattern)))

    @property
    def records(self) -> int:
        """Records that can be found."""
        return self._records

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

    def find(self, records: Sequence[Mapping[str, Any]]) -> list[Identified]:
        """Say who each of some records may be; they are not compared with each other.

        Args:
            records: Texts by field name, see `check_record`.

        Raises:
            InputError: `record-invalid`.
        """
        if not records:
            return []
        table = _table([check_record(record) for record in records])
        fresh = encode_under(table, self.trained)
        with self._lock:
            return self._found(self._placed(fresh), len(records))

    def add(self, records: Sequence[Mapping[str, Any]], person_ids: Sequence[str]) -> None:
        """Let records be found from now on.

        Args:
            records: Texts by field name, with `source` and `source_id`.
            person_ids: The person of each, known or new.
        """
        if not records:
            return
        table = _table([check_record(record) for record in records])
        fresh = encode_under(table, self.trained)
        with self._lock:
            keys = self._placed(fresh, stays=True)
            self._late_keys = np.concatenate([self._late_keys, keys], axis=1)
            for name, person in zip(name_records(table).tolist(), person_ids, strict=True):
                number = self._numbers.setdefault(person, len(self._persons))
                if number == len(self._persons):
                    self._persons.append(person)
                self._person[self._records] = number
                self._late_members.setdefault(number, []).append(self._records)
                self._late_names[name] = self._records
                self._records += 1

    def sharing(self, records: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Say of each of some records whether it shares a block with an earlier one of them."""
        if len(records) < 2:
            return [False] * len(records)
        keys = block_keys(encode_under(_table([check_record(r) for r in records]), self.trained), self.trained.rules)
        shares = np.zeros(len(records), dtype=bool)
        for row in keys:
            again = np.ones(len(row), dtype=bool)
            again[np.unique(row, return_index=True)[1]] = False
            shares |= again & (row >= 0)
        found: list[bool] = shares.tolist()
        return found

    def _placed(self, fresh: Encoded, stays: bool = False) -> Array:
        """Write fresh records beside the known ones and return their block keys. What does not stay is written over."""
        number = np.empty(len(fresh.hashes), dtype=np.int32)
        place = np.searchsorted(self._hashes, fresh.hashes)
        known = place < len(self._hashes)
        known[known] = self._hashes[place[known]] == fresh.hashes[known]
        number[known] = self._by_hash[place[known]]
        values, points = self._values, self._points
        added: list[int] = []
        for i in np.flatnonzero(~known).tolist():
            late = self._late.get(int(fresh.hashes[i]))
            number[i] = values + len(added) if late is None else late
            if late is None:
                added.append(i)
        size = int(np.diff(fresh.offsets)[added].sum()) if added else 0
        if values + len(added) > len(self._features):
            self._features = _room(self._features, len(added) + _SPARE_VALUES)
            self._offsets = _room(self._offsets, len(added) + _SPARE_VALUES)
        if points + size > len(self._characters):
            self._characters = _room(self._characters, size + _SPARE_POINTS)
        if self._records + fresh.records > self._codes.shape[1]:
            self._codes = _room(self._codes, fresh.records + _SPARE_RECORDS, axis=1)
            self._person = _room(self._person, fresh.records + _SPARE_RECORDS)
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
                self._late[int(fresh.hashes[i])] = values - 1
        rows = slice(self._records, self._records + fresh.records)
        for f, field in enumerate(fresh.fields):
            own = fresh.codes[f]
            setting = field.kind is Kind.SETTING or not len(number)
            self._codes[f, rows] = own if setting else np.where(own >= 0, number[own], -1)
        if stays:
            self._values, self._points = values, points
        return block_keys(fresh, self.trained.rules)

    def _found(self, keys: Array, count: int) -> list[Identified]:
        left, right = self._pairs(keys, count)
        encoded = Encoded(
            self.trained.fields, self._codes, self._features, self._offsets, self._characters,
            self._hashes, {}, {}, {}, {},
        )  # fmt: skip
        compared = compare(encoded, left, right, self.trained.counts)
        patterns, pattern = np.unique(compared, return_inverse=True)
        weights, _ = self.trained.model.weights(levels_of(patterns, self.trained.counts))
        weight = weights[pattern]
        kept = probability(weight) >= KEPT_EDGE
        left, right, compared, weight = left[kept], right[kept], compared[kept], weight[kept]
        order = np.lexsort((left, -weight, right))
        ends = np.searchsorted(right[order], self._records + np.arange(count + 1))
        chances = probability(weight)
        out = []
        for i in range(count):
            mine = order[ends[i] : ends[i + 1]]
            out.append(self._decided(i, left[mine], weight[mine], chances[mine], compared[mine]))
        return out

    def _pairs(self, keys: Array, count: int) -> tuple[Ints, Ints]:
        """Return the known records that share a block with each new one."""
        packed = [np.empty(0, dtype=np.int64)]
        nothing = np.empty(0, dtype=np.int32)
        limit, first = self.trained.max_block_pairs, self._records
        for r, mine in enumerate(keys):
            low = np.searchsorted(self._keys[r], mine)
            high = np.searchsorted(self._keys[r], mine, side="right")
            late = [np.flatnonzero(self._late_keys[r] == key) for key in mine.tolist()] if self._late_keys.size else []
            size = high - low + (np.array([len(rows) for rows in late], dtype=np.int64) if late else 0)
            skipped = (mine < 0) | ((size + 1) * size // 2 > limit)
            high = np.where(skipped, low, high)
            found = _expand(self._order[r], low, high, first, nothing, nothing)
            if found:
                left, right = np.empty(found, dtype=np.int32), np.empty(found, dtype=np.int32)
                _expand(self._order[r], low, high, first, left, right)
                packed.append(left.astype(np.int64) + right.astype(np.int64) * (first + count))
            base = len(self._by_name)
            packed += [
                (rows + base) + np.int64(first + i) * (first + count)
                for i, rows in enumerate(late)
                if len(rows) and not skipped[i]
            ]
        right_row, left_row = np.divmod(np.unique(np.concatenate(packed)), first + count)
        return left_row.astype(np.int32), right_row.astype(np.int32)

    def _decided(self, i: int, rows: Ints, weight: Array, chances: Array, compared: Array) -> Identified:
        """Put one record's pairs together by person and decide."""
        number = self._codes[self._number_row, self._records + i] if self._number_row >= 0 else -1
        candidates: list[Candidate] = []
        best, seen = None, set()
        for row, w, p, pattern in zip(rows.tolist(), weight.tolist(), chances.tolist(), compared.tolist(), strict=True):
            person = int(self._person[row])
            if person in seen:
                continue
            seen.add(person)
            members = self._members_of(person)
            held = self._codes[self._number_row, members] if self._number_row >= 0 else np.empty(0, np.int32)
            # Whoever has another NHS number is never suggested: it may be one person across a sensitive change.
            if number >= 0 and ((held >= 0) & (held != number)).any():
                continue
            candidates.append(Candidate(self._persons[person], w, p, pattern, self._steps(pattern)))
            if best is None:
                best = len(members) < MAX_RECORDS
            if len(candidates) == SHOWN:
                break
        if not candidates or candidates[0].probability < POSSIBLE:
            return Identified("new", tuple(candidates), None)
        same = bool(best) and candidates[0].probability >= self.trained.thresholds["strict"]
        return Identified("same" if same else "possible", tuple(candidates), candidates[0].person_id if same else None)

    def _members_of(self, person: int) -> Array:
        early = (
            self._members[self._starts[person] : self._starts[person + 1]]
            if person + 1 < len(self._starts)
            else np.empty(0, np.int64)
        )
        late = self._late_members.get(person)
        return np.concatenate([early, late]) if late else early


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


def _table(records: Sequence[Mapping[str, str]]) -> pa.Table:
    return pa.table({name: pa.array([record.get(name) for record in records], pa.string()) for name in KEYS})
