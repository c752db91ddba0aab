"""How does a run say what it is doing, without knowing who listens?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Whoever wants to follow a run. Nothing handed to it quotes a row's value."""

    def begin(self, step: str, total: int | None, unit: str) -> None:
        """A step begins; `total` units are to come, None if nobody knows."""

    def advance(self, amount: int) -> None:
        """This many more units of the present step are done."""

    def at(self, what: str, fraction: float) -> None:
        """The present step is at `fraction` (0 to 1) of its part `what`."""

    def end(self, rows: int, seconds: float) -> None:
        """The present step is done, having made this many rows."""

    def warn(self, message: str) -> None:
        """Something that a person should know; the run goes on."""


class Silent:
    """A progress that nobody follows."""

    def begin(self, step: str, total: int | None, unit: str) -> None:
        """Say nothing."""

    def advance(self, amount: int) -> None:
        """Say nothing."""

    def at(self, what: str, fraction: float) -> None:
        """Say nothing."""

    def end(self, rows: int, seconds: float) -> None:
        """Say nothing."""

    def warn(self, message: str) -> None:
        """Say nothing."""


class Clock:
    """Seconds spent by step, for the report of a run."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}
        self.rows = 0

    @contextmanager
    def step(self, name: str, total: int | None = None, unit: str = "rows") -> Iterator[Clock]:
        """Follow one step; set `rows` inside the block to what it made."""
        self.rows = 0
        self.progress.begin(name, total, unit)
        start = time.perf_counter()
        yield self
        spent = time.perf_counter() - start
        self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 3)
        self.progress.end(self.rows, spent)
