"""Mistakes planted in one group: does the report of an invented city show them, and nothing where there are none?

Groups are drawn at random over true people, so that whatever else differs in the city falls on all alike.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import read_current
from washhouse.linkage.people import link_people
from washhouse.linkage.quality import FIGURES
from washhouse.pipeline.run import run_inbox
from washhouse.synthetic.city import make_city

SHARE = 0.25
"""Share of people in the group that is looked at, coded M (Black); the others are A (White)."""


@dataclass(frozen=True)
class City:
    """Clear identities without names, and the true person of each."""

    identity: pa.Table
    person: npt.NDArray[np.int64]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> City:
    folder = tmp_path_factory.mktemp("planted")
    make_city(5_000, 3, 1, folder / "city")
    home, settings = fresh_home(folder / "home"), Settings(threads=1)
    run_inbox(home, settings, folder / "city" / "extracts")
    version = read_current(home)
    assert version is not None
    identity = Vault(home, load_or_create_master_key(home, settings)).read("identity", version.vault["identity"])
    identity = identity.filter(pc.equal(identity["identity_kind"], "clear"))
    truth = pq.read_table(folder / "city" / "sealed" / "people.parquet").to_pylist()
    whose = {(r["source"], r["source_id"]): r["true_person"] for r in truth}
    rows = zip(identity["source"].to_pylist(), identity["source_id"].to_pylist(), strict=True)
    _, person = np.unique([whose[row] for row in rows], return_inverse=True)
    for name in ("first_name", "surname", "address", "phone"):
        identity = put(identity, name, [None] * identity.num_rows)
    return City(identity, person)


def put(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def garble(table: pa.Table, name: str, chosen: npt.NDArray[np.bool_], change: Callable[[Any], Any]) -> pa.Table:
    values = table[name].to_pylist()
    return put(table, name, [change(v) if c and v is not None else v for v, c in zip(values, chosen, strict=True)])


def blank(_: Any) -> None:
    return None


def another_day(day: date) -> date:
    return day.replace(day=1 + (day.day * 7 + 3) % 28)


def grouped(city: City, seed: int) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """The city with random groups, and which records are of the group that is looked at."""
    mine = (np.random.default_rng(seed).random(city.person.max() + 1) < SHARE)[city.person]
    return put(city.identity, "ethnic_category", ["M" if m else "A" for m in mine.tolist()]), mine


def report_on(table: pa.Table) -> dict[str, Any]:
    people = link_people(table, previous=None, key=lambda data: hmac.new(b"test key", data, hashlib.sha256).digest())
    report: dict[str, Any] = people.summary["quality"]
    return next(row for row in report["groups"] if row["group"] == "Black")


def test_equal_errors_leave_parity_inside(city: City) -> None:
    held = dict.fromkeys(FIGURES, 0)
    repetitions = 20
    for seed in range(repetitions):
        row = report_on(grouped(city, seed)[0])
        for name in FIGURES:
            held[name] += row[name]["ratio_low"] <= 1 <= row[name]["ratio_high"]
    assert min(held.values()) >= repetitions - 4, held


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_doubtful_records_of_one_group_show(city: City, seed: int) -> None:
    table, mine = grouped(city, seed)
    rng = np.random.default_rng(7)
    chosen = mine & (rng.random(len(mine)) < 0.6)
    table = garble(table, "nhs_number", chosen, blank)
    table = garble(table, "birth_date", chosen & (rng.random(len(mine)) < 0.4), another_day)
    row = report_on(table)
    assert row["false"]["ratio_low"] > 1, row["false"]
    assert row["alone"]["ratio_low"] > 1, row["alone"]
    assert row["missed"]["ratio_low"] > 1, row["missed"]


def test_records_that_say_too_little_to_be_compared_show_as_alone(city: City) -> None:
    table, mine = grouped(city, 1)
    chosen = mine & (np.random.default_rng(7).random(len(mine)) < 0.4)
    for name in ("nhs_number", "postcode", "uprn"):
        table = garble(table, name, chosen, blank)
    row = report_on(table)
    assert row["alone"]["ratio_low"] > 1, row
