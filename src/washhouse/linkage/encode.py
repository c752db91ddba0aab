"""How does a table of texts become integers that compiled code can compare?

Every field is dictionary-encoded: each distinct value is brought into its standard form once, and what a comparison
needs of it (parts, frequency band, roots) is kept as a row of integer features. A record is then one integer a field.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage import standardise
from washhouse.linkage.fields import BANDS, Field, Kind
from washhouse.linkage.nicknames import name_roots

Ints = npt.NDArray[np.int32]
FEATURES = 8
_PADDING = (-1,) * FEATURES
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
        texts: Standard form of each value.
        parts: Parts of fields that records may be blocked on; -1 where unknown. Each of shape (records,).
        unusable: Values given that say nothing (placeholders, invalid numbers), by field.
    """

    fields: tuple[Field, ...]
    codes: Ints
    features: Ints
    offsets: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    texts: tuple[str, ...]
    parts: Mapping[str, Ints]
    unusable: Mapping[str, int]

    @property
    def records(self) -> int:
        """Number of records."""
        return int(self.codes.shape[1])

    def row(self, name: str) -> int:
        """Return the row of a field in `codes`, -1 if it is absent."""
        return next((i for i, f in enumerate(self.fields) if f.name == name), -1)


@dataclass
class _Values:
    """The dictionary while it grows: texts and features; plain numbers for anything shared by values."""

    texts: list[str] = field(default_factory=list)
    features: array[int] = field(default_factory=lambda: array("i"))
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, text: str, features: Sequence[int]) -> int:
        self.texts.append(text)
        self.features.extend((*features, *_PADDING[len(features) :]))
        return len(self.texts) - 1

    def number(self, what: str, text: str) -> int:
        """Return the number of a shared part; equal parts have equal numbers."""
        return self.numbers.setdefault((what, text), len(self.numbers)) if text else -1


def encode(columns: Mapping[str, pa.ChunkedArray | pa.Array], fields: Sequence[Field]) -> Encoded:
    """Standardise and dictionary-encode the columns of some records.

    Args:
        columns: Texts of each field, by the field's name, all of one length.
        fields: The fields to encode; each must have a column.

    Returns:
        The records as integers, in the order given.
    """
    values = _Values()
    standard = {f.name: _standard_codes(columns[f.name], f) for f in fields}
    codes, parts, unusable = [], {}, {}
    names = [f for f in fields if f.kind is Kind.NAME]
    name_values = _add_names(values, {f.name: standard[f.name] for f in names})
    for f in fields:
        local, texts, lost = standard[f.name]
        unusable[f.name] = lost
        if f.kind is Kind.NAME:
            index = np.array([name_values[t] for t in texts], dtype=np.int32)
        else:
            bands = _bands(local, len(texts))
            index = np.array(
                [_add_value(values, f, t, int(bands[i])) for i, t in enumerate(texts)],
                dtype=np.int32,
            )
        codes.append(_gather(index, local))
        for part, numbers in _block_parts(values, f, texts).items():
            parts[part] = _gather(numbers, local)
    if {"first_sound", "surname_sound"} <= parts.keys():
        parts["names"] = _unordered(parts["first_sound"], parts["surname_sound"])
    offsets = np.zeros(len(values.texts) + 1, dtype=np.int64)
    np.cumsum([len(t) for t in values.texts], out=offsets[1:])
    n = len(next(iter(columns.values()))) if columns else 0
    return Encoded(
        fields=tuple(fields),
        codes=np.stack(codes) if codes else np.zeros((0, n), np.int32),
        features=np.frombuffer(values.features, dtype=np.int32).reshape(-1, FEATURES),
        offsets=offsets,
        points=np.frombuffer("".join(values.texts).encode("utf-32-le"), dtype=np.uint32),
        texts=tuple(values.texts),
        parts=parts,
        unusable=unusable,
    )


def _standard_codes(column: pa.ChunkedArray | pa.Array, f: Field) -> tuple[Ints, list[str], int]:
    """Return each record's code, the distinct standard texts (by first use) and how many values say nothing."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_string(array.type):
        array = pc.cast(array, pa.string())
    coded = array.dictionary_encode()
    raw = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    numbers: dict[str, int] = {}
    index = np.empty(len(coded.dictionary), dtype=np.int32)
    blank = np.zeros(len(coded.dictionary), dtype=bool)
    for i, text in enumerate(coded.dictionary.to_pylist()):
        said = f.standard(text) if text.strip() else None
        blank[i] = not text.strip()
        index[i] = -1 if said is None else numbers.setdefault(said, len(numbers))
    codes = _gather(index, raw)
    lost = int(((raw >= 0) & (codes < 0)).sum() - (_gather(blank.astype(np.int32), raw) == 1).sum())
    return codes, list(numbers), lost


def _gather(index: Ints, codes: Ints) -> Ints:
    """Look codes up in an index; -1 stays -1."""
    if len(index) == 0:
        return np.full(len(codes), -1, dtype=np.int32)
    return np.where(codes >= 0, index[codes], -1).astype(np.int32)


def _unordered(a: Ints, b: Ints) -> Ints:
    """Number the pairs of two parts, whichever comes first."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    _, number = np.unique(low * (int(high.max(initial=0)) + 1) + high, return_inverse=True)
    return np.where(low >= 0, number, -1).astype(np.int32)


def _bands(codes: Ints, values: int) -> Ints:
    """Return the frequency band of each value: 1 rare to 4 common."""
    known = codes[codes >= 0]
    share = np.bincount(known, minlength=values) / max(len(known), 1)
    return (np.searchsorted(np.array(BANDS), share, side="right") + 1).astype(np.int32)


def _add_names(values: _Values, columns: Mapping[str, tuple[Ints, list[str], int]]) -> dict[str, int]:
    """Add the names of all name columns to one dictionary, so that swapped names are seen as equal.

    Features: band as a first name, band as a surname, up to three roots, first and last word, length.
    """
    bands = {
        column: dict(zip(texts, _bands(codes, len(texts)), strict=True))
        for column, (codes, texts, _) in columns.items()
    }
    everything = dict.fromkeys(t for _, texts, _ in columns.values() for t in texts)
    index = {}
    for text in everything:
        words = text.split()
        roots = [values.number("root", r) for r in name_roots(words[0])[:3]]
        several = len(words) > 1
        joined = "".join(words)
        index[text] = values.add(
            joined,
            [
                int(bands.get("first_name", {}).get(text, 1)),
                int(bands.get("surname", {}).get(text, 1)),
                *roots,
                *[-1] * (3 - len(roots)),
                values.number("word", words[0] if several else joined),
                values.number("word", words[-1] if several else joined),
                1 if several else 0,
            ],
        )
    return index


def _add_value(values: _Values, f: Field, text: str, band: int) -> int:
    """Add one value of a field that is not a name.

    Features: a date's year, month, day; a postcode's area, district, sector; the value that holds an address's
    numbers, and its words; a word's band.
    """
    if f.kind is Kind.DATE:
        return values.add("", [int(p) for p in text.split("-")])
    if f.kind is Kind.POSTCODE:
        return values.add(text, [values.number("place", p) for p in standardise.postcode_parts(text)])
    if f.kind is Kind.ADDRESS:
        numbers, words = standardise.address_parts(text)
        held = values.numbers.get(("house", numbers), -1)
        if held < 0 and numbers:
            held = values.numbers[("house", numbers)] = values.add(numbers, [])
        return values.add(words, [held, values.number("street", words)])
    if f.kind is Kind.WORD:
        return values.add(text, [band])
    return values.add(text if f.kind is Kind.IDENTIFIER else "", [])


def _block_parts(values: _Values, f: Field, texts: Sequence[str]) -> dict[str, Ints]:
    """Return, for each part that records may be blocked on, its number for each distinct text."""

    def numbers(part: str, of: Sequence[str]) -> Ints:
        return np.array([values.number(part, t) for t in of], dtype=np.int32)

    whole = {f.name: np.arange(len(texts), dtype=np.int32)}
    if f.name == "first_name":
        first = [t.split()[0] for t in texts]
        return whole | {
            "first_root": numbers("root", [name_roots(w)[0] for w in first]),
            "first_initial": numbers("initial", [t[:1] for t in texts]),
            "first_sound": numbers("sound", [standardise.phonetic(w) for w in first]),
        }
    if f.name == "surname":
        return whole | {
            "surname_sound": numbers("sound", [standardise.phonetic(t) for t in texts]),
            "surname_start": numbers("start", [t[:4] for t in texts]),
            "surname_initial": numbers("initial", [t[:1] for t in texts]),
        }
    if f.name == "birth_date":
        full = [t if "00" not in (t[5:7], t[8:]) and t[:4] != "0000" else "" for t in texts]
        return {
            "birth_date": numbers("date", full),
            "birth_year": numbers("year", [t[:4] if t[:4] != "0000" else "" for t in texts]),
            "birth_month": numbers("month", [t[:7] if t[:4] != "0000" and t[5:7] != "00" else "" for t in texts]),
            "birth_day_month": numbers("day", [t[5:] if "00" not in (t[5:7], t[8:]) else "" for t in texts]),
        }
    if f.name == "postcode":
        parts = [standardise.postcode_parts(t) for t in texts]
        return whole | {
            "postcode_district": numbers("place", [p[1] for p in parts]),
            "postcode_sector": numbers("place", [p[2] for p in parts]),
        }
    if f.kind is Kind.ADDRESS:
        return whole | {"house": numbers("house part", [standardise.address_parts(t)[0] for t in texts])}
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
