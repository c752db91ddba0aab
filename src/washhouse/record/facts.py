"""What do the senders say of their own records that ties are made of: practices, carers, services, teams?

A fact is known by the sender's own id of the person, so that it stays what it is whoever linkage finds that to be. A
version keeps its facts in the vault; an increment makes those anew that a change concerns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from washhouse.core.tables import Column, Table
from washhouse.lake.engine import Connection
from washhouse.lake.schemas import conform
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.contract import Stage

_SAID = (
    Column("source", "string", "Sending system", nullable=False),
    Column("source_id", "string", "The sender's own id of the person", nullable=False),
)


def _fact(name: str, grain: str, *columns: Column) -> Table:
    return Table(f"fact_{name}", grain, (), (*_SAID, *columns))


_SINCE = Column("since", "date", "First day")
_UNTIL = Column("until", "date", "Day after the last, if ended")

FACTS: dict[str, Table] = {
    "communal": _fact("communal", "one row per record of who lives in a communal place"),
    "carers": _fact(
        "carers",
        "one row per carer and person cared for",
        Column("cared_for", "string", "The sender's own id of the person cared for"),
        _SINCE,
    ),
    "practices": _fact(
        "practices", "one row per registration", Column("practice", "string", "Practice"), _SINCE, _UNTIL
    ),
    "services": _fact(
        "services",
        "one row per service and span",
        Column("service", "string", "Service, as the code of an event"),
        _SINCE,
        _UNTIL,
    ),
    "care": _fact(
        "care",
        "one row per team or worker, and span",
        Column("team", "string", "Team's local id"),
        Column("worker", "string", "Worker's local id"),
        _SINCE,
        _UNTIL,
        Column("source_file", "string", "`batch/file` it was derived from"),
        Column("source_row", "int64", "CSV record in that file"),
    ),
}
"""Kinds of facts, by the name of their stage in a mapping."""

_SQL = {"string": "VARCHAR", "date": "DATE", "int64": "BIGINT"}


def fact_stages(mapping: SystemMapping) -> Iterator[tuple[str, Stage]]:
    """Kind and stage of each kind of fact that a system tells."""
    for kind in FACTS:
        stage = getattr(mapping, kind)
        if stage is not None:
            yield kind, stage


def create_facts(con: Connection, before: Mapping[str, pa.Table] | None = None) -> None:
    """Create a temporary table per kind, called as its contract.

    Args:
        con: The engine.
        before: Facts that they begin with, by kind.
    """
    for kind, table in FACTS.items():
        columns = ", ".join(f"{column.name} {_SQL[column.type]}" for column in table.columns)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} ({columns})")
        if before is not None:
            con.register("record__fact", before[kind])
            con.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM record__fact")
            con.unregister("record__fact")


def drop_facts(con: Connection, kind: str, source: str, people: str | None) -> None:
    """Leave out what a source said of some people; of everybody where none are named.

    Args:
        con: The engine.
        kind: Kind of fact.
        source: Sending system.
        people: Table `source_id`.
    """
    some = f" AND source_id IN (SELECT source_id FROM {people})" if people is not None else ""
    con.execute(f"DELETE FROM {FACTS[kind].name} WHERE source = $source{some}", {"source": source})


def add_facts(con: Connection, kind: str, source: str, sql: str, people: str | None = None) -> None:
    """Add what a stage's query tells, of some people where they are named."""
    names = ", ".join(column.name for column in FACTS[kind].columns if column.name != "source")
    some = f" AND source_id IN (SELECT source_id FROM {people})" if people is not None else ""
    con.execute(
        f"INSERT INTO {FACTS[kind].name} BY NAME "
        f"SELECT $source AS source, {names} FROM ({sql}) WHERE source_id IS NOT NULL{some}",
        {"source": source},
    )


def read_facts(con: Connection) -> dict[str, pa.Table]:
    """All facts, by kind, in the order of all columns."""
    return {
        kind: conform(table, con.sql(f"SELECT * FROM {table.name} ORDER BY ALL").to_arrow_table())
        for kind, table in FACTS.items()
    }
