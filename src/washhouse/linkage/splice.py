"""How is a large sorted table brought up to date where only a few of its rows change?

Rows are matched, compared and put in their places in one pass over the columns' bytes; nothing is sorted or hashed
anew. Texts are in the order of their bytes, as everywhere in Arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.hashes import whole
from washhouse.linkage.similarity import compiled
from washhouse.linkage.threads import spread

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = tuple[Array, Array]
"""The bytes of a column and where each text begins; a null is empty."""


def texts_of(column: pa.ChunkedArray | pa.Array) -> Texts:
    """Return a column of texts as bytes, without a copy where it is one piece."""
    texts = whole(column)
    if not len(texts):
        return np.zeros(1, np.uint8), np.zeros(1, np.int32)
    _, ends, data = texts.buffers()
    bytes_ = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return bytes_, np.frombuffer(ends, np.int32, len(texts) + 1, texts.offset * 4)


@compiled
def _compared(a: Texts, i: int, b: Texts, j: int) -> int:
    """Return -1, 0 or 1 as one text comes before, is, or comes after another."""
    i0, i1 = a[1][i], a[1][i + 1]
    j0, j1 = b[1][j], b[1][j + 1]
    n = min(i1 - i0, j1 - j0)
    for k in range(n):
        x, y = a[0][i0 + k], b[0][j0 + k]
        if x != y:
            return -1 if x < y else 1
    if i1 - i0 == j1 - j0:
        return 0
    return -1 if i1 - i0 < j1 - j0 else 1


@compiled
def _match(old: tuple[Texts, Texts], new: tuple[Texts, Texts], row: Array) -> None:
    i = 0
    n = len(old[0][1]) - 1
    for j in range(len(row)):
        while i < n:
            c = _compared(old[0], i, new[0], j)
            if c == 0:
                c = _compared(old[1], i, new[1], j)
            if c < 0:
                i += 1
                continue
            if c == 0:
                row[j] = i
            break


def matched(old: pa.Table, new: pa.Table) -> Rows:
    """Return for each record its row among earlier ones, the first of several; -1 where it is not among them.

    Args:
        old: Records with `source` and `source_id`, sorted by both.
        new: The same.
    """
    row = np.full(new.num_rows, -1, dtype=np.int64)
    if old.num_rows and new.num_rows:
        _match(_names_of(old), _names_of(new), row)
    return row


def _names_of(table: pa.Table) -> tuple[Texts, Texts]:
    return texts_of(table.column("source")), texts_of(table.column("source_id"))


@compiled
def _runs(row: Array, starts: Array) -> int:
    """Write where runs of records start that stood side by side before; return how many there are."""
    found = 0
    for j in range(len(row)):
        if row[j] >= 0 and (j == 0 or row[j - 1] < 0 or row[j] != row[j - 1] + 1):
            starts[found] = j
            found += 1
    return found


@compiled
def _run_end(row: Array, j: int) -> int:
    end = j + 1
    while end < len(row) and row[end] == row[end - 1] + 1:
        end += 1
    return end


@compiled
def _differ(old: Texts, new: Texts, row: Array, starts: Array, differs: Array) -> None:
    """Compare texts run by run; single ones only where a run as a whole differs."""
    for s in range(len(starts)):
        j = starts[s]
        end = _run_end(row, j)
        i = row[j]
        shift = new[1][j] - old[1][i]
        odd = 0
        for x in range(end - j + 1):
            odd |= new[1][j + x] - old[1][i + x] - shift
        if odd == 0:
            a, b = old[0][old[1][i] : old[1][i + end - j]], new[0][new[1][j] : new[1][end]]
            unlike = np.uint8(0)
            for k in range(len(a)):
                unlike |= a[k] ^ b[k]
            if unlike == 0:
                continue
        for x in range(end - j):
            differs[j + x] = _compared(old, i + x, new, j + x) != 0


@compiled
def _differ_numbers(old: Array, new: Array, row: Array, starts: Array, differs: Array) -> None:
    for s in range(len(starts)):
        j = starts[s]
        end = _run_end(row, j)
        a, b, out = old[row[j] : row[j] + end - j], new[j:end], differs[j:end]
        for x in range(len(b)):
            out[x] = a[x] != b[x]


@compiled
def _tell_nulls(old: Array, new: Array, row: Array, starts: Array, differs: Array) -> None:
    """Let null and null be equal, null and something differ."""
    for s in range(len(starts)):
        j = starts[s]
        end = _run_end(row, j)
        a, b, out = old[row[j] : row[j] + end - j], new[j:end], differs[j:end]
        for x in range(len(b)):
            out[x] = (a[x] != b[x]) | (out[x] & a[x])


@dataclass(frozen=True)
class Changes:
    """What differs between the records of an earlier time and those of now.

    Attributes:
        row: Earlier row of each record, -1 for a new one.
        differs: By column, which of the records that were there before say something else.
        gone: Which of the earlier records are no more.
    """

    row: Rows
    differs: dict[str, Flags]
    gone: Flags

    def of(self, names: Sequence[str]) -> Flags:
        """Say which records are new, or say something else in some columns."""
        changed: Flags = self.row < 0
        for name in names:
            changed |= self.differs[name]
        return changed


def find_changes(old: pa.Table, new: pa.Table, threads: int = 1) -> Changes:
    """Compare records with those of an earlier time.

    Args:
        old: Records with `source` and `source_id`, sorted by both, each once.
        new: The same, with the same columns.
        threads: Threads to use.
    """
    row = matched(old, new)
    there = row >= 0
    gone = np.ones(old.num_rows, dtype=bool)
    gone[row[there]] = False
    starts = np.empty(len(row), dtype=np.int64)
    starts = starts[: _runs(row, starts)]
    names = [name for name in new.column_names if name not in ("source", "source_id")]

    def differs(name: str) -> Flags:
        before, now = old.column(name), new.column(name)
        found = np.zeros(len(row), dtype=bool)
        if before.null_count == len(before) and now.null_count == len(now):
            return found
        if pa.types.is_string(now.type):
            _differ(texts_of(before), texts_of(now), row, starts, found)
        else:
            _differ_numbers(_numbers(before), _numbers(now), row, starts, found)
        if before.null_count or now.null_count:
            _tell_nulls(pc.is_valid(before).to_numpy(), pc.is_valid(now).to_numpy(), row, starts, found)
        return found

    return Changes(row, dict(zip(names, spread(differs, names, threads), strict=True)), gone)


def _numbers(column: pa.ChunkedArray) -> Array:
    """Return a column of fixed width as numbers, without a copy; a null may be any."""
    values = whole(column)
    if pa.types.is_boolean(values.type):
        flags: Array = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
        return flags
    width = values.type.bit_width // 8
    return np.frombuffer(values.buffers()[1], f"i{width}", len(values), values.offset * width)


@compiled
def _order_texts(base: Any, keep: Array, added: Any, out: Array) -> None:
    j = 0
    at = 0
    n = len(keep)
    for i in range(n):
        if not keep[i]:
            continue
        while j < len(added[0][1]) - 1:
            c = 0
            for k in range(len(base)):
                c = _compared(added[k], j, base[k], i)
                if c != 0:
                    break
            if c >= 0:
                break
            out[at] = n + j
            at += 1
            j += 1
        out[at] = i
        at += 1
    while j < len(added[0][1]) - 1:
        out[at] = n + j
        at += 1
        j += 1


@compiled
def _order_numbers(base: Array, keep: Array, added: Array, out: Array) -> None:
    j = 0
    at = 0
    n = len(keep)
    for i in range(n):
        if not keep[i]:
            continue
        while j < len(added) and added[j] < base[i]:
            out[at] = n + j
            at += 1
            j += 1
        out[at] = i
        at += 1
    while j < len(added):
        out[at] = n + j
        at += 1
        j += 1


def order_by_texts(base: pa.Table, keep: Flags, added: pa.Table, names: Sequence[str]) -> Rows:
    """Return the order in which kept and added rows are sorted: places among the base's rows and then the added ones.

    Args:
        base: Rows, sorted by some columns of text.
        keep: Which of them are kept.
        added: Rows to come in, sorted alike; equal ones follow the kept.
        names: The columns.
    """
    out = np.empty(int(keep.sum()) + added.num_rows, dtype=np.int64)
    sides = (tuple(texts_of(table.column(name)) for name in names) for table in (base, added))
    first, second = sides
    _order_texts(first, keep, second, out)
    return out


def order_by_numbers(base: Array, keep: Flags, added: Array) -> Rows:
    """Return the order in which kept and added numbers rise, see `order_by_texts`."""
    out = np.empty(int(keep.sum()) + len(added), dtype=np.int64)
    _order_numbers(base, keep, added, out)
    return out


@compiled
def _lengths(base: Array, added: Array, order: Array, ends: Array) -> None:
    n = len(base) - 1
    at = 0
    for x in range(len(order)):
        i = order[x]
        at += base[i + 1] - base[i] if i < n else added[i - n + 1] - added[i - n]
        ends[x + 1] = at


@compiled
def _copy(base: Texts, added: Texts, order: Array, ends: Array, out: Array) -> None:
    """Copy texts in an order; those that stand side by side go together."""
    n = len(base[1]) - 1
    x = 0
    while x < len(order):
        y = x + 1
        while y < len(order) and order[y] == order[y - 1] + 1 and order[y] != n:
            y += 1
        if order[x] < n:
            start = base[1][order[x]]
            out[ends[x] : ends[y]] = base[0][start : start + ends[y] - ends[x]]
        else:
            start = added[1][order[x] - n]
            out[ends[x] : ends[y]] = added[0][start : start + ends[y] - ends[x]]
        x = y


def spliced_column(
    base: pa.ChunkedArray | pa.Array, added: pa.ChunkedArray | pa.Array, order: Rows
) -> pa.ChunkedArray | pa.Array:
    """Return rows of a column and of what is added to it, in an order; see `order_by_texts`."""
    if not pa.types.is_string(base.type) or base.null_count or added.null_count:
        chunks = [c for column in (base, added) for c in (column.chunks if hasattr(column, "chunks") else [column])]
        values = pa.concat_arrays(chunks) if chunks else base
        return values.take(pa.array(order))
    first, second = texts_of(base), texts_of(added)
    ends = np.zeros(len(order) + 1, dtype=np.int32)
    _lengths(first[1], second[1], order, ends)
    out = np.empty(int(ends[-1]), dtype=np.uint8)
    _copy(first, second, order, ends, out)
    return pa.StringArray.from_buffers(len(order), pa.py_buffer(ends), pa.py_buffer(out))


def spliced(base: pa.Table, added: pa.Table, order: Rows, threads: int = 1) -> pa.Table:
    """Return rows of a table and of what is added to it, in an order; see `order_by_texts`.

    Args:
        base: The table.
        added: Rows of the same columns.
        order: Places among the base's rows and then the added ones.
        threads: Threads to use.
    """
    columns = spread(
        lambda name: spliced_column(base.column(name), added.column(name), order), base.column_names, threads
    )
    return pa.table(list(columns), schema=base.schema)
