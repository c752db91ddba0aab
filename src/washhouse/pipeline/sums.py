"""What is added up over everybody, and brought up to date by what came and went?

The sums lie in the vault: they are counts, but of however few. A table's name says by which declaration it was made, so
that under another one everything is counted anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa

from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.insight.models.history import days_of, read_submitted
from washhouse.insight.models.present import Compute
from washhouse.insight.outcomes.contract import SUBMITTED
from washhouse.lake.pointer import Version
from washhouse.pipeline.context import RunContext
from washhouse.record.kernels import Kernel, Stage, run_stages
from washhouse.record.quality.counting import DAYS, EVENTS, PARTS
from washhouse.record.sums import Sum, may_tell_changed, run_on_changed

SUMS = (EVENTS, PARTS, DAYS, Sum(SUBMITTED, ("events",), "row"))


def keep_sums(
    context: RunContext, candidate: Version, grant: Grant, audit: AuditTrail
) -> tuple[Version, dict[str, pa.Table]]:
    """Add up what is added up over everybody, and keep it for the next run.

    Args:
        context: The run.
        candidate: The version, its tables written, not published.
        grant: Leave to read the population.
        audit: Where it is noted.

    Returns:
        The candidate with the sums, and the sums by the kernel's name.
    """
    before = None if context.rebuild else context.published
    if before is None or not _holds(before, candidate):
        stages = [Stage(one.kernel) for one in SUMS]
        made = list(run_stages(context.lake, candidate, grant, stages, engine=context.engine, audit=audit))
        sums = {one.kernel.name: one.of(part[one.kernel.name] for part in made) for one in SUMS}
    else:
        changed = list(run_on_changed(context.lake, before, candidate, grant, SUMS, context.engine, audit=audit))
        sums = {one.kernel.name: _brought_up(one, _read(context, before, one.kernel), changed) for one in SUMS}
    for one in SUMS:
        context.vault.write(_table(one.kernel), candidate.id, sums[one.kernel.name])
    kept = {_table(one.kernel): candidate.id for one in SUMS}
    return replace(candidate, vault={**candidate.vault, **kept}), sums


def _brought_up(one: Sum, kept: pa.Table, changed: Sequence[Mapping[str, tuple[pa.Table, pa.Table]]]) -> pa.Table:
    parts = [part[one.kernel.name] for part in changed]
    return one.of([kept, *(now for _, now in parts)], less=[before for before, _ in parts])


def submitted_days(context: RunContext, version: Version, compute: Compute) -> Mapping[str, list[date]]:
    """Days on which each source submitted something, in order: as they were added up, else read from the record."""
    if _table(SUBMITTED) not in version.vault:
        return read_submitted(compute)
    return days_of(_read(context, version, SUBMITTED))


def _holds(before: Version, now: Version) -> bool:
    """Whether what was added up of an earlier version can be brought up to date."""
    return may_tell_changed(before, now) and all(_table(one.kernel) in before.vault for one in SUMS)


def _table(kernel: Kernel) -> str:
    return f"sum.{kernel.name}-{kernel.version}"


def _read(context: RunContext, version: Version, kernel: Kernel) -> pa.Table:
    return context.vault.read(_table(kernel), version.vault[_table(kernel)])
