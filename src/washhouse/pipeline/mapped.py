"""How were a version's sources read and mapped, and may a run go on from what it made of them?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as _package_version

from washhouse.pipeline.context import RunContext
from washhouse.record.facts import FACTS
from washhouse.record.twins import EVENT_ORDER, FINISHED_EVENTS
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.macros import DEFINITIONS


def digests(systems: Mapping[str, tuple[SourceSpec, SystemMapping]], buckets: int) -> dict[str, str]:
    """How each source is read and mapped, and under the empty name what is the same for all: a digest of each."""
    common = (_package_version("washhouse"), buckets, *DEFINITIONS, FINISHED_EVENTS, EVENT_ORDER)
    said: dict[str, object] = {"": common, **systems}
    return {name: hashlib.sha256(repr(one).encode()).hexdigest()[:16] for name, one in said.items()}


@dataclass(frozen=True)
class Otherwise:
    """What a version read or mapped otherwise than this run would.

    Attributes:
        sources: Names of the sources; None where everything is to be made anew.
        reason: Why that costs more than the new batches do, in words; empty where it does not, or was asked for.
    """

    sources: frozenset[str] | None
    reason: str = ""


def mapped_otherwise(context: RunContext, mapped: Mapping[str, str]) -> Otherwise:
    """Tell what the published version read or mapped otherwise.

    Args:
        context: The run.
        mapped: `digests` of now.

    Returns:
        The sources; None for all where nothing was published, a rebuild is asked for, the buckets are others, something
        that all sources share was otherwise, or what an increment starts from was not kept.
    """
    published = context.published
    if published is None or context.rebuild:
        return Otherwise(None)
    known = published.summary.get("mapped", {})
    if context.buckets != published.buckets:
        asked = f"it has {published.buckets} buckets, and {context.buckets} are asked for"
        return Otherwise(None, f"the record is made anew: {asked}")
    if known.get("") != mapped[""]:
        return Otherwise(None, "the record is made anew: another release of washhouse made the published version")
    if not {table.name for table in FACTS.values()} <= published.vault.keys():
        return Otherwise(None, "the record is made anew: an earlier release of washhouse made the published version")
    sources = frozenset(name for name in context.systems if known.get(name) != mapped[name])
    held = sorted(sources & {batch.partition("/")[0] for batch in published.batches})
    reason = f"made anew, as read or mapped otherwise than in the published version: {', '.join(held)}" if held else ""
    return Otherwise(sources, reason)


def tell_otherwise(context: RunContext) -> None:
    """Warn, before a run begins, of what it makes anew although no batch asks for it."""
    reason = mapped_otherwise(context, digests(context.systems, context.buckets)).reason
    if reason:
        context.progress.warn(reason)
