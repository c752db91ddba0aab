"""How does a benchmark compute over a home's published version? Only read: no audit, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.governance.grants import system_grant
from washhouse.insight.models.present import Compute
from washhouse.lake.engine import LocalEngine
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.context import resources_of
from washhouse.record.kernels import Stage, run_stages


def open_published(root: Path) -> tuple[Home, Version, Compute]:
    """A home, its published version, and what runs stages over it."""
    home = Home(root)
    version = read_current(home)
    assert version is not None, "nothing published"

    def compute(stages: Sequence[Stage], extra: Mapping[str, pa.Table]) -> Iterator[dict[str, pa.Table]]:
        engine = LocalEngine(resources_of(home, read_settings(home)))
        return run_stages(Lake(home.lake), version, system_grant(utc_now()), stages, extra, engine)

    return home, version, compute
