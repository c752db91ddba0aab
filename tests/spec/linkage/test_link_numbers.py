"""Numbers: equal, near, rather near, different."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.linkage.api import link, train
from washhouse.linkage.config import parse_config
from washhouse.linkage.encode import encode
from washhouse.linkage.fields import number_field
from washhouse.linkage.kernel import compare, level_counts
from washhouse.linkage.trained import TrainedModel

COLUMNS = {"surname": "name", "birth_date": "born"}


@pytest.mark.parametrize(
    ("one", "other", "near", "level"),
    [
        ("170", "170.0", 2, 1),
        ("170", "172", 2, 2),
        ("170", "172.01", 2, 3),
        ("170", "176", 2, 3),
        ("170", "176.1", 2, 4),
        ("-1", "1", 2, 2),
        ("1,234.5", "1234.5", 1, 1),
        ("0.1", "0.3", 0.2, 2),
        ("2000000000000", "2000000000002", 2, 2),
        ("2000000000000", "2000000000007", 2, 4),
        ("1e30", "1e30", 1, 1),
        ("1e30", "2e30", 1, 4),
        ("170", "unknown", 2, 0),
        ("170", None, 2, 0),
    ],
)
def test_levels(one: str, other: str | None, near: float, level: int) -> None:
    field = number_field("height", near=near)
    encoded = encode({"height": pa.array([one, other])}, [field])
    pair = np.array([0], np.int32), np.array([1], np.int32)
    assert compare(encoded, *pair, level_counts([field])).tolist() == [level]


def people(prefix: str, slip: float) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    heights = rng.normal(170, 12, 200).round(1)
    return [
        {"id": f"{prefix}{i}", "name": "Smith", "born": f"19{50 + i % 40}-0{1 + i % 3}-1{i % 5}", "height": h + slip}
        for i, h in enumerate(heights.tolist())
    ]


def test_a_number_tells_people_apart_whom_nothing_else_does() -> None:
    settings = {"unique_id": "id", "columns": COLUMNS, "numbers": {"height": {"column": "height", "near": 1}}}
    linked = link(people("L", 0), people("R", 0.4), settings, every_pair=True)
    rows = {(p["left_id"][1:], p["right_id"][1:]): p for p in linked.pairs.to_pylist()}
    true = [p["w_height"] for (a, b), p in rows.items() if a == b]
    apart = [p["w_height"] for (a, b), p in rows.items() if a != b]
    assert np.median(true) > 2
    assert np.median(apart) < -1


def test_a_model_keeps_what_is_near() -> None:
    settings = {"unique_id": "id", "columns": COLUMNS, "numbers": {"height": {"column": "height", "near": 1}}}
    model = train(people("L", 0), people("R", 0.4), settings)
    assert TrainedModel.from_json(model.to_json()).fields[-1].near == 1.0
    other = settings | {"numbers": {"height": {"column": "height", "near": 3}}}
    with pytest.raises(InputError, match="in another way"):
        link(people("L", 0), people("R", 0), other, model=model)


@pytest.mark.parametrize("value", ["height", {"column": "height"}, {"near": 0}, {"near": "2"}, {"near": True}])
def test_what_is_near_must_be_said(value: Any) -> None:
    with pytest.raises(InputError, match="say what is near"):
        parse_config({"columns": COLUMNS, "numbers": {"height": value}})
