"""What does every step of a run need at hand?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from washhouse.core.home import FIRST_BUCKETS, Home, Settings
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.engine import Connection, Engine, LocalEngine, Resources
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.pipeline.commit_points import Hook
from washhouse.pipeline.progress import Progress
from washhouse.record.staging import Workers
from washhouse.sources.contract import SourceSpec
from washhouse.sources.declared.read import Declared
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.registry import SYSTEMS

WAITING = "waiting"
"""Part of a version's summary: batches that a later version knew, each with the rows of its files."""


@dataclass(frozen=True)
class RunContext:
    """One run's tools and its starting point.

    Attributes:
        home: The home.
        settings: What the deployer chose.
        lake: The record's tables.
        vault: The encrypted part.
        published: The version that readers see while the run goes on; None before the first.
        now: When the run began, naive UTC: from then a corrected batch is known.
        progress: Whoever follows.
        reached: Called at each commit point.
        declared: Sources that the site declares, by name.
        engine: What calls the tasks over buckets.
        rebuild: Build the whole record from all typed rows, and not only what changed.
    """

    home: Home
    settings: Settings
    lake: Lake
    vault: Vault
    published: Version | None
    now: datetime
    progress: Progress
    reached: Hook
    declared: Mapping[str, Declared] = field(default_factory=dict)
    engine: Engine = field(default_factory=lambda: LocalEngine(Resources()))
    rebuild: bool = False

    @property
    def systems(self) -> Mapping[str, tuple[SourceSpec, SystemMapping]]:
        """Contract and mapping of every sending system, built in and declared, by its name."""
        return {**SYSTEMS, **{name: (one.spec, one.mapping) for name, one in self.declared.items()}}

    @property
    def buckets(self) -> int:
        """Person buckets of the version in the making: as many as were asked for, else as the published one has."""
        if self.settings.buckets or self.published is None:
            return self.settings.buckets or FIRST_BUCKETS
        return self.published.buckets

    @property
    def known_batches(self) -> tuple[str, ...]:
        """Ids of the batches that the record holds, or will hold again since the home went back, as they landed."""
        if self.published is None:
            return ()
        return (*self.published.batches, *(one["id"] for one in self.published.summary.get(WAITING, ())))

    def connect(self) -> Connection:
        """Open an engine that spills inside the vault's folder."""
        self.home.spill.mkdir(parents=True, exist_ok=True, mode=0o700)
        return resources_of(self.home, self.settings).connect()

    @property
    def reopen(self) -> Callable[[], Vault]:
        """Opens the vault in another process, with the key in its file: no key is handed on."""
        return partial(_open_vault, self.home, self.settings.key_file)

    @property
    def workers(self) -> Workers:
        """Who tells the events of shares of people."""
        return Workers(self.engine, partial(_ref_secret, self.home, self.settings.key_file))

    def empty_spill(self) -> None:
        """Remove what an engine may have left behind."""
        shutil.rmtree(self.home.spill, ignore_errors=True)


def _open_vault(home: Home, key_file: str) -> Vault:
    return Vault(home, load_master_key(home, Settings(key_file=key_file)))


def _ref_secret(home: Home, key_file: str) -> str:
    return _open_vault(home, key_file).secret("ref")


def resources_of(home: Home, settings: Settings) -> Resources:
    """What an engine may use in a run over a home."""
    return Resources(settings.memory_limit, settings.threads, home.spill)


def engine_of(home: Home, settings: Settings) -> Engine:
    """The engine that a deployer chose; close it when done.

    Raises:
        UsageError: `engine-spark`, `engine-java`: Spark was chosen, and it or its Java is not there.
    """
    if not settings.engine:
        return LocalEngine(resources_of(home, settings))
    # Loaded only by those who use it.
    from washhouse.lake.spark import SparkEngine

    return SparkEngine(settings.engine, resources_of(home, settings), home.spill)
