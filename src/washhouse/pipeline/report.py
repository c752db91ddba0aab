"""What did a run come to? The object that `run --json` prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

COUNTS = ("lines", "accepted", "warned", "quarantined", "duplicates", "opted_out")


@dataclass(frozen=True)
class RunReport:
    """What a run came to.

    Attributes:
        version: Id of the published version.
        published: Whether this run published it.
        summary: Figures of the version: `sources`, `linkage`, `record`.
        seconds: Seconds by step.
        landed: Batches that this run landed.
        rejected: Files rejected in this run as `source/batch/file`, with the reason in words.
        unknown_sources: Folders of the inbox that no source contract answers to.
        misnamed: Entries of the inbox that are no batch, as `source/batch`.
        restored: Tables that an earlier run had left ahead of the pointer.
    """

    version: str
    published: bool
    summary: dict[str, Any]
    seconds: dict[str, float]
    landed: int = 0
    rejected: tuple[tuple[str, str], ...] = ()
    unknown_sources: tuple[str, ...] = ()
    misnamed: tuple[str, ...] = ()
    restored: tuple[str, ...] = field(default=())

    @property
    def exit_status(self) -> int:
        """1 if a file or a whole batch was turned away in this run, else 0."""
        return 1 if self.rejected or self.misnamed else 0

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        linkage = self.summary.get("linkage", {})
        return {
            "version": self.version,
            "published": self.published,
            "sources": self.summary.get("sources", {}),
            "linkage": {name: linkage.get(name) for name in ("records", "people", "estimated_false_links")},
            "record": self.summary.get("record", {}),
            "seconds": self.seconds,
            "batches_landed": self.landed,
            "rejected": [{"file": name, "reason": reason} for name, reason in self.rejected],
            "unknown_sources": list(self.unknown_sources),
            "misnamed": list(self.misnamed),
        }


def count_sources(files: pa.Table) -> dict[str, dict[str, int]]:
    """Lines and batches by source, over the rows of `record.batch`.

    Args:
        files: `source, batch` and the counts, one row per file.

    Returns:
        By source: `batches` and each of `COUNTS`.

    Examples:
        >>> row = {"source": ["gp"], "batch": ["2025-07-01"], **{name: [1] for name in COUNTS}}
        >>> count_sources(pa.table(row))["gp"]["batches"]
        1
    """
    grouped = files.group_by("source").aggregate([("batch", "count_distinct"), *((name, "sum") for name in COUNTS)])
    order = pc.sort_indices(grouped["source"])
    return {
        row["source"]: {"batches": row["batch_count_distinct"], **{name: row[f"{name}_sum"] for name in COUNTS}}
        for row in grouped.take(order).to_pylist()
    }
