"""How does Spark call the tasks that one machine would call one after another?

Spark schedules and nothing else: a partition a task, in which `mapInArrow` calls the task's function with one thread.
What a task makes is left as a file in a folder that all workers and the driver share, and read when it is asked for,
so that the driver holds one result at a time. The workers need the same packages as the driver.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pyarrow as pa

from washhouse.core.errors import HomeError, UsageError, WashhouseError
from washhouse.lake.engine import Resources, Task

_Thing = TypeVar("_Thing")
_Made = TypeVar("_Made")
DRIVER_MEMORY = "1g"
"""Heap of the driver's Java machine: it hands out numbers of tasks only."""

QUIET = Path(__file__).with_name("spark-log4j2.properties")


class SparkEngine:
    """Calls tasks on a Spark cluster.

    Args:
        master: Address of the cluster, e.g. `spark://host:7077`, or `local[2]` for two workers on this machine.
        resources: What each task may use; it gets one thread.
        shared: Folder that the driver and all workers reach by the same path, for what tasks make.

    Raises:
        UsageError: `engine-spark`: Spark's package is not installed. `engine-java`: there is no Java.
    """

    def __init__(self, master: str, resources: Resources, shared: Path) -> None:
        if importlib.util.find_spec("pyspark") is None:
            raise UsageError("engine-spark", "Spark's package is not installed.", "Run `scripts/install run spark`.")
        if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
            raise UsageError("engine-java", "Spark needs Java 17, which is not there.", "Install it, or set JAVA_HOME.")
        self._master = master
        self._resources = Resources(resources.memory_limit, 1, resources.spill)
        self._shared = shared
        self._session: Any = None

    def map(self, task: Task[_Thing, _Made], things: Sequence[_Thing], *, at_once: int = 1) -> Iterator[_Made]:
        """Call a task for each thing; see `Engine.map`. All are done when this returns.

        Raises:
            HomeError: `engine-unreachable`: Spark does not start. `engine-task`: a task failed for a reason of no kind
                known here.
        """
        if not things:
            return iter(())
        session = self._start()
        folder = self._shared / f"tasks-{uuid4().hex}"
        folder.mkdir(parents=True, mode=0o700)
        work = _Work(task, tuple(things), self._resources, folder)
        numbers = session.range(0, len(things), 1, len(things))
        try:
            with _unwarned():
                numbers.mapInArrow(work, "id long").collect()
        except Exception as error:
            shutil.rmtree(folder, ignore_errors=True)
            # Spark quotes the worker's message, and that may quote a row.
            raise HomeError(
                "engine-task", f"A task failed on Spark ({type(error).__name__}).", "See the workers' logs."
            ) from None
        return _read(folder, len(things))

    def close(self) -> None:
        """Stop the session."""
        if self._session is not None:
            self._session.stop()
            self._session = None

    def _start(self) -> Any:
        if self._session is None:
            # Read by Spark when its context is made: the workers run the driver's own interpreter.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            from pyspark.sql import SparkSession

            builder = SparkSession.builder.master(self._master).appName("washhouse")
            for name, value in self._settings().items():
                builder = builder.config(name, value)
            try:
                with _unwarned():
                    self._session = builder.getOrCreate()
            except Exception as error:
                raise HomeError(
                    "engine-unreachable",
                    f"Spark did not start at {self._master} ({type(error).__name__}).",
                    "Check --engine, and that its cluster runs and reaches this machine.",
                ) from None
        return self._session

    def _settings(self) -> dict[str, str]:
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": DRIVER_MEMORY,
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={QUIET.as_uri()}",
            "spark.python.worker.reuse": "true",
            "spark.sql.warehouse.dir": str(self._shared / "spark-warehouse"),
            # Parts that are alike would be done by fewer workers than there are.
            "spark.sql.adaptive.enabled": "false",
        }
        if self._master.startswith("local"):
            # One machine: nothing listens to a network.
            settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
            settings |= {"spark.local.dir": str(self._shared / "spark-local")}
        return settings


@contextmanager
def _unwarned() -> Iterator[None]:
    """Keep back what PySpark says of pandas 3, which nothing here uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


class _Work:
    """Calls a task for the numbers of things that a worker is given."""

    def __init__(self, task: Task[Any, Any], things: tuple[Any, ...], resources: Resources, folder: Path) -> None:
        self.task, self.things, self.resources, self.folder = task, things, resources, folder

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                self._call(number)
            yield batch

    def _call(self, number: int) -> None:
        made: tuple[bool, Any]
        try:
            made = True, self.task(self.things[number], self.resources)
        except (WashhouseError, OSError) as error:
            made = False, error
        except Exception as error:
            raise RuntimeError(f"{type(error).__name__} in a task") from None
        unfinished = self.folder / f"{number}-{uuid4().hex}"
        with unfinished.open("wb") as file:
            pickle.dump(made, file, protocol=5)
        unfinished.replace(self.folder / f"{number}.made")


def _read(folder: Path, count: int) -> Iterator[Any]:
    try:
        for number in range(count):
            file = folder / f"{number}.made"
            with file.open("rb") as made:
                good, thing = pickle.load(made)  # noqa: S301 - written by our own task in the home's own folder
            file.unlink()
            if not good:
                raise thing
            yield thing
    finally:
        shutil.rmtree(folder, ignore_errors=True)
