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
from washhouse.insight.features.contract import Events, Feature
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


@dataclass(frozen=True)
class Reasons:
    """Which themes raise each row's risk, strongest first.

    Attributes:
        features: Declarations, in the order of the matrix.
        chosen: For each row up to `MAX_REASONS` of: number of the feature that leads, its value, and what the whole
            theme adds to the log-odds.
    """

    features: tuple[Feature, ...]
    chosen: tuple[tuple[tuple[int, float, float], ...], ...]

    @classmethod
    def empty(cls) -> Reasons:
        """Of nobody."""
        return cls((), ())

    def __len__(self) -> int:
        return len(self.chosen)

    def cited(self, first: int = 0) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Which kinds of events are behind the reasons of which rows.

        Args:
            first: Number of the first row.

        Returns:
            Row and number of the kind of events (`compile.list_events`), each pair once, each of shape (pairs,).
        """
        kinds = self._kinds()
        pairs = [
            (first + row, kinds[self.features[lead].events])
            for row, reasons in enumerate(self.chosen)
            for lead, _, _ in reasons
            if self.features[lead].events is not None
        ]
        found = np.unique(np.array(pairs, np.int32).reshape(-1, 2), axis=0)
        return found[:, 0], found[:, 1]

    def tell(self, evidence: pa.Table, first: int = 0) -> list[str]:
        """Put the reasons into words, with the events behind them.

        Args:
            evidence: What `compile_evidence` gives of what is `cited`, in any order.
            first: Number of the first row in it.

        Returns:
            For each row a JSON list, strongest first, of `feature`, `text`, `value`, `contribution` (log-odds of the
            whole theme) and `event_refs`.
        """
        refs, kinds = _read_evidence(evidence), self._kinds()
        texts = []
        for row, reasons in enumerate(self.chosen, first):
            told = []
            for lead, value, total in reasons:
                feature = self.features[lead]
                found = refs.get((row, kinds[feature.events]), []) if feature.events else []
                told.append(
                    {
                        "feature": feature.name,
                        "text": feature.describe(value),
                        "value": round(value, 2),
                        "contribution": round(total, 4),
                        "event_refs": _cite(feature, found),
                    }
                )
            texts.append(json.dumps(told))
        return texts

    def _kinds(self) -> dict[Events | None, int]:
        return {kind: number for number, kind in enumerate(list_events(self.features))}


def choose_reasons(features: Sequence[Feature], usual: Mapping[str, float], parts: Parts, matrix: Matrix) -> Reasons:
    """Choose each row's reasons.

    Args:
        features: Declarations, in the order of the matrix.
        usual: The usual value of each number.
        parts: Its log-odds taken apart.
        matrix: Features, shape (rows, features).

    Returns:
        The reasons, without their events.
    """
    themes: dict[str, list[int]] = {}
    for number, feature in enumerate(features):
        themes.setdefault(feature.theme.name, []).append(number)
    # Only what was recorded, adds something and may be shown leads a theme; of several, what adds most.
    leading = np.where(_may_lead(features, usual, matrix) & (parts.by_feature > 0), parts.by_feature, -np.inf)
    totals = np.empty((len(matrix.values), len(themes)))
    leads = np.empty(totals.shape, np.int64)
    for place, members in enumerate(themes.values()):
        totals[:, place] = parts.by_feature[:, members].sum(axis=1)
        best = leading[:, members].argmax(axis=1)
        found = leading[np.arange(len(best)), np.array(members)[best]] > 0
        leads[:, place] = np.where(found & (totals[:, place] >= MIN_LOG_ODDS), np.array(members)[best], -1)
    names = [feature.name for feature in features]
    chosen = []
    for row, (total, lead) in enumerate(zip(totals.tolist(), leads.tolist(), strict=True)):
        strong = sorted(
            (-total[place], names[lead[place]], lead[place]) for place in range(len(lead)) if lead[place] >= 0
        )
        values = matrix.values[row]
        chosen.append(tuple((number, float(values[number]), -minus) for minus, _, number in strong[:MAX_REASONS]))
    return Reasons(tuple(features), tuple(chosen))


def _may_lead(features: Sequence[Feature], usual: Mapping[str, float], matrix: Matrix) -> NDArray[np.bool_]:
    """Whether the value of each feature was recorded and is on the side of risk, shape (rows, features)."""
    may = ~np.isnan(matrix.values)
    for number, feature in enumerate(features):
        values = matrix.values[:, number]
        if not feature.is_reason:
            may[:, number] = False
        elif feature.shape in ("count", "flag"):
            may[:, number] &= values >= 1
        elif feature.shape == "number" and feature.events is not None:
            may[:, number] &= values > usual.get(feature.name, 0.0)
    return may


def usual_values(features: Sequence[Feature], matrix: Matrix) -> dict[str, float]:
    """The mean of what is known of each number, so that only what lies above it is a reason."""
    found = {}
    for feature in features:
        if feature.shape == "number":
            known = matrix.column(feature.name)
            known = known[~np.isnan(known)]
            found[feature.name] = float(f"{known.mean():.6g}") if len(known) else 0.0
    return found


_Seen = tuple[int, bool, str]
"""Days to the index, whether it is open, and what it is called."""


def _cite(feature: Feature, found: Sequence[_Seen]) -> list[str]:
    if feature.aggregation == "open":
        found = [event for event in found if event[1]]
    elif feature.window is None:
        found = found[:1]
    else:
        found = [event for event in found if feature.window.last_day <= event[0] <= feature.window.first_day]
    return list(dict.fromkeys(ref for _, _, ref in found))[:MAX_EVENT_REFS]


def _read_evidence(evidence: pa.Table) -> dict[tuple[int, int], list[_Seen]]:
    """Events by row and kind, the newest first; those of one day in the order that they come in."""
    refs: dict[tuple[int, int], list[_Seen]] = {}
    names = ("row", "events", "days", "is_open", "event_ref")
    for row, events, *seen in zip(*(evidence[name].to_pylist() for name in names), strict=True):
        refs.setdefault((row, events), []).append(tuple(seen))
    for found in refs.values():
        found.sort(key=lambda event: event[0])
    return refs
