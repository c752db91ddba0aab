"""A run over an invented city: the list joins superseded numbers, and no door leads across a sensitive change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, read_current
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.finder import Finder
from washhouse.linkage.index import read_index
from washhouse.linkage.superseded import follow_list
from washhouse.pipeline.run import run_inbox
from washhouse.synthetic.city import make_city

Record = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """What a run made of a city: records and people, and the couples of people whom a change lies between."""

    vault: Vault
    version: Version
    identity: dict[Record, dict[str, Any]]
    person: dict[Record, str]
    truth: dict[Record, str]
    changes: list[tuple[list[Record], list[Record]]]

    def read(self, name: str) -> pa.Table:
        return self.vault.read(name, self.version.vault[name])

    @property
    def couples(self) -> set[frozenset[str]]:
        return {
            frozenset((self.person[a], self.person[b])) for before, after in self.changes for a in before for b in after
        }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> Found:
    folder = tmp_path_factory.mktemp("numbers")
    make_city(3_000, 2, 6, folder / "city")
    home, settings = fresh_home(folder / "home"), Settings(threads=1)
    run_inbox(home, settings, folder / "city" / "extracts")
    version = read_current(home)
    assert version is not None
    vault = Vault(home, load_or_create_master_key(home, settings))
    rows = vault.read("identity", version.vault["identity"]).to_pylist()
    spans = vault.read("membership", version.vault["membership"]).to_pylist()
    truth = {
        (r["source"], r["source_id"]): r["true_person"]
        for r in pq.read_table(folder / "city" / "sealed" / "people.parquet").to_pylist()
    }
    identity = {(r["source"], r["source_id"]): r for r in rows}
    records = defaultdict(list)
    for record, who in truth.items():
        if record in identity:
            records[who].append(record)
    changes = pq.read_table(folder / "city" / "sealed" / "sensitive_changes.parquet").to_pylist()
    return Found(
        vault,
        version,
        identity,
        {(r["source"], r["source_id"]): r["person_id"] for r in spans if r["valid_to"] is None},
        truth,
        [(records[change["before"]], records[change["after"]]) for change in changes],
    )


def test_the_city_has_changes_with_records_on_both_sides(found: Found) -> None:
    assert len(found.changes) == 6
    assert all(before and after for before, after in found.changes)


def test_superseded_numbers_are_joined_through_the_list(found: Found) -> None:
    told = found.version.summary["linkage"]["superseded_numbers"]
    assert told["listed"] == 3_000 // 120
    assert told["records"] > 0 and told["in_circles"] == 0
    current = follow_list(found.read("superseded")).current
    numbers = {row["nhs_number"] for row in found.identity.values()}
    assert not numbers & set(current), "everybody bears the number that counts"
    bearers = defaultdict(set)
    for record, row in found.identity.items():
        if row["nhs_number"] in set(current.values()):
            bearers[found.truth[record], row["nhs_number"]].add(found.person[record])
    assert {len(people) for people in bearers.values()} == {1}


def test_nobody_is_joined_across_a_change(found: Found) -> None:
    assert all(len(couple) == 2 for couple in found.couples)


def test_no_question_is_asked_across_a_change(found: Found) -> None:
    asked = [frozenset((row["left_person"], row["right_person"])) for row in found.read("review").to_pylist()]
    assert asked
    assert not found.couples & set(asked)


def test_no_tie_leads_across_a_change(found: Found) -> None:
    groups = defaultdict(set)
    for row in found.read("relation").to_pylist():
        groups[row["kind"], row["other"]].add(row["person_id"])
    assert {kind for kind, _ in groups} >= {"household", "phone"}
    assert not [couple for couple in found.couples for group in groups.values() if couple <= group]


def test_no_record_is_led_across_a_change(found: Found) -> None:
    """Asked as it stands, and without its number: the other identity is never beside its own."""
    index = read_index(found.read)
    assert index is not None
    finder = Finder(index, follow_list(found.read("superseded")))
    for before, after in found.changes:
        for record in (*before, *after):
            row = found.identity[record]
            said = {name: str(row[name]) for name in FIELDS if row[name] is not None}
            if row["identity_kind"] != "clear":
                continue
            for blank in ((), ("nhs_number",)):
                known = {name: value for name, value in said.items() if name not in blank}
                candidates = {c.person_id for c in finder.find([known])[0].candidates}
                assert not any(couple <= candidates for couple in found.couples)
                if not blank and row["nhs_number"]:
                    other = {found.person[r] for r in (after if record in before else before)}
                    assert not candidates & other
