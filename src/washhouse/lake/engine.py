"""Who computes, and how is DuckDB opened, so that every layer computes under the same rules?

A step over people is a **task**: a function of one bucket (or one block group) that an engine calls with whatever it
may use. `LocalEngine` calls them one after another or a few at a time, DuckDB's threads inside;
`lake.spark.SparkEngine` lets a cluster call the very same functions side by side. No step knows which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import duckdb

from washhouse.core.ordered import in_order

Connection: TypeAlias = duckdb.DuckDBPyConnection
"""An open engine. Layers above the lake receive one; only the lake imports DuckDB."""


def connect(*, memory_limit: str = "4GB", threads: int = 0, spill: Path | None = None) -> Connection:
    """Open an engine in memory.

    Times are UTC. Nothing is fetched over a network: extensions are neither installed nor loaded. Rows keep no order
    unless a query orders them.

    Args:
        memory_limit: Memory that the engine may use before it spills, e.g. `"4GB"`.
        threads: Threads that the engine may use, 0 for all.
        spill: Folder for what does not fit; its files are encrypted with a key that dies with the engine. None: the
            engine never spills, and a query that needs more memory fails.

    Returns:
        The engine; close it when done.

    Examples:
        >>> connect().sql("SELECT current_setting('TimeZone')").fetchall()
        [('UTC',)]
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill) if spill is not None else "",
        "temp_file_encryption": True,
        # DuckDB 2 writes encrypted files only with an extension that is fetched over a network, or with its built-in
        # cipher, whose keys come from a weaker source of chance. The folder is inside the vault and short-lived.
        "force_mbedtls_unsafe": True,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


_Thing = TypeVar("_Thing")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Resources:
    """What one task may use.

    Attributes:
        memory_limit: Memory that its engine may use before it spills, e.g. `"4GB"`.
        threads: Threads, 0 for all.
        spill: Folder for what does not fit; None: nothing is spilled.
    """

    memory_limit: str = "4GB"
    threads: int = 0
    spill: Path | None = None

    def connect(self) -> Connection:
        """Open an engine within them; close it when done."""
        return connect(memory_limit=self.memory_limit, threads=self.threads, spill=self.spill)


Task: TypeAlias = Callable[[_Thing, Resources], _Made]
"""A function of one thing and of what may be used for it. It can be pickled, as can its thing and what it makes, and
may be called twice for one thing: what it leaves on disk the second time takes the place of the first."""


class Engine(Protocol):
    """Calls tasks."""

    def map(self, task: Task[_Thing, _Made], things: Sequence[_Thing], *, at_once: int = 1) -> Iterator[_Made]:
        """Call a task for each thing; what it makes comes in the order of the things, each when it is asked for.

        Args:
            task: The task.
            things: What it is called with.
            at_once: How many of them one process may call at a time, each with its part of threads and memory; 0 for
                as many as there are threads.

        Raises:
            WashhouseError: The first that a task raised.
        """

    def close(self) -> None:
        """Let go of what the engine holds."""


def _part_of(memory: str, parts: int) -> str:
    """One of equal parts of an amount of memory.

    >>> _part_of("4GB", 2), _part_of("512 MiB", 4)
    ('2GB', '128 MiB')
    """
    number = re.match(r"[\d.]+", memory)
    return f"{float(number[0]) / parts:g}{memory[number.end() :]}" if number else memory


class LocalEngine:
    """Calls tasks one after another in this process, or a few at a time.

    Args:
        resources: What each task may use.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def map(self, task: Task[_Thing, _Made], things: Sequence[_Thing], *, at_once: int = 1) -> Iterator[_Made]:
        """Call a task for each thing; see `Engine.map`."""
        threads = self._resources.threads or os.cpu_count() or 1
        several = min(at_once or threads, threads, len(things))
        if several <= 1:
            yield from (task(thing, self._resources) for thing in things)
            return
        memory = _part_of(self._resources.memory_limit, several)
        each = replace(self._resources, memory_limit=memory, threads=threads // several)
        yield from in_order(things, lambda thing: task(thing, each), threads=several)

    def close(self) -> None:
        """Nothing is held."""
