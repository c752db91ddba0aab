"""`washhouse city`: make an invented city."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from washhouse.core.errors import InputError, UsageError
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city
from washhouse.synthetic.next_days import add_days


def city(
    people: Annotated[int, typer.Option(help="People who live there at some time, 200 to 5,000,000.")],
    out: Annotated[Path, typer.Option(help="Folder to write; it must not hold a city yet.")],
    years: Annotated[int, typer.Option(help="Years covered, 1 to 30.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    end: Annotated[str, typer.Option(help="Last day that has happened, YYYY-MM-DD.")] = DEFAULT_END.isoformat(),
    days: Annotated[int, typer.Option(help="Days after the last one to add, each as a night's batches.")] = 0,
) -> None:
    """Make an invented city: four services' extracts, and the sealed truth.

    With `--days`, the batches of the days after the last one are added; the city is made first where it is not there.
    Days that it has already are left as they are, so that the next one can be added whenever it is wanted.

    Example:
        washhouse city --people 20000 --years 3 --seed 1 --out city
        washhouse city --people 20000 --years 3 --seed 1 --out city --days 1
    """
    try:
        last = date.fromisoformat(end)
    except ValueError as error:
        raise UsageError("city-end", "--end is no date; expected YYYY-MM-DD.") from error
    console = Console(stderr=True)
    columns = (
        TextColumn("[progress.description]{task.description:<28}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=False) as bar:
        task = bar.add_task("starting", total=1.0, rate="")

        def show(what: str, share: float) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{people * share / elapsed:,.0f} people/s" if elapsed > 0.1 else ""
            bar.update(task, description=what, completed=share, rate=rate)

        try:
            counts = {}
            if not days or not (out / "extracts").exists():
                counts = make_city(people, years, seed, out, last, show)
            if days:
                counts |= add_days(people, years, seed, out, last, days, show)
        except OSError as error:
            raise InputError(
                "city-unwritable",
                f"The city cannot be written to --out: {error.strerror or type(error).__name__}.",
                "Check who may write there, and the free space.",
            ) from error
    console.print(", ".join(f"{number:,} {name}" for name, number in counts.items()))
