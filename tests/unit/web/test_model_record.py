"""Does anything that everybody may read of a model tell of a few people?"""

from __future__ import annotations

from typing import Any

from washhouse.web.shell.model_record import tell_record


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "lower": value / 2, "upper": value * 2}


def record(**changes: Any) -> dict[str, Any]:
    """A record of 72 outcomes in the test; the first twentieth of the list held 7, the first tenth 16."""
    figures = {"auroc": 0.8, "capture_5pct": 7 / 72, "ppv_5pct": 7 / 180, "capture_10pct": 16 / 72, "ppv_10pct": 0.04}
    figures |= {"capture_20pct": 0.5, "ppv_20pct": 0.05}
    part = {"person_indexes": 3603, "people": 301, "events": 72, "index_dates": 12}
    whole = {
        "data": {"parts": {"test": part}, "test_episodes": 72},
        "performance": {"points": {name: estimate(value) for name, value in figures.items()}},
        "calibration": {"points": []},
        "decisions": {"points": [{"threshold": 0.05, "model": 3 / 3603, "everybody": -0.012345}]},
        "groups": [],
        "places": {},
    }
    return whole | changes


def test_totals_are_to_the_nearest_five_so_that_no_hidden_group_is_what_is_left() -> None:
    told = tell_record(record())
    part = {"person_indexes": 3605, "people": 300, "events": 70, "index_dates": 12}
    assert told["data"] == {"parts": {"test": part}, "test_episodes": 70}
    assert told["decisions"]["points"] == [{"threshold": 0.05, "model": 0.0008, "everybody": -0.0123}]


def test_shares_of_a_list_that_found_few_are_left_out() -> None:
    told = tell_record(record())["performance"]["points"]
    assert set(told) == {"auroc", "capture_10pct", "ppv_10pct", "capture_20pct", "ppv_20pct"}


def test_other_practices_are_told_by_the_same_rule() -> None:
    figures = record()["performance"]["points"]
    part = {"person_indexes": 1801, "people": 150, "events": 36}
    tenths = [{"n": 181, "expected": 0.01, "observed": 2 / 181}]
    places = {"status": "judged", "data": part, "figures": figures, "calibration": tenths}
    told = tell_record(record(places=places))["places"]
    assert told["data"] == {"person_indexes": 1800, "people": 150, "events": 35}
    assert told["calibration"] == [{"n": 180, "expected": 0.01, "observed": None}]
    assert "capture_5pct" not in told["figures"] and "ppv_5pct" not in told["figures"]
    assert tell_record(record(places={"status": "too-few-events"}))["places"] == {"status": "too-few-events"}
