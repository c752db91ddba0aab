"""Why is this person's risk what it is, in words and with the events that say so?

Log-odds are a sum over columns. Columns of one feature, and features of one theme, are added up, so that the parts
still sum to the whole and no theme is counted twice. A theme is a reason if it raises the risk above that of a person
for whom every column is at its centre; its words are those of the feature that adds most and says something that was
recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from washhouse.insight.features.compile import list_events
from washhouse.insight.features.contract import Feature
from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.calibration import Calibration
from washhouse.insight.models.store import Model

MAX_REASONS = 5

MIN_LOG_ODDS = 0.05
"""A theme that adds less to the calibrated log-odds is no reason."""

MAX_EVENT_REFS = 5


@dataclass(frozen=True)
class Parts:
    """Calibrated log-odds taken apart.

    Attributes:
        base: Log-odds where nothing adds.
        by_feature: What each feature adds, shape (rows, features); base and features sum to the log-odds.
    """

    base: float
    by_feature: NDArray[np.float64]


def take_apart(model: Model, calibration: Calibration, matrix: Matrix) -> Parts:
    """Take calibrated log-odds apart by feature.

    Args:
        model: The model.
        calibration: Its calibration.
        matrix: Features, shape (rows, features).

    Returns:
        The parts.
    """
    base, added = model.add_up(matrix)
    return Parts(calibration.intercept + calibration.slope * base, calibration.slope * added)


def explain(
    features: Sequence[Feature], usual: Mapping[str, float], parts: Parts, matrix: Matrix, evidence: pa.Table
) -> list[str]:
    """Say each row's reasons.

    Args:
        features: Declarations, in the order of the matrix.
        usual: The usual value of each number.
        parts: Its log-odds taken apart.
        matrix: Features, shape (rows, features).
        evidence: What `compile_evidence` gives; `row` counts the matrix's rows from 0.

    Returns:
        For each row a JSON list, strongest first, of `feature`, `text`, `value`, `contribution` (log-odds of the whole
        theme) and `event_refs`.
    """
    refs = _read_evidence(evidence)
    kinds = {kind: number for number, kind in enumerate(list_events(features))}
    themes: dict[str, list[int]] = {}
    for number, feature in enumerate(features):
        themes.setdefault(feature.theme.name, []).append(number)
    texts = []
    for row in range(matrix.values.shape[0]):
        reasons: list[tuple[float, str, dict[str, object]]] = []
        for members in themes.values():
            total = float(parts.by_feature[row, members].sum())
            lead = _choose_lead(features, members, parts.by_feature[row], matrix.values[row], usual)
            if total < MIN_LOG_ODDS or lead is None:
                continue
            feature, value = features[lead], float(matrix.values[row, lead])
            found = refs.get((row, kinds[feature.events]), []) if feature.events else []
            reason = {
                "feature": feature.name,
                "text": feature.describe(value),
                "value": round(value, 2),
                "contribution": round(total, 4),
                "event_refs": _cite(feature, found),
            }
            reasons.append((-total, feature.name, reason))
        strongest = sorted(reasons, key=lambda each: each[:2])[:MAX_REASONS]
        texts.append(json.dumps([reason for _, _, reason in strongest]))
    return texts


def _choose_lead(
    features: Sequence[Feature],
    members: Sequence[int],
    adds: NDArray[np.float64],
    values: NDArray[np.float32],
    usual: Mapping[str, float],
) -> int | None:
    """The feature of a theme that adds most, among those whose value was recorded and is on the side of risk."""
    candidates = [
        number
        for number in members
        if features[number].is_reason and adds[number] > 0 and _says_something(features[number], values[number], usual)
    ]
    return max(candidates, key=lambda number: (adds[number], -number), default=None)


def _says_something(feature: Feature, value: float, usual: Mapping[str, float]) -> bool:
    if np.isnan(value):
        return False
    if feature.shape in ("count", "flag"):
        return bool(value >= 1)
    if feature.shape == "number" and feature.events is not None:
        return bool(value > usual.get(feature.name, 0.0))
    return True


def usual_values(features: Sequence[Feature], matrix: Matrix) -> dict[str, float]:
    """The mean of what is known of each number, so that only what lies above it is a reason."""
    found = {}
    for feature in features:
        if feature.shape == "number":
            known = matrix.column(feature.name)
            known = known[~np.isnan(known)]
            found[feature.name] = float(f"{known.mean():.6g}") if len(known) else 0.0
    return found


@dataclass(frozen=True)
class _Event:
    days: int
    is_open: bool
    ref: str


def _cite(feature: Feature, found: Sequence[_Event]) -> list[str]:
    if feature.aggregation == "open":
        found = [event for event in found if event.is_open]
    elif feature.window is None:
        found = found[:1]
    else:
        found = [event for event in found if feature.window.last_day <= event.days <= feature.window.first_day]
    return list(dict.fromkeys(event.ref for event in found))[:MAX_EVENT_REFS]


def _read_evidence(evidence: pa.Table) -> dict[tuple[int, int], list[_Event]]:
    refs: dict[tuple[int, int], list[_Event]] = {}
    names = ("row", "events", "days", "is_open", "event_ref")
    for row, events, days, is_open, ref in zip(*(evidence[name].to_pylist() for name in names), strict=True):
        refs.setdefault((row, events), []).append(_Event(days, is_open, ref))
    return {key: sorted(found, key=lambda event: event.days) for key, found in refs.items()}
