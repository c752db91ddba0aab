"""Which NHS number counts, where one was superseded by another?

Only the list joins two numbers. What it joins is one number from here on: for blocking, for the comparison, for the
rule that no person has two, and for whoever is shown. Any other two numbers are two people's, whatever else agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.linkage.hashes import whole
from washhouse.linkage.splice import matched


@dataclass(frozen=True)
class Superseded:
    """The list, followed to its end.

    Attributes:
        current: For each retired number the number that counts in the end.
        in_circles: Retired numbers that lead back to themselves; they join nothing.
    """

    current: Mapping[str, str]
    in_circles: int = 0

    def to_table(self) -> pa.Table:
        """Return `old, current`, as `follow_list` reads it; it belongs into the vault."""
        columns = {"old": list(self.current), "current": list(self.current.values())}
        return pa.table({name: pa.array(numbers, pa.string()) for name, numbers in columns.items()})


def follow_list(pairs: pa.Table) -> Superseded:
    """Follow each retired number to the one that counts.

    Args:
        pairs: `old, current`, one row per retired number; what is no valid number is left out.

    >>> pairs = pa.table({"old": ["9990592616", "9994682202"], "current": ["9994682202", "9990521131"]})
    >>> follow_list(pairs).current["9990592616"]
    '9990521131'
    """
    told = zip(pairs.column("old").to_pylist(), pairs.column("current").to_pylist(), strict=True)
    step = {a: b for old, new in told if (a := parse_nhs_number(old)) and (b := parse_nhs_number(new)) and a != b}
    current, circles = {}, 0
    for old in step:
        seen, at = {old}, step[old]
        while at in step and at not in seen:
            seen.add(at)
            at = step[at]
        if at in seen:
            circles += 1
        else:
            current[old] = at
    return Superseded(current, circles)


def with_current_numbers(identities: pa.Table, superseded: Superseded) -> tuple[pa.Table, pa.Table]:
    """Write the number that counts into every record that bears a retired one.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        superseded: The list.

    Returns:
        The same records, and those of them that bore a retired number: `source, source_id, nhs_number` as sent.
    """
    names = ["source", "source_id", "nhs_number"]
    numbers = whole(identities.column("nhs_number"))
    found = pc.index_in(numbers, value_set=pa.array(list(superseded.current), pa.string()))
    replaced = identities.select(names).filter(pc.is_valid(found)).combine_chunks()
    if not replaced.num_rows:
        return identities, replaced
    counts = pa.array(list(superseded.current.values()), pa.string()).take(found)
    return _with_numbers(identities, pc.coalesce(counts, numbers)), replaced


def with_sent_numbers(identities: pa.Table, replaced: pa.Table) -> pa.Table:
    """Undo `with_current_numbers`: both tables are by source and id."""
    if not replaced.num_rows:
        return identities
    bore = np.zeros(identities.num_rows, dtype=bool)
    bore[matched(identities, replaced)] = True
    sent = whole(replaced.column("nhs_number"))
    return _with_numbers(identities, pc.replace_with_mask(whole(identities.column("nhs_number")), pa.array(bore), sent))


def _with_numbers(identities: pa.Table, numbers: pa.Array) -> pa.Table:
    place = identities.schema.get_field_index("nhs_number")
    return identities.set_column(place, identities.schema.field(place), numbers)
