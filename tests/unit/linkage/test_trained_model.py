"""A trained model is a page of numbers that comes back as it went."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from washhouse.core.errors import InputError
from washhouse.linkage.encode import SETTING
from washhouse.linkage.fields import FIELDS, category_field, identifier_field
from washhouse.linkage.kernel import level_counts
from washhouse.linkage.model import KINDS, Model
from washhouse.linkage.trained import TrainedModel


def trained(**changes: Any) -> TrainedModel:
    fields = (
        FIELDS["first_name"],
        FIELDS["birth_date"],
        category_field("county"),
        identifier_field("passport"),
        SETTING,
    )
    counts = level_counts(fields, 2)
    rng = np.random.default_rng(1)
    shares = tuple(tuple(rng.dirichlet(np.ones(count)) for count in counts) for _ in KINDS)
    given = {
        "model": Model(fields, KINDS, rng.random(len(KINDS)) * 1e6, shares, 12),
        "sources": ("gp", "hospital"),
        "rules": (("birth_date", "first_root"), ("passport",)),
        "max_block_pairs": 20_000,
        "bands": {"first_name": {2**64 - 1: 4, 17: 2}, "county": {}},
        "thresholds": {"strict": 0.8123456789},
        "records": 1234,
    }
    return TrainedModel(**given | changes)


def test_json_gives_the_same_model_back() -> None:
    model = trained()
    again = TrainedModel.from_json(model.to_json())
    assert again.digest == model.digest
    assert again.to_json() == model.to_json()
    assert (again.fields, again.rules, again.sources, again.bands) == (
        model.fields,
        model.rules,
        model.sources,
        model.bands,
    )
    levels = np.array([[1, 1, 1, 1, 1], [11, 9, 7, 3, 3], [0, 0, 0, 0, 0]], dtype=np.int8)
    assert np.array_equal(again.model.weights(levels)[0], model.model.weights(levels)[0])


@pytest.mark.parametrize(
    "change",
    [{"records": 1}, {"thresholds": {"strict": 0.5}}, {"rules": ()}, {"bands": {}}, {"sources": ("gp", "dentist")}],
)
def test_the_digest_names_the_content(change: dict[str, Any]) -> None:
    assert trained(**change).digest != trained().digest


def _changed(name: str, value: Any) -> str:
    return json.dumps(json.loads(trained().to_json()) | {name: value})


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{}", '{"format": 2}', "not json", "1",
        _changed("format", 3),
        _changed("digest", "0"),
        _changed("records", 99),
        _changed("fields", [{"name": "x", "kind": "SOUND", "about": "who"}]),
        _changed("shares", []),
        _changed("kinds", ["strangers", "nobody"]),
    ],
)  # fmt: skip
def test_what_is_no_such_model_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        TrainedModel.from_json(text)
    assert refused.value.code == "link-model"
