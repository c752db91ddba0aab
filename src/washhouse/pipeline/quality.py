"""How good is the data of the version in the making? Every check is asked, stored with it, and may hold it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from washhouse.core.errors import RefusedError
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.disclosure import tell_count
from washhouse.governance.grants import system_grant
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.gate import QUALITY as GATE
from washhouse.pipeline.gate import hold_back
from washhouse.pipeline.linking import Linked
from washhouse.pipeline.sums import keep_sums
from washhouse.record.kernels import run
from washhouse.record.quality.batch_checks import Delivery, check_deliveries
from washhouse.record.quality.contract import Check, Finding, breach_of, limit_of
from washhouse.record.quality.counting import DAYS, EVENTS, NOW, PARTS
from washhouse.record.quality.drift import lower_share
from washhouse.record.quality.other_sources import count_disagreements
from washhouse.record.quality.profile import TableProfile, profile_tables, read_profile
from washhouse.record.quality.registry import CHECKS
from washhouse.record.submissions import latest_submissions
from washhouse.record.tables import QUALITY
from washhouse.record.writer import write_aggregates

DELIVERIES_TOLD = 40
"""Deliveries of each source that are judged, the newest: a month of nights and a year of months."""


def check_quality(context: RunContext, candidate: Version, files: pa.Table, linked: Linked) -> tuple[Version, int]:
    """Ask every check, write `record.quality`, and stop where the deployer wants that.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.
        files: Rows of `record.batch`.
        linked: Who is who.

    Returns:
        The candidate with the table and what the checks came to, and the number of findings.

    Raises:
        RefusedError: `quality-refused`: a check that can stop is over its limit, and the gate is `"stop"`.
    """
    limits = context.settings.quality.limits
    earlier = set(context.published.batches) if context.published else set()
    landed = {_label(batch) for batch in candidate.batches if batch not in earlier}
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        audit, grant = AuditTrail(desk), system_grant(utc_now())
        candidate, sums = keep_sums(context, candidate, grant, audit)
        newest = pa.table({"source": list(candidate.as_of), "as_of": list(candidate.as_of.values())})
        # What is told of all buckets is handed to the first: a kernel is asked bucket by bucket.
        days = sums[DAYS.kernel.name]
        days = days.append_column("bucket", pa.repeat(pa.scalar(0, pa.int32()), days.num_rows))
        extra = {"newest_of": newest, "told_day": days}
        parts = run(context.lake, candidate, grant, NOW, extra=extra, engine=context.engine, audit=audit)
        findings = list(_of_record(_add_up([sums[EVENTS.kernel.name], sums[PARTS.kernel.name], *parts]), limits))
        with context.connect() as connection:
            counted = count_disagreements(connection, linked.identity, linked.membership)
            findings += [_judge(*told, limits) for told in counted if told[-1]]
        for deliveries in _deliveries(context, candidate, files).values():
            findings += check_deliveries(deliveries, limits)
        rows = [
            vars(one) | {"is_new": one.batch is None or (one.source or "", one.batch) in landed} for one in findings
        ]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(QUALITY))
        number = write_aggregates(context.lake, grant, QUALITY, table, audit=audit)
    finally:
        desk.close()
    context.reached("quality-written")
    over = [row for row in rows if row["status"] == "over" and row["is_new"]]
    stops = [row for row in over if CHECKS[row["check"]].severity == "stop"]
    summary = {
        "checks": len(CHECKS),
        "findings": len(rows),
        "over": len(over),
        "can_stop": len(stops),
        "record": [
            {name: row[name] for name in ("check", "source", "value", "status")} for row in rows if row["batch"] is None
        ],
    }
    breaches = [breach_of(CHECKS[row["check"]], row) for row in stops]
    held = hold_back(context, GATE, context.settings.quality.gate, candidate.id, breaches, summary | {"over": over})
    if held is not None:
        raise RefusedError("quality-refused", held.message, held.hint)
    return (
        replace(
            candidate,
            tables={**candidate.tables, QUALITY.name: number},
            summary={**candidate.summary, "quality": summary},
        ),
        len(rows),
    )


def _label(batch_id: str) -> tuple[str, str]:
    """Source and batch as `record.batch` names them."""
    source, _, generation = batch_id.partition("/")
    return source, generation.rpartition("@")[0]


def _add_up(parts: Iterable[pa.Table]) -> dict[tuple[str, str | None], tuple[int, int]]:
    """Sum the counts of the buckets, by check and source."""
    totals: defaultdict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0, 0])
    for part in parts:
        for row in part.to_pylist():
            total = totals[row["check"], row["source"]]
            total[0] += row["failed"]
            total[1] += row["among"]
    return {key: (failed, among) for key, (failed, among) in totals.items()}


def _of_record(
    counts: Mapping[tuple[str, str | None], tuple[int, int]], limits: Mapping[str, float]
) -> Iterator[Finding]:
    for (check, source), (failed, among) in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        if among:
            yield _judge(CHECKS[check], source, failed, among, limits)


def _judge(check: Check, source: str | None, failed: int, among: int, limits: Mapping[str, float]) -> Finding:
    """Judge a share of people, events or records; what is told of it can tell of nobody."""
    limit = limit_of(check, limits)
    told = tell_count(failed)
    return Finding(
        check=check.id,
        source=source,
        batch=None,
        source_table=None,
        column=None,
        compared_with=None,
        count=told,
        denominator=among,
        value=None if told is None else min(told / among, 1.0),
        limit=limit,
        status="over" if lower_share(failed, among) > limit else "met",
    )


def _deliveries(context: RunContext, version: Version, files: pa.Table) -> dict[str, list[Delivery]]:
    """The newest deliveries of each source, in order; what was sent again under its name only as it was last."""
    by_batch: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in files.to_pylist():
        by_batch[row["source"], row["batch"]].append(row)
    latest = latest_submissions(by_batch)
    generations = {_label(batch): batch.partition("/")[2] for batch in version.batches}
    found: defaultdict[str, list[tuple[str, list[dict[str, Any]]]]] = defaultdict(list)
    for (source, batch), rows in sorted(by_batch.items(), key=lambda item: (max(r["as_of"] for r in item[1]), item[0])):
        if (source, batch) in latest and source in context.systems:
            found[source].append((batch, rows))
    return {
        source: [
            _delivery(source, batch, rows, _profile(context, source, generations.get((source, batch)), rows))
            for batch, rows in batches[-DELIVERIES_TOLD:]
        ]
        for source, batches in sorted(found.items())
    }


def _delivery(source: str, batch: str, rows: list[dict[str, Any]], profile: Mapping[str, TableProfile]) -> Delivery:
    counts: defaultdict[str, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("files", "rejected", "lines", "warned", "quarantined", "duplicates"), 0)
    )
    for row in rows:
        total = counts[row["source_table"] or ""]
        total["files"] += 1
        total["rejected"] += row["status"] == "rejected"
        for name in ("lines", "warned", "quarantined", "duplicates"):
            total[name] += row[name]
    return Delivery(
        source=source,
        name=batch,
        as_of=max(row["as_of"] for row in rows),
        is_delta=batch.partition("~")[0].endswith("-delta"),
        period=(rows[0]["period_start"], rows[0]["period_end"]),
        counts=counts,
        profile=profile,
    )


def _profile(
    context: RunContext, source: str, generation: str | None, rows: list[dict[str, Any]]
) -> dict[str, TableProfile]:
    """A batch's profile; one landed before there were profiles is read through once."""
    if generation is None:
        return {}
    vault, name = context.vault, f"profile.{source}"
    if not vault.exists(name, generation):
        spec, _ = context.systems[source]
        sent = {row["source_table"] for row in rows if row["status"] == "accepted" and row["source_table"]}
        typed = {table: list(vault.read_parts(f"typed.{source}.{table}", generation)) for table in sorted(sent)}
        vault.write(name, generation, profile_tables(spec, typed))
    return read_profile(vault.read(name, generation))
