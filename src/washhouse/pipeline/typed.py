"""Which typed rows did the batches of a version leave in the vault?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from washhouse.governance.vault import Vault
from washhouse.lake.shares import Chosen, Share
from washhouse.pipeline.packed import MANY, SMALL_ROWS, Packed, is_due, open_packed, packed_name, write_packed
from washhouse.pipeline.submitted import TOGETHER, Submitted, gather, own_table, read_parts, read_together
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.submissions import PART_COLUMNS, Submission, submission_of


class TypedRows:
    """Typed rows of a source's table over a version's batches, some rows in memory at a time.

    Args:
        vault: The vault.
        batches: Ids of the version's batches.
        files: Rows of `record.batch`: an accepted file of a known table has typed rows.
        reopen: Opens the vault in another process, where its key is read from the key's own file.
        kept: Generation of each of the vault's tables in an earlier version: `submitted`, `packed.<source>.<table>`.
    """

    def __init__(
        self,
        vault: Vault,
        batches: Iterable[str],
        files: pa.Table,
        reopen: Callable[[], Vault] | None = None,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        self._vault = vault
        self._reopen = reopen
        self._kept = dict(kept or {})
        self._packed: dict[tuple[str, str], Packed | None] = {}
        self._known: dict[tuple[str, str], dict[str, list[tuple[Any, ...]]]] = {}
        self._generations: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._rows: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        sent: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for row in files.select(["source", "batch", "source_table", "status", "accepted"]).to_pylist():
            if row["status"] == "accepted" and row["source_table"] is not None:
                sent[row["source"], row["batch"]].append(row["source_table"])
                self._rows[row["source"], row["source_table"], row["batch"]] += row["accepted"]
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
        return self._read(source, table, generations, None, share)

    def of_people(self, source: str, table: str, people: Chosen) -> Iterator[pa.Table] | None:
        """The same of people who are named; little is read of the others' rows."""
        generations = self._generations.get((source, table))
        return None if generations is None else self._read(source, table, generations, None, people)

    def rows(
        self, source: str, table: str, generations: Iterable[str], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """Typed rows of some of a table's batches, or some columns of them."""
        return self._read(source, table, list(generations), columns, None)

    def _read(
        self,
        source: str,
        table: str,
        generations: Sequence[str],
        columns: list[str] | None,
        some: Share | Chosen | None,
    ) -> Iterator[pa.Table]:
        packed = self._packed_of(source, table)
        together: Mapping[str, pa.Table] = {}
        if packed is not None and len(packed.places.keys() & set(generations)) >= MANY:
            together = packed.read(self._vault, columns)
        for one in generations:
            if one in together:
                yield some.select(together[one]) if some is not None else together[one]
            elif isinstance(some, Chosen):
                yield from self._vault.read_parts(f"typed.{source}.{table}", one, columns=columns, chosen=some)
            else:
                yield from self._vault.read_parts(f"typed.{source}.{table}", one, columns=columns, share=some)

    def _packed_of(self, source: str, table: str) -> Packed | None:
        """How the small batches of a table were packed, if they were."""
        name, key = packed_name(source, table), (source, table)
        if key not in self._packed:
            self._packed[key] = open_packed(self._vault, name, self._kept[name]) if name in self._kept else None
        return self._packed[key]

    def pack(self, generation: str) -> dict[str, str]:
        """Pack the small batches of each table that has many.

        Args:
            generation: Name of the new generation of the vault's tables.

        Returns:
            Generation of each vault table that holds small batches, those of before among them.
        """
        found: dict[str, str] = {}
        for (source, table), every in self._generations.items():
            counts = {one: self._rows.get((source, table, one.rpartition("@")[0]), SMALL_ROWS + 1) for one in every}
            small = [one for one in every if counts[one] <= SMALL_ROWS]
            name, packed = packed_name(source, table), self._packed_of(source, table)
            if not is_due(small, every, packed):
                found |= {name: packed.generation} if packed is not None else {}
            elif small:
                rows = self._read(source, table, small, None, None)  # so few that each batch comes in one part
                write_packed(self._vault, name, generation, dict(zip(small, rows, strict=True)))
                found[name] = generation
        return found

    def generations(self, source: str, table: str) -> tuple[str, ...]:
        """Generations of a table in the vault, one a batch, in the order of landing."""
        return tuple(self._generations.get((source, table), ()))

    def submissions(self, source: str, table: str) -> list[tuple[str, Submission, str]]:
        """Generation, submission and file (`batch/file`) of all that was submitted of a table."""
        return [
            (generation, *submission_of(row))
            for generation in self.generations(source, table)
            for row in self._parts(source, generation).get(table, ())
        ]

    def sent(self, source: str, table: str) -> list[Submission]:
        """All that was submitted of a table."""
        return [submission for _, submission, _ in self.submissions(source, table)]

    def earlier(self, batches: Iterable[str], files: pa.Table) -> TypedRows:
        """Typed rows of an earlier version; what is known of a batch is known to both."""
        self._read_together()
        found = TypedRows(self._vault, batches, files, self._reopen, self._kept)
        found._known = self._known
        return found

    def submitted(self) -> pa.Table:
        """What was submitted in all batches: `submitted.gather`."""
        batches = dict.fromkeys((source, one) for (source, _), held in self._generations.items() for one in held)
        return gather({(source, one): self._parts(source, one) for source, one in batches})

    def _parts(self, source: str, generation: str) -> Mapping[str, list[tuple[Any, ...]]]:
        """What `PART_COLUMNS` hold in a batch, by table; of one landed by an earlier release it is found out here."""
        self._read_together()
        key = (source, generation)
        if key not in self._known:
            name = own_table(source)
            if not self._vault.exists(name, generation):
                found = Submitted()
                for table in [table for sender, table in self._generations if sender == source]:
                    if generation in self._generations[source, table]:
                        for rows in self.rows(source, table, [generation], list(PART_COLUMNS)):
                            found.add(table, rows)
                self._vault.write(name, generation, found.rows())
            self._known[key] = read_parts(self._vault.read(name, generation))
        return self._known[key]

    def _read_together(self) -> None:
        """Take up what was submitted in the batches of the earlier version."""
        generation = self._kept.pop(TOGETHER, None)
        if generation is not None:
            self._known |= read_together(self._vault.read(TOGETHER, generation))
