"""How sure is a figure, if it is not sure who is one person? Draw who is, many times, and compute it for each draw.

Every link of the lenient view is kept or dropped by its own probability. A rate that is computed once for each draw can
be combined as multiply imputed data are (Rubin's rules): its variance is then that within the draws and that between.
Draws are independent from link to link, and nothing is drawn within a person of the strict view.

References:
    McGlincy, "A Bayesian record linkage methodology for multiple imputation of missing links", ASA Section on Survey
        Research Methods (several sets of links are drawn, and estimates from each are consolidated).
    docs/adr/2026-11-26-strictness-by-purpose.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def draw_people(view: pa.Table, draws: int, rng: np.random.Generator) -> pa.Table:
    """Draw who is one person.

    Args:
        view: Rows of `record.person_view` in one view, of whole people of that view.
        draws: How many times, at least 1.
        rng: Draws; the same state gives the same people, whatever the order of rows.

    Returns:
        `draw` (from 0), `person_id`, `drawn_id`: the id that the person bears in that draw, for each row of `view`, by
        draw and person. Whoever has no row in `view` is a person of their own in every draw.
    """
    view = view.sort_by([("person_id", "ascending")])
    people = view.num_rows
    person = view.column("person_id").combine_chunks()
    place = pc.index_in(view.column("joined_to"), value_set=person, skip_nulls=True)
    above: npt.NDArray[Any] = pc.fill_null(place, -1).to_numpy().astype(np.int64)
    above = np.where(above < 0, np.arange(people), above)
    kept = rng.random((draws, people)) < view.column("link_probability").to_numpy()
    bears = np.where(kept, above, np.arange(people))
    while True:
        further = np.take_along_axis(bears, bears, axis=1)
        if np.array_equal(further, bears):
            break
        bears = further
    return pa.table(
        {
            "draw": pa.array(np.repeat(np.arange(draws, dtype=np.int32), people)),
            "person_id": person.take(pa.array(np.tile(np.arange(people), draws))),
            "drawn_id": person.take(pa.array(bears.ravel())),
        }
    )
