"""`washhouse quality`: what did the checks of the data come to?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.lake.readers import reading_current
from washhouse.lake.store import Lake
from washhouse.record.quality.contract import breach_of
from washhouse.record.quality.registry import CHECKS
from washhouse.record.quality.report import quality_to_json
from washhouse.record.reader import open_record


def quality(home: HomeThere, as_json: AsJson = False, desk_url: DeskUrl = None) -> None:
    """Say what the checks of the data came to in the published version: counts and shares, never a value.

    `--json` tells every check with all that it was asked of; without it, what is over its limit and what to do.

    Exit status: 0 done, whatever was found; 3 no such home; 5 nothing published, or broken home.

    Example: washhouse quality --home home
    """
    where = Home(home)
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    settings = read_settings(where, desk_url=desk_url)
    with reading_current(where) as version:
        if version is None:
            raise HomeError(
                "nothing-published", "This home has no published version yet.", "Run `washhouse run` first."
            )
        desk = open_desk(settings.desk_url or where.desk_file)
        try:
            record = open_record(Lake(where.lake), version, system_grant(utc_now()), AuditTrail(desk))
            findings = record.quality().to_pylist()
        finally:
            desk.close()
    if as_json:
        typer.echo(json.dumps(quality_to_json(version.id, findings)))
        return
    for line in tell(version.id, findings):
        typer.echo(line)


def tell(version: str, findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Put what is over its limit into lines, by check."""
    over = [row for row in findings if row["status"] == "over"]
    asked = len({row["check"] for row in findings})
    yield f"Version {version}: {asked} of {len(CHECKS)} checks asked, {len(over)} of {len(findings)} findings over."
    for name in dict.fromkeys(row["check"] for row in over):
        check = CHECKS[name]
        can = "can stop" if check.severity == "stop" else "told only"
        yield f"{check.title} ({check.id}, {check.category}, {can})"
        for row in over:
            if row["check"] == name:
                column = f", column {row['column']}" if row["column"] else ""
                earlier = "" if row["is_new"] else "; of a batch that came with an earlier version"
                yield f"    {breach_of(check, row).words}{column}{earlier}"
        yield f"    {check.advice}"
