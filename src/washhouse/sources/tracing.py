"""Whose record does a row concern, and which rows are needed to say all about some people?

A thing (a referral, a contact, a stay) is told by rows of several submissions, and things hang on one another. A row
leads to people by its own column or by its parent's; it is needed by whoever a row of the same thing leads to. More
rows than are needed do no harm, for what they say of others is left out; a missing one would change a history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.sources.contract import SourceSpec, TableSpec
from washhouse.sources.mappings.contract import Mapping
from washhouse.sources.stack import in_chunks

Chunks = Callable[[str, Sequence[str], bool], Iterable[tuple[pa.Table, bool]]]
"""Some columns of a table's typed rows in parts, of all batches or of changed ones only, each with whether its batch is
a changed one."""


@dataclass(frozen=True)
class Route:
    """How a table's rows lead to people.

    Attributes:
        table: Table of the source's contract.
        person: Column with the sender's id of the person; empty where rows lead to it through their parent.
        key: Columns that name a thing.
        together: Column that things share which are told together; empty if none are.
        parent: Table that a row without a person's column hangs on; empty where it hangs on none.
        up: Column that names the parent's thing.
        own: Column by which other tables' rows name this one's things; empty where none does.
    """

    table: str
    person: str
    key: tuple[str, ...]
    together: str = ""
    parent: str = ""
    up: str = ""
    own: str = ""

    @property
    def is_common(self) -> bool:
        """Whether its rows belong to nobody by themselves, as a directory of teams does."""
        return not self.person and not self.parent

    @property
    def is_own(self) -> bool:
        """Whether a thing is always the same person's, so that rows are told by the person alone."""
        return self.person in self.key and not self.own and not self.together


def routes_of(spec: SourceSpec, mapping: Mapping) -> dict[str, Route]:
    """The route of each table that the mapping reads, parents first."""
    traces = {trace.table: trace for trace in mapping.traces}
    found: dict[str, Route] = {}

    def visit(table: TableSpec) -> None:
        if table.name in found:
            return
        trace = traces.get(table.name)
        if trace is not None:
            found[table.name] = Route(table.name, trace.person, table.business_key, trace.together)
        elif table.parent is not None:
            visit(spec.table(table.parent[0]))
            found[table.name] = Route(table.name, "", table.business_key, "", table.parent[0], table.child_key)
        else:
            found[table.name] = Route(table.name, "", table.business_key)

    for name in sorted(mapping.tables):
        visit(spec.table(name))
    named = {
        spec.table(route.parent).name: parent[1]
        for route in found.values()
        if route.parent and (parent := spec.table(route.table).parent) is not None
    }
    return {name: replace(one, own=named.get(name, "")) for name, one in found.items()}


def own_column(spec: SourceSpec, mapping: Mapping, table: str) -> str | None:
    """Column with the sender's id of the person where it alone says whose a table's rows are; None where not."""
    route = routes_of(spec, mapping).get(table) if mapping.traces else None
    return route.person if route is not None and route.is_own else None


class Tracer:
    """Follows the rows of one source to people and back.

    Args:
        con: The engine; temporary tables `trace__...` are made, and dropped by `close`.
        spec: The source's contract.
        mapping: Its mapping.
        chunks: Where rows come from, those of both versions.
    """

    def __init__(self, con: Connection, spec: SourceSpec, mapping: Mapping, chunks: Chunks) -> None:
        self.routes = routes_of(spec, mapping)
        self._con = con
        self._source = spec.name
        self._chunks = chunks
        self._made: dict[str, str] = {}

    def touched(self, table: str) -> str:
        """Make a table `source_id` of the people that a changed row of a table concerns, before or after the change."""
        route = self.routes[table]
        if route.is_own:
            return self._changed_people(route)
        return self._table(f"touched_{table}", lambda: self._people_of(route, "SELECT k FROM {0} WHERE changed"))

    def keys(self, table: str, people: str) -> str:
        """Make a table `k` of the things needed to tell all that a table says of people.

        Args:
            table: Table of the contract, not of a common or own route.
            people: Table `source_id`.
        """
        route = self.routes[table]
        links = self._links(route)
        if route.person:
            sql = _told_together(route, links, f"SELECT k FROM {links} WHERE sid IN (SELECT source_id FROM {people})")
        else:
            above = self.keys(route.parent, people)
            own = f"SELECT own FROM {self._links(self.routes[route.parent])} WHERE k IN (SELECT k FROM {above})"
            sql = f"SELECT DISTINCT k FROM {links} WHERE up IN ({own})"
        return self._table(f"keys_{table}_{people}", lambda: sql)

    def select(self, table: str, people: str, rows: pa.Table | Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Leave the rows that are needed to tell all that a table says of people.

        Args:
            table: Table of the contract.
            people: Table `source_id`.
            rows: All its typed rows, in parts.
        """
        route = self.routes[table]
        if route.is_common:
            yield from in_chunks(rows)
            return
        wanted = people if route.is_own else self.keys(table, people)
        named = f'CAST("{route.person}" AS VARCHAR)' if route.is_own else _digest(route.key)
        column = "source_id" if route.is_own else "k"
        for part in in_chunks(rows):
            self._con.register("trace__part", part)
            try:
                yield self._con.sql(
                    f"SELECT * FROM trace__part WHERE {named} IN (SELECT {column} FROM {wanted})"
                ).to_arrow_table()
            finally:
                self._con.unregister("trace__part")

    def close(self) -> None:
        """Drop what was made."""
        for name in self._made.values():
            self._con.execute(f"DROP TABLE IF EXISTS {name}")
        self._made.clear()

    def _people_of(self, route: Route, things: str) -> str:
        """SQL of `source_id` for the people that things of a table lead to; `{0}` is its table of links."""
        links = self._links(route)
        keys = _told_together(route, links, things.format(links))
        if route.person:
            return f"SELECT DISTINCT sid AS source_id FROM {links} WHERE k IN ({keys}) AND sid IS NOT NULL"
        above = f"SELECT k FROM {{0}} WHERE own IN (SELECT up FROM {links} WHERE k IN ({keys}))"
        return self._people_of(self.routes[route.parent], above)

    def _changed_people(self, route: Route) -> str:
        name = f"touched_{route.table}"
        if name not in self._made:
            made = self._table(name, lambda: "SELECT CAST(NULL AS VARCHAR) AS source_id WHERE false")
            for part, _ in self._chunks(route.table, [route.person], True):
                self._insert(made, part, f'SELECT DISTINCT CAST("{route.person}" AS VARCHAR)')
        return self._made[name]

    def _links(self, route: Route) -> str:
        name = f"links_{route.table}"
        if name not in self._made:
            text = ", ".join(f"CAST(NULL AS VARCHAR) AS {column}" for column in ("t", "own", "up", "sid"))
            empty = f"SELECT CAST(NULL AS UBIGINT) AS k, {text}, false AS changed WHERE false"
            made = self._table(name, lambda: empty)
            held = (route.together, route.own, route.up, route.person)
            columns = [f'CAST("{column}" AS VARCHAR)' if column else "NULL" for column in held]
            wanted = dict.fromkeys(column for column in (*route.key, *held) if column)
            for part, changed in self._chunks(route.table, list(wanted), False):
                listed = ", ".join((_digest(route.key), *columns, "true" if changed else "false"))
                self._insert(made, part, f"SELECT DISTINCT {listed}")
        return self._made[name]

    def _insert(self, table: str, part: pa.Table, select: str) -> None:
        self._con.register("trace__part", part)
        try:
            self._con.execute(f"INSERT INTO {table} {select} FROM trace__part")
        finally:
            self._con.unregister("trace__part")

    def _table(self, name: str, sql: Callable[[], str]) -> str:
        if name not in self._made:
            query = sql()
            made = f"trace__{self._source}_{len(self._made)}"
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE {made} AS {query}")
            self._made[name] = made
        return self._made[name]


def _told_together(route: Route, links: str, keys: str) -> str:
    """SQL of `k` for things and all that are told together with one of them."""
    if not route.together:
        return keys
    return f"SELECT k FROM {links} WHERE t IN (SELECT t FROM {links} WHERE k IN ({keys})) OR k IN ({keys})"


def _digest(columns: Sequence[str]) -> str:
    listed = ", ".join(f'CAST("{column}" AS VARCHAR)' for column in columns)
    return f"hash({listed})"
