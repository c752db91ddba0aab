"""`washhouse history`: who was who on a past day?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, InputError, UsageError
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.readers import reading_current
from washhouse.pipeline.coverage import newest_day
from washhouse.record.link_history import (
    Change,
    PersonHistory,
    RecordHistory,
    parse_day,
    read_history,
    read_link_history,
)


def history(
    home: HomeThere,
    person: Annotated[str, typer.Option(help="The person, by a person_id that it has or had.")] = "",
    record: Annotated[str, typer.Option(help="Or one of its records, by the record's opaque key.")] = "",
    on: Annotated[str, typer.Option(help="The day, YYYY-MM-DD, in the time of the data; the newest if left out.")] = "",
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Say who a person was on a past day: its records then and now, and every merge, split, un-merge and assignment.

    Everything is named by opaque ids. An id that gave way is followed to the one that took over. The question is
    written to the audit of everybody that is told about before anything is told.

    Exit status: 0 done; 2 wrong usage; 3 nobody ever had that id; 4 refused; 5 broken home.

    Example: washhouse history --home home --person 0f3c9a61d2b84e57a1c6e0d94b7f2835 --on 2026-03-01
    """
    if bool(person) == bool(record):
        raise UsageError("history-of-whom", "One of --person and --record is needed.")
    where = Home(home)
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    settings = read_settings(where, key_file=key_file, desk_url=desk_url)
    with reading_current(where) as version:
        if version is None:
            raise HomeError(
                "nothing-published", "This home has no published version yet.", "Run `washhouse run` first."
            )
        day = parse_day(on) if on else newest_day(version)
        vault = Vault(where, load_master_key(where, settings))
        desk = open_desk(settings.desk_url or where.desk_file)
        try:
            now = utc_now()
            found = read_history(
                read_link_history(vault, version.vault),
                system_grant(now),
                AuditTrail(desk),
                on=day,
                now=now,
                person=person,
                record=record,
            )
        finally:
            desk.close()
    if as_json:
        typer.echo(json.dumps({"version": version.id, **found.to_json()}))
        return
    for line in tell(found):
        typer.echo(line)


def tell(found: PersonHistory) -> Iterator[str]:
    """Put a history into lines."""
    if found.asked not in ("", found.person_id):
        yield f"{found.asked} gave way to"
    yield f"{found.person_id}, on {found.on:%Y-%m-%d} and now"
    for record in found.records:
        yield from _tell_record(record)
    for change in found.changes:
        yield from _tell_change(change)
    if not found.changes:
        yield "  nothing merged, split or assigned it"


def _tell_record(record: RecordHistory) -> Iterator[str]:
    yield f"  record {record.record_key} of {record.source}: then {_who(record.then)}, now {_who(record.now)}"
    for stay in record.stays:
        until = f"to {stay.until:%Y-%m-%d %H:%M}" if stay.until else "until now"
        yield f"    {stay.since:%Y-%m-%d %H:%M} {until}: {stay.person_id} ({stay.cause})"


def _tell_change(change: Change) -> Iterator[str]:
    why = f": {change.reason}" if change.reason else ""
    yield f"  {change.at:%Y-%m-%d %H:%M} {change.event} by {change.actor}{why} (version {change.version})"
    yield f"    {', '.join(change.before) or 'nobody'} -> {', '.join(change.after)}"


def _who(person: str | None) -> str:
    return person or "nobody"
