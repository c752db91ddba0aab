"""Are those whom a clinician acted on because of a score left out when its model is fitted again?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.core.home import Home
from washhouse.desk.database import open_desk
from washhouse.desk.directory import sync_directory
from washhouse.desk.reviews import add_review, retract_review
from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.states import Registry, move_of
from washhouse.insight.outcomes.crisis import CRISIS
from washhouse.lake.pointer import read_current
from washhouse.pipeline.acted import leave_out_acted
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.model_states import modelling, write_registry

DAY = date(2024, 3, 4)
ANN, BOB, CAT = (letter * 32 for letter in "abc")


@pytest.fixture
def context(stage: Any, tmp_path: Path) -> Iterator[RunContext]:
    """A home with one model of crises, `m1`, and a clinician."""
    home = Home(tmp_path / "home")
    shutil.copytree(stage.first.root, home.root)
    current = read_current(home)
    assert current is not None
    moved = {"at": current.published_at, "actor": "ann", "reason": "test", "record_version": "v1"}
    write_registry(home, Registry("crisis").add(move_of("promoted", "m1", **moved)))
    desk = open_desk(home.desk_file)
    sync_directory(
        desk, pa.table({"worker": ["CP1"]}), pa.table({"team": ["T1"], "team_type": ["A06"]}), _nobody(), today=DAY
    )
    desk.close()
    with modelling(home, replace(stage.settings, key_file=str(stage.key_file))) as opened:
        yield opened


def _nobody() -> pa.Table:
    names = [
        ("person_id", pa.string()),
        ("team", pa.string()),
        ("worker", pa.string()),
        ("since", pa.date32()),
        ("until", pa.date32()),
    ]
    return pa.schema(names).empty_table()


def _review(context: RunContext, person: str, action: str, version: str = "m1") -> int:
    desk = open_desk(context.home.desk_file)
    try:
        return add_review(
            desk,
            person_id=person,
            user="CP1",
            index_date=DAY,
            model_version=version,
            agree="yes",
            action=action,
            at=datetime(2024, 3, 4, 9),
        )
    finally:
        desk.close()


def _cohort() -> Cohort:
    people = pa.table({"person_id": [ANN, BOB, CAT]})
    index = np.full(3, np.datetime64(DAY))
    return Cohort(index, np.arange(3), np.array([True, False, False]), Matrix((), np.zeros((3, 0), np.float32)), people)


def test_only_actions_on_the_models_own_scores_count(context: RunContext) -> None:
    assert leave_out_acted(context, context.published, CRISIS, _cohort())[1] == 0
    _review(context, ANN, "home-visit")
    _review(context, BOB, "no-change")
    _review(context, CAT, "home-visit", version="of-another-outcome")
    kept, left_out = leave_out_acted(context, context.published, CRISIS, _cohort())
    assert left_out == 1
    assert kept.people is not None
    assert kept.people["person_id"].to_pylist() == [BOB, CAT]


def test_what_was_taken_back_does_not_count(context: RunContext) -> None:
    number = _review(context, ANN, "home-visit")
    desk = open_desk(context.home.desk_file)
    retract_review(desk, number, user="CP1", at=datetime(2024, 3, 5))
    desk.close()
    assert leave_out_acted(context, context.published, CRISIS, _cohort())[1] == 0
