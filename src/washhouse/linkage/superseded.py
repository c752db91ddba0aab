"""Which NHS number counts, where one was superseded by another?

Only the list joins two numbers. What it joins is one number from here on: for blocking, for the comparison, for the
rule that no person has two, and for whoever is shown. Any other two numbers are two people's, whatever else agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.nhs_number import parse_nhs_number


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


def with_current_numbers(identities: pa.Table, superseded: Superseded) -> tuple[pa.Table, int]:
    """Write the number that counts into every record that bears a retired one.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        superseded: The list.

    Returns:
        The same records, and how many of them bore a retired number.
    """
    if not superseded.current:
        return identities, 0
    place = identities.schema.get_field_index("nhs_number")
    numbers = identities.column(place)
    found = pc.index_in(numbers, value_set=pa.array(list(superseded.current), pa.string()))
    counts = pa.array(list(superseded.current.values()), pa.string()).take(found.combine_chunks())
    written = pc.coalesce(pa.chunked_array([counts]), numbers)
    table = identities.set_column(place, identities.schema.field(place), written)
    return table, len(found) - found.null_count
