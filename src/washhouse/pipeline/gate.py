"""May this version be published? Figures that are over the deployer's limits are told, or hold it back.

A refused build leaves its figures in `HOME/log`, and the published version as it was. Pages show them until something
newer is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from washhouse.core.home import Home
from washhouse.core.limits import Breach
from washhouse.lake.disk import write_atomically
from washhouse.pipeline.context import RunContext

MOST_TOLD = 10
"""Figures over their limit that a message names; the file and the page have all."""


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        part: What is judged, one word: the key of its figures, the beginning of the file in `HOME/log`, and the table
            of `washhouse.toml` that holds `gate`.
        what: The same in a sentence.
        limits: Table of `washhouse.toml` that holds the limits.
    """

    part: str
    what: str
    limits: str

    @property
    def file(self) -> str:
        """Name of the file in `HOME/log` that keeps what was refused."""
        return f"{self.part}-refused.json"


LINKAGE = Gate("linkage", "The linkage", "linkage")
QUALITY = Gate("quality", "The data", "quality.limits")


@dataclass(frozen=True)
class Held:
    """Why a version is held back, as the message and the hint of a refusal."""

    message: str
    hint: str


def hold_back(
    context: RunContext,
    gate: Gate,
    setting: Literal["warn", "stop"],
    version_id: str,
    breaches: Sequence[Breach],
    figures: Mapping[str, Any],
) -> Held | None:
    """Warn of figures over their limit, or keep them and say why the version is held back.

    Args:
        context: The run.
        gate: What is judged.
        setting: What the deployer chose for it.
        version_id: Name of the version in the making.
        breaches: Figures over their limit; none passes.
        figures: All figures, JSON values, to be kept where they are refused; no identifiers.

    Returns:
        What the caller refuses with; None to go on.
    """
    if not breaches:
        return None
    left_off = f"; {len(breaches) - MOST_TOLD} more" if len(breaches) > MOST_TOLD else ""
    if setting == "warn":
        for breach in breaches[:MOST_TOLD]:
            context.progress.warn(f"{gate.part}: {breach.words} ({breach.setting})")
        if left_off:
            context.progress.warn(f"{gate.part}{left_off} over their limits")
        return None
    told = {
        "version": version_id,
        "after": context.published.id if context.published else None,
        "at": context.now.isoformat(),
        "breaches": [asdict(breach) for breach in breaches],
        gate.part: dict(figures),
    }
    context.home.log.mkdir(parents=True, exist_ok=True)
    write_atomically(context.home.log / gate.file, json.dumps(told, indent=1, ensure_ascii=False).encode())
    return Held(
        f"{gate.what} is over its limits and nothing was published: {'; '.join(b.words for b in breaches[:MOST_TOLD])}"
        f"{left_off}.",
        f"The figures are kept in log/{gate.file} of the home. Mend the feed, or change "
        f"{' and '.join(sorted({b.setting for b in breaches}))} under [{gate.limits}] or gate under [{gate.part}] "
        "of washhouse.toml.",
    )


def read_refused(home: Home, gate: Gate, published: str | None) -> dict[str, Any] | None:
    """Return what was refused since a version was published.

    Args:
        home: The home.
        gate: What was judged.
        published: Id of the published version, None without one.

    Returns:
        `version`, `at`, `breaches` and the figures under the gate's part; None where nothing was refused since.
    """
    try:
        told: dict[str, Any] = json.loads((home.log / gate.file).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return told if told.get("after") == published else None
