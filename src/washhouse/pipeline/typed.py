"""Which typed rows did the batches of a version leave in the vault?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyarrow as pa

from washhouse.governance.vault import Vault
from washhouse.sources.mappings.registry import SYSTEMS


class TypedRows:
    """Typed rows of a source's table over a version's batches, some rows in memory at a time.

    Args:
        vault: The vault.
        batches: Ids of the version's batches.
        files: Rows of `record.batch`: an accepted file of a known table has typed rows.
    """

    def __init__(self, vault: Vault, batches: Iterable[str], files: pa.Table) -> None:
        self._vault = vault
        self._generations: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        sent: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for row in files.select(["source", "batch", "source_table", "status"]).to_pylist():
            if row["status"] == "accepted" and row["source_table"] is not None:
                sent[row["source"], row["batch"]].append(row["source_table"])
        for batch_id in batches:
            source, _, generation = batch_id.partition("/")
            # Several files may hold one table: the vault keeps their rows together.
            held = dict.fromkeys(sent[source, generation.rpartition("@")[0]])
            spec = SYSTEMS[source][0] if source in SYSTEMS else None
            inside = [one.name for one in spec.tables if one.within in held] if spec is not None else []
            for table in (*held, *(one for one in inside if vault.exists(f"typed.{source}.{one}", generation))):
                self._generations[source, table].append(generation)

    def __call__(self, source: str, table: str) -> Iterator[pa.Table] | None:
        """Typed rows of a table, batch by batch in the order of landing, a large one in parts; None if never sent."""
        generations = self._generations.get((source, table))
        if generations is None:
            return None
        name = f"typed.{source}.{table}"
        return (part for generation in generations for part in self._vault.read_parts(name, generation))
