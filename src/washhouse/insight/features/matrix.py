"""How do summaries in long form become one row of numbers per person-index?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from washhouse.core.errors import InputError
from washhouse.insight.features.compile import list_events, window_column
from washhouse.insight.features.contract import Feature


@dataclass(frozen=True)
class Matrix:
    """Features of person-indexes.

    Attributes:
        names: Feature of each column.
        values: float32, shape (rows, features); NaN where nothing is known.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]

    def column(self, name: str) -> NDArray[np.float32]:
        """Values of one feature, shape (rows,)."""
        return self.values[:, self.names.index(name)]


def build_matrix(features: Sequence[Feature], rows: pa.Table, summaries: pa.Table) -> Matrix:
    """Scatter summaries into a matrix.

    Args:
        features: Checked declarations.
        rows: One row per person-index, in the order of the matrix: `index_date`, `birth_month`, `sex`,
            `deprivation_decile`.
        summaries: What `compile_summaries` gives, in any order; `row` counts `rows` from 0.

    Returns:
        The matrix. Counts and open spans are 0 where nothing was known; all else is NaN.

    Raises:
        InputError: `feature-after-index`: a summary holds an event dated or recorded at its index time or later.
    """
    matrix = begin_matrix(features, rows)
    fill_matrix(features, rows, summaries, matrix)
    return matrix


def begin_matrix(features: Sequence[Feature], rows: pa.Table) -> Matrix:
    """The matrix of people of whom nothing but standing facts is known; see `build_matrix`."""
    values = np.full((rows.num_rows, len(features)), np.nan, np.float32)
    for position, feature in enumerate(features):
        if feature.events is None:
            values[:, position] = _standing(feature.fact, rows)
        elif feature.aggregation in ("count", "open"):
            values[:, position] = 0
    return Matrix(tuple(feature.name for feature in features), values)


def fill_matrix(features: Sequence[Feature], rows: pa.Table, summaries: pa.Table, matrix: Matrix) -> None:
    """Scatter the summaries of some of the rows, as of a bucket, into a matrix that was begun; see `build_matrix`."""
    check_summaries(rows, summaries)
    kinds, values = list_events(features), matrix.values
    row = summaries["row"].to_numpy()
    events = summaries["events"].to_numpy()
    places = {kind: np.flatnonzero(events == number) for number, kind in enumerate(kinds)}
    for position, feature in enumerate(features):
        if feature.events is None:
            continue
        name = window_column(feature.window) if feature.window else _COLUMN[feature.aggregation]
        column = summaries[name].combine_chunks()
        found = places[feature.events]
        taken = column.take(pa.array(found)).cast(pa.float32())
        values[row[found], position] = taken.to_numpy(zero_copy_only=False)


_COLUMN = {"days-since": "days", "latest": "latest", "open": "n_open"}


def check_summaries(rows: pa.Table, summaries: pa.Table) -> None:
    """Refuse summaries that hold the future.

    Args:
        rows: One row per person-index with `index_date`.
        summaries: `row`, `days` (since the newest event) and `recorded_at` (newest).

    Raises:
        InputError: `feature-after-index`: an event is dated or recorded at its index time or later.
    """
    at = rows["index_date"].cast(pa.timestamp("us")).take(summaries["row"])
    late = pc.or_kleene(pc.less(summaries["days"], 1), pc.greater_equal(summaries["recorded_at"], at))
    if pc.any(late).as_py():
        raise InputError(
            "feature-after-index",
            "A feature holds an event that was dated or recorded at its index time or later.",
            "Build features through insight.features.compile, which lets in only what was known before the index.",
        )


def _standing(fact: str, rows: pa.Table) -> NDArray[np.float64]:
    if fact == "age_years":
        # From the month of birth alone, the 15th standing for the day.
        days = rows["index_date"].cast(pa.int32()).to_numpy() - rows["birth_month"].cast(pa.int32()).to_numpy() - 14
        return np.asarray(days / 365.25, dtype=np.float64)
    if fact == "is_female":
        return np.asarray(pc.equal(rows["sex"], "female").fill_null(False).cast(pa.float64()).to_numpy())
    if fact == "deprivation_decile":
        return np.asarray(rows["deprivation_decile"].cast(pa.float64()).to_numpy(), dtype=np.float64)
    raise InputError(
        "feature-not-valid", f"No such fact of a person: {fact}.", "Use age_years, is_female or deprivation_decile."
    )
