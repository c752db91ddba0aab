"""How well does linkage do on independent data? The true person is read only to judge, never to link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.linkage.config import parse_config
from washhouse.linkage.link import Linked, link_tables
from washhouse.linkage.read import read_table

DATA = Path(__file__).parents[4] / "shared/data/linkage"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data of ../shared/data/linkage is not here")

ONS = {
    "unique_id": "PERSON_ID",
    "columns": {
        "first_name": "PERNAME1",
        "surname": "PERNAME2",
        "birth_date": ["DOB_YEAR", "DOB_MON", "DOB_DAY"],
        "sex": "SEX",
        "postcode": "ENUMPC",
        "address": "ENUMCAP",
    },
}
FEBRL = {
    "unique_id": "rec_id",
    "columns": {
        "first_name": "given_name",
        "surname": "surname",
        "birth_date": "date_of_birth",
        "postcode": "postcode",
        "address": ["street_number", "address_1"],
    },
    "categories": {"suburb": "suburb", "state": "state"},
    "identifiers": {"soc_sec_id": "soc_sec_id"},
}


def f1(right: int, found: int, wanted: int) -> float:
    return 2 * right / (found + wanted)


def pairs_f1(linked: Linked, person: Callable[[str], str], wanted: int) -> float:
    rows = linked.pairs.to_pylist()
    return f1(sum(person(r["left_id"]) == person(r["right_id"]) for r in rows), len(rows), wanted)


def pairs_within(labels: Iterable[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(labels).values())


def febrl_person(rec_id: str) -> str:
    return rec_id.split("-")[1]


@pytest.fixture(scope="module")
def ons() -> tuple[pa.Table, pa.Table]:
    return read_table(DATA / "census.csv.gz"), read_table(DATA / "cis.csv.gz")


@needs_data
def test_ons_census_and_cis_one_to_one(ons: tuple[pa.Table, pa.Table]) -> None:
    linked = link_tables(*ons, parse_config(ONS | {"model": {"one_to_one": True}}))
    assert pairs_f1(linked, str, 24_043) >= 0.99
    assert abs(linked.summary["estimated_f1"] - 0.998) < 0.01


@needs_data
def test_ons_census_and_cis_any_number_of_partners(ons: tuple[pa.Table, pa.Table]) -> None:
    assert pairs_f1(link_tables(*ons, parse_config(ONS)), str, 24_043) >= 0.98


@needs_data
def test_febrl_4_two_files() -> None:
    left, right = read_table(DATA / "febrl_dataset4a.csv"), read_table(DATA / "febrl_dataset4b.csv")
    assert pairs_f1(link_tables(left, right, parse_config(FEBRL)), febrl_person, 5_000) >= 0.995


@needs_data
def test_febrl_3_duplicates_of_one_file() -> None:
    linked = link_tables(read_table(DATA / "febrl_dataset3.csv"), None, parse_config(FEBRL))
    rows = linked.clusters.to_pylist()
    found = pairs_within(r["cluster_id"] for r in rows)
    wanted = pairs_within(febrl_person(r["id"]) for r in rows)
    right = pairs_within((r["cluster_id"], febrl_person(r["id"])) for r in rows)
    assert f1(right, found, wanted) >= 0.995
