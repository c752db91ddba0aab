"""Is every hazard told whole, and does every test that is named as its control exist?"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from washhouse.governance.hazards import LIKELIHOODS, SEVERITIES, Hazard, read_hazards

ROOT = Path(__file__).parents[2]
HAZARDS = read_hazards()


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.id)
def test_a_hazard_is_told_whole_and_its_tests_exist(hazard: Hazard) -> None:
    assert hazard.severity in SEVERITIES and hazard.likelihood in LIKELIHOODS
    assert hazard.harm and hazard.controls and hazard.tests
    for named in hazard.tests:
        file, _, function = named.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, named


def test_hazards_are_told_once() -> None:
    assert len({hazard.id for hazard in HAZARDS}) == len(HAZARDS) > 0
