"""How does a person at a terminal follow a run? On stderr, so that stdout stays for the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class RichProgress:
    """A bar with rate and time left while a step runs, and one line when it is done.

    Where stderr is not a terminal only the lines are written.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._step = ""
        self._unit = ""

    def begin(self, step: str, total: int | None, unit: str) -> None:
        """Show a bar for a step of `total` units."""
        self._step, self._unit = step, unit
        if self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<28}"),
                BarColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(step, total=total, rate="")
            self._bar.start()

    def advance(self, amount: int) -> None:
        """Move the bar by this many units."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, amount)
            task = self._bar.tasks[0]
            if task.elapsed:
                self._bar.update(self._task, rate=f"{_short(task.completed / task.elapsed)} {self._unit}/s")

    def at(self, what: str, fraction: float) -> None:
        """Move the bar to a fraction of a part of the step."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=1.0, completed=fraction, description=f"{self._step}: {what}"[:28])

    def end(self, rows: int, seconds: float) -> None:
        """Take the bar away and write what the step came to."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        rate = f"{_short(rows / seconds)} rows/s" if rows and seconds > 0 else ""
        made = f"{rows:>13,} rows" if rows else " " * 18
        self._console.print(f"{self._step:<10} {made} {seconds:>8.1f} s  {rate}".rstrip())

    def warn(self, message: str) -> None:
        """Write a warning."""
        self._console.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)


@contextmanager
def waiting(what: str, console: Console | None = None) -> Iterator[None]:
    """Show what is being done, and for how long already, while nobody can say how much is left.

    Args:
        what: A few words, for a person.
        console: Where to; stderr unless given. Nothing is shown where it is no terminal.
    """
    shown = console or Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        bar.add_task(what, total=None)
        yield


def _short(value: float) -> str:
    """A number in at most five characters.

    >>> _short(12), _short(4_321), _short(2_500_000)
    ('12', '4.3 k', '2.5 M')
    """
    if value >= 1e6:
        return f"{value / 1e6:.1f} M"
    return f"{value / 1e3:.1f} k" if value >= 1e3 else f"{value:.0f}"
