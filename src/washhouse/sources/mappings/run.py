"""How is a mapping run over typed rows?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import Any

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.shares import Share
from washhouse.sources.contract import SourceSpec
from washhouse.sources.delivery import resolve_history
from washhouse.sources.identity import IDENTITY
from washhouse.sources.mappings.contract import Mapping, Stage
from washhouse.sources.submissions import Submission

Typed = Callable[[str, str], pa.Table | Iterable[pa.Table] | None]
"""Typed rows of a source's table over all batches of a version, at once or a batch at a time; None: never sent."""

OfShare = Callable[[str, str, Share], Iterable[pa.Table] | None]
"""The same of some people only."""

Sent = Callable[[str, str], Iterable[Submission]]
"""All submissions of a source's table over all batches of a version."""


def nothing_else(source: str, table: str) -> Iterable[Submission]:
    """The typed rows are all there are: their submissions are all that were made."""
    return ()


HELD_BYTES = 256_000_000
"""Most that is held of tables which several stages read."""


class SmallHeld:
    """Typed rows of which each small table is read once: reading is decrypting, and a few are read by several stages.

    Several threads may ask at once. In another process it begins anew, but knows which tables are large.

    Args:
        typed: Where typed rows come from.
        of_share: Where those of some people come from; None: they are looked for among all.
        most_bytes: Most bytes held over all tables; what does not fit is read again each time.
    """

    def __init__(self, typed: Typed, of_share: OfShare | None = None, most_bytes: int = HELD_BYTES) -> None:
        self._typed = typed
        self._of_share = of_share
        self._left = most_bytes
        self._held: dict[tuple[str, str], list[pa.Table] | None] = {}
        self._large: set[tuple[str, str]] = set()
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        """What another process begins with: where rows come from, and none of them."""
        left = self._left + sum(part.nbytes for parts in self._held.values() for part in parts or ())
        return {**self.__dict__, "_held": {}, "_left": left, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew."""
        self.__dict__ |= {**state, "_lock": Lock()}

    def __call__(self, source: str, table: str) -> pa.Table | Iterable[pa.Table] | None:
        """All rows of a table."""
        with self._lock:
            return self._read((source, table))

    def _read(self, key: tuple[str, str]) -> pa.Table | Iterable[pa.Table] | None:
        if key in self._held:
            return self._held[key]
        rows = self._typed(*key)
        if key in self._large:
            return rows
        parts: list[pa.Table] = []
        rest = iter([rows] if isinstance(rows, pa.Table) else rows or ())
        size = 0
        for part in rest:
            parts.append(part)
            size += part.nbytes
            if size > self._left:
                self._large.add(key)
                return _hand_over(parts, rest)
        self._left -= size
        self._held[key] = parts if rows is not None else None
        return self._held[key]

    def of_share(self, source: str, table: str, share: Share) -> Iterable[pa.Table] | None:
        """Rows of a table that are of a share."""
        rows = self(source, table) if (source, table) not in self._large else None
        if (source, table) in self._large:
            if self._of_share is not None:
                return self._of_share(source, table, share)
            rows = self._typed(source, table)
        if rows is None:
            return None
        return (share.select(part) for part in ([rows] if isinstance(rows, pa.Table) else rows))


def _hand_over(parts: list[pa.Table], rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    while parts:
        yield parts.pop(0)
    yield from rest


def run_stage(
    con: Connection, spec: SourceSpec, stage: Stage, typed: Typed, sent: Sent = nothing_else
) -> Iterator[str]:
    """Make a stage's tables, yield its queries, and drop the tables when the caller is done with them.

    Args:
        con: The engine, with the macros of `create_macros`.
        spec: The source's contract.
        stage: The stage.
        typed: Where typed rows come from.
        sent: All submissions of a table, where `typed` gives the rows of some people only.

    Yields:
        SQL, one query after another.
    """
    made: list[str] = []
    try:
        for states in stage.states:
            table = spec.table(states.table)
            rows = typed(spec.name, table.name)
            resolve_history(
                con, table, rows, name=states.name, columns=states.columns, sent=sent(spec.name, table.name)
            )
            made.append(states.name)
        for name, sql in stage.derived:
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
            made.append(name)
        yield from stage.queries
    finally:
        for name in made:
            con.execute(f"DROP TABLE IF EXISTS {name}")


def read_stage(
    con: Connection, spec: SourceSpec, stage: Stage, typed: Typed, sent: Sent = nothing_else, people: str | None = None
) -> pa.Table:
    """Run a stage whose result is small and gather its queries' rows, in the order of all columns.

    Args:
        con: The engine, with the macros of `create_macros`.
        spec: The source's contract.
        stage: The stage.
        typed: Where typed rows come from.
        sent: As `run_stage`.
        people: Table `source_id` of whose rows are wanted; None: everybody's.
    """
    some = f" WHERE source_id IN (SELECT source_id FROM {people})" if people is not None else ""
    parts = [
        con.sql(f"SELECT * FROM ({sql}){some} ORDER BY ALL").to_arrow_table()
        for sql in run_stage(con, spec, stage, typed, sent)
    ]
    return pa.concat_tables(parts, promote_options="permissive")


def read_identities(con: Connection, pairs: Sequence[tuple[SourceSpec, Mapping]], typed: Typed) -> pa.Table:
    """Read what every system says about who its records belong to.

    Args:
        con: The engine, with the macros of `create_macros`.
        pairs: Contract and mapping of each system.
        typed: Where typed rows come from.

    Returns:
        `sources.identity.IDENTITY`: one row per source record of a person, its latest state, by source and id.
    """
    parts = [arrow_schema(IDENTITY).empty_table()]
    parts += [read_own_identities(con, *pair, typed) for pair in pairs]
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in IDENTITY.order])


def read_own_identities(
    con: Connection,
    spec: SourceSpec,
    mapping: Mapping,
    typed: Typed,
    sent: Sent = nothing_else,
    people: str | None = None,
) -> pa.Table:
    """Read what one system says, of some people where they are named; see `read_identities` and `read_stage`."""
    parts = [arrow_schema(IDENTITY).empty_table()]
    for stage in mapping.identities:
        rows = read_stage(con, spec, stage, typed, sent, people)
        parts.append(conform(IDENTITY, rows.append_column("source", pa.repeat(spec.name, rows.num_rows))))
    return pa.concat_tables(parts)


def was_sent(spec: SourceSpec, mapping: Mapping, typed: Typed) -> bool:
    """Whether any table that the mapping reads was ever sent."""
    return any(typed(spec.name, table) is not None for table in sorted(mapping.tables))
