"""How is an event query written without naming what it leaves empty?"""

from __future__ import annotations

from washhouse.sources.mappings.contract import EVENT_COLUMNS

_DEFAULTS = {
    "end_time": "CAST(NULL AS TIMESTAMP)",
    "recorded_at": "e._recorded_at",
    "recorded_assumed": "false",
    "superseded_at": "e._superseded_at",
    "numeric_value": "CAST(NULL AS DOUBLE)",
    "source_file": "e._source_file",
    "source_row": "e._source_row",
}


def event_query(table: str, *, where: str = "", **columns: str) -> str:
    """SQL for events from one table of states, whose alias is `e`.

    Args:
        table: What follows FROM: a table `AS e`, with joins.
        where: Condition, if any.
        **columns: SQL of `EVENT_COLUMNS`; `source_id`, `time` and `code` must be among them. Not given: times of
            knowing and origin are the state's own, the rest is null.

    Raises:
        ValueError: A column is unknown, or one that must be given is not.

    >>> sql = event_query("visit AS e", source_id="e.person", time="e.day", code="'VISIT//home'")
    >>> sql.startswith("SELECT e.person AS source_id, e.day AS time, CAST(NULL AS TIMESTAMP) AS end_time")
    True
    """
    unknown = columns.keys() - set(EVENT_COLUMNS)
    missing = {"source_id", "time", "code"} - columns.keys()
    if unknown or missing:
        raise ValueError(f"unknown: {sorted(unknown)}, missing: {sorted(missing)}")
    given = {"source_id": "", **_DEFAULTS, **columns}
    listed = ", ".join(f"{given.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in EVENT_COLUMNS)
    return f"SELECT {listed} FROM {table}" + (f" WHERE {where}" if where else "")


def death_query(table: str, source_id: str, day: str) -> str:
    """SQL for the event of a death.

    Args:
        table: Table of states.
        source_id: Column with the sender's id of the person.
        day: Column with the day of death.
    """
    return event_query(
        f"{table} AS e",
        source_id=f'e."{source_id}"',
        time=f'CAST(e."{day}" AS TIMESTAMP)',
        code="'DEATH//recorded'",
        where=f'e."{day}" IS NOT NULL',
    )
