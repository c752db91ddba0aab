"""From when may the record say that it knew what a batch holds, and before which others does it count?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.registry import IMPORTED, WHOLE

_NEXT = timedelta(microseconds=1)


def known_from(context: RunContext, spec: SourceSpec, batch: Batch, declared: datetime) -> datetime:
    """When the record may say that it knew what a batch holds, naive UTC.

    A first submission is taken at its word. A further one under the same name was not there when the first was made:
    it counts from the time that its own header gives, if that is later than any before it under the name, and else
    from its landing. The time stays with the batch's rows, so that no later run moves it.

    An imported data set says no more of when it was made than its newest event does, which may be a wrong date. It was
    there when it landed, at the latest, and comes after those that landed before.

    Args:
        context: The run.
        spec: The source's contract.
        batch: The batch.
        declared: When the batch says that it was made.
    """
    if batch.replaces:
        return _known_before(context, spec, batch) or declared
    if batch.source in IMPORTED:
        known = min(declared, context.now)
        before = max((earlier for earlier, _ in _imported_before(context, batch)), default=None)
        return known if before is None or before < known else max(context.now, before + _NEXT)
    if not batch.is_further:
        return declared
    if spec.period is not None and spec.period.created:
        before = _submitted_before(context, spec, batch)
        if before is None or declared > before:
            return declared
    return max(declared, context.now)


def holds_as_at(context: RunContext, batch: Batch, day: date) -> date:
    """The day as at which a batch's rows hold: its declared date, of an imported data set none before earlier ones'.

    Args:
        context: The run.
        batch: The batch.
        day: Its declared date.
    """
    if batch.source not in IMPORTED:
        return day
    return max([day, *(held for _, held in _imported_before(context, batch))])


def tell_order(context: RunContext, batches: Iterable[Batch]) -> None:
    """Say of a data set to be imported what it does to those that were imported before."""
    for batch in batches:
        before = [one for one in context.known_batches if one.startswith(f"{batch.source}/")]
        if batch.replaces or batch.source not in IMPORTED or not before:
            continue
        if batch.source in WHOLE:
            earlier = before[-1].rpartition("@")[0]
            context.progress.warn(f"it takes the place of {earlier}, imported before: a home holds one such data set")
        elif (newest := holds_as_at(context, batch, batch.declared)) > batch.declared:
            context.progress.warn(
                f"its day is {batch.declared}, and that of a set imported before {newest}: "
                "what both hold is taken from this one"
            )


def _imported_before(context: RunContext, batch: Batch) -> Iterator[tuple[datetime, date]]:
    """From when every data set of the sender that was imported before is known, and as at which day it holds."""
    for batch_id in context.known_batches:
        source, _, generation = batch_id.partition("/")
        if (source, _sender(generation)) != (batch.source, _sender(batch.name)):
            continue
        for table in context.systems[source][0].tables:
            name = f"typed.{source}.{table.name}"
            if context.vault.exists(name, generation):
                first = next(context.vault.read_parts(name, generation, 1, ["_submitted_at", "_as_of"]))
                yield from ((told["_submitted_at"], told["_as_of"]) for told in first.slice(0, 1).to_pylist())


def _sender(label: str) -> str:
    """What a batch's name says behind its date, where the name of a sender stands."""
    return label.partition("@")[0].partition("~")[0][len("YYYY-MM-DD") :]


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
    for batch_id in context.known_batches:
        source, _, generation = batch_id.partition("/")
        name = generation.rpartition("@")[0].partition("~")[0]
        if (source, name) == (batch.source, batch.name) and context.vault.exists(table, generation):
            times += context.vault.read(table, generation, ["_submitted_at"]).column(0).to_pylist()
    return max(times, default=None)
