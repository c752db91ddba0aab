"""How does a sender's companion file of identities look?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.columns import Array, dates, numbered, write_table
from washhouse.synthetic.identities import Identities


@dataclass
class Holdings:
    """A sender's identities as columns, one entry per record, in the order of the sender's records.

    Attributes:
        local: Local number of each record, as a number.
        identities: What the sender holds.
        columns: The same as columns of a demographics file.
    """

    local: Array
    identities: Identities
    columns: dict[str, pa.Array]

    def rows(self, local: Array) -> Array:
        """Return the record of each local number."""
        order = np.argsort(self.local)
        return order[np.searchsorted(self.local[order], local)]


def nhs_text(numbers: Array) -> pa.Array:
    """Return NHS numbers as ten digits; 0 is null."""
    return pc.if_else(pa.array(numbers > 0), numbered("", numbers), pa.scalar(None, pa.string()))


def make_holdings(local: Array, prefix: str, identities: Identities) -> Holdings:
    """Return a sender's identities with their columns."""
    phone = numbered("0", identities.phone)
    columns = {
        "local_patient_id": numbered(prefix, local),
        "nhs_number": nhs_text(identities.nhs),
        "first_name": pa.array(identities.first_name, pa.string()),
        "surname": pa.array(identities.surname, pa.string()),
        "birth_date": dates(np.where(identities.birth == NEVER, NEVER, identities.birth)),
        "sex": pa.array(np.where(identities.sex == 1, "M", "F")),
        "address": pa.array(identities.address, pa.string()),
        "postcode": pa.array(identities.postcode, pa.string()),
        "uprn": pc.if_else(pa.array(identities.uprn > 0), numbered("", identities.uprn), pa.scalar(None, pa.string())),
        "phone": pc.if_else(pa.array(identities.phone > 0), phone, pa.scalar(None, pa.string())),
        "restricted": pa.array(np.where(identities.restricted, "Y", "N")),
    }
    return Holdings(local, identities, columns)


def write_demographics(path: Path, holdings: Holdings, rows: Array) -> None:
    """Write the companion file for some records."""
    index = pa.array(rows)
    write_table(path, {name: column.take(index) for name, column in holdings.columns.items()}, quoted=True)
