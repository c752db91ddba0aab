"""How does a table of texts become integers that compiled code can compare?

Every field is dictionary-encoded: each distinct value is brought into its standard form once, and what a comparison
needs of it (parts, frequency band, roots) is kept as a row of integer features. A record is then one integer a field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage import standardise
from washhouse.linkage.columnar import Column, gather, split_address, standard_column, text_bytes
from washhouse.linkage.fields import BANDS, Field, Kind
from washhouse.linkage.hashes import Hashes, hash_columns, numbers_of
from washhouse.linkage.nicknames import name_roots
from washhouse.linkage.threads import spread

Ints = npt.NDArray[np.int32]
Bands = Mapping[str, Mapping[int, int]]
"""For each field the values that are not rare: 64-bit hash of the standard form to band."""
HOUSE = "house numbers"
"""What the values that hold an address's numbers are called among the dictionary's."""
NUMBER_LIMIT = 2**60
"""Thousandths of `near` from which on numbers are only equal or different."""
FEATURES = 8
"""Integers kept for each distinct value; their meaning depends on the kind, see `_features`."""


@dataclass(frozen=True)
class Encoded:
    """Records as integers; row order is the caller's.

    Attributes:
        fields: The fields, in the order of the rows of `codes`.
        codes: Value of each record in each field, -1 where it says nothing. Shape (fields, records).
        features: What a comparison needs of a value. Shape (values, `FEATURES`).
        offsets: Where the characters of a value start in `points`. Shape (values + 1,).
        points: Code points of all values.
        hashes: What each value is, in 64 bits: equal for equal values of one kind, whatever else was encoded.
        parts: Parts of fields that records may be blocked on; -1 where unknown. Each of shape (records,).
        standard: Each field's column in its standard form, by the field's name.
        unusable: Values given that say nothing (placeholders, invalid numbers), by field.
        bands: How common values were taken to be, see `fields.BANDS`.
    """

    fields: tuple[Field, ...]
    codes: Ints
    features: Ints
    offsets: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    hashes: Hashes
    parts: Mapping[str, Ints]
    standard: Mapping[str, Column]
    unusable: Mapping[str, int]
    bands: Bands

    @property
    def records(self) -> int:
        """Number of records."""
        return int(self.codes.shape[1])

    def row(self, name: str) -> int:
        """Return the row of a field in `codes`, -1 if it is absent."""
        return next((i for i, f in enumerate(self.fields) if f.name == name), -1)


class _Values:
    """The dictionary while it grows: characters and features of every value."""

    def __init__(self) -> None:
        self._texts: list[pa.StringArray] = []
        self._features: list[Ints] = []
        self._hashes: list[Hashes] = []
        self._count = 0

    def add(self, hashes: Hashes, texts: pa.StringArray, *features: Ints) -> int:
        """Add values: their hashes, characters and features, a column each; returns the number of the first."""
        rows = np.full((len(texts), FEATURES), -1, dtype=np.int32)
        for column, values in enumerate(features):
            rows[:, column] = values
        self._texts.append(texts)
        self._features.append(rows)
        self._hashes.append(hashes)
        self._count += len(texts)
        return self._count - len(texts)

    def features(self) -> Ints:
        """What a comparison needs of the values. Shape (values, `FEATURES`)."""
        return np.concatenate([np.zeros((0, FEATURES), np.int32), *self._features])

    def hashes(self) -> Hashes:
        """What each value is."""
        return np.concatenate([np.empty(0, np.uint64), *self._hashes])

    def characters(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Where the characters of each value begin, and the code points of all."""
        lengths = [pc.utf8_length(texts).to_numpy(zero_copy_only=False) for texts in self._texts]
        offsets = np.zeros(self._count + 1, dtype=np.int64)
        if lengths:
            np.cumsum(np.concatenate(lengths), out=offsets[1:])
        points = [
            np.frombuffer(text_bytes(texts).decode().encode("utf-32-le"), dtype=np.uint32) for texts in self._texts
        ]
        return offsets, np.concatenate([np.empty(0, np.uint32), *points])


def encode(
    columns: Mapping[str, pa.ChunkedArray | pa.Array],
    fields: Sequence[Field],
    bands: Bands | None = None,
    threads: int = 1,
) -> Encoded:
    """Standardise and dictionary-encode the columns of some records.

    Nothing but `bands` and the order of values depends on the other records: features, parts and hashes follow from
    the value alone.

    Args:
        columns: Texts of each field, by the field's name, all of one length.
        fields: The fields to encode; each must have a column.
        bands: How common values are, from a trained model; counted in the columns if left out.
        threads: Threads to use; the result does not depend on it.

    Returns:
        The records as integers, in the order given.
    """
    values = _Values()
    formed = spread(lambda f: standard_column(columns[f.name], f.standard), fields, threads)
    standard = dict(zip((f.name for f in fields), formed, strict=True))
    codes, parts = [], {}
    names = {f.name: standard[f.name] for f in fields if f.kind is Kind.NAME}
    if bands is None:
        bands = {f.name: _counted(f.name, standard[f.name]) for f in fields if f.kind in (Kind.NAME, Kind.WORD)}
    people = {name: column for name, column in names.items() if name in ("first_name", "surname")}
    name_index, sounds = _add_names(values, people, bands), _sounds(names)
    for name in [name for name in names if name not in people]:
        name_index |= _add_names(values, {name: names[name]}, bands, name)
    for f in fields:
        column = standard[f.name]
        index = name_index[f.name] if f.kind is Kind.NAME else _add_values(values, f, column, bands)
        codes.append(gather(index, column.codes))
        for part, numbers in _block_parts(f, column.texts).items():
            parts[part] = gather(numbers, column.codes)
    parts |= {part: gather(numbers, standard[name].codes) for (name, part), numbers in sounds.items()}
    if {"first_sound", "surname_sound"} <= parts.keys():
        parts["names"] = _unordered(parts["first_sound"], parts["surname_sound"])
    offsets, points = values.characters()
    n = len(next(iter(columns.values()))) if columns else 0
    return Encoded(
        fields=tuple(fields),
        codes=np.stack(codes) if codes else np.zeros((0, n), np.int32),
        features=values.features(),
        offsets=offsets,
        points=points,
        hashes=values.hashes(),
        parts=parts,
        standard=standard,
        unusable={name: column.unusable for name, column in standard.items()},
        bands=bands,
    )


def numbered(texts: pa.StringArray) -> Ints:
    """Number texts, equal ones alike; the number follows from the text alone. An empty one is -1."""
    numbers = numbers_of(hash_columns([texts]))
    numbers[pc.equal(texts, "").to_numpy(zero_copy_only=False)] = -1
    return numbers


def _unordered(a: Ints, b: Ints) -> Ints:
    """Number the pairs of two parts, whichever comes first."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    mixed = (low * np.uint64(0x9E3779B97F4A7C15) + high) * np.uint64(0xBF58476D1CE4E5B9)
    number = numbers_of(mixed ^ (mixed >> np.uint64(29)))
    return np.where(np.minimum(a, b) >= 0, number, -1).astype(np.int32)


def _counted(name: str, column: Column) -> dict[int, int]:
    """Return the frequency band of each value of a column: 2 uncommon to 4 common; a rare one is left out."""
    known = column.codes[column.codes >= 0]
    share = np.bincount(known, minlength=len(column.texts)) / max(len(known), 1)
    band = np.searchsorted(np.array(BANDS), share, side="right") + 1
    common = np.flatnonzero(band > 1)
    hashes = hash_columns([column.texts.take(pa.array(common))], name)
    return dict(zip(hashes.tolist(), band[common].tolist(), strict=True))


def _banded(name: str, texts: pa.StringArray, bands: Bands) -> Ints:
    """Return the frequency band of each text as a value of a field: 1 rare to 4 common."""
    common = bands.get(name, {})
    if not common:
        return np.ones(len(texts), dtype=np.int32)
    keys = np.fromiter(common, np.uint64, len(common))
    order = np.argsort(keys)
    keys, held = keys[order], np.fromiter(common.values(), np.int32, len(common))[order]
    hashes = hash_columns([texts], name)
    place = np.minimum(np.searchsorted(keys, hashes), len(keys) - 1)
    return np.where(keys[place] == hashes, held[place], 1).astype(np.int32)


def _add_names(
    values: _Values, columns: Mapping[str, Column], bands: Bands, banded: str = "first_name"
) -> dict[str, Ints]:
    """Add the names of some name columns to one dictionary, so that swapped names are seen as equal.

    Features: band in the field `banded`, band as a surname, up to three roots, first and last word, whether it has
    several. Returns the value of each distinct text of each column.
    """
    if not columns:
        return {}
    everything = pa.chunked_array([c.texts for c in columns.values()], pa.string()).unique()
    index = {
        name: pc.index_in(column.texts, value_set=everything).to_numpy(zero_copy_only=False).astype(np.int32)
        for name, column in columns.items()
    }
    several = pc.match_substring(everything, " ").to_numpy(zero_copy_only=False)
    joined = pc.replace_substring(everything, " ", "")
    first, last = _first_word(everything), pc.replace_substring_regex(everything, "^.* ", "")
    words = numbered(pa.concat_arrays([pc.if_else(pa.array(several), w, joined) for w in (first, last)]))
    few = first.dictionary_encode()
    roots = [[*name_roots(word)[:3], "", "", ""][:3] for word in few.dictionary.to_pylist()]
    flat = numbered(pa.array([root for three in roots for root in three], pa.string())).reshape(-1, 3)
    three = flat[few.indices.to_numpy(zero_copy_only=False)]
    base = values.add(
        hash_columns([everything], "name"),
        joined,
        _banded(banded, everything, bands),
        _banded("surname", everything, bands),
        *three.T,
        words[: len(everything)],
        words[len(everything) :],
        several.astype(np.int32),
    )
    return {name: (rows + base).astype(np.int32) for name, rows in index.items()}


def _first_word(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, " .*$", "")


def _add_values(values: _Values, f: Field, column: Column, bands: Bands) -> Ints:
    """Add the values of a field that is not a name.

    Features: a date's year, month, day; a postcode's area, district, sector; the value that holds an address's
    numbers, and its words; a word's band; a number's high and low part. Returns the value of each distinct text.
    """
    texts = column.texts
    rows = np.arange(len(texts), dtype=np.int32)
    hashes = hash_columns([texts], f.name)
    nothing = pa.array([""] * len(texts), pa.string())
    if f.kind is Kind.DATE:
        return rows + values.add(hashes, nothing, *_date_parts(texts))
    if f.kind is Kind.POSTCODE:
        parts = [standardise.postcode_parts(text) for text in texts.to_pylist()]
        places = (numbered(pa.array([p[i] for p in parts], pa.string())) for i in range(3))
        return rows + values.add(hashes, texts, *places)
    if f.kind is Kind.ADDRESS:
        numbers, words = split_address(texts)
        houses = numbers.unique()
        base = values.add(hash_columns([houses], HOUSE), houses)
        held = pc.index_in(numbers, value_set=houses).to_numpy(zero_copy_only=False).astype(np.int32) + base
        held[pc.equal(numbers, "").to_numpy(zero_copy_only=False)] = -1
        return rows + values.add(hashes, words, held, numbered(words))
    if f.kind is Kind.NUMBER:
        return rows + values.add(hashes, nothing, *_number_parts(texts, f.near))
    if f.kind is Kind.WORD:
        return rows + values.add(hashes, texts, _banded(f.name, texts, bands))
    if f.kind is Kind.SPAN:
        return rows + values.add(hashes, nothing, *_span_days(texts))
    return rows + values.add(hashes, texts if f.kind is Kind.IDENTIFIER else nothing)


def _number_parts(texts: pa.StringArray, near: float) -> tuple[Ints, Ints]:
    """Return standard numbers in thousandths of `near`, as the high and the low 31 bits."""
    numbers = np.array([float(text) for text in texts.to_pylist()], dtype=np.float64)
    units = np.rint(np.clip(numbers / near * 1000.0, -NUMBER_LIMIT, NUMBER_LIMIT)).astype(np.int64)
    return (units >> 31).astype(np.int32), (units & 0x7FFFFFFF).astype(np.int32)


def _span_days(texts: pa.StringArray) -> tuple[Ints, Ints]:
    """Return the first day and the day after the last of standard spans, days since 1970; an open end is far away."""
    ends = pc.split_pattern(texts, "/")
    days = (pc.strptime(pc.list_element(ends, i), format="%Y-%m-%d", unit="s", error_is_null=True) for i in (0, 1))
    first, last = (pc.cast(pc.cast(d, pa.date32()), pa.int32()) for d in days)
    far = np.iinfo(np.int32).max // 2
    return pc.fill_null(first, -far).to_numpy(), pc.fill_null(last, far).to_numpy()


def _date_parts(texts: pa.StringArray) -> tuple[Ints, Ints, Ints]:
    """Return year, month and day of standard dates; a part that is not known is 0."""
    digits = np.frombuffer(text_bytes(texts), dtype=np.uint8).reshape(-1, 10).astype(np.int32) - ord("0")
    year = digits[:, :4] @ np.array([1000, 100, 10, 1], dtype=np.int32)
    return year, digits[:, 5] * 10 + digits[:, 6], digits[:, 8] * 10 + digits[:, 9]


def _sounds(columns: Mapping[str, Column]) -> dict[tuple[str, str], Ints]:
    """Return the sound of each distinct name, numbered alike for first names and surnames: they may be swapped."""
    found: dict[tuple[str, str], list[str]] = {}
    if "first_name" in columns:
        texts = _first_word(columns["first_name"].texts).to_pylist()
        found["first_name", "first_sound"] = [standardise.phonetic(text) for text in texts]
    if "surname" in columns:
        texts = columns["surname"].texts.to_pylist()
        found["surname", "surname_sound"] = [standardise.phonetic(text) for text in texts]
    if not found:
        return {}
    numbers = numbered(pa.array([sound for sounds in found.values() for sound in sounds], pa.string()))
    ends = np.cumsum([len(sounds) for sounds in found.values()])[:-1]
    return dict(zip(found, np.split(numbers, ends), strict=True))


def _block_parts(f: Field, texts: pa.StringArray) -> dict[str, Ints]:
    """Return, for each part that records may be blocked on, its number for each distinct text."""

    def of_each(function: Callable[[str], str], words: pa.StringArray) -> Ints:
        few = words.dictionary_encode()
        numbers = numbered(pa.array([function(word) for word in few.dictionary.to_pylist()], pa.string()))
        return gather(numbers, few.indices.to_numpy(zero_copy_only=False))

    whole = {f.name: numbered(texts)}
    if f.name == "first_name":
        first = _first_word(texts)
        return whole | {
            "first_root": of_each(lambda word: name_roots(word)[0], first),
            "first_initial": numbered(pc.utf8_slice_codeunits(texts, 0, 1)),
        }
    if f.name == "surname":
        return whole | {
            "surname_start": numbered(pc.utf8_slice_codeunits(texts, 0, 4)),
            "surname_initial": numbered(pc.utf8_slice_codeunits(texts, 0, 1)),
        }
    if f.name == "birth_date":
        year, month, day = _date_parts(texts)
        dated = (month > 0) & (day > 0)
        return {
            "birth_date": np.where(dated & (year > 0), (year * 13 + month) * 32 + day, -1).astype(np.int32),
            "birth_year": np.where(year > 0, year, -1).astype(np.int32),
            "birth_month": np.where((year > 0) & (month > 0), year * 13 + month, -1).astype(np.int32),
            "birth_day_month": np.where(dated, month * 32 + day, -1).astype(np.int32),
        }
    if f.name == "postcode":
        parts = [standardise.postcode_parts(text) for text in texts.to_pylist()]
        return whole | {
            "postcode_district": numbered(pa.array([p[1] for p in parts], pa.string())),
            "postcode_sector": numbered(pa.array([p[2] for p in parts], pa.string())),
        }
    if f.kind is Kind.ADDRESS:
        return whole | {"house": numbered(split_address(texts)[0])}
    return whole


SETTING = Field("sources", Kind.SETTING, "setting", lambda text: text or None)
"""Which sources a pair joins: two records of one well-kept list are rarely one person."""


def with_setting(encoded: Encoded, sources: Ints) -> Encoded:
    """Add the source of each record as a further field; pairs inside each source are told from pairs across.

    Args:
        encoded: The records.
        sources: Number of each record's source, from 0.
    """
    return replace(
        encoded,
        fields=(*encoded.fields, SETTING),
        codes=np.concatenate([encoded.codes, sources.astype(np.int32)[None, :]]),
        unusable=dict(encoded.unusable),
    )
