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
    """

    def __init__(self, vault: Vault, batches: Iterable[str]) -> None:
        self._vault = vault
        self._generations: defaultdict[str, list[str]] = defaultdict(list)
        for batch_id in batches:
            source, _, generation = batch_id.partition("/")
            self._generations[source].append(generation)

    @property
    def sources(self) -> list[str]:
        """Sources that sent a batch, sorted."""
        return sorted(self._generations)

    def __call__(self, source: str, table: str) -> Iterator[pa.Table] | None:
        """Typed rows of a table, a batch at a time in the order of landing; None if it was never sent."""
        name = f"typed.{source}.{table}"
        held = [generation for generation in self._generations[source] if self._vault.exists(name, generation)]
        return (self._vault.read(name, generation) for generation in held) if held else None
