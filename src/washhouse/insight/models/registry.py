"""Where are the models of a home kept, and which one scores?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from washhouse.insight.codelists import build_codelist_table
from washhouse.insight.features.compile import build_feature_tables, compile_summaries
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.fit import Fit
from washhouse.insight.models.record import ON_THIS_HOME, build_model_record, render_model_record
from washhouse.insight.models.states import read_registry
from washhouse.insight.models.store import MODEL_FILE, digest, dump_model, read_model, write_model
from washhouse.insight.outcomes.contract import Outcome


def index_day(as_of: Mapping[str, date], source: str) -> date | None:
    """Day at whose start a version's newest scores hold; a score of any other day is not the present one.

    Args:
        as_of: Newest declared date of each source.
        source: The outcome's source.

    Returns:
        The day after the source's; None without its data.

    Examples:
        >>> index_day({"mental_health": date(2026, 6, 30), "gp": date(2026, 7, 1)}, "mental_health")
        datetime.date(2026, 7, 1)
    """
    newest = as_of.get(source)
    return None if newest is None else newest + timedelta(days=1)


def declarations_digest(outcome: Outcome) -> str:
    """Digest of all that a stored model must agree with: label, features, their codes, and how a model sees them."""
    tables = {**build_feature_tables(outcome.features), "label": build_codelist_table(outcome.codelists)}
    return digest(
        [
            outcome.population_sql,
            compile_summaries(outcome.features),
            {name: table.to_pylist() for name, table in tables.items()},
            [[feature.name, feature.aggregation, feature.shape, feature.fact] for feature in outcome.features],
            [column.name for column in design_columns(outcome.linear_features or outcome.features)],
            [item.column.name for item in outcome.items],
        ]
    )


def find_model(models_dir: Path, outcome: Outcome) -> dict[str, Any] | None:
    """The champion, if today's declarations can score with it and its folder is there.

    Without a registry it is the newest that passes its gates.

    Args:
        models_dir: The home's folder of models.
        outcome: The declaration.

    Returns:
        What its `model.json` holds; None if there is none.
    """
    registry = read_registry(models_dir, outcome.name)
    if registry.moves:
        return _if_declared(models_dir, outcome, registry.champion)
    folders = sorted((models_dir / outcome.name).glob(f"[!.]*/{MODEL_FILE}"))
    stored = [_if_declared(models_dir, outcome, file.parent.name) for file in folders]
    passing = [model for model in stored if model is not None and not failed_gates(model["record"])]
    return max(passing, key=lambda model: (model["record"]["data"]["fitted_for"], model["version"]), default=None)


def find_challenger(models_dir: Path, outcome: Outcome) -> dict[str, Any] | None:
    """The challenger, if today's declarations can score with it; see `find_model`."""
    return _if_declared(models_dir, outcome, read_registry(models_dir, outcome.name).challenger)


def _if_declared(models_dir: Path, outcome: Outcome, version: str | None) -> dict[str, Any] | None:
    folder = models_dir / outcome.name / (version or "")
    if version is None or not folder.is_dir():
        return None
    model = read_model(folder)
    return model if model["declarations"] == declarations_digest(outcome) else None


def failed_gates(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What each gate says that a model does not pass, by its model record."""
    return tuple(gate["says"] for gate in record["gates"] if not gate["is_met"])


def store_fit(
    models_dir: Path,
    outcome: Outcome,
    fit: Fit,
    *,
    inputs: str,
    sampled: float = 1.0,
    lags: Mapping[str, int] | None = None,
    record_version: str,
    today: date,
    on: str = ON_THIS_HOME,
) -> dict[str, Any]:
    """Write a fit under `models/<name>/<version>/`, for machines (`model.json`) and people (`record.md`).

    Returns:
        What `model.json` holds.
    """
    values: dict[str, Any] = {
        "declarations": declarations_digest(outcome),
        "shipped": fit.shipped,
        "usual": fit.usual,
        "watch": fit.watch,
        "models": {name: dump_model(each.model, each.calibration) for name, each in fit.candidates.items()},
    }
    version = digest(values)
    record = build_model_record(
        outcome,
        fit,
        version,
        inputs=inputs,
        sampled=sampled,
        lags=lags,
        record_version=record_version,
        today=today,
        on=on,
    )
    stored = json.dumps({**values, "version": version, "record": record}, sort_keys=True)
    folder = models_dir / outcome.name / version
    write_model(folder, {MODEL_FILE: stored, "record.md": render_model_record(record)})
    return read_model(folder)
