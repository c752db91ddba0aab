"""A few of every kind of fault that `bench/faults.py` plants, into every importer's set: taken in as a run does."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[3] / "bench"
IMPORTERS = ("gp", "declared", "fhir", "omop", "omop-parquet", "meds")
FOUND_BY_IT = (
    *("dates in the year 0", "Windows-1252 letters", "name that is no text", "pipe in its place", "link to nowhere"),
    *("name of a person", "quote left open", "a zip under its name", "NUL bytes inside", "cut at a random byte"),
)
"""Kinds that broke an importer once, or that each reads in a way of its own."""


@pytest.fixture(scope="module")
def faults() -> Iterator[Any]:
    """The benchmark, as a module."""
    sys.path.insert(0, str(BENCH))
    spec = importlib.util.spec_from_file_location("faults", BENCH / "faults.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["faults"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(BENCH))
    del sys.modules["faults"], sys.modules["fault_kinds"]


@pytest.mark.parametrize("name", IMPORTERS)
def test_a_faulty_file_is_turned_away_or_read_and_never_more(faults: Any, name: str) -> None:
    importer = faults.IMPORTERS[name]
    clean = faults.try_one(importer, None)
    assert (clean.status, clean.defects) == (0, []) and clean.lines
    planted = [one for one in faults.plants(importer, 1, random.Random(7)) if one.kind in FOUND_BY_IT]  # noqa: S311
    found = {(one.kind, one.target): faults.try_one(importer, one) for one in planted}
    assert {where: one.defects for where, one in found.items() if one.defects} == {}
    assert {kind: one.status for (kind, _), one in found.items() if kind.startswith(("pipe", "link"))} == {
        "pipe in its place": 3,
        "link to nowhere": 3,
    }
    assert {one.status for one in found.values()} >= ({0, 3} if name == "fhir" else {0, 1, 3})
