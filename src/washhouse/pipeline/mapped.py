"""How were a version's sources read and mapped, and may a run go on from what it made of them?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version as _package_version

from washhouse.pipeline.context import RunContext
from washhouse.record.twins import EVENT_ORDER, FINISHED_EVENTS
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.macros import DEFINITIONS


def digests(systems: Mapping[str, tuple[SourceSpec, SystemMapping]], buckets: int) -> dict[str, str]:
    """How each source is read and mapped, and under the empty name what is the same for all: a digest of each."""
    common = (_package_version("washhouse"), buckets, *DEFINITIONS, FINISHED_EVENTS, EVENT_ORDER)
    said: dict[str, object] = {"": common, **systems}
    return {name: hashlib.sha256(repr(one).encode()).hexdigest()[:16] for name, one in said.items()}


def mapped_otherwise(context: RunContext, mapped: Mapping[str, str]) -> frozenset[str] | None:
    """Sources that the published version read or mapped otherwise.

    Args:
        context: The run.
        mapped: `digests` of now.

    Returns:
        Their names; None where everything is to be made anew: nothing was published, something that all sources share
        was otherwise, or a rebuild is asked for.
    """
    if context.published is None or context.rebuild:
        return None
    known = context.published.summary.get("mapped", {})
    if known.get("") != mapped[""]:
        return None
    return frozenset(name for name in context.systems if known.get(name) != mapped[name])
