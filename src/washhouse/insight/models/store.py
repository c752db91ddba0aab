"""How is a fitted model kept, so that it can be read back to the last digit and by a person?

A model is JSON: numbers rounded to ten significant digits. The version is a digest of what decides the scores, so
that the same data and declarations give the same version. A folder appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from washhouse.core.errors import HomeError
from washhouse.insight.models.boosted import BoostedModel
from washhouse.insight.models.calibration import Calibration
from washhouse.insight.models.design import DesignColumn
from washhouse.insight.models.linear import LinearModel

MODEL_FILE = "model.json"
_DIGITS = 10


Model = LinearModel | BoostedModel


def dump_model(model: Model, calibration: Calibration) -> dict[str, Any]:
    """A model and its calibration as plain values."""
    line = {
        "calibration": {
            "intercept": _number(calibration.intercept),
            "slope": _number(calibration.slope),
            "covariance": [_numbers(row) for row in calibration.covariance],
        }
    }
    if isinstance(model, BoostedModel):
        return {"features": list(model.features), "boosters": list(model.boosters), **line}
    return {
        "columns": [[column.feature, column.transform, column.parameter] for column in model.columns],
        "center": _numbers(model.center),
        "scale": _numbers(model.scale),
        "coefficients": _numbers(model.coefficients),
        "intercept": _number(model.intercept),
        "covariance": [_numbers(row) for row in model.covariance],
        **line,
    }


def load_model(values: Mapping[str, Any]) -> tuple[Model, Calibration]:
    """What `dump_model` wrote."""
    line = values["calibration"]
    calibration = Calibration(line["intercept"], line["slope"], np.array(line["covariance"]))
    if "boosters" in values:
        return BoostedModel(tuple(values["features"]), tuple(values["boosters"])), calibration
    return load_linear(values), calibration


def load_linear(values: Mapping[str, Any]) -> LinearModel:
    """What `dump_model` wrote of a points list or a logistic model."""
    return LinearModel(
        columns=tuple(
            DesignColumn(feature, transform, parameter) for feature, transform, parameter in values["columns"]
        ),
        center=np.array(values["center"]),
        scale=np.array(values["scale"]),
        coefficients=np.array(values["coefficients"]),
        intercept=values["intercept"],
        covariance=np.array(values["covariance"]),
    )


def digest(values: Any) -> str:
    """First 12 hex digits of the SHA-256 of plain values.

    Examples:
        >>> digest({"a": 1}) == digest({"a": 1}), len(digest({}))
        (True, 12)
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def write_model(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of a model's folder, whole or not at all; one that exists stays.

    Args:
        folder: `models/<name>/<version>`.
        files: Text by file name.
    """
    if folder.exists():
        return
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, text in files.items():
        with (partial / name).open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    partial.rename(folder)


def read_model(folder: Path) -> dict[str, Any]:
    """Read a model.

    Args:
        folder: `models/<name>/<version>`.

    Returns:
        What `model.json` holds.

    Raises:
        HomeError: `model-unreadable`: the file is missing from the folder or is not JSON.
    """
    try:
        values: dict[str, Any] = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HomeError(
            "model-unreadable",
            f"The model {folder.parent.name}/{folder.name} cannot be read.",
            "Restore its folder under HOME/models from a backup, or remove it: the next run fits a model anew.",
        ) from error
    return values


def _number(value: float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in values]
