"""Which NHS numbers were superseded, and what does the list say that a site is given of them?

Some people were given two numbers. One of them was retired when that was found out, and the list leads from it to the
number that counts. Some senders go on writing the old one (`identities.Quality.nhs_superseded`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import Calendar, date_of
from washhouse.synthetic.columns import coded, dates, write_table
from washhouse.synthetic.extracts.demographics import nhs_text
from washhouse.synthetic.population import Population
from washhouse.synthetic.streams import Streams

REASONS = {"duplicate": 0.85, "replaced": 0.15}
"""Share of the list's lines by reason."""


def write_superseded(folder: Path, population: Population, calendar: Calendar, streams: Streams) -> int:
    """Write the whole list on the days on which practices hand in their books.

    Args:
        folder: Folder of the source.
        population: Everybody.
        calendar: Days covered.
        streams: Random numbers.

    Returns:
        Lines of the last list.
    """
    rng = streams.stream("superseded numbers")
    held = np.flatnonzero(population.nhs_old > 0)
    born = np.maximum(population.birth[held], calendar.end - 3_650)
    found = born + (np.maximum(calendar.end - 45 - born, 0) * rng.random(len(held))).astype(np.int64)
    reason = rng.choice(len(REASONS), len(held), p=list(REASONS.values()))
    order = np.argsort(population.nhs_old[held])
    held, found, reason = held[order], found[order], reason[order]
    lines = 0
    for declared in calendar.snapshots():
        told = found < declared
        columns: dict[str, pa.Array] = {
            "old_nhs_number": nhs_text(population.nhs_old[held[told]]),
            "nhs_number": nhs_text(population.nhs[held[told]]),
            "superseded_on": dates(found[told]),
            "reason": coded(reason[told], list(REASONS)),
        }
        lines = write_table(folder / date_of(declared).isoformat() / "superseded.csv", columns)
    return lines
