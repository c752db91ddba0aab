"""`washhouse run`: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, Buckets, DeskUrl, EngineOf, HomeToMake, KeyFile, MemoryLimit, Threads
from washhouse.cli.progress import RichProgress
from washhouse.cli.settings import prepare_home, read_settings
from washhouse.core.home import Home
from washhouse.pipeline.commit_points import die_at, nothing
from washhouse.pipeline.report import RunReport
from washhouse.pipeline.run import run_inbox


def run(
    home: HomeToMake,
    inbox: Annotated[Path, typer.Option(help="Folder of SOURCE/BATCH/FILE; a batch's name begins with its date.")],
    as_json: AsJson = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build the whole record anew, and not only what changed.")
    ] = False,
    buckets: Buckets = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    engine: EngineOf = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
    die: Annotated[str, typer.Option("--die-at", hidden=True)] = "",
) -> None:
    """Land what lies in an inbox, link it, build the record, score it, publish it.

    A batch landed before is skipped; running twice changes nothing. A run that died is made good by the next. Only
    what the new batches change is made anew, and comes to what building everything would.

    Exit status: 0 done; 1 finished, but a file was rejected; 3 bad input; 4 refused; 5 broken home.

    Example: washhouse run --home home --inbox city/extracts
    """
    where = Home(home)
    settings = read_settings(
        where,
        buckets=buckets,
        threads=threads,
        memory_limit=memory_limit,
        engine=engine,
        key_file=key_file,
        desk_url=desk_url,
    )
    prepare_home(where)
    reached = die_at(die) if die else nothing
    report = run_inbox(where, settings, inbox, progress=RichProgress(), reached=reached, rebuild=rebuild)
    show_report(report, as_json)
    raise typer.Exit(report.exit_status)


def show_report(report: RunReport, as_json: bool) -> None:
    """Print what a run came to: rejected files on stderr, the result on stdout."""
    for name, reason in report.rejected:
        typer.secho(f"rejected: {name}: {reason}", fg="red", err=True)
    for name in report.misnamed:
        typer.secho(f"rejected: {name}: a batch's name begins with its date, e.g. 2025-07-01", fg="red", err=True)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
        return
    if not report.published:
        typer.echo(f"Nothing new in the inbox: version {report.version} stays as it is.")
        return
    figures = report.to_json()
    for source, counts in figures["sources"].items():
        typer.echo(
            f"{source}: {counts['batches']:,} batches, {counts['lines']:,} lines = {counts['accepted']:,} accepted "
            f"({counts['warned']:,} with a warning) + {counts['quarantined']:,} quarantined "
            f"+ {counts['duplicates']:,} duplicates + {counts['opted_out']:,} opted out"
        )
    linkage, record = figures["linkage"], figures["record"]
    typer.echo(f"linkage: {linkage['records'] or 0:,} records of {linkage['people'] or 0:,} people")
    typer.echo(f"record: {record.get('people', 0):,} people, {record.get('events', 0):,} events")
    typer.echo(f"Published version {report.version}.")
