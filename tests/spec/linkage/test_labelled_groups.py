"""Answers about the pairs of one group measure that group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.labelled import cause_of
from washhouse.linkage.labelled_groups import labelled_groups
from washhouse.linkage.tables import EDGE
from washhouse.sources.identity import IDENTITY

Record = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    left_key: str
    right_key: str
    answer: str
    probability: float | None
    queue_cause: str


PAIRS = 300
"""Linked pairs of each group; the last 100 of them are held apart by the linkage."""


def city() -> tuple[pa.Table, np.ndarray, pa.Table, np.ndarray]:
    """White and Black people, each with a record in the GP list and one in the hospital."""
    seen = datetime(2025, 1, 1)
    rows, person, edges, linked = [], [], [], []
    for code in "AM":
        for i in range(PAIRS):
            together = i < PAIRS - 100
            ids = [("gp", f"{code}{i}"), ("hospital", f"{code}{i}")]
            for source, source_id in ids:
                rows.append({"source": source, "source_id": source_id, "ethnic_category": code})
            person += [2 * len(edges), 2 * len(edges) + (0 if together else 1)]
            edges.append({
                "left_source": "gp", "left_id": ids[0][1], "right_source": "hospital", "right_id": ids[1][1],
                "pattern": 1, "weight": 5.0, "probability": 0.95 if together else 0.3, "model": "m",
            })  # fmt: skip
            linked.append(together)
    common = {"identity_kind": "clear", "restricted": False, "first_seen": seen, "last_seen": seen}
    schema = arrow_schema(IDENTITY)
    table = pa.Table.from_pylist([{n: (common | row).get(n) for n in schema.names} for row in rows], schema=schema)
    _, number = np.unique(person, return_inverse=True)
    return table, number, pa.Table.from_pylist(edges, schema=arrow_schema(EDGE)), np.array(linked)


def answers(code: str, wrong: int, missed: int, each: int = 60) -> tuple[list[Answer], dict[str, Record]]:
    """Sampled answers about a group's linked pairs and pairs apart; so many of them show an error."""
    told, records = [], {}
    for together, first, errors in ((True, 0, wrong), (False, PAIRS - 100, missed)):
        for i in range(each):
            name = f"{code}{first + i}"
            records |= {f"l{name}": ("gp", name), f"r{name}": ("hospital", name)}
            same = (i >= errors) if together else (i < errors)
            cause = cause_of("sample", together, sampled=True)
            probability = 0.95 if together else 0.3
            told.append(Answer(f"l{name}", f"r{name}", "same" if same else "different", probability, cause))
    return told, records


def measured(*groups: tuple[list[Answer], dict[str, Record]]) -> dict[tuple[str, str], dict[str, Any]]:
    labels = [label for told, _ in groups for label in told]
    records = {key: record for _, held in groups for key, record in held.items()}
    table, person, edges, linked = city()
    rows = labelled_groups(table, person, edges, linked, labels, records)
    return {(row["dimension"], row["group"]): row for row in rows}


def test_each_group_is_measured_by_its_own_answers() -> None:
    found = measured(answers("A", wrong=0, missed=3), answers("M", wrong=15, missed=30))
    white, black = found["ethnicity", "White"], found["ethnicity", "Black"]
    assert black["precision"]["estimate"] == pytest.approx(0.75)
    assert black["precision"]["upper"] < white["precision"]["lower"]
    assert black["recall"]["estimate"] == pytest.approx(150 / (150 + 50), abs=1e-4)
    assert black["recall"]["upper"] < white["recall"]["lower"]
    assert white["answers"] == black["answers"] == 120
    assert found["source", "gp"]["answers"] == 240, "a pair of two sources counts for both"


def test_equal_errors_give_intervals_that_overlap() -> None:
    found = measured(answers("A", wrong=6, missed=6), answers("M", wrong=6, missed=6))
    white, black = found["ethnicity", "White"], found["ethnicity", "Black"]
    assert (white["precision"], white["recall"]) == (black["precision"], black["recall"])


def test_a_group_with_too_few_answers_says_how_many_are_missing() -> None:
    told, records = answers("M", wrong=0, missed=0, each=3)
    black = measured((told, records))["ethnicity", "Black"]
    assert black["precision"] is None and black["recall"] is None
    assert black["needed"] == 4, "two of each kind"


def test_a_group_that_nobody_was_asked_about_is_left_out() -> None:
    assert ("ethnicity", "White") not in measured(answers("M", wrong=0, missed=0))


def test_answers_about_records_that_are_gone_are_left_out() -> None:
    told, records = answers("M", wrong=0, missed=0)
    del records[told[0].left_key]
    assert measured((told, records))["ethnicity", "Black"]["answers"] == 119
