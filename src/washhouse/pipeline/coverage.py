"""How far does what a source sent reach? A file made today may tell of last quarter only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from washhouse.lake.pointer import Version
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.registry import IMPORTED, WHOLE
from washhouse.sources.reader import is_delta
from washhouse.sources.registry import SPECS

_COLUMNS = ["source", "batch", "source_table", "status", "as_of", "period_end"]


def read_coverage(files: pa.Table, specs: Mapping[str, SourceSpec] = SPECS) -> dict[str, date]:
    """Day up to which each source's data reaches: everything before it is told.

    A batch reaches to its declared date, or to the day after the period that it declares if that is earlier. A full
    batch counts if every table that it needs was accepted, a batch of changes if its header was.

    Args:
        files: Rows of `record.batch`.
        specs: Contract of every source that lands through the inbox.

    Returns:
        The furthest day, by source; a source without a batch that counts, or that is a list, is not there.
    """
    batches: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in files.select(_COLUMNS).to_pylist():
        if row["status"] == "accepted":
            batches[row["source"], row["batch"]].append(row)
    covers: dict[str, date] = {}
    for (source, batch), rows in sorted(batches.items()):
        if source in specs and specs[source].is_list:
            continue
        if _needed(specs.get(source), batch) <= {row["source_table"] for row in rows}:
            day = max(_reach(row["as_of"], row["period_end"]) for row in rows)
            covers[source] = max(covers.get(source, day), day)
    return covers


def newest_day(version: Version) -> date:
    """The day that a version counts as today: the newest declared date of the services that deliver.

    An imported data set may lie in a shifted century, so that it counts only where no other source is.
    """
    silent = {name for name, spec in SPECS.items() if spec.is_list} | IMPORTED
    delivering = [day for source, day in version.as_of.items() if source not in silent]
    return max(delivering or version.as_of.values(), default=version.published_at.date())


def without_replaced(files: pa.Table, batches: Iterable[str]) -> pa.Table:
    """Leave out imported data sets whose place a later one took: how far they reach is no longer so.

    Args:
        files: Rows of `record.batch`.
        batches: Ids of the version's batches, in the order of landing.
    """
    rows = files.select(["source", "batch", "status"]).to_pylist()
    accepted = {(row["source"], row["batch"]) for row in rows if row["status"] == "accepted"}
    newest: dict[str, str] = {}
    for batch_id in batches:
        source, _, generation = batch_id.partition("/")
        label = generation.rpartition("@")[0]
        if source in WHOLE and (source, label) in accepted:
            newest[source] = label
    return files.filter(pa.array([newest.get(row["source"], row["batch"]) == row["batch"] for row in rows], pa.bool_()))


def to_json(covers: Mapping[str, date]) -> dict[str, str]:
    """The days as a version's summary holds them.

    >>> to_json({"gp": date(2026, 7, 1)})
    {'gp': '2026-07-01'}
    """
    return {source: day.isoformat() for source, day in covers.items()}


def _reach(as_of: date, period_end: date | None) -> date:
    return as_of if period_end is None or period_end >= as_of else period_end + timedelta(days=1)


def _needed(spec: SourceSpec | None, batch: str) -> set[str]:
    if spec is None:
        return set()
    if not is_delta(batch):
        return {table.name for table in spec.tables if table.required}
    return {spec.period.table} if spec.period is not None and spec.period.header else set()
