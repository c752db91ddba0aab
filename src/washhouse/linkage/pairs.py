"""How do records come to be weighed pairs: all under a new model, all under a kept one, or only what is new?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.engine import Engine
from washhouse.linkage.encode import Encoded, encode, with_setting
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.incremental import Update, update
from washhouse.linkage.index import LinkIndex, build_index, encode_under
from washhouse.linkage.lookup import Rows
from washhouse.linkage.scoring import Progress, Scored, score_pairs
from washhouse.linkage.trained import TrainedModel


@dataclass(frozen=True)
class Paired:
    """Records with their weighed pairs.

    Attributes:
        encoded: The records.
        scored: Their pairs; None where there is nothing to compare.
        trained: The model; without thresholds when it is new.
        summary: How the pairs were come by: counts, for a steward.
        update: What changed since an index was made; None where all pairs were compared.
    """

    encoded: Encoded
    scored: Scored | None
    trained: TrainedModel | None
    summary: dict[str, Any]
    update: Update | None = None


def pair_records(
    table: pa.Table,
    trained: TrainedModel | None,
    index: LinkIndex | None,
    threads: int,
    tell: Progress,
    unchanged: Rows | None = None,
    engine: Engine | None = None,
) -> Paired:
    """Encode records and weigh their pairs.

    Args:
        table: Records under a clear identity, in the order of source and id.
        trained: The model to use; None to fit one.
        index: The records of an earlier time under that model: only what changed since is compared.
        threads: Threads to use.
        tell: Told the step and how much of it is done.
        unchanged: For each record its row in the index if it says the same there, else -1; found out if left out.
        engine: What finds and compares pairs, increments apart; left out, this process.
    """
    if trained is None:
        return _anew(table, threads, tell, engine)
    if index is not None and index.trained.digest == trained.digest:
        tell("compare", 0.0)
        found = update(index, table, threads, unchanged)
        counts = {"door": "increment", "new_or_changed": found.fresh, "gone": found.gone, "compared": found.compared}
        return Paired(found.encoded, found.scored, trained, counts, found)
    encoded = encode_under(table, trained, threads)
    scored = score_pairs(
        encoded,
        settings=len(trained.sources),
        rules=trained.rules,
        max_block_pairs=trained.max_block_pairs,
        threads=threads,
        progress=tell,
        model=trained.model,
        engine=engine,
    )
    return Paired(encoded, scored, trained, {"door": "batch", "compared": len(scored.pattern)})


def _anew(table: pa.Table, threads: int, tell: Progress, engine: Engine | None) -> Paired:
    """Fit a model to the records."""
    columns = present_columns(table)
    encoded = encode(columns, [FIELDS[name] for name in columns], threads=threads)
    counts: dict[str, Any] = {"door": "batch, new model", "compared": 0}
    if not table.num_rows or not columns:
        return Paired(encoded, None, None, counts)
    sources = pc.unique(table.column("source")).to_pylist()
    number = pc.index_in(table.column("source"), value_set=pa.array(sources, pa.string()))
    encoded = with_setting(encoded, number.to_numpy())
    if table.num_rows < 2:
        return Paired(encoded, None, None, counts)
    scored = score_pairs(encoded, settings=len(sources), threads=threads, progress=tell, engine=engine)
    trained = TrainedModel(
        model=scored.model,
        sources=tuple(sources),
        rules=tuple(report.rule for report in scored.candidates.reports),
        max_block_pairs=scored.max_block_pairs,
        bands=encoded.bands,
        thresholds={},
        records=encoded.records,
    )
    return Paired(encoded, scored, trained, counts | {"compared": len(scored.pattern)})


def present_columns(table: pa.Table) -> Mapping[str, pa.ChunkedArray]:
    """Return the fields that at least one record has, as texts."""
    return {
        name: pc.cast(table.column(name), pa.string())
        for name in FIELDS
        if table.column(name).null_count < table.num_rows
    }


def index_of(
    paired: Paired, kept: Scored | None, table: pa.Table, persons: pa.DictionaryArray, thresholds: Mapping[str, float]
) -> LinkIndex | None:
    """Return the index of records that were just put together.

    Args:
        paired: The records with their pairs.
        kept: Those worth keeping.
        table: The same records.
        persons: Person of each.
        thresholds: Thresholds that were used, by purpose.
    """
    if paired.trained is None or kept is None:
        return None
    trained = paired.trained
    if trained.thresholds != thresholds:
        trained = replace(trained, thresholds=dict(thresholds))
    numbers = paired.update.numbers if paired.update else None
    return replace(build_index(trained, table, paired.encoded, kept, numbers), persons=persons)
