"""Which lines of a practice's book are spoilt on their way out: sent twice, with an impossible date, an odd code?

The rates are the city's own: small enough to leave every figure where it is, large enough that a steward's pages have
something to show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.synthetic.columns import Array

TWICE = 1e-4
"""Share of lines that are in the file twice."""
IMPOSSIBLE = 4e-5
"""Share of lines whose date is no day of the calendar."""
UNKNOWN = 5e-5
"""Share of lines with a code that the book does not know."""


@dataclass(frozen=True)
class Slips:
    """Where a kind of line can be spoilt.

    Attributes:
        date: Column that may hold an impossible date.
        code: Column that may hold an unknown code.
        unknown: That code.
    """

    date: str
    code: str
    unknown: str


JOURNAL = Slips("event_date", "code_system", "EMIS99")
PRESCRIPTIONS = Slips("issue_date", "course", "as needed")


def spoil(table: pa.Table, slips: Slips, rng: np.random.Generator) -> pa.Table:
    """Return the lines with a few of them spoilt, and a few repeated at once.

    Example:
        >>> days = pa.table({"event_date": ["2024-05-01"] * 50_000, "code_system": ["SNOMED CT"] * 50_000})
        >>> spoilt = spoil(days, JOURNAL, np.random.default_rng(1))
        >>> sorted(set(spoilt["event_date"].to_pylist())), spoilt.num_rows > 50_000
        (['2024-02-30', '2024-05-01'], True)
    """
    chance = rng.random(table.num_rows)
    impossible = chance < IMPOSSIBLE
    if impossible.any():
        day = pc.cast(table.column(slips.date), pa.string())
        wrong = pc.binary_join_element_wise(pc.utf8_slice_codeunits(day, 0, 4), "02-30", "-")
        table = _put(table, slips.date, pc.if_else(pa.array(impossible), wrong, day))
    unknown = (chance >= IMPOSSIBLE) & (chance < IMPOSSIBLE + UNKNOWN)
    if unknown.any():
        code = pc.cast(table.column(slips.code), pa.string())
        table = _put(table, slips.code, pc.if_else(pa.array(unknown), slips.unknown, code))
    twice = chance > 1 - TWICE
    rows: Array = np.repeat(np.arange(table.num_rows), 1 + twice)
    return table.take(pa.array(rows)) if twice.any() else table


def _put(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
