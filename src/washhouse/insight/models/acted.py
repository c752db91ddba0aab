"""How is a model refitted when people were acted on because of what it said?

A score that leads to help lowers the outcomes of those it points at. Fitted on all of them, the next model learns that
such people are safe, points elsewhere, and the help goes with it. What a team needs is the risk if nothing is done, so
person-indexes at which somebody had acted are left out of fitting, calibration and test; those alike who were not acted
on stand for them, as a model is of the outcome given the features. That is right as far as who was acted on depends
on the features and chance, not on what only the clinician saw; `bench/refit.py` shows both cases.

References:
    Sperrin M et al. Using marginal structural models to adjust for treatment drop-in when developing clinical
    prediction models. Stat Med 2018, doi:10.1002/sim.7913 (the problem, and a fuller remedy).
    Lenert MC et al. Prognostic models will be victims of their own success, unless... JAMIA 2019,
    doi:10.1093/jamia/ocz145.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

GRACE = timedelta(days=7)
"""An action so soon after an index was taken because of its score."""

LASTS = timedelta(days=28)
"""How long what was done before an index may still lower the outcome."""


def acted_on(rows: pa.Table, actions: pa.Table) -> NDArray[np.bool_]:
    """At which person-indexes somebody had acted, or did so at once.

    Args:
        rows: Person-indexes with `person_id` and `index_date`.
        actions: What was done: `person_id`, `day`.

    Returns:
        Shape (rows,).
    """
    days: dict[str, list[np.datetime64]] = {}
    for person, day in zip(actions["person_id"].to_pylist(), actions["day"].to_pylist(), strict=True):
        days.setdefault(person, []).append(np.datetime64(day, "D"))
    index = rows["index_date"].to_numpy().astype("datetime64[D]")
    found = np.zeros(rows.num_rows, bool)
    for place, person in enumerate(rows["person_id"].to_pylist()):
        found[place] = any(index[place] - LASTS <= day <= index[place] + GRACE for day in days.get(person, ()))
    return found
