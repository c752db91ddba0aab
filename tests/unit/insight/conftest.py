"""Invented numbers for the model tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from washhouse.insight.features.matrix import Matrix


@pytest.fixture
def make_matrix() -> Callable[..., Matrix]:
    """A matrix from named columns."""

    def make(**columns: np.ndarray) -> Matrix:
        return Matrix(tuple(columns), np.column_stack(list(columns.values())).astype(np.float32))

    return make
