"""`washhouse link`: find the rows of one or two tables that belong to the same people."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet
import typer

from washhouse.cli.options import AsJson
from washhouse.cli.progress import RichProgress
from washhouse.core.errors import InputError
from washhouse.linkage.api import read_model, write_model
from washhouse.linkage.config import read_config
from washhouse.linkage.link import link_tables
from washhouse.linkage.read import read_table
from washhouse.linkage.report.page import write_report


def link(
    left: Annotated[Path, typer.Argument(help="Table to link: CSV (also .gz) or Parquet.")],
    right: Annotated[Path | None, typer.Argument(help="Second table; without it, duplicates in the first.")] = None,
    config: Annotated[Path, typer.Option(help="TOML file that says which columns to compare.")] = ...,  # type: ignore[assignment]
    out: Annotated[Path, typer.Option(help="Parquet file for the pairs.")] = ...,  # type: ignore[assignment]
    clusters: Annotated[Path | None, typer.Option(help="Parquet file for the clusters.")] = None,
    every_pair: Annotated[bool, typer.Option("--all", help="Write every compared pair, not only the links.")] = False,
    model: Annotated[
        Path | None, typer.Option(help="Trained model that weighs and decides; without it, one is trained.")
    ] = None,
    model_out: Annotated[Path | None, typer.Option(help="JSON file for the trained model.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="HTML file for the training report; its figures go to JSON beside it.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads to use, 0 for all.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find the records of one or two tables that belong to the same people.

    The threshold is chosen from the model, never from a truth column; `unique_id` is never compared. With `--model` the
    pairs of other tables get the weights, and the threshold, that the model was trained to.

    Exit status: 0 done; 3 bad input.

    Example: washhouse link census.csv.gz cis.csv.gz --config link.toml --out pairs.parquet
    """
    settings = read_config(config)
    trained = None if model is None else read_model(model)
    bar = RichProgress()
    bar.begin("link", None, "pairs")
    started, compared = time.perf_counter(), 0
    paths = [left] if right is None else [left, right]
    try:
        tables = [read_table(path) for path in paths]
        result = link_tables(
            tables[0],
            tables[1] if right is not None else None,
            settings,
            names=(left.name, right.name if right is not None else ""),
            every_pair=every_pair,
            threads=threads or os.cpu_count() or 1,
            progress=bar.at,
            model=trained,
        )
        compared = result.summary["compared"]
    finally:
        bar.end(compared, time.perf_counter() - started)
    for warning in result.summary["warnings"]:
        bar.warn(warning)
    _write(result.pairs, out)
    if clusters is not None:
        _write(result.clusters, clusters)
    if model_out is not None:
        write_model(result.model, model_out)
    if report is not None:
        write_report(result, report, title=" and ".join(path.name for path in paths))
    if as_json:
        typer.echo(json.dumps(result.summary | {"out": str(out)}))
        return
    told = result.summary
    typer.echo(
        f"{told['pairs']:,} links among {told['left']:,}"
        + (f" and {told['right']:,}" if right is not None else "")
        + f" records ({told['compared']:,} pairs compared) in {told['seconds']} s"
    )
    typer.echo(
        f"threshold {told['threshold']:.3f}: about {told['estimated_false_links']:,} links wrong and "
        f"{told['estimated_missed_links']:,} missed among the pairs compared, by the model's own estimate"
    )


def _write(table: pa.Table, path: Path) -> None:
    try:
        pa.parquet.write_table(table, path)
    except OSError as error:
        raise InputError("link-output", f"{path} cannot be written.", "Make its folder first.") from error
