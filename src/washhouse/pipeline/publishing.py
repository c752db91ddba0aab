"""What does a version hold, and which old ones may go?"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable

from washhouse.insight.models.states import read_registry
from washhouse.lake.disk import remove_half_written
from washhouse.lake.pointer import Version, forget, history
from washhouse.lake.readers import pinned_versions
from washhouse.pipeline.context import RunContext

BY_BATCH = ("typed", "part", "aside", "profile")
"""Vault tables whose generations are batches: `typed.<source>.<table>`, `part`, `aside` and `profile.<source>`."""


def name_version(number: int, batches: tuple[str, ...]) -> str:
    """The id of a version: its number and a digest of its batches; the same for a run that is done again.

    >>> name_version(1, ("gp/2025-07-01@0123456789ab",))
    'v000001-acd8634a'
    """
    return f"v{number:06}-{hashlib.sha256(chr(10).join(batches).encode()).hexdigest()[:8]}"


def prune_models(context: RunContext, kept: Iterable[Version]) -> None:
    """Remove models that no kept version scored with and no registry keeps: of runs that died before they published.

    A run does so before it scores, too: a model fitted by a run that died is of data that was never published.
    """
    used = {(name, model) for version in kept for name, model in version.models.items()}
    for folder in sorted(context.home.models.glob("*/")):
        kept_here = read_registry(context.home.models, folder.name).kept
        for model in folder.glob("*/"):
            if (folder.name, model.name) not in used and model.name not in kept_here:
                shutil.rmtree(model)


def prune(context: RunContext) -> None:
    """Remove versions beyond the number to keep, and what only they, or runs that died, used.

    What a version that is still being read is made of stays until a run after its last reader has left. Called when
    all that lay in the inbox is published, so that no batch is half done. Landed files are kept.
    """
    versions = history(context.home)
    kept = versions[-context.settings.keep_versions :]
    for version in versions[: -context.settings.keep_versions]:
        forget(context.home, version)
    kept += pinned_versions(context.home)
    tables: defaultdict[str, set[int]] = defaultdict(set)
    generations: defaultdict[str, set[str]] = defaultdict(set)
    for version in kept:
        for name, number in version.tables.items():
            tables[name].add(number)
        for name, generation in version.vault.items():
            generations[name].add(generation)
    remove_half_written(context.home.root)
    prune_models(context, kept)
    context.lake.prune({name: sorted(numbers) for name, numbers in tables.items()})
    batches = {batch for version in kept for batch in version.batches}
    for name in context.vault.tables():
        kind, _, rest = name.partition(".")
        source = rest.partition(".")[0]
        for generation in context.vault.generations(name):
            held = f"{source}/{generation}" in batches if kind in BY_BATCH else generation in generations[name]
            if not held:
                context.vault.remove(name, generation)
