"""Which sources does a home declare, and which batches were read by a declaration that has changed since?

A batch of a declared source is known by its declaration, too: a changed one reads all that the source ever sent again,
from the inbox where it still lies there and else as it was landed, and takes the place of what was read before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from washhouse.core.errors import InputError
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.inbox import Batch, Inbox, InboxFile, contract_of
from washhouse.record.tables import BATCH
from washhouse.sources.declared.read import Declared, read_declarations
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.reader import declared_date


def read_declared(context: RunContext) -> Mapping[str, Declared]:
    """Read the declarations of a home.

    Raises:
        InputError: `declaration-unreadable` or `declaration-invalid`: one makes no sense. `declaration-missing`: the
            published version holds batches of a source that is no longer declared.
    """
    declared = read_declarations(context.home.sources, SYSTEMS)
    check_declared(context.published.batches if context.published else (), declared)
    return declared


def check_declared(batches: Iterable[str], declared: Collection[str]) -> None:
    """Refuse to go on without the declaration of a source that the record holds.

    Args:
        batches: Ids of the batches of the published version.
        declared: Names of the sources that are declared.

    Raises:
        InputError: `declaration-missing`: a batch is of a source that is neither built in nor declared.
    """
    lost = sorted({one.partition("/")[0] for one in batches} - set(declared) - SYSTEMS.keys())
    if lost:
        raise InputError(
            "declaration-missing",
            f"The record holds batches of {', '.join(lost)}, and no file declares it any more.",
            f"Put {lost[0]}.toml back into the folder sources of the home.",
        )


def stale_batches(batches: Iterable[str], declared: Mapping[str, Declared]) -> list[str]:
    """Ids of the batches that were read by another declaration than the present one."""
    return [
        batch_id
        for batch_id in batches
        if (source := batch_id.partition("/")[0]) in declared and contract_of(batch_id) != declared[source].digest
    ]


def read_anew(context: RunContext, inbox: Inbox) -> Inbox:
    """Note the declaration of each batch, and add the batches that another one read.

    Args:
        context: The run.
        inbox: What is to be landed.
    """
    fresh = [
        replace(batch, contract=context.declared[batch.source].digest) if batch.source in context.declared else batch
        for batch in inbox.batches
    ]
    published = context.published.batches if context.published else ()
    again = [
        _as_landed(context, batch_id, context.declared[batch_id.partition("/")[0]].digest)
        for batch_id in stale_batches(published, context.declared)
    ]
    ordered = sorted([*again, *fresh], key=lambda batch: (batch.declared, batch.source, batch.label))
    return replace(inbox, batches=tuple(ordered))


def _as_landed(context: RunContext, batch_id: str, contract: str) -> Batch:
    """A published batch, to be read from the vault under the names that its files go by."""
    source, _, generation = batch_id.partition("/")
    label = generation.rpartition("@")[0]
    published = context.published
    books = context.lake.read(BATCH, published.tables[BATCH.name]).to_pylist() if published else []
    return landed_batch(batch_id, [row for row in books if (row["source"], row["batch"]) == (source, label)], contract)


def landed_batch(batch_id: str, rows: Iterable[Mapping[str, Any]], contract: str) -> Batch:
    """A batch that was landed before, to be read from the vault, known from when it was.

    Args:
        batch_id: Its id.
        rows: Its rows of `record.batch`: file, sha256, bytes.
        contract: Digest of the declaration by which it is read; empty for a built-in source.
    """
    source, _, generation = batch_id.partition("/")
    label = generation.rpartition("@")[0]
    files = {row["file"].partition(".zip/")[0] + (".zip" if ".zip/" in row["file"] else ""): row for row in rows}
    landed = tuple(InboxFile(name, None, row["sha256"], row["bytes"]) for name, row in sorted(files.items()))
    name = label.partition("~")[0]
    return Batch(source, name, declared_date(name), landed, label, contract, batch_id)
