"""`GET /api/quality`: what did the checks of the data come to?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.record.quality.report import quality_to_json
from washhouse.web.shell.visit import Visit


def tell_quality(visit: Visit, body: bytes) -> Mapping[str, Any]:
    """Tell every check and what it came to in the published version.

    Raises:
        RefusedError: The grant does not allow it.
        HomeError: `nothing-published`.
    """
    return quality_to_json(visit.published.id, visit.record.quality().to_pylist())
