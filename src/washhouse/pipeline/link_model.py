"""Does this run link under the last run's model, comparing only what is new, or fit a new one?

A new model lets weights move everywhere, and with them who belongs together. So one is fitted only for a reason, and
the reason stands in the run's summary. Model and index are kept in the vault, beside the links.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage import stored_earlier
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.index import TABLES, LinkIndex, read_index, write_index
from washhouse.linkage.stored_earlier import OTHERS, read_earlier, write_earlier
from washhouse.linkage.threshold import Strictness
from washhouse.linkage.trained import TrainedModel
from washhouse.pipeline.context import RunContext


@dataclass(frozen=True)
class Kept:
    """What an earlier run left for this one.

    Attributes:
        model: Model to link under; None to fit a new one.
        index: Records as they were under it.
        reason: Why a new model is fitted; empty where the old one is kept.
    """

    model: TrainedModel | None
    index: LinkIndex | None
    reason: str


def kept_model(
    context: RunContext,
    identity: pa.Table,
    membership: pa.Table | None = None,
    held: Mapping[str, pa.Table] | None = None,
) -> Kept:
    """Return the model and the index of the published version, unless a new model is needed.

    Args:
        context: The run.
        identity: All identities as they are now.
        membership: The published membership, where linking starts from it: the index then comes with all that its
            linkage came to, as far as it was kept.
        held: Tables of the published version that were read already, by name.
    """
    published = context.published
    if published is None or not all(name in published.vault for name in TABLES):
        return Kept(None, None, "no earlier model")
    index = read_index(lambda name: context.vault.read(name, published.vault[name]))
    if index is None:
        return Kept(None, None, "the earlier model was of another format")
    reason = why_refit(index.trained, identity, context.settings.linkage.refit_growth)
    if reason:
        return Kept(None, None, reason)
    if context.rebuild:
        return Kept(index.trained, None, "")
    if published.summary.get("linkage", {}).get("strictness") != asdict(strictness_of(context)):
        # Weights stay; the thresholds of the views are chosen anew from them.
        index = replace(index, trained=replace(index.trained, thresholds={}))
    elif membership is not None and _of_one_run(published.vault):
        threads = context.settings.threads or os.cpu_count() or 1

        def read(name: str) -> pa.Table:
            return held[name] if held and name in held else context.vault.read(name, published.vault[name])

        index = read_earlier(index, membership, read, threads)
    return Kept(index.trained, index, "")


def _of_one_run(generations: Mapping[str, str]) -> bool:
    """Say whether all that a linkage can be gone on from was kept by one run."""
    kept = {generations.get(name, "") for name in (*TABLES, *stored_earlier.TABLES, *OTHERS)}
    return len(kept) == 1 and "" not in kept


def strictness_of(context: RunContext) -> Strictness:
    """Return what the deployer binds the views of people by."""
    chosen = context.settings.linkage
    return Strictness(chosen.strict_false_links, chosen.lenient_missed_links)


def why_refit(model: TrainedModel, identity: pa.Table, growth: float) -> str:
    """Say why a model does not suit some records any more; nothing where it does.

    Args:
        model: The model.
        identity: Identities, see `sources.identity.IDENTITY`.
        growth: Share of the records it was trained on by which they may have grown.
    """
    is_clear = pc.equal(identity.column("identity_kind"), "clear")
    present = {name for name in FIELDS if pc.any(pc.and_(is_clear, pc.is_valid(identity.column(name)))).as_py()}
    if present != set(model.field_names):
        return "the fields present changed"
    if not set(pc.unique(identity.column("source").filter(is_clear)).to_pylist()) <= set(model.sources):
        return "a source is new"
    if (pc.sum(is_clear).as_py() or 0) > (1 + growth) * model.records:
        return f"records grew by more than {growth:.0%} since it was trained"
    return ""


def index_tables(index: LinkIndex | None) -> dict[str, pa.Table]:
    """Return the vault tables that keep an index with its model and all that its linkage came to.

    There are none where there was nothing to compare.
    """
    return {} if index is None else write_index(index) | write_earlier(index.earlier, index.trained.digest)
