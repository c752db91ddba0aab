"""`washhouse source`: propose a declaration of a file, and try one before it counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from washhouse.cli.options import AsJson
from washhouse.cli.progress import waiting
from washhouse.core.errors import InputError, UsageError
from washhouse.sources.account import count_issues
from washhouse.sources.declared.bench import Trial, find_only, try_out
from washhouse.sources.declared.read import read_declaration
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.proposed.profile import ColumnProfile, profile
from washhouse.sources.proposed.sample import Sample, read_sample
from washhouse.sources.proposed.write import name_source, write_proposal
from washhouse.sources.records import first_bytes

app = typer.Typer(no_args_is_help=True, add_completion=False)

REJECTED = 1
"""Exit status where a file was refused."""

CHECKED_BYTES = 16 << 20
"""Bytes of each file that `check` reads if not told otherwise."""


@app.callback()
def source() -> None:
    """Declare a source of one's own: propose a declaration, try it.

    Example: washhouse source new visits.csv --out visits.toml
    """


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="Delimited text with a header, or Parquet, of any size.")],
    out: Annotated[
        Path | None, typer.Option(help="TOML file to write; without it the declaration goes to stdout.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the source; the file's if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Profile a file and propose a declaration of it, with the reason of each guess.

    A large file is looked at in part. The profile shows no value of a column that may name somebody.

    Exit status: 0 done; 2 the file of --out exists; 3 the file cannot be read, or has no header, or --out cannot be
    written.

    Example: washhouse source new visits.csv --out visits.toml
    """
    if out is not None and out.exists():
        raise UsageError("declaration-exists", f"There is a file {out.name} already.", "Choose another name for --out.")
    with waiting("looking at the file"):
        sample = read_sample(file)
        columns = profile(sample, datetime.now())
        text = write_proposal(sample, columns, name or name_source(file.name, SYSTEMS))
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                "declaration-unwritable",
                f"{out.name} cannot be written: {error.strerror or 'refused'}.",
                "Make its folder first, or choose another for --out.",
            ) from error
    if as_json:
        typer.echo(json.dumps({"file": _about(sample), "columns": [_row(one) for one in columns], "declaration": text}))
        return
    _show_profile(sample, columns, Console(stderr=out is None))
    if out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"Wrote {out}. Read it, then: washhouse source check {out} {file}")


def _about(sample: Sample) -> dict[str, Any]:
    names = ("rows", "total", "whole", "bytes", "encoding", "delimiter", "quoted", "skipped")
    return {name: getattr(sample, name) for name in names}


def _row(column: ColumnProfile) -> dict[str, Any]:
    guess = column.guess
    return {
        "header": column.header,
        "type": guess.type,
        "role": guess.role,
        "vocabulary": guess.vocabulary,
        "why": guess.why,
        "sure": guess.sure,
        "personal": guess.personal,
        "distinct": column.distinct,
        "missing": column.missing,
        "least": column.least,
        "greatest": column.greatest,
    }


_DELIMITERS = {",": "comma", "|": "bar", "\t": "tab", ";": "semicolon", "": "columns"}


def _show_profile(sample: Sample, columns: list[ColumnProfile], console: Console) -> None:
    rows = f"{sample.rows:,} rows" if sample.whole else f"{sample.rows:,} of about {sample.total:,} rows"
    written = [sample.encoding, _DELIMITERS[sample.delimiter], *(["quoted"] if sample.quoted else [])]
    skipped = f"; {sample.skipped:,} rows of another width were left out" if sample.skipped else ""
    console.print(f"{sample.file}: {rows}, {len(columns)} columns ({', '.join(written)}){skipped}", highlight=False)
    table = Table(box=None, pad_edge=False)
    for title in ("Column", "Seems to be", "Distinct", "Missing", "Least", "Greatest"):
        table.add_column(title, justify="right" if title in ("Distinct", "Missing") else "left")
    for one in columns:
        seems = one.guess.vocabulary or one.guess.role.replace("_", " ") or one.guess.type
        mark = "" if one.guess.sure else " (?)"
        table.add_row(one.header, seems + mark, f"{one.distinct:,}", f"{one.missing:,}", one.least, one.greatest)
    console.print(table, highlight=False)


@app.command()
def check(
    declaration: Annotated[Path, typer.Argument(help="Declaration, TOML.")],
    file: Annotated[Path, typer.Argument(help="A file, or a folder or zip archive of one batch's files.")],
    table: Annotated[str, typer.Option(help="Table that the file holds, if its name does not say so.")] = "",
    on: Annotated[str, typer.Option("--date", help="Date of the batch, YYYY-MM-DD; today if not given.")] = "",
    whole: Annotated[bool, typer.Option("--all", help="Read all of a large file, not only its beginning.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a declaration would make of a file: lines, people, events. Nothing is written.

    Lines are counted by what became of them, with the reasons; people by which of their details are known; events by
    code. No value of a row is shown but codes that would stand in the record.

    Exit status: 0 done; 1 a file was rejected; 3 the declaration makes no sense, or the file cannot be read.

    Example: washhouse source check visits.toml visits.csv
    """
    declared = read_declaration(declaration, SYSTEMS)
    files = _read_files(file, None if whole else CHECKED_BYTES)
    only = ""
    if not file.is_dir() and file.suffix.casefold() != ".zip":
        only = find_only(declared.spec, file.name, table)
        files = {f"{only}{file.suffix}": next(iter(files.values()))}
    day = _day(on)
    with waiting("trying the declaration"):
        trial = try_out(declared, files, day.isoformat(), only=only)
    if as_json:
        typer.echo(json.dumps(_trial_json(trial), ensure_ascii=False))
    else:
        _show_trial(trial)
    raise typer.Exit(REJECTED if trial.rejected else 0)


def _read_files(path: Path, most: int | None) -> Mapping[str, bytes]:
    try:
        paths = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        files = {}
        for one in paths:
            data, cut = first_bytes(one, most)
            if cut:
                typer.echo(f"{one.name}: the first {len(data) >> 20} MB are tried; --all reads it all", err=True)
            files[one.relative_to(path).as_posix() if path.is_dir() else one.name] = data
    except OSError as error:
        raise InputError(
            "sample-unreadable", f"{path.name} cannot be read: {error.strerror or 'refused'}.", "Check its path."
        ) from error
    return files


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError as error:
        raise UsageError("check-date", "--date is not a date.", "Write it as YYYY-MM-DD.") from error


def _trial_json(trial: Trial) -> dict[str, Any]:
    counts = ("lines", "accepted", "warned", "quarantined", "duplicates")
    return {
        "files": {
            name: {
                **{count: getattr(read, count) for count in counts},
                "table": read.table,
                "rejected": read.rejected,
                "reasons": [
                    {"rule": rule, "column": column, "rows": rows, "reason": words}
                    for rule, column, words, rows in count_issues(read.issues)
                ],
            }
            for name, read in trial.batch.files.items()
        },
        "people": trial.people,
        "known_of_people": dict(trial.fields),
        "events": trial.event_count,
        "events_by_code": dict(trial.events),
        "events_of_nobody": trial.nobody,
        "unreadable": trial.unreadable,
        "first_month": trial.first,
        "last_month": trial.last,
    }


def _show_trial(trial: Trial) -> None:
    for name, read in trial.batch.files.items():
        if read.rejected:
            typer.secho(f"rejected: {name}: {read.reason}", fg="red", err=True)
            continue
        typer.echo(
            f"{name}: {read.lines:,} lines = {read.accepted:,} accepted ({read.warned:,} with a warning) "
            f"+ {read.quarantined:,} quarantined + {read.duplicates:,} duplicates"
        )
        for rule, _, words, rows in count_issues(read.issues):
            typer.echo(f"  {rows:>9,}  {rule}: {words}")
    typer.echo(f"people: {trial.people:,}")
    for field, known in trial.fields.items():
        share = f"{known / trial.people:.0%}" if trial.people else ""
        typer.echo(f"  {known:>9,}  {field.replace('_', ' ')} ({share})")
    span = f", {trial.first} to {trial.last}" if trial.first else ""
    typer.echo(f"events: {trial.event_count:,}{span}")
    for code, count in trial.events.items():
        typer.echo(f"  {count:>9,}  {code}")
    if trial.more_codes:
        typer.echo(f"             and {trial.more_codes:,} more codes")
    if trial.nobody:
        typer.echo(f"  {trial.nobody:>9,}  of nobody: the person's id is missing; they stay out of the record")
    if trial.unreadable:
        typer.echo(
            f"  {trial.unreadable:>9,}  unreadable: the code or unit is none, or may name somebody; list its codes"
        )
    if sys.stdout.isatty() and not trial.rejected:
        typer.echo("To put it to use: copy the declaration into HOME/sources, the file into INBOX/NAME/DATE, and run.")
