"""Which figures of a linkage are over the deployer's limits, and may it be published?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from washhouse.core.errors import RefusedError
from washhouse.linkage.quality_limits import quality_breaches
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.gate import LINKAGE, hold_back


def check_linkage(context: RunContext, version_id: str, summary: Mapping[str, Any]) -> None:
    """Warn of figures over their limit, or refuse to go on.

    Args:
        context: The run.
        version_id: Name of the version in the making.
        summary: Figures of the linkage; `quality` holds the report, None where nothing was compared. What is over its
            limit is added to the report as `over`.

    Raises:
        RefusedError: `linkage-refused`: a figure is over its limit and the gate is `"stop"`.
    """
    limits = context.settings.linkage
    report = summary.get("quality")
    breaches = quality_breaches(report, limits) if report else []
    if not report or not breaches:
        return
    report["over"] = [asdict(breach) for breach in breaches]
    held = hold_back(context, LINKAGE, limits.gate, version_id, breaches, summary)
    if held is not None:
        raise RefusedError("linkage-refused", held.message, held.hint)
