"""Which submission under a batch's name counts now, and which of its files were refused?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def latest_submissions(batches: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out what was sent again under its name.

    Args:
        batches: Source and batch, as `record.batch` names them: a further submission of `NAME` is `NAME~02`.

    Returns:
        The latest submission of each source and name.

    >>> sorted(latest_submissions([("gp", "2025-07-01"), ("gp", "2025-07-01~02"), ("gp", "2025-08-01")]))
    [('gp', '2025-07-01~02'), ('gp', '2025-08-01')]
    """
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    for source, batch in batches:
        name, _, number = batch.partition("~")
        latest[source, name] = max(latest.get((source, name), (0, "")), (int(number or 1), batch))
    return {(source, batch) for (source, _), (_, batch) in latest.items()}


def refused_files(files: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Files refused in the latest submission of their batch: what a steward still has to ask for.

    Args:
        files: `source, batch, file, status, reason`, rows of `record.batch`.

    Returns:
        Each as `source/batch/file` with the reason in words, in that order.
    """
    rows = list(files)
    latest = latest_submissions((row["source"], row["batch"]) for row in rows)
    return sorted(
        (f"{row['source']}/{row['batch']}/{row['file']}", row["reason"] or "")
        for row in rows
        if row["status"] == "rejected" and (row["source"], row["batch"]) in latest
    )
