"""Whom, when, what was known then, and what came of it: the person-indexes that a model is fitted and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.plan import Split


@dataclass(frozen=True)
class Cohort:
    """Person-indexes at risk.

    Attributes:
        index_date: datetime64[D], shape (rows,).
        person: Number of the person, 0 to n - 1, shape (rows,).
        outcome: Whether the outcome happened in the horizon, shape (rows,).
        matrix: Features, shape (rows, features).
        people: Row by row what the population says of the person (`sex`, `practice`, ...); none in some tests.
        sampled: Share of the record's people that they were drawn from, above 0 to 1.
    """

    index_date: NDArray[np.datetime64]
    person: NDArray[np.int64]
    outcome: NDArray[np.bool_]
    matrix: Matrix
    people: pa.Table | None = None
    sampled: float = 1.0

    def at(self, dates: tuple[date, ...]) -> Cohort:
        """The rows of some index dates, people numbered anew."""
        return self.take(np.isin(self.index_date, np.array(dates, dtype="datetime64[D]")))

    def parts(self, split: Split) -> dict[str, Cohort]:
        """The rows of each part of time: `fit`, `calibration` and `test`."""
        return {"fit": self.at(split.fit), "calibration": self.at(split.calibration), "test": self.at(split.test)}

    def take(self, rows: NDArray[np.bool_]) -> Cohort:
        """Some rows, people numbered anew."""
        _, person = np.unique(self.person[rows], return_inverse=True)
        return Cohort(
            self.index_date[rows],
            person.astype(np.int64),
            self.outcome[rows],
            Matrix(self.matrix.names, self.matrix.values[rows]),
            None if self.people is None else self.people.filter(pa.array(rows)),
            self.sampled,
        )

    @property
    def period(self) -> NDArray[np.int64]:
        """Number of each row's month, rising with time, shape (rows,); an index date a month is one period."""
        return np.unique(self.index_date.astype("datetime64[M]"), return_inverse=True)[1].astype(np.int64)

    def describe(self) -> dict[str, int | str | None]:
        """Rows, people, outcomes, and first and last index date."""
        return {
            "person_indexes": len(self.outcome),
            "people": int(self.person.max()) + 1 if len(self.person) else 0,
            "events": int(self.outcome.sum()),
            "index_dates": len(np.unique(self.index_date)),
            "first_index": str(self.index_date.min()) if len(self.index_date) else None,
            "last_index": str(self.index_date.max()) if len(self.index_date) else None,
        }
