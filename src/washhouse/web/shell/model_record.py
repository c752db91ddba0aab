"""What of a model record may everybody see who signs in? Nothing that tells of a few people.

A count of 1 to 7 is not told, every other to the nearest 5, and no figure is told exactly that such a count follows
from: a share is computed from counts as they are told, or given to two digits. At the home's own console
`washhouse model card` gives the record as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.governance.disclosure import SMALL, tell_count, tell_part
from washhouse.insight.models.record import GROUP_FIGURES

_COUNTS = ("person_indexes", "people", "events")
_CUTS = ("5pct", "10pct", "20pct")


def tell_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """A model record as everybody may see it."""
    data, told = record["data"], dict(record)
    events = data["parts"]["test"]["events"]
    told["data"] = {
        **data,
        "parts": {name: _part(part) for name, part in data["parts"].items()},
        "test_episodes": tell_count(data["test_episodes"]),
    }
    told["performance"] = {name: _figures(each, events) for name, each in record["performance"].items()}
    told["calibration"] = {name: [_tenth(each) for each in tenths] for name, tenths in record["calibration"].items()}
    told["decisions"] = {
        name: [{what: round(value, 4) for what, value in each.items()} for each in steps]
        for name, steps in record.get("decisions", {}).items()
    }
    told["groups"] = [_group(group) for group in record["groups"]]
    told["places"] = _places(record.get("places", {}))
    return told


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, **{name: tell_count(part[name]) for name in _COUNTS}}


def _figures(figures: Mapping[str, Any], events: int) -> dict[str, Any]:
    """Figures but those of lists that found 1 to 7 of the outcomes: their share of all tells how many."""
    few = {cut for cut in _CUTS if round(figures[f"capture_{cut}"]["value"] * events) in SMALL}
    return {name: each for name, each in figures.items() if name.rpartition("_")[2] not in few}


def _tenth(tenth: Mapping[str, Any]) -> dict[str, Any]:
    """A tenth of risk; what was observed is computed from counts as they are told, None where they are not."""
    part = tell_part(round(tenth["observed"] * tenth["n"]), tenth["n"])
    observed = None if part is None else round(part[0] / part[1], 4)
    return {"n": tell_count(tenth["n"]), "expected": round(tenth["expected"], 4), "observed": observed}


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: tell_count(group[name]) for name in ("n", "events", "listed", "found") if name in group}
    told = {**group, **counts, "expected": tell_count(round(group["expected"]))}
    told |= {name: _two_digits(group[name]) for name in ("ratio", *GROUP_FIGURES) if name in group}
    if counts["n"] is None or counts["events"] is None:
        # Observed over expected times the expected would be the count.
        return told | {"is_judged": False, "ratio": None, **dict.fromkeys(GROUP_FIGURES)}
    return told | ({"ppv": None, "sensitivity": None} if None in counts.values() else {})


def _two_digits(estimate: Any) -> Any:
    if isinstance(estimate, Mapping):
        return {name: round(value, 2) for name, value in estimate.items()}
    return round(estimate, 2) if isinstance(estimate, float) else estimate


def _places(places: Mapping[str, Any]) -> dict[str, Any]:
    if "figures" not in places:
        return dict(places)
    return {
        **places,
        "data": _part(places["data"]),
        "figures": _figures(places["figures"], places["data"]["events"]),
        "calibration": [_tenth(each) for each in places["calibration"]],
    }
