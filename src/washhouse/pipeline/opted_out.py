"""Under which ids does an earlier version know those who have opted out since?

Person ids come and go with links: whose records were another's then, and are theirs now, must not leave with the other.
So opt-outs are followed record by record.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version
from washhouse.linkage.tables import MEMBERSHIP

_COLUMNS = ["source", "source_id", "person_id", "valid_to"]


def known_then(vault: Vault, then: Version, now: Version, people: pa.Table) -> pa.Table:
    """Ids of an earlier version's people who have any record that belongs to some people now.

    Args:
        vault: The vault.
        then: The earlier version.
        now: The version that knows most.
        people: The people of now: `person_id`.

    Returns:
        `person_id`, each once.
    """
    today, earlier = _held(vault, now), _held(vault, then)
    theirs = today.filter(pc.is_in(today["person_id"], value_set=people["person_id"].combine_chunks()))
    concerned = earlier.filter(pc.is_in(_records(earlier), value_set=_records(theirs).combine_chunks()))
    return pa.table({"person_id": pc.unique(concerned["person_id"])})


def _held(vault: Vault, version: Version) -> pa.Table:
    rows = vault.read(MEMBERSHIP.name, version.vault[MEMBERSHIP.name], _COLUMNS)
    return rows.filter(pc.is_null(rows["valid_to"]))


def _records(membership: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(membership["source"], membership["source_id"], "\x1f")
