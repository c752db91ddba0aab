"""Where is the crisis model of a home kept, and which of several is used?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from washhouse.insight.crisis.fit import CrisisFit
from washhouse.insight.crisis.kernels import MENTAL_HEALTH, declarations_digest
from washhouse.insight.crisis.record import build_model_record, render_model_record
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.models.store import MODEL_FILE, digest, dump_linear, read_model, write_model

MODEL = "crisis"
"""Name of the outcome model, in scores and in the folder of models."""


def index_day(as_of: Mapping[str, date]) -> date | None:
    """Day at whose start a version's newest scores hold; a score of any other day is not the present one.

    Args:
        as_of: Newest declared date of each source.

    Returns:
        The day after mental health's; None without mental-health data.

    Examples:
        >>> index_day({"mental_health": date(2026, 6, 30), "gp": date(2026, 7, 1)})
        datetime.date(2026, 7, 1)
    """
    newest = as_of.get(MENTAL_HEALTH)
    return None if newest is None else newest + timedelta(days=1)


def find_model(models_dir: Path) -> dict[str, Any] | None:
    """The newest stored model that today's declarations can score with.

    Args:
        models_dir: The home's folder of models.

    Returns:
        What its `model.json` holds; None if there is none.
    """
    folders = sorted((models_dir / MODEL).glob(f"[!.]*/{MODEL_FILE}"))
    models = [read_model(file.parent) for file in folders]
    fitting = [model for model in models if model["declarations"] == declarations_digest()]
    return max(fitting, key=lambda model: (model["record"]["data"]["fitted_for"], model["version"]), default=None)


def store_fit(models_dir: Path, fit: CrisisFit, *, inputs: str, record_version: str, today: date) -> dict[str, Any]:
    """Write a fit under `models/crisis/<version>/`, for machines (`model.json`) and people (`record.md`).

    Returns:
        What `model.json` holds.
    """
    values: dict[str, Any] = {
        "declarations": declarations_digest(),
        "shipped": fit.shipped,
        "models": {name: dump_linear(each.model, each.calibration) for name, each in fit.candidates.items()},
    }
    version = digest(values)
    record = build_model_record(
        fit, version, CRISIS_FEATURES, inputs=inputs, record_version=record_version, today=today
    )
    stored = json.dumps({**values, "version": version, "record": record}, sort_keys=True)
    write_model(models_dir / MODEL / version, {MODEL_FILE: stored, "record.md": render_model_record(record)})
    return read_model(models_dir / MODEL / version)
