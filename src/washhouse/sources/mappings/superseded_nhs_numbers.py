"""What does the list of superseded NHS numbers mean? No events and nobody's record: it joins numbers."""

from __future__ import annotations

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.sources.mappings.contract import Mapping, Stage, States
from washhouse.sources.mappings.run import Typed, read_stage
from washhouse.sources.superseded_nhs_numbers import JOINING_REASONS, SPEC

MAPPING = Mapping(source=SPEC.name, identities=(), events=())

_REASONS = ", ".join(f"'{reason}'" for reason in JOINING_REASONS)
_LIST = Stage(
    states=(States("superseded_state", "superseded", ("old_nhs_number", "nhs_number", "reason")),),
    queries=(
        f"""
    SELECT old_nhs_number AS old, nhs_number AS current FROM superseded_state
    WHERE _superseded_at IS NULL AND lower(reason) IN ({_REASONS})""",
    ),
)


def read_superseded(con: Connection, typed: Typed) -> pa.Table:
    """Read the list as it holds now.

    Args:
        con: The engine.
        typed: Where typed rows come from.

    Returns:
        `old, current`: ten digits each, one row per retired number, by `old`; empty where no list was sent.
    """
    if typed(SPEC.name, "superseded") is None:
        return pa.table({name: pa.array([], pa.string()) for name in ("old", "current")})
    return read_stage(con, SPEC, _LIST, typed)
