"""How do plain number arrays become columns of a file?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from washhouse.synthetic.calendar import NEVER

Array = npt.NDArray[Any]


def dates(days: Array, known_by: int = NEVER - 1) -> pa.Array:
    """Return day numbers as dates; days after `known_by` are null."""
    values = np.asarray(days, dtype=np.int32)
    return pa.array(values, mask=values > known_by).cast(pa.date32())


def coded(index: Array, values: Sequence[str | None]) -> pa.Array:
    """Return the values that an index points at, as text."""
    index = np.asarray(index)
    dictionary = pa.array(values, pa.string())
    return dictionary.take(pa.array(index.astype(np.int32, copy=False)))


def chosen(mask: Array, values: pa.Array) -> pa.Array:
    """Return values where the mask holds, else null."""
    return pc.if_else(pa.array(np.asarray(mask, dtype=bool)), values, pa.scalar(None, values.type))


def numbered(prefix: str, numbers: Array, base: int = 0) -> pa.Array:
    """Return identifiers: a prefix and a number counted from `base`."""
    text = pa.array(np.asarray(numbers, dtype=np.int64) + base).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "") if prefix else text


_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(1440)]


def times(minutes: Array) -> pa.Array:
    """Return minutes of the day as `HH:MM:SS`."""
    return coded(minutes, _MINUTES)


def moments(days: Array, minutes: Array) -> pa.Array:
    """Return days and minutes as `YYYY-MM-DD HH:MM:SS`."""
    return pc.binary_join_element_wise(dates(days).cast(pa.string()), times(minutes), " ")


def fixed(value: str | None, length: int) -> pa.Array:
    """Return one value, repeated."""
    return pa.repeat(pa.scalar(value, pa.string()), length)


def tenths(values: Array) -> pa.Array:
    """Return numbers as text with at most one decimal.

    Example:
        >>> tenths(np.array([7.0, 7.25])).to_pylist()
        ['7', '7.2']
    """
    scaled = np.rint(np.asarray(values, dtype=np.float64) * 10).astype(np.int64)
    low, high = int(scaled.min(initial=0)), int(scaled.max(initial=0))
    words = [f"{n // 10}" if n % 10 == 0 else f"{n / 10:.1f}" for n in range(low, high + 1)]
    return coded(scaled - low, words)


_PLAIN = pyarrow.csv.WriteOptions(quoting_style="none")
_QUOTED = pyarrow.csv.WriteOptions(quoting_style="needed")


def write_table(path: Path, columns: Mapping[str, pa.Array], *, quoted: bool = False) -> int:
    """Write one file and return its rows; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(dict(columns))
    pyarrow.csv.write_csv(table, path, _QUOTED if quoted else _PLAIN)
    return int(table.num_rows)
