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
from washhouse.linkage.columnar import Column, gather, numbered, split_address, standard_column, text_bytes
from washhouse.linkage.fields import BANDS, Field, Kind
from washhouse.linkage.nicknames import name_roots

Ints = npt.NDArray[np.int32]
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
        parts: Parts of fields that records may be blocked on; -1 where unknown. Each of shape (records,).
        standard: Each field's column in its standard form, by the field's name.
        unusable: Values given that say nothing (placeholders, invalid numbers), by field.
    """

    fields: tuple[Field, ...]
    codes: Ints
    features: Ints
    offsets: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    parts: Mapping[str, Ints]
    standard: Mapping[str, Column]
    unusable: Mapping[str, int]

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
        self._count = 0

    def add(self, texts: pa.StringArray, *features: Ints) -> int:
        """Add values with their features, a column each; returns the number of the first."""
        rows = np.full((len(texts), FEATURES), -1, dtype=np.int32)
        for column, values in enumerate(features):
            rows[:, column] = values
        self._texts.append(texts)
        self._features.append(rows)
        self._count += len(texts)
        return self._count - len(texts)

    def features(self) -> Ints:
        """What a comparison needs of the values. Shape (values, `FEATURES`)."""
        return np.concatenate([np.zeros((0, FEATURES), np.int32), *self._features])

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


def encode(columns: Mapping[str, pa.ChunkedArray | pa.Array], fields: Sequence[Field]) -> Encoded:
    """Standardise and dictionary-encode the columns of some records.

    Args:
        columns: Texts of each field, by the field's name, all of one length.
        fields: The fields to encode; each must have a column.

    Returns:
        The records as integers, in the order given.
    """
    values = _Values()
    standard = {f.name: standard_column(columns[f.name], f.standard) for f in fields}
    codes, parts = [], {}
    names = {f.name: standard[f.name] for f in fields if f.kind is Kind.NAME}
    name_index, sounds = _add_names(values, names), _sounds(names)
    for f in fields:
        column = standard[f.name]
        index = name_index[f.name] if f.kind is Kind.NAME else _add_values(values, f, column)
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
        parts=parts,
        standard=standard,
        unusable={name: column.unusable for name, column in standard.items()},
    )


def _unordered(a: Ints, b: Ints) -> Ints:
    """Number the pairs of two parts, whichever comes first."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    _, number = np.unique(low * (int(high.max(initial=0)) + 1) + high, return_inverse=True)
    return np.where(low >= 0, number, -1).astype(np.int32)


def _bands(column: Column) -> Ints:
    """Return the frequency band of each value: 1 rare to 4 common."""
    known = column.codes[column.codes >= 0]
    share = np.bincount(known, minlength=len(column.texts)) / max(len(known), 1)
    return (np.searchsorted(np.array(BANDS), share, side="right") + 1).astype(np.int32)


def _add_names(values: _Values, columns: Mapping[str, Column]) -> dict[str, Ints]:
    """Add the names of all name columns to one dictionary, so that swapped names are seen as equal.

    Features: band as a first name, band as a surname, up to three roots, first and last word, whether it has several.
    Returns the value of each distinct text of each column.
    """
    if not columns:
        return {}
    everything = pa.chunked_array([c.texts for c in columns.values()], pa.string()).unique()
    index = {
        name: pc.index_in(column.texts, value_set=everything).to_numpy(zero_copy_only=False).astype(np.int32)
        for name, column in columns.items()
    }
    bands = {}
    for name, column in columns.items():
        bands[name] = np.ones(len(everything), dtype=np.int32)
        bands[name][index[name]] = _bands(column)
    rare = np.ones(len(everything), dtype=np.int32)
    several = pc.match_substring(everything, " ").to_numpy(zero_copy_only=False)
    joined = pc.replace_substring(everything, " ", "")
    first, last = _first_word(everything), pc.replace_substring_regex(everything, "^.* ", "")
    words = numbered(pa.concat_arrays([pc.if_else(pa.array(several), w, joined) for w in (first, last)]))
    texts = first.to_pylist()
    roots: dict[str, int] = {}
    three = np.full((len(texts), 3), -1, dtype=np.int32)
    for i, text in enumerate(texts):
        for place, root in enumerate(name_roots(text)[:3]):
            three[i, place] = roots.setdefault(root, len(roots))
    base = values.add(
        joined,
        bands.get("first_name", rare),
        bands.get("surname", rare),
        *three.T,
        words[: len(texts)],
        words[len(texts) :],
        several.astype(np.int32),
    )
    return {name: (rows + base).astype(np.int32) for name, rows in index.items()}


def _first_word(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, " .*$", "")


def _add_values(values: _Values, f: Field, column: Column) -> Ints:
    """Add the values of a field that is not a name.

    Features: a date's year, month, day; a postcode's area, district, sector; the value that holds an address's
    numbers, and its words; a word's band. Returns the value of each distinct text.
    """
    texts = column.texts
    rows = np.arange(len(texts), dtype=np.int32)
    nothing = pa.array([""] * len(texts), pa.string())
    if f.kind is Kind.DATE:
        return rows + values.add(nothing, *_date_parts(texts))
    if f.kind is Kind.POSTCODE:
        parts = [standardise.postcode_parts(text) for text in texts.to_pylist()]
        return rows + values.add(texts, *(numbered(pa.array([p[i] for p in parts], pa.string())) for i in range(3)))
    if f.kind is Kind.ADDRESS:
        numbers, words = split_address(texts)
        houses = numbers.unique()
        base = values.add(houses)
        held = pc.index_in(numbers, value_set=houses).to_numpy(zero_copy_only=False).astype(np.int32) + base
        held[pc.equal(numbers, "").to_numpy(zero_copy_only=False)] = -1
        return rows + values.add(words, held, numbered(words))
    if f.kind is Kind.WORD:
        return rows + values.add(texts, _bands(column))
    return rows + values.add(texts if f.kind is Kind.IDENTIFIER else nothing)


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

    whole = {f.name: np.arange(len(texts), dtype=np.int32)}
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
