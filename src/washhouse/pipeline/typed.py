"""Which typed rows did the batches of a version leave in the vault?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyarrow as pa

from washhouse.governance.vault import Vault


class TypedRows:
    """Typed rows of a source's table over a version's batches, one batch in memory at a time.

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
            for table in dict.fromkeys(sent[source, generation.rpartition("@")[0]]):
                self._generations[source, table].append(generation)

    def __call__(self, source: str, table: str) -> Iterator[pa.Table] | None:
        """Typed rows of a table, a batch at a time in the order of landing; None if it was never sent."""
        generations = self._generations.get((source, table))
        if generations is None:
            return None
        return (self._vault.read(f"typed.{source}.{table}", generation) for generation in generations)
