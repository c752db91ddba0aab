"""`washhouse import`: data sets of other formats, through the same steps as a run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from washhouse.cli.options import AsJson, Buckets, DeskUrl, HomeToMake, KeyFile
from washhouse.cli.progress import RichProgress
from washhouse.cli.run import show_report
from washhouse.cli.settings import prepare_home, read_settings
from washhouse.core.home import Home
from washhouse.pipeline.cdm_set import CdmSet
from washhouse.pipeline.data_set import MedsSet
from washhouse.pipeline.resource_set import ResourceSet
from washhouse.pipeline.run import run_data_set

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def import_() -> None:
    """Bring a data set of another format into a home.

    Example: washhouse import meds mimic-iv-demo-meds --home home
    """


@app.command()
def meds(
    path: Annotated[Path, typer.Argument(help="Folder of a MEDS data set: data/*.parquet, metadata/codes.parquet.")],
    home: HomeToMake,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day by which it is judged; else that of its newest event."),
    ] = None,
    as_json: AsJson = False,
    buckets: Buckets = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Import a MEDS data set as one batch of the source `meds`; a later one takes its place.

    Example: washhouse import meds mimic-iv-demo-meds --home home
    """
    where = Home(home)
    settings = read_settings(where, buckets=buckets, key_file=key_file, desk_url=desk_url)
    prepare_home(where)
    day = as_of.date() if as_of is not None else None
    report = run_data_set(where, settings, MedsSet(path, day), progress=RichProgress())
    show_report(report, as_json)
    raise typer.Exit(report.exit_status)


@app.command()
def fhir(
    path: Annotated[
        Path, typer.Argument(help="Folder of <Type>.ndjson (or .ndjson.gz) or Bundles (.json), or one such file.")
    ],
    home: HomeToMake,
    sender: Annotated[
        str, typer.Option(help="Name of the server it comes from, where several send: ids are a server's own.")
    ] = "",
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day by which it is judged; else its manifest's, else its newest."),
    ] = None,
    as_json: AsJson = False,
    buckets: Buckets = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Import FHIR R4 resources as one batch of the source `fhir`; a resource sent again takes the place of itself.

    Example: washhouse import fhir bulk-export --home home
    """
    where = Home(home)
    settings = read_settings(where, buckets=buckets, key_file=key_file, desk_url=desk_url)
    prepare_home(where)
    day = as_of.date() if as_of is not None else None
    report = run_data_set(where, settings, ResourceSet(path, sender, day), progress=RichProgress())
    show_report(report, as_json)
    raise typer.Exit(report.exit_status)


@app.command()
def omop(
    path: Annotated[
        Path, typer.Argument(help="Folder of person.parquet (or .csv, .csv.gz) and other tables, or one DuckDB file.")
    ],
    home: HomeToMake,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day by which it is judged; else that of its newest event."),
    ] = None,
    as_json: AsJson = False,
    buckets: Buckets = None,
    key_file: KeyFile = None,
    desk_url: DeskUrl = None,
) -> None:
    """Import an OMOP CDM (5.3 or 5.4) as one batch of the source `omop`; a later one takes its place.

    Example: washhouse import omop cdm.duckdb --home home
    """
    where = Home(home)
    settings = read_settings(where, buckets=buckets, key_file=key_file, desk_url=desk_url)
    prepare_home(where)
    day = as_of.date() if as_of is not None else None
    report = run_data_set(where, settings, CdmSet(path, day), progress=RichProgress())
    show_report(report, as_json)
    raise typer.Exit(report.exit_status)
