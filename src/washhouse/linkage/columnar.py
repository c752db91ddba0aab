"""How are millions of distinct values brought into their standard form at once?

`standardise` says what the standard form of one text is. Here the usual texts, plain ASCII, go through compiled loops
over the column's bytes; whatever is not usual goes through the same function as ever, one by one. Both ways give the
same (property test), so that nothing but the time differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.linkage import standardise
from washhouse.linkage.hashes import whole
from washhouse.linkage.similarity import compiled

Ints = npt.NDArray[np.int32]
Array = npt.NDArray[Any]
Standard = Callable[[str], str | None]
_DROP, _BREAK = 0, 32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ONE_CHARACTER = "^(" + "|".join(f"{c}+" for c in _ALPHABET) + ")$"
_POSTCODE = r"^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"


@dataclass(frozen=True)
class Column:
    """A column in its standard form.

    Attributes:
        codes: For each record the row of its value in `texts`, -1 where it says nothing.
        texts: The distinct standard forms, by first use.
        unusable: Values that say nothing though something stands there.
    """

    codes: Ints
    texts: pa.StringArray
    unusable: int


def _table(keep: str, *, drop: str = "", breaks: bool) -> Array:
    """What becomes of each ASCII character: itself in upper case, nothing, or a break between words."""
    table = np.full(128, _BREAK if breaks else _DROP, dtype=np.uint8)
    for character in keep:
        table[ord(character)] = table[ord(character.lower())] = ord(character)
    for character in drop:
        table[ord(character)] = _DROP
    return table


_WORDS = _table(_ALPHABET, drop="'`.", breaks=True)
_SOLID = _table(_ALPHABET, breaks=False)
_DIGITS = _table("0123456789", breaks=False)


@compiled
def _translate(data: Array, offsets: Array, table: Array, out: Array, ends: Array) -> None:
    """Translate each text; runs of breaks become one blank, none at either end."""
    at = 0
    for i in range(len(offsets) - 1):
        begin = at
        pending = False
        for k in range(offsets[i], offsets[i + 1]):
            c = table[data[k]]
            if c == 32:
                pending = at > begin
            elif c != 0:
                if pending:
                    out[at] = 32
                    at += 1
                    pending = False
                out[at] = c
                at += 1
        ends[i + 1] = at


@compiled
def _split(data: Array, offsets: Array, numbers: Array, number_ends: Array, words: Array, word_ends: Array) -> None:
    """Put the words that hold a digit into `numbers`, all others into `words`."""
    n = 0
    w = 0
    for i in range(len(offsets) - 1):
        k = offsets[i]
        end = offsets[i + 1]
        n0 = n
        w0 = w
        while k < end:
            stop = k
            digit = False
            while stop < end and data[stop] != 32:
                digit = digit or 48 <= data[stop] <= 57
                stop += 1
            if digit:
                if n > n0:
                    numbers[n] = 32
                    n += 1
                for x in range(k, stop):
                    numbers[n] = data[x]
                    n += 1
            else:
                if w > w0:
                    words[w] = 32
                    w += 1
                for x in range(k, stop):
                    words[w] = data[x]
                    w += 1
            k = stop + 1
        number_ends[i + 1] = n
        word_ends[i + 1] = w


@compiled
def _valid_nhs_numbers(data: Array, offsets: Array, valid: Array) -> None:
    for i in range(len(offsets) - 1):
        begin = offsets[i]
        if offsets[i + 1] - begin != 10:
            continue
        total = 0
        same = True
        for k in range(9):
            total += (data[begin + k] - 48) * (10 - k)
            same = same and data[begin + k + 1] == data[begin]
        digit = (11 - total % 11) % 11
        valid[i] = not same and digit == data[begin + 9] - 48


def _buffers(texts: pa.StringArray) -> tuple[Array, Array]:
    """The bytes of a column without nulls, and where each text begins."""
    texts = pa.concat_arrays([texts]) if texts.offset else texts
    _, ends, data = texts.buffers()
    offsets = np.frombuffer(ends, np.int32, len(texts) + 1)
    return (np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)), offsets


def text_bytes(texts: pa.StringArray) -> bytes:
    """Return the bytes of all texts of a column without nulls, one after the other."""
    data, offsets = _buffers(texts)
    return data[offsets[0] : offsets[-1]].tobytes() if len(texts) else b""


def _array(data: Array, ends: Array) -> pa.StringArray:
    return pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(data[: ends[-1]].copy()))


def _translated(texts: pa.StringArray, table: Array) -> pa.StringArray:
    data, offsets = _buffers(texts)
    out, ends = np.empty(len(data), np.uint8), np.zeros(len(offsets), np.int32)
    _translate(data, offsets, table, out, ends)
    return _array(out, ends)


def split_address(texts: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    """Return the numbers and the words of standardised addresses, see `standardise.address_parts`."""
    if len(texts) and not pc.all(pc.string_is_ascii(texts)).as_py():
        parts = [standardise.address_parts(text) for text in texts.to_pylist()]
        return pa.array([p[0] for p in parts], pa.string()), pa.array([p[1] for p in parts], pa.string())
    data, offsets = _buffers(texts)
    outs = [np.empty(len(data) + 1, np.uint8) for _ in range(2)]
    ends = [np.zeros(len(offsets), np.int32) for _ in range(2)]
    _split(data, offsets, outs[0], ends[0], outs[1], ends[1])
    return _array(outs[0], ends[0]), _array(outs[1], ends[1])


_NOTHING = pa.array(sorted(standardise.NOTHING), pa.string())


def _says_nothing(solid: pa.StringArray) -> pa.BooleanArray:
    return pc.or_(pc.equal(solid, ""), pc.is_in(solid, value_set=_NOTHING))


Result = tuple[pa.StringArray, pa.BooleanArray]
"""Standard forms (null for none), and which values have to be looked at one by one."""


def _names(texts: pa.StringArray) -> Result:
    upper = _translated(texts, _SOLID)
    plain = pc.match_substring_regex(texts, "^[A-Za-z]+$")
    return pc.if_else(_says_nothing(upper), None, upper), pc.invert(plain)


def _postcodes(texts: pa.StringArray) -> Result:
    solid = _translated(texts, _SOLID)
    nothing = pc.or_(_says_nothing(solid), pc.starts_with(solid, "ZZ99"))
    length = pc.binary_length(solid)
    odd = pc.and_(
        pc.and_(pc.greater_equal(length, 5), pc.less_equal(length, 7)),
        pc.invert(pc.match_substring_regex(solid, _POSTCODE)),
    )
    return pc.if_else(nothing, None, solid), odd


_SHORT_STREET = " (" + "|".join(sorted(standardise.STREETS)) + ")( |$)"
_NO_ADDRESS = standardise.NO_ADDRESS.pattern


def _addresses(texts: pa.StringArray) -> Result:
    words = _translated(texts, _WORDS)
    solid = pc.replace_substring(words, " ", "")
    nothing = pc.or_(_says_nothing(solid), pc.match_substring_regex(words, _NO_ADDRESS))
    return pc.if_else(nothing, None, words), pc.match_substring_regex(words, _SHORT_STREET)


def _phones(texts: pa.StringArray) -> Result:
    digits = pc.utf8_slice_codeunits(_translated(texts, _DIGITS), -10, None)
    bad = pc.or_(pc.less(pc.binary_length(digits), 7), pc.match_substring_regex(digits, _ONE_CHARACTER))
    return pc.if_else(bad, None, digits), _none(texts)


def _identifiers(texts: pa.StringArray) -> Result:
    solid = _translated(texts, _SOLID)
    bad = pc.or_(_says_nothing(solid), pc.match_substring_regex(solid, _ONE_CHARACTER))
    return pc.if_else(bad, None, solid), _none(texts)


def _nhs_numbers(texts: pa.StringArray) -> Result:
    plain = pc.match_substring_regex(texts, "^[0-9]{10}$")
    data, offsets = _buffers(texts)
    valid = np.zeros(len(texts), dtype=bool)
    _valid_nhs_numbers(data, offsets, valid)
    return pc.if_else(pa.array(valid), texts, None), pc.invert(plain)


_SENTINELS = pa.array(sorted(standardise.SENTINEL_DATES), pa.string())


def _birth_dates(texts: pa.StringArray) -> Result:
    whole = r"^(18[5-9][0-9]|19[0-9]{2}|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
    return pc.if_else(pc.is_in(texts, value_set=_SENTINELS), None, texts), pc.invert(
        pc.match_substring_regex(texts, whole)
    )


def _none(texts: pa.StringArray) -> pa.BooleanArray:
    return pa.array(np.zeros(len(texts), dtype=bool))


_AT_ONCE: dict[Standard, Callable[[pa.StringArray], Result]] = {
    parse_nhs_number: _nhs_numbers,
    standardise.name: _names,
    standardise.birth_date: _birth_dates,
    standardise.postcode: _postcodes,
    standardise.address: _addresses,
    standardise.phone: _phones,
    standardise.identifier: _identifiers,
}
_FEW = 64
"""Up to so many values are not worth more than a loop."""


def standard_forms(texts: pa.StringArray, standard: Standard) -> pa.StringArray:
    """Return the standard form of each text, null for one that says nothing.

    Args:
        texts: Distinct texts without nulls.
        standard: A function of `standardise`, or another of its kind.
    """
    at_once = _AT_ONCE.get(standard)
    if at_once is None or len(texts) <= _FEW:
        return pa.array([standard(t) if t.strip() else None for t in texts.to_pylist()], pa.string())
    usual = pc.match_substring_regex(texts, "^[ -~]*$")
    forms, unsure = at_once(pc.if_else(usual, texts, ""))
    rest = np.flatnonzero(pc.or_(pc.invert(usual), unsure).to_numpy(zero_copy_only=False))
    if not len(rest):
        return forms
    asked = texts.take(pa.array(rest)).to_pylist()
    mask = np.zeros(len(texts), dtype=bool)
    mask[rest] = True
    found = pa.array([standard(t) if t.strip() else None for t in asked], pa.string())
    return pc.replace_with_mask(forms, pa.array(mask), found)


def standard_column(column: pa.ChunkedArray | pa.Array, standard: Standard) -> Column:
    """Bring a column into its standard form, each distinct value once.

    Args:
        column: Texts, or what can be cast to text.
        standard: Brings one value into its standard form.
    """
    array = whole(column)
    if not pa.types.is_string(array.type):
        array = pc.cast(array, pa.string())
    coded = array.dictionary_encode()
    raw = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    forms = standard_forms(coded.dictionary, standard)
    again = forms.dictionary_encode()
    index = pc.fill_null(again.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    codes = gather(index, raw)
    blank = pc.equal(pc.utf8_trim_whitespace(coded.dictionary), "").to_numpy(zero_copy_only=False).astype(np.int32)
    lost = int(((raw >= 0) & (codes < 0)).sum() - (gather(blank, raw) == 1).sum())
    return Column(codes, again.dictionary, lost)


def gather(index: Ints, codes: Ints) -> Ints:
    """Look codes up in an index; -1 stays -1."""
    if len(index) == 0:
        return np.full(len(codes), -1, dtype=np.int32)
    found: Ints = index[codes]
    found[codes < 0] = -1
    return found
