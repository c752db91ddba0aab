"""`washhouse versions`: which versions are kept, and back to an earlier one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile
from washhouse.cli.settings import read_settings
from washhouse.core.errors import InputError
from washhouse.core.home import Home
from washhouse.lake.pointer import Version, history
from washhouse.pipeline.going_back import roll_back

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def versions() -> None:
    """Name the versions that are kept (`keep_versions` in the settings), and go back to an earlier one.

    Example: washhouse versions list --home home
    """


@app.command("list")
def list_versions(home: HomeThere, as_json: AsJson = False) -> None:
    """Name every version that can still be read, oldest first; the last is the published one.

    Exit status: 0 done; 3 no such home; 5 broken home.

    Example: washhouse versions list --home home
    """
    kept = history(_home(home))
    if as_json:
        typer.echo(json.dumps({"versions": [_told(version) for version in kept]}))
        return
    for version in kept:
        told = _told(version)
        back = f", the contents of {told['contents_of']}" if told["contents_of"] else ""
        typer.echo(
            f"{version.id}  {version.published_at:%Y-%m-%d %H:%M}  {told['people']:,} people, "
            f"{told['events']:,} events, {told['batches']:,} batches{back}"
        )


@app.command()
def rollback(
    home: HomeThere,
    to: Annotated[str, typer.Option(help="The version to go back to, as `versions list` names it.")],
    as_json: AsJson = False,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Publish the contents of an earlier version again, as a further version.

    Nothing is lost: what lay between stays readable while it is kept, and the next run brings in again every batch that
    came since. To leave a bad batch out, have its sender send it again, corrected, under the same name.

    Exit status: 0 done; 3 no such version; 5 broken home.

    Example: washhouse versions rollback --home home --to v000003-3f2a9c01
    """
    where = _home(home)
    version = roll_back(where, read_settings(where, key_file=key_file, desk_url=desk_url), to)
    waiting = len(version.summary["waiting"])
    if as_json:
        typer.echo(json.dumps({"version": version.id, "contents_of": to, "waiting": waiting}))
        return
    typer.echo(f"Published version {version.id} with the contents of {to}; {waiting:,} batches wait for the next run.")


def _home(home: HomeThere) -> Home:
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    return Home(home)


def _told(version: Version) -> dict[str, object]:
    record = version.summary.get("record", {})
    return {
        "id": version.id,
        "published_at": version.published_at.isoformat(),
        "people": record.get("people", 0),
        "events": record.get("events", 0),
        "batches": len(version.batches),
        "contents_of": version.summary.get("rolled_back_to"),
    }
