"""How does a home go back to an earlier version, and what becomes of the batches that came since?

Going back publishes a further version with the contents of the earlier one, so that nothing is rewritten and what lay
between stays readable for as long as versions are kept. Batches that came after the earlier version are noted as
waiting: the next run brings them in again, as they were landed, read and known from when they were, also where they no
longer lie in the inbox. Only what a changed declaration reads otherwise is read again.

References:
    docs/adr/2026-11-26-incremental-record.md
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.home import Home, Settings
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditEvent, AuditTrail
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.lock import run_lock
from washhouse.lake.pointer import Version, history, publish, read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.commit_points import Hook, nothing
from washhouse.pipeline.context import WAITING, RunContext
from washhouse.pipeline.declared import landed_batch, read_declared
from washhouse.pipeline.directory import sync_desk
from washhouse.pipeline.inbox import Inbox
from washhouse.pipeline.landing import Book, keep_book
from washhouse.pipeline.progress import Silent
from washhouse.pipeline.publishing import name_version
from washhouse.record.tables import BATCH, QUARANTINE

_LANDED = ["file", "sha256", "bytes"]


def roll_back(
    home: Home, settings: Settings, to: str, *, reached: Hook = nothing, now: datetime | None = None
) -> Version:
    """Publish an earlier version's contents again.

    Args:
        home: The home.
        settings: What the deployer chose.
        to: Id of the version to go back to.
        reached: Called at each commit point.
        now: The present moment, naive UTC.

    Returns:
        The version that was published.

    Raises:
        InputError: `version-unknown`: the version is not kept, or is the published one.
        HomeError: The home is locked or broken, or the key is not the vault's.
    """
    with run_lock(home):
        current = read_current(home)
        target = next((one for one in history(home) if one.id == to), None)
        if target is None or current is None or target.number == current.number:
            raise InputError(
                "version-unknown",
                "There is no earlier version of that name to go back to.",
                "`washhouse versions list` names those that are kept.",
            )
        context = RunContext(
            home=home,
            settings=settings,
            lake=Lake(home.lake),
            vault=Vault(home, load_master_key(home, settings)),
            published=current,
            now=now or utc_now(),
            progress=Silent(),
            reached=reached,
        )
        context = replace(context, declared=read_declared(context))
        number = current.number + 1
        version = replace(
            target,
            number=number,
            id=name_version(number, target.batches),
            published_at=context.now,
            summary={**target.summary, "rolled_back_to": target.id, WAITING: _waiting(context, target)},
        )
        _write_audit(context, version, target)
        publish(home, version, prepared=lambda: reached("list-written"))
        reached("published")
        try:
            sync_desk(context, version)
        finally:
            context.empty_spill()
        return version


def take_up(context: RunContext, inbox: Inbox) -> Inbox:
    """Add the batches that wait since the home went back: they landed before anything that is new."""
    again = [
        landed_batch(one["id"], one["files"], context.declared[source].digest if source in context.declared else "")
        for one in _waiting_of(context.published)
        if (source := one["id"].partition("/")[0]) in context.systems
    ]
    _take_up_books(context, {batch.id for batch in again})
    return replace(inbox, batches=(*again, *inbox.batches))


def _take_up_books(context: RunContext, waiting: set[str]) -> None:
    """Lay out what reading the waiting batches came to, as the newest version that held each of them says.

    Their typed rows are kept for as long as that version is, so that nothing of them is read again: of an imported data
    set that could only be done where it lay.
    """
    for version in reversed(history(context.home)):
        held = sorted(waiting.intersection(version.batches))
        if not held:
            continue
        whole = [context.lake.read(table, version.tables[table.name]) for table in (BATCH, QUARANTINE)]
        for batch_id in held:
            files, reasons = (_of_batch(rows, batch_id) for rows in whole)
            keep_book(context, batch_id, Book(files, reasons))
        waiting = waiting.difference(held)


def _of_batch(rows: pa.Table, batch_id: str) -> pa.Table:
    source, _, generation = batch_id.partition("/")
    is_its = pc.and_(pc.equal(rows["source"], source), pc.equal(rows["batch"], generation.rpartition("@")[0]))
    return rows.filter(is_its)


def _waiting_of(version: Version | None) -> list[dict[str, Any]]:
    return list(version.summary.get(WAITING, ())) if version is not None else []


def _waiting(context: RunContext, target: Version) -> list[dict[str, Any]]:
    """Batches that came after a version, oldest first, each as the last version that held it knew it."""
    found: dict[str, dict[str, Any]] = {}
    for version in history(context.home):
        if version.number <= target.number:
            continue
        files = context.lake.read(BATCH, version.tables[BATCH.name], columns=["source", "batch", *_LANDED])
        for batch_id in version.batches:
            found[batch_id] = {"id": batch_id, "files": _of_batch(files, batch_id).select(_LANDED).to_pylist()}
        found |= {one["id"]: one for one in _waiting_of(version)}
    return [one for batch_id, one in found.items() if batch_id not in target.batches]


def _write_audit(context: RunContext, version: Version, target: Version) -> None:
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        event = AuditEvent(
            at=context.now,
            actor="system",
            role="system",
            purpose="operations",
            action="roll-back",
            detail={"version": version.id, "contents_of": target.id},
        )
        AuditTrail(desk).record([event])
    finally:
        desk.close()
