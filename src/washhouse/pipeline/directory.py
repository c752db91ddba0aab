"""Which users, teams and assignments does the published version name? The desk is brought to it after every run."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from washhouse.desk.database import open_desk
from washhouse.desk.directory import sync_directory
from washhouse.lake.engine import Connection
from washhouse.lake.pointer import Version
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.coverage import newest_day
from washhouse.pipeline.deciding import hand_over_changes
from washhouse.pipeline.typed import TypedRows
from washhouse.record.tables import BATCH, CARE_RELATION
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import STAFF_COLUMNS, TEAM_COLUMNS, Stage
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import read_stage


def sync_desk(context: RunContext, version: Version) -> int:
    """Bring the desk's directory to what a version says; does nothing where it says so already.

    Returns:
        Number of rows of the desk that were added, changed or removed.
    """
    files = context.lake.read(BATCH, version.tables[BATCH.name])
    typed = TypedRows(context.vault, version.batches, files)
    pairs = list(context.systems.values())
    with context.connect() as connection:
        create_macros(connection, context.vault.secret("ref"))
        staff = [(spec, mapping.staff) for spec, mapping in pairs if mapping.staff is not None]
        teams = [(spec, mapping.teams) for spec, mapping in pairs if mapping.teams is not None]
        workers = _gather(connection, staff, typed, STAFF_COLUMNS)
        named = _gather(connection, teams, typed, TEAM_COLUMNS)
    assignments = context.lake.read(CARE_RELATION, version.tables[CARE_RELATION.name])
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        waiting = hand_over_changes(context, desk, version)
        return waiting + sync_directory(desk, workers, named, assignments, today=newest_day(version)).changes
    finally:
        desk.close()


def _gather(
    connection: Connection, stages: Sequence[tuple[SourceSpec, Stage]], typed: TypedRows, columns: Sequence[str]
) -> pa.Table:
    parts = [read_stage(connection, spec, stage, typed).select(columns) for spec, stage in stages]
    return pa.concat_tables([pa.table({name: pa.array([], pa.string()) for name in columns}), *parts])
