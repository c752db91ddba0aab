"""How are the typed rows of very many small batches read, without opening a file for each?

A sealed file costs some milliseconds to open and to read, however few rows it holds, and a sender of thirty tables has
sent thousands of them after some years. The small ones of a table are kept together in one more, from version to
version, until many more have come. The batches' own files stay, and what is in no version's list is not read from here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from washhouse.governance.vault import Vault

SMALL_ROWS = 5_000
"""Rows of a batch that is kept with others, at most: to open it takes about as long as to read so many."""

MANY = 16
"""Small batches that lie by themselves before they are packed; of fewer it is the files that are read."""

_BATCHES = b"batches"
"""Key of the table's metadata: generation and number of rows of each batch in it, as they lie."""


def packed_name(source: str, table: str) -> str:
    """Name of the vault's table that holds small batches of a source's table."""
    return f"packed.{source}.{table}"


@dataclass(frozen=True)
class Packed:
    """Small batches of one table that lie together.

    Attributes:
        name: Name of the vault's table.
        generation: Its generation.
        places: First row and end of each batch, by its generation, in the order in which they lie.
    """

    name: str
    generation: str
    places: Mapping[str, tuple[int, int]]

    def read(self, vault: Vault, columns: list[str] | None = None) -> dict[str, pa.Table]:
        """Read the rows of each batch, all columns or some."""
        rows = vault.read(self.name, self.generation, columns)
        return {one: rows.slice(first, end - first) for one, (first, end) in self.places.items()}


def open_packed(vault: Vault, name: str, generation: str) -> Packed:
    """Find out which batches lie where in a table of small batches."""
    places: dict[str, tuple[int, int]] = {}
    first = 0
    for one, rows in json.loads(vault.read(name, generation, []).schema.metadata[_BATCHES]):
        places[one] = (first, first + rows)
        first += rows
    return Packed(name, generation, places)


def is_due(small: Sequence[str], every: Iterable[str], packed: Packed | None) -> bool:
    """Whether a table's small batches are to be packed now.

    Args:
        small: Generations of its small batches.
        every: Generations of all its batches.
        packed: How they were packed before. A batch in it that is gone must not be read from it if it comes again.
    """
    held = packed.places.keys() if packed is not None else set()
    return len(set(small) - held) >= MANY or not held <= set(every)


def write_packed(vault: Vault, name: str, generation: str, batches: Mapping[str, pa.Table]) -> None:
    """Keep the rows of small batches together, each named by its generation; a column that some lack is empty there."""
    rows = pa.concat_tables(batches.values(), promote_options="permissive")
    told = json.dumps([[one, part.num_rows] for one, part in batches.items()])
    vault.write(name, generation, rows.replace_schema_metadata({_BATCHES: told.encode()}))
