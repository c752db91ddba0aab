"""`washhouse versions`: which versions are kept, what each holds, and back to an earlier one."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.lake.pointer import Version, history
from washhouse.lake.readers import unknown_version
from washhouse.pipeline.going_back import roll_back

MOST_NAMED = 20
"""Batches named one by one; `--json` names all."""

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def versions() -> None:
    """Name the versions that are kept (`keep_versions` in the settings), tell of one, and go back to an earlier one.

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
def show(
    home: HomeThere,
    version_id: Annotated[str, typer.Argument(help="As `versions list` names it; without, the published one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what a version holds, and in what it differs from the one before it that is kept.

    Exit status: 0 done; 3 no such version; 5 broken home, or nothing published.

    Example: washhouse versions show v000003-3f2a9c01 --home home
    """
    kept = history(_home(home))
    if not kept:
        raise HomeError("nothing-published", "This home has no published version yet.", "Run `washhouse run` first.")
    places = [place for place, one in enumerate(kept) if version_id in ("", one.id)]
    if not places:
        raise unknown_version()
    version = kept[places[-1]]
    told = _told(version) | _held(version)
    since = _since(kept[places[-1] - 1], version) if places[-1] else None
    if as_json:
        typer.echo(json.dumps({**told, "since": since}))
        return
    back = f", the contents of {told['contents_of']}" if told["contents_of"] else ""
    typer.echo(f"{version.id}, published {version.published_at:%Y-%m-%d %H:%M} UTC{back}")
    typer.echo(f"{told['people']:,} people, {told['events']:,} events in {version.buckets} buckets")
    for source, counts in told["sources"].items():
        day = f"as of {told['as_of'][source]}, " if source in told["as_of"] else ""
        typer.echo(f"{source}: {day}{counts['batches']:,} batches, {counts['accepted']:,} lines accepted")
    typer.echo(f"models: {_listed([f'{name} {model}' for name, model in version.models.items()])}")
    typer.echo(f"tables: {_listed([f'{name} {number}' for name, number in sorted(version.tables.items())])}")
    if since is None:
        typer.echo("No earlier version is kept.")
        return
    typer.echo(f"Since {since['version']}: {since['people']:+,} people, {since['events']:+,} events")
    for name in ("came", "went"):
        if since[name]:
            typer.echo(f"  {name}: {_listed(since[name])}")


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


def _told(version: Version) -> dict[str, Any]:
    record = version.summary.get("record", {})
    return {
        "id": version.id,
        "published_at": version.published_at.isoformat(),
        "people": record.get("people", 0),
        "events": record.get("events", 0),
        "batches": len(version.batches),
        "contents_of": version.summary.get("rolled_back_to"),
    }


def _held(version: Version) -> dict[str, Any]:
    """What a version is made of: for tables the version of each Delta table, for models what scored."""
    return {
        "as_of": {source: day.isoformat() for source, day in sorted(version.as_of.items())},
        "sources": version.summary.get("sources", {}),
        "buckets": version.buckets,
        "models": version.models,
        "tables": version.tables,
        "batch_ids": list(version.batches),
    }


def _since(earlier: Version, version: Version) -> dict[str, Any]:
    """In what a version differs from an earlier one: people and events more or fewer, batches that came and went."""
    before, now = _told(earlier), _told(version)
    return {
        "version": earlier.id,
        "people": now["people"] - before["people"],
        "events": now["events"] - before["events"],
        "came": [batch for batch in version.batches if batch not in set(earlier.batches)],
        "went": [batch for batch in earlier.batches if batch not in set(version.batches)],
    }


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return (", ".join(names[:MOST_NAMED]) or "none") + (f", and {more:,} more" if more > 0 else "")
