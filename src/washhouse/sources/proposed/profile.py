"""How full, how varied and of which kind is each column of a file?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.sources.contract import plain
from washhouse.sources.proposed.guess import Guess, Seen, guess, read_moment
from washhouse.sources.proposed.sample import Sample

MOST_VALUES = 3_000
"""Different values that are looked at, the most frequent ones and others from all over the file."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Attributes:
        header: As in the file.
        name: As a declaration may call it.
        missing: Rows without a value.
        distinct: Number of different values.
        unique: Whether no value stands in two rows that differ, none is missing, and they are no phrases.
        guess: What it seems to hold.
        least: Smallest value, of dates and numbers that tell of nobody; else empty.
        greatest: Likewise.
    """

    header: str
    name: str
    missing: int
    distinct: int
    unique: bool
    guess: Guess
    least: str = ""
    greatest: str = ""


def profile(sample: Sample, today: datetime) -> list[ColumnProfile]:
    """Profile the columns of a sample.

    Args:
        sample: Rows of a file.
        today: The present moment.
    """
    names = _names(list(sample.columns))
    return [
        _column(header, name, column, sample, today)
        for (header, column), name in zip(sample.columns.items(), names, strict=True)
    ]


def _column(header: str, name: str, column: pa.StringArray, sample: Sample, today: datetime) -> ColumnProfile:
    trimmed = pc.utf8_trim_whitespace(column.drop_null())
    trimmed = trimmed.filter(pc.not_equal(trimmed, ""))
    counted = pc.value_counts(trimmed)
    values, counts = counted.field(0), counted.field(1)
    picked = _pick(counts)
    seen = Seen(
        header,
        values.take(picked).to_pylist(),
        counts.take(picked).to_pylist(),
        sample.rows,
        sample.rows - len(trimmed),
        len(values),
    )
    found = guess(seen, today)
    least, greatest = _range(values, found)
    is_words = seen.share(lambda text: " " in text) > 0.1
    unique = bool(sample.rows) and not seen.missing and seen.distinct == sample.different and not is_words
    return ColumnProfile(header, name, seen.missing, seen.distinct, unique, found, least, greatest)


def _pick(counts: pa.Array) -> pa.Array:
    """Positions of the values that are looked at: the most frequent, then others at equal distances."""
    order = pc.array_sort_indices(counts, order="descending").to_numpy()
    half = MOST_VALUES // 2
    step = max(1, (len(order) - half) // half)
    return pa.array([*order[:half], *order[half::step]], pa.int64())


def _range(values: pa.StringArray, found: Guess) -> tuple[str, str]:
    """Smallest and greatest value of dates and numbers; nothing of what may name a person."""
    if found.personal or found.type not in ("date", "datetime", "int", "float"):
        return "", ""
    if found.type in ("int", "float"):
        numbers = [number for text in values.to_pylist() if (number := _number(text)) is not None]
        return (f"{min(numbers):g}", f"{max(numbers):g}") if numbers else ("", "")
    moments = [moment for text in values.to_pylist() if (moment := read_moment(text, found.format)) is not None]
    return (f"{min(moments):%Y-%m-%d}", f"{max(moments):%Y-%m-%d}") if moments else ("", "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _names(headers: Sequence[str]) -> list[str]:
    """Names that a declaration may use: letters, digits and _, no two alike."""
    used: set[str] = set()
    names = []
    for header in headers:
        base = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]+", "_", header)).strip("_") or "column"
        base = base if base[0].isalpha() else f"c_{base}"
        name, at = base, 1
        while plain(name) in used:
            at += 1
            name = f"{base}_{at}"
        used.add(plain(name))
        names.append(name)
    return names
