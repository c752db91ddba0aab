"""May this linkage be published? Its figures against the deployer's limits.

A refused build leaves its report in `HOME/log`, and the published version as it was. The page Linkage shows the report
until something newer is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from washhouse.core.errors import RefusedError
from washhouse.core.home import Home
from washhouse.lake.disk import write_atomically
from washhouse.linkage.quality_limits import Breach, quality_breaches
from washhouse.pipeline.context import RunContext

_NAME = "linkage-refused.json"


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
    if limits.gate == "warn":
        for breach in breaches:
            context.progress.warn(f"linkage: {breach.words} ({breach.setting})")
        return
    _keep(context, version_id, summary, breaches)
    raise RefusedError(
        "linkage-refused",
        f"The linkage is over its limits and nothing was published: {'; '.join(b.words for b in breaches)}.",
        f"The figures are kept in log/{_NAME} of the home. Mend the feed, or change "
        f"{' and '.join(sorted({b.setting for b in breaches}))} or gate under [linkage] of washhouse.toml.",
    )


def _keep(context: RunContext, version_id: str, summary: Mapping[str, Any], breaches: list[Breach]) -> None:
    """Write down what was refused: figures, no identifiers."""
    told = {
        "version": version_id,
        "after": context.published.id if context.published else None,
        "at": context.now.isoformat(),
        "breaches": [asdict(breach) for breach in breaches],
        "linkage": dict(summary),
    }
    context.home.log.mkdir(parents=True, exist_ok=True)
    write_atomically(context.home.log / _NAME, json.dumps(told, indent=1, ensure_ascii=False).encode())


def read_refused(home: Home, published: str | None) -> dict[str, Any] | None:
    """Return what was refused since a version was published.

    Args:
        home: The home.
        published: Id of the published version, None without one.

    Returns:
        `version`, `at`, `breaches` and the `linkage` figures; None where nothing was refused since.
    """
    try:
        told: dict[str, Any] = json.loads((home.log / _NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return told if told.get("after") == published else None
