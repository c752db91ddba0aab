"""From when may the record say that it knew what a batch holds?"""

from __future__ import annotations

from datetime import datetime

from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch
from washhouse.sources.contract import SourceSpec


def known_from(context: RunContext, spec: SourceSpec, batch: Batch, declared: datetime) -> datetime:
    """When the record may say that it knew what a batch holds, naive UTC.

    A first submission is taken at its word. A further one under the same name was not there when the first was made:
    it counts from the time that its own header gives, if that is later than any before it under the name, and else
    from its landing. The time stays with the batch's rows, so that no later run moves it.

    Args:
        context: The run.
        spec: The source's contract.
        batch: The batch.
        declared: When the batch says that it was made.
    """
    if batch.replaces:
        return _known_before(context, spec, batch) or declared
    if not batch.is_further:
        return declared
    if spec.period is not None and spec.period.created:
        before = _submitted_before(context, spec, batch)
        if before is None or declared > before:
            return declared
    return max(declared, context.now)


def _known_before(context: RunContext, spec: SourceSpec, batch: Batch) -> datetime | None:
    """When the record knew a batch that is read again; None if no row of it was accepted."""
    generation = batch.replaces.partition("/")[2]
    for table in context.vault.tables():
        if table.startswith(f"typed.{spec.name}.") and context.vault.exists(table, generation):
            times = context.vault.read(table, generation, ["_submitted_at"]).column(0)
            if len(times):
                known: datetime = times[0].as_py()
                return known
    return None


def _submitted_before(context: RunContext, spec: SourceSpec, batch: Batch) -> datetime | None:
    """Latest time that a header gave under a batch's name so far, None if none could be read."""
    table = f"typed.{spec.name}.{spec.period.table}" if spec.period else ""
    times = []
    for batch_id in context.published.batches if context.published else ():
        source, _, generation = batch_id.partition("/")
        name = generation.rpartition("@")[0].partition("~")[0]
        if (source, name) == (batch.source, batch.name) and context.vault.exists(table, generation):
            times += context.vault.read(table, generation, ["_submitted_at"]).column(0).to_pylist()
    return max(times, default=None)
