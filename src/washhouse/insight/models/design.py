"""How does a linear model see a feature?

Each feature becomes one or a few columns by its shape, so that one coefficient per column can follow a curve: recency
by decays of several half-widths (never: 0), counts by their logarithm and whether any, age by a line with bends,
numbers by their value and whether they are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.features.contract import Feature
from washhouse.insight.features.matrix import Matrix

Transform = Literal["decay", "log", "any", "number", "missing", "above", "at-least", "at-most"]

DECAY_DAYS = (14.0, 60.0, 240.0)
AGE_BENDS_YEARS = (30.0, 50.0, 70.0)


@dataclass(frozen=True)
class DesignColumn:
    """One column: a transform of one feature.

    Attributes:
        feature: Name of the feature.
        transform: `decay`: exp(-x / parameter), 0 if missing. `log`: log(1 + x). `any`: x >= 1. `number`: x. `missing`:
            x is missing. `above`: max(0, x - parameter). `at-least`, `at-most`: x compared with parameter, 0 if
            missing.
        parameter: Days, years or a bound, as the transform needs.
    """

    feature: str
    transform: Transform
    parameter: float = 0.0

    @property
    def name(self) -> str:
        """Short name, e.g. `days_since_crisis:decay:14`."""
        return f"{self.feature}:{self.transform}" + (f":{self.parameter:g}" if self.parameter else "")


def design_columns(features: Sequence[Feature]) -> tuple[DesignColumn, ...]:
    """Name the columns of features, by shape."""
    columns: list[DesignColumn] = []
    for feature in features:
        name = feature.name
        match feature.shape:
            case "recency":
                columns += [DesignColumn(name, "decay", days) for days in DECAY_DAYS]
            case "gap":
                columns += [DesignColumn(name, "log"), DesignColumn(name, "missing")]
            case "count":
                columns += [DesignColumn(name, "log"), DesignColumn(name, "any")]
            case "age":
                columns += [DesignColumn(name, "number"), DesignColumn(name, "missing")]
                columns += [DesignColumn(name, "above", years) for years in AGE_BENDS_YEARS]
            case "number" | "flag":
                columns += [DesignColumn(name, "number"), DesignColumn(name, "missing")]
    return tuple(columns)


def expand(columns: Sequence[DesignColumn], matrix: Matrix) -> NDArray[np.float64]:
    """Compute columns.

    Args:
        columns: The columns.
        matrix: Features, shape (rows, features).

    Returns:
        Shape (rows, columns); NaN where a `log`, `any`, `number` or `above` has nothing to go by.
    """
    design = np.empty((matrix.values.shape[0], len(columns)))
    for position, column in enumerate(columns):
        design[:, position] = _transform(column, matrix.column(column.feature).astype(np.float64))
    return design


def _transform(column: DesignColumn, value: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(value)
    match column.transform:
        case "decay":
            return np.where(known, np.exp(-np.where(known, value, 0.0) / column.parameter), 0.0)
        case "log":
            return np.log1p(value)
        case "any":
            return np.where(known, (value >= 1).astype(np.float64), np.nan)
        case "number":
            return value
        case "missing":
            return (~known).astype(np.float64)
        case "above":
            return np.maximum(0.0, value - column.parameter)
        case "at-least":
            return (known & (value >= column.parameter)).astype(np.float64)
        case "at-most":
            return (known & (value <= column.parameter)).astype(np.float64)
