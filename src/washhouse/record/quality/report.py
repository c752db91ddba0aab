"""How are findings told to programs: one JSON object, checks with what they came to?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from washhouse.record.quality.registry import CHECKS


def quality_to_json(version: str, findings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Tell every check and what it came to.

    Args:
        version: Name of the version.
        findings: Rows of `record.quality`.

    Returns:
        `version`; `over`, how many findings of this version's own batches and of the record are over their limit, and
        `can_stop`, how many of these could hold a version back; `checks`, each as declared with its `findings`.
    """
    by_check: dict[str, list[dict[str, Any]]] = {}
    over: list[str] = []
    for row in findings:
        if row["status"] == "over" and row["is_new"]:
            over.append(row["check"])
        by_check.setdefault(row["check"], []).append({name: row[name] for name in row if name != "check"})
    return {
        "version": version,
        "over": len(over),
        "can_stop": sum(CHECKS[check].severity == "stop" for check in over),
        "checks": [asdict(check) | {"findings": by_check.get(check.id, [])} for check in CHECKS.values()],
    }
