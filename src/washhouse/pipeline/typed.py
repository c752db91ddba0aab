"""Which typed rows did the batches of a version leave in the vault?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from washhouse.governance.vault import Vault
from washhouse.lake.shares import Share
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.submissions import PART_COLUMNS, Submission, submission_of


class TypedRows:
    """Typed rows of a source's table over a version's batches, some rows in memory at a time.

    Args:
        vault: The vault.
        batches: Ids of the version's batches.
        files: Rows of `record.batch`: an accepted file of a known table has typed rows.
        reopen: Opens the vault in another process, where its key is read from the key's own file.
    """

    def __init__(
        self, vault: Vault, batches: Iterable[str], files: pa.Table, reopen: Callable[[], Vault] | None = None
    ) -> None:
        self._vault = vault
        self._reopen = reopen
        self._known: dict[tuple[str, str], dict[str, list[tuple[Any, ...]]]] = {}
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
            # What others lie within is a way of sending: its rows are theirs.
            around = {one.within for one in spec.tables} if spec is not None else set()
            found = [one for one in inside if vault.exists(f"typed.{source}.{one}", generation)]
            for table in (*(one for one in held if one not in around), *found):
                self._generations[source, table].append(generation)

    def __getstate__(self) -> dict[str, Any]:
        """All but the vault."""
        return {**self.__dict__, "_vault": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the vault where this came to."""
        self.__dict__ |= {**state, "_vault": state["_reopen"]()}

    def __call__(self, source: str, table: str) -> Iterator[pa.Table] | None:
        """Typed rows of a table, batch by batch in the order of landing, a large one in parts; None if never sent."""
        generations = self._generations.get((source, table))
        if generations is None:
            return None
        return self.rows(source, table, generations)

    def of_share(self, source: str, table: str, share: Share) -> Iterator[pa.Table] | None:
        """The same of some people only; a large batch's other rows are not read."""
        generations = self._generations.get((source, table))
        if generations is None:
            return None
        name = f"typed.{source}.{table}"
        return (part for one in generations for part in self._vault.read_parts(name, one, share=share))

    def rows(
        self, source: str, table: str, generations: Iterable[str], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """Typed rows of some of a table's batches, or some columns of them."""
        name = f"typed.{source}.{table}"
        return (part for one in generations for part in self._vault.read_parts(name, one, columns=columns))

    def generations(self, source: str, table: str) -> tuple[str, ...]:
        """Generations of a table in the vault, one a batch, in the order of landing."""
        return tuple(self._generations.get((source, table), ()))

    def submissions(self, source: str, table: str) -> list[tuple[str, Submission, str]]:
        """Generation, submission and file (`batch/file`) of all that was submitted of a table."""
        return [
            (generation, *submission_of(row))
            for generation in self.generations(source, table)
            for row in self._parts(source, generation)[table]
        ]

    def sent(self, source: str, table: str) -> list[Submission]:
        """All that was submitted of a table."""
        return [submission for _, submission, _ in self.submissions(source, table)]

    def earlier(self, batches: Iterable[str], files: pa.Table) -> TypedRows:
        """Typed rows of an earlier version; what is known of a batch is known to both."""
        found = TypedRows(self._vault, batches, files, self._reopen)
        found._known = self._known
        return found

    def _parts(self, source: str, generation: str) -> dict[str, list[tuple[Any, ...]]]:
        """What `PART_COLUMNS` hold in a batch, by table; read from its rows once, then kept with the batch."""
        key = (source, generation)
        if key not in self._known:
            name = f"part.{source}"
            if not self._vault.exists(name, generation):
                tables = [table for sender, table in self._generations if sender == source]
                held = [one for one in tables if generation in self._generations[source, one]]
                found = [_distinct(self.rows(source, one, [generation], list(PART_COLUMNS)), one) for one in held]
                self._vault.write(name, generation, pa.concat_tables(found))
            parts: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
            for row in self._vault.read(name, generation).to_pylist():
                parts[row["table"]].append(tuple(row[column] for column in PART_COLUMNS))
            self._known[key] = parts
        return self._known[key]


def _distinct(parts: Iterable[pa.Table], table: str) -> pa.Table:
    """What `PART_COLUMNS` hold in some rows, each once, beside the name of their table."""
    plain = [
        pa.table([_plain(column) for column in part.select(PART_COLUMNS).columns], names=PART_COLUMNS) for part in parts
    ]
    rows = pa.concat_tables(plain).group_by(list(PART_COLUMNS)).aggregate([])
    return rows.append_column("table", pa.array([table] * rows.num_rows, pa.string()))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
