"""How does a data scientist link tables of their own from Python?

    from washhouse.linkage.api import link, write_model

    linked = link(census, survey, {"columns": {"first_name": "given", "surname": "family", "birth_date": "dob"}})
    linked.pairs, linked.clusters, linked.summary      # two Arrow tables and a dictionary
    write_model(linked.model, "model.json")            # weighs other tables alike: link(..., model="model.json")

Tables may be of any library that hands out Arrow data (pandas, polars, DuckDB, pyarrow), rows as dictionaries, or paths
of CSV and Parquet files. Settings are a path of a TOML file, the same as a dictionary, or a checked `LinkConfig`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.linkage.config import LinkConfig, parse_config, read_config
from washhouse.linkage.explain import Step, waterfall
from washhouse.linkage.link import SIDES, Linked, link_tables
from washhouse.linkage.read import read_table
from washhouse.linkage.scoring import Progress, no_progress
from washhouse.linkage.trained import TrainedModel

Table = Any
"""A path, rows as dictionaries, or an object with `__arrow_c_stream__` or `__arrow_c_array__`."""
Settings = str | Path | Mapping[str, Any] | LinkConfig
Trained = str | Path | TrainedModel
_INTEGERS = 1 << 63
"""Integers of a column lie below this, either way."""


def link(
    left: Table,
    right: Table,
    settings: Settings,
    *,
    model: Trained | None = None,
    every_pair: bool = False,
    threads: int = 0,
    progress: Progress = no_progress,
) -> Linked:
    """Find the rows of two tables that belong to the same people.

    Args:
        left: The first table.
        right: The second.
        settings: Which columns to compare, and how.
        model: A trained model, or its file; one is trained on these tables if left out.
        every_pair: Give every compared pair, not only the links.
        threads: Threads to use, 0 for all; the result does not depend on it.
        progress: Told the step and how much of it is done.

    Returns:
        Pairs, clusters, summary and model.

    Raises:
        InputError: The tables or the model do not fit the settings, or there is nothing to compare.
    """
    return _link(left, right, settings, model, every_pair, threads, progress)


def dedupe(
    table: Table,
    settings: Settings,
    *,
    model: Trained | None = None,
    every_pair: bool = False,
    threads: int = 0,
    progress: Progress = no_progress,
) -> Linked:
    """Find the rows of one table that belong to the same people.

    Args:
        table: The table.
        settings: Which columns to compare, and how.
        model: A trained model, or its file; one is trained on the table if left out.
        every_pair: Give every compared pair, not only the links.
        threads: Threads to use, 0 for all; the result does not depend on it.
        progress: Told the step and how much of it is done.

    Returns:
        Pairs, clusters, summary and model.

    Raises:
        InputError: The table or the model does not fit the settings, or there is nothing to compare.
    """
    return _link(table, None, settings, model, every_pair, threads, progress)


def train(left: Table, right: Table | None, settings: Settings, *, threads: int = 0) -> TrainedModel:
    """Learn from one or two tables how to weigh pairs; no labelled pair is needed.

    Args:
        left: The first table.
        right: The second; None to learn from duplicates in the first.
        settings: Which columns to compare, and how.
        threads: Threads to use, 0 for all.
    """
    return _link(left, right, settings, None, False, threads, no_progress).model


def explain(linked: Linked, left_id: str, right_id: str) -> list[Step]:
    """Tell the weight of a compared pair step by step: the prior, then every field.

    Args:
        linked: What `link` or `dedupe` gave.
        left_id: Id of the record in the left table.
        right_id: Id in the right one, or in the same where there is one table.

    Raises:
        InputError: No such pair was compared.
    """
    side, ids = (linked.clusters.column(name).to_numpy() for name in ("side", "id"))
    theirs = SIDES[1] if (side == SIDES[1]).any() else SIDES[0]
    one = np.flatnonzero((ids == left_id) & (side == SIDES[0]))
    other = np.flatnonzero((ids == right_id) & (side == theirs))
    if len(one) and len(other):
        low, high = sorted((int(one[0]), int(other[0])))
        pairs = linked.scored.candidates
        found = np.flatnonzero((pairs.left == low) & (pairs.right == high))
        if len(found):
            scored = linked.scored
            return waterfall(scored.model, scored.levels[scored.pattern[found[0]]].tolist())
    raise InputError("link-pair-unknown", "This pair was not compared.", "Only pairs that a blocking rule gives are.")


def read_model(path: str | Path) -> TrainedModel:
    """Read a model that `write_model` wrote.

    Raises:
        InputError: The file is not there, or holds no such model.
    """
    file = Path(path)
    try:
        text = file.read_bytes()
    except OSError as error:
        raise InputError("link-file", f"The model {file.name} cannot be read.", "Check the path.") from error
    return TrainedModel.from_json(text)


def write_model(model: TrainedModel, path: str | Path) -> None:
    """Write a model as JSON: numbers and hashes of common values, no name.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        Path(path).write_text(model.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError("link-output", f"{path} cannot be written.", "Make its folder first.") from error


def as_table(given: Table, name: str) -> pa.Table:
    """Return what a caller calls a table as an Arrow table.

    Args:
        given: The table.
        name: What it is called in errors.

    Raises:
        InputError: It is no table, or a column mixes kinds of values.
    """
    if isinstance(given, str | Path):
        return read_table(Path(given))
    if isinstance(given, Sequence) and all(isinstance(row, Mapping) for row in given):
        columns = dict.fromkeys(key for row in given for key in row)
        return pa.table({str(key): _texts([row.get(key) for row in given]) for key in columns})
    if not (hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__")):
        raise InputError(
            "link-table",
            f"The {name} table is of no kind that can be read.",
            "Hand in Arrow data (collect a lazy frame), rows or a path.",
        )
    try:
        return pa.table(given)
    except (pa.ArrowException, TypeError, ValueError):
        # The cause may quote a value, so it is not kept.
        raise InputError(
            "link-table",
            f"The {name} table cannot be handed over as Arrow data: {_mixed_column(given)} mixes kinds of values.",
            'Make such columns text first, in pandas with astype("string").',
        ) from None


def _mixed_column(given: Any) -> str:
    """Return which column of a data frame cannot be handed over."""
    for column in getattr(given, "columns", ()):
        try:
            pa.table(given[[column]])
        except (pa.ArrowException, TypeError, ValueError):
            return f"column {column}"
    return "a column"


def _texts(values: Sequence[Any]) -> pa.Array:
    """Make a column of plain values; kinds that are mixed, and integers of over 64 bits, become texts."""
    kinds = {type(value) for value in values if value is not None}
    too_large = kinds == {int} and any(value is not None and not -_INTEGERS <= value < _INTEGERS for value in values)
    if len(kinds) > 1 or not kinds <= {str, int, float, bool} or too_large:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values, pa.string() if not kinds else None)


def _settings(given: Settings) -> LinkConfig:
    if isinstance(given, LinkConfig):
        return given
    return parse_config(given) if isinstance(given, Mapping) else read_config(Path(given))


def _link(
    left: Table,
    right: Table | None,
    settings: Settings,
    model: Trained | None,
    every_pair: bool,
    threads: int,
    progress: Progress,
) -> Linked:
    config = _settings(settings)
    trained = model if model is None or isinstance(model, TrainedModel) else read_model(model)
    return link_tables(
        as_table(left, SIDES[0]),
        None if right is None else as_table(right, SIDES[1]),
        config,
        every_pair=every_pair,
        threads=threads or os.cpu_count() or 1,
        progress=progress,
        model=trained,
    )
