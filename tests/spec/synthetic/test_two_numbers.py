"""People with two NHS numbers: one superseded by the other, or two identities that nobody may join."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.synthetic.city import make_city
from washhouse.synthetic.reading import read_all
from washhouse.synthetic.sensitive_changes import KINDS

IDENTITY = ("local_patient_id", "nhs_number", "first_name", "surname", "birth_date", "sex")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("numbers") / "city"
    make_city(3_000, 2, 6, out)
    return out


def sealed(city: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(city / "sealed" / f"{name}.parquet").to_pylist()
    return rows


def lists(city: Path) -> list[list[dict[str, str]]]:
    """The lists of superseded numbers, the oldest first."""
    files = sorted((city / "extracts").glob("superseded_nhs_numbers/*/superseded.csv"))
    return [list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())) for file in files]


def said(city: Path, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a sender's companion file says of each record, and the true person."""
    whose = {r["source_id"]: r["true_person"] for r in sealed(city, "people") if r["source"] == source}
    rows = read_all(city / "extracts", source, "demographics.csv", list(IDENTITY))
    for values in zip(*rows.values(), strict=True):
        row = dict(zip(IDENTITY, values, strict=True))
        yield whose[row["local_patient_id"]], row


def test_the_list_grows_and_leads_from_number_to_number(city: Path) -> None:
    early, late = lists(city)
    assert 0 < len(early) <= len(late) == 3_000 // 120
    assert all(row in late for row in early)
    for row in late:
        assert parse_nhs_number(row["old_nhs_number"]) and parse_nhs_number(row["nhs_number"])
        assert row["old_nhs_number"] != row["nhs_number"]
        assert row["reason"] in ("duplicate", "replaced")


def test_some_senders_keep_the_old_number_and_it_is_the_same_person(city: Path) -> None:
    current = {row["old_nhs_number"]: row["nhs_number"] for row in lists(city)[-1]}
    bearers = defaultdict(set)
    for source in ("gp", "hospital", "mental_health"):
        for person, row in said(city, source):
            if row["nhs_number"] in {*current, *current.values()}:
                bearers[current.get(row["nhs_number"], row["nhs_number"])].add((person, row["nhs_number"] in current))
    assert any(old for rows in bearers.values() for _, old in rows)
    together = [rows for rows in bearers.values() if len({person for person, _ in rows}) == 1]
    assert len(together) >= 0.9 * len(bearers), "but for a few numbers on somebody else's record"


def test_a_change_makes_two_people_whom_no_list_joins(city: Path) -> None:
    changes = sealed(city, "sensitive_changes")
    assert {change["kind"] for change in changes} == set(KINDS)
    listed = {row[name] for row in lists(city)[-1] for name in ("old_nhs_number", "nhs_number")}
    held = defaultdict(list)
    for person, row in said(city, "gp"):
        held[person].append(row)
    for change in changes:
        before, after = held[change["before"]][-1], held[change["after"]][-1]
        assert before["nhs_number"] and after["nhs_number"], "a registration is made under a number that was issued"
        assert before["nhs_number"] != after["nhs_number"]
        assert after["nhs_number"] not in listed
        assert before["local_patient_id"] != after["local_patient_id"]
        changed = {name for name in ("first_name", "surname", "sex") if before[name] != after[name]}
        assert ({"sex", "first_name"} if change["kind"] == "gender" else {"surname"}) <= changed


def test_a_changed_identity_has_no_sealed_hazard_of_its_own(city: Path) -> None:
    """People known to mental-health services keep one identity, so that each hazard has one person."""
    changed = {change[side] for change in sealed(city, "sensitive_changes") for side in ("before", "after")}
    assert not changed & {row["true_person"] for row in sealed(city, "hazard")}


def test_what_was_planted_is_written_down(city: Path) -> None:
    effects = json.loads((city / "sealed/effects.json").read_text())
    assert effects["sensitive_changes"]["share_of_people"] * 3_000 == pytest.approx(
        len(sealed(city, "sensitive_changes"))
    )
    assert effects["superseded_numbers"]["share_of_people"] == pytest.approx(1 / 120)
