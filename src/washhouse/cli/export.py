"""`washhouse export`: the record in the formats of others, pseudonymised, under a grant, noted in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from washhouse.cli.options import AsJson, DeskUrl, HomeThere, KeyFile, MemoryLimit
from washhouse.cli.settings import read_settings
from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, history
from washhouse.lake.readers import reading_current, reading_kept
from washhouse.lake.store import Lake
from washhouse.pipeline.opted_out import known_then
from washhouse.record.export.fhir import write_fhir
from washhouse.record.export.folder import new_folder
from washhouse.record.export.meds import write_meds
from washhouse.record.export.omop.write import omop_writer
from washhouse.record.export.people import NOBODY, Population, open_population, opted_out_of
from washhouse.record.export.pseudonyms import export_key

app = typer.Typer(no_args_is_help=True, add_completion=False)

Out: TypeAlias = Annotated[Path, typer.Option("--out", help="Folder to make.")]
Project: TypeAlias = Annotated[
    str, typer.Option(help="Project that it is for: its exports share their numbers, and no others do.")
]
OfVersion: TypeAlias = Annotated[
    str, typer.Option("--version", help="An earlier version that is kept; without, the published one.")
]
Write = Callable[[Population, Path], dict[str, Any]]
"""Writes a population into an empty folder and says what it came to."""


@app.callback()
def export() -> None:
    """Take the record out in the format of others, pseudonymised, for research: as published, or an earlier version.

    Example: washhouse export meds --home home --out meds
    """


@app.command()
def meds(
    home: HomeThere,
    out: Out,
    project: Project = "",
    version: OfVersion = "",
    as_json: AsJson = False,
    memory_limit: MemoryLimit = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Write the record as a MEDS 0.4 data set: data, codes, splits.

    People are those of the view for research; who has opted out is not among them. One event in the audit holds the
    hash of who they are.

    Exit status: 0 done; 2 wrong usage; 3 bad input; 4 refused; 5 broken home.

    Example: washhouse export meds --home home --out meds --project frailty-study
    """
    settings = {"memory_limit": memory_limit, "key_file": key_file, "desk_url": desk_url}
    report = export_population(home, out, project, "meds", settings, write_meds, version)
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(f"{report['subjects']:,} subjects, {report['events']:,} events of {report['codes']:,} codes")
    _tell_rest(report)


@app.command()
def fhir(
    home: HomeThere,
    out: Out,
    project: Project = "",
    version: OfVersion = "",
    as_json: AsJson = False,
    memory_limit: MemoryLimit = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Write the record as FHIR R4 Bulk Data: one NDJSON file a type of resource, and a manifest.

    Patients bear no identifier. People are those of the view for research; who has opted out is not among them. One
    event in the audit holds the hash of who they are.

    Exit status: 0 done; 2 wrong usage; 3 bad input; 4 refused; 5 broken home.

    Example: washhouse export fhir --home home --out fhir --project frailty-study
    """
    settings = {"memory_limit": memory_limit, "key_file": key_file, "desk_url": desk_url}
    report = export_population(home, out, project, "fhir", settings, write_fhir, version)
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(", ".join(f"{number:,} {kind}" for kind, number in report["resources"].items()))
    _tell_rest(report)


@app.command()
def omop(
    home: HomeThere,
    out: Out,
    vocabulary: Annotated[
        Path | None, typer.Option(help="Folder of Athena's vocabularies: CONCEPT.csv and the rest, or as Parquet.")
    ] = None,
    project: Project = "",
    version: OfVersion = "",
    as_json: AsJson = False,
    memory_limit: MemoryLimit = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Write the record as OMOP CDM 5.4: a Parquet file a table, and all of them in one DuckDB file.

    Codes are mapped through the vocabularies that are given; without, every code keeps a local concept and the
    standard concept 0. The share of rows that have a standard concept is said by table.

    Exit status: 0 done; 2 wrong usage; 3 bad input; 4 refused; 5 broken home.

    Example: washhouse export omop --home home --out omop --vocabulary athena
    """
    settings = {"memory_limit": memory_limit, "key_file": key_file, "desk_url": desk_url}
    report = export_population(home, out, project, "omop", settings, omop_writer(vocabulary), version)
    if as_json:
        typer.echo(json.dumps(report))
        return
    typer.echo(f"{report['rows']['person']:,} persons, {report['events']:,} events")
    for table, count in report["mapped"].items():
        share = "" if count["share"] is None else f", {count['share']:.1%} with a standard concept"
        typer.echo(f"  {table}: {count['rows']:,} rows{share}")
    for reason, number in report["left_out"].items():
        if number:
            typer.echo(f"  left out, {reason.replace('_', ' ')}: {number:,}")
    _tell_rest(report)


def export_population(
    home: Path, out: Path, project: str, form: str, flags: dict[str, Any], write: Write, version_id: str = ""
) -> dict[str, Any]:
    """Open a version for research, and have it written.

    Args:
        home: The home's folder.
        out: Folder to make.
        project: Project, or empty.
        form: Name of the format.
        flags: Settings given on the command line.
        write: Writes it.
        version_id: An earlier version that is kept; empty for the published one. Who has opted out since is not in it.

    Returns:
        What `write` says, with `version`, `format`, `people` and `opted_out`.

    Raises:
        InputError: `home-missing`, `version-unknown`, or about `out`; see `record.export.folder`.
        HomeError: `nothing-published`, or the key is missing or wrong.
    """
    where = Home(home)
    if not home.is_dir():
        raise InputError("home-missing", "There is no such home.", "Check --home.")
    settings = read_settings(where, **flags)
    with ExitStack() as held:
        current = held.enter_context(reading_current(where))
        if current is None:
            raise HomeError(
                "nothing-published", "This home has no published version yet.", "Run `washhouse run` first."
            )
        version = held.enter_context(reading_kept(where, version_id)) if version_id else current
        master_key = load_master_key(where, settings)
        key = export_key(master_key, project, version.id)
        desk = open_desk(settings.desk_url or where.desk_file)
        held.callback(desk.close)
        lake, audit = Lake(where.lake), AuditTrail(desk)
        grant = mint_grant(
            actor="system", role=Role.SYSTEM, purpose=Purpose.RESEARCH, persons=None, now=utc_now(), minutes=720
        )
        making = held.enter_context(new_folder(out))
        barred = NOBODY
        newest = held.enter_context(reading_kept(where, _newest(where, current)))
        if version.id != newest.id:
            opted_out = opted_out_of(lake, newest, grant, audit, settings)
            barred = known_then(Vault(where, master_key), version, newest, opted_out)
        population = open_population(
            lake, version, grant, audit, key=key, form=form, project=project, settings=settings, barred=barred
        )
        written = write(population, making)
    people = {"people": population.people, "opted_out": population.opted_out}
    return {"version": version.id, "format": form, "project": project, **people, **written}


def _newest(home: Home, current: Version) -> str:
    """Id of the version that knows most: after going back the one before, until a run brings in what came since."""
    runs = (one.id for one in reversed(history(home)) if "rolled_back_to" not in one.summary)
    return next(runs, current.id)


def _tell_rest(report: dict[str, Any]) -> None:
    if report["opted_out"]:
        typer.echo(f"{report['opted_out']:,} people have opted out and are not in it.")
    typer.echo(f"Version {report['version']}. These are rows about people: keep them where the project may use them.")
