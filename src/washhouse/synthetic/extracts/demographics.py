"""How does a sender's companion file of identities look?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.columns import Array, chosen, coded, dates, numbered, write_table
from washhouse.synthetic.identities import Identities


@dataclass
class Holdings:
    """A sender's identities as columns, one entry per state of a record.

    Attributes:
        prefix: Prefix of the local numbers.
        local: Local number of each state's record.
        identities: What the sender holds.
        columns: The same as columns of a demographics file.
    """

    prefix: str
    local: Array
    identities: Identities
    columns: dict[str, pa.Array]

    def __post_init__(self) -> None:
        self._order = np.lexsort((self.identities.since, self.local))
        self._key = self.local[self._order] * _DAYS + np.maximum(self.identities.since[self._order], 0)
        self._first = np.searchsorted(self.local[self._order], self.local[self._order])

    def rows(self, local: Array, day: Array | int) -> Array:
        """Return the state that holds on a day of each local number (the first one before its own day)."""
        at = np.searchsorted(self._key, np.asarray(local) * _DAYS + np.maximum(day, 0), side="right") - 1
        known = (at >= 0) & (self.local[self._order[np.maximum(at, 0)]] == local)
        first = np.searchsorted(self.local[self._order], local)
        return self._order[np.where(known, at, first)]


_DAYS = 2_000_000


def nhs_text(numbers: Array) -> pa.Array:
    """Return NHS numbers as ten digits; 0 is null."""
    return chosen(numbers > 0, numbered("", numbers))


def make_holdings(local: Array, prefix: str, identities: Identities) -> Holdings:
    """Return a sender's identities with their columns.

    Args:
        local: Local number of each record.
        prefix: Prefix of the local numbers.
        identities: States of the records.
    """
    own = local[identities.record]
    columns = {
        "local_patient_id": numbered(prefix, own),
        "nhs_number": nhs_text(identities.nhs),
        "first_name": identities.first_name,
        "surname": identities.surname,
        "birth_date": dates(identities.birth),
        "sex": coded(identities.sex, ["F", "M"]),
        "address": identities.address,
        "postcode": identities.postcode,
        "uprn": chosen(identities.uprn > 0, numbered("", identities.uprn)),
        "phone": chosen(identities.phone > 0, numbered("0", identities.phone)),
        "restricted": coded(identities.restricted.astype(np.int8), ["N", "Y"]),
    }
    return Holdings(prefix, own, identities, columns)


def write_demographics(path: Path, holdings: Holdings, rows: Array) -> None:
    """Write the companion file for some states."""
    index = pa.array(rows)
    write_table(path, {name: column.take(index) for name, column in holdings.columns.items()}, quoted=True)
