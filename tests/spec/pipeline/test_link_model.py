"""When a run fits a new linkage model, and when it keeps the last run's."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pyarrow as pa
import pytest

from washhouse.core.home import LinkageLimits, Settings
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.people import People, link_people
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.link_model import index_tables, kept_model, why_refit
from washhouse.sources.identity import IDENTITY


def identities(count: int, **said: str) -> pa.Table:
    schema = arrow_schema(IDENTITY)
    rows: list[dict[str, Any]] = [
        {
            "source": ("gp", "hospital")[i % 2],
            "source_id": str(i),
            "identity_kind": "clear",
            "first_name": f"Name{chr(65 + i // 2 % 20)}",
            "surname": f"Family{chr(65 + i // 2 % 11)}",
            "postcode": f"L{1 + i // 2 % 9} {i // 2 % 9}AA",
            "restricted": False,
            "first_seen": datetime(2025, 1, 1),
            "last_seen": datetime(2025, 1, 1),
        }
        | said
        for i in range(count)
    ]
    return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema)


@pytest.fixture(scope="module")
def people() -> People:
    return link_people(identities(40), previous=None, key=lambda b: hmac.new(b"spec", b, hashlib.sha256).digest())


@pytest.mark.parametrize(
    ("now", "because"),
    [
        (identities(40), ""),
        (identities(60), ""),
        (identities(61), "records grew by more than 50% since it was trained"),
        (identities(10), ""),
        (identities(40, phone="0151 496 0000"), "the fields present changed"),
        (identities(40, source="social_care"), "a source is new"),
    ],
)
def test_a_new_model_is_fitted_only_for_a_reason(people: People, now: pa.Table, because: str) -> None:
    assert people.index is not None
    assert why_refit(people.index.trained, now, growth=0.5) == because


@dataclass
class _Vault:
    tables: dict[str, pa.Table]

    def read(self, name: str, generation: str) -> pa.Table:
        assert generation == "one"
        return self.tables[name]


@dataclass
class _Published:
    vault: dict[str, str]
    summary: dict[str, Any] = field(
        default_factory=lambda: {"linkage": {"strictness": {"false_links": 0.002, "missed_links": 0.005}}}
    )


@dataclass
class _Run:
    vault: _Vault
    published: _Published | None
    settings: Settings = field(default_factory=Settings)
    rebuild: bool = False


def test_the_published_version_hands_its_model_and_index_on(people: People) -> None:
    tables = index_tables(people.index)
    run = _Run(_Vault(tables), _Published(dict.fromkeys(tables, "one")))
    kept = kept_model(cast(RunContext, run), identities(41))
    assert kept.model is not None
    assert people.index is not None
    assert kept.model.digest == people.index.trained.digest
    assert kept.index is not None
    assert kept.index.records == 40
    assert kept.reason == ""
    run.rebuild = True
    again = kept_model(cast(RunContext, run), identities(41))
    assert again.model is not None and again.model.digest == kept.model.digest
    assert again.index is None, "a rebuild compares all pairs"


def _all_tables(people: People) -> dict[str, pa.Table]:
    """What a run keeps of a linkage."""
    return index_tables(people.index) | {
        "identity": identities(40),
        "membership": people.membership,
        "edge": people.edges,
        "refused": people.refused,
        "relation": people.relations,
        "retired": people.retired,
    }


@pytest.mark.parametrize(
    ("elsewhere", "goes_on"),
    [({}, True), ({"identity": "two"}, False), ({"link_record": ""}, False)],
    ids=["all of one run", "identities of another run", "a table is not there"],
)
def test_a_run_goes_on_from_all_that_the_last_linkage_came_to(
    people: People, elsewhere: dict[str, str], goes_on: bool
) -> None:
    tables = _all_tables(people)
    generations = {name: one for name, one in (dict.fromkeys(tables, "one") | elsewhere).items() if one}
    run = _Run(_Vault(tables), _Published(generations))
    kept = kept_model(cast(RunContext, run), identities(41), people.membership)
    assert kept.index is not None
    assert (kept.index.earlier is not None) == goes_on


def test_what_was_kept_of_another_linkage_is_left_alone(people: People) -> None:
    tables = _all_tables(people)
    for name, other in (
        ("link_earlier", pa.table({"format": [1], "model": ["another"]})),
        ("link_earlier", pa.table({"format": [0], "model": tables["link_earlier"].column("model")})),
        ("membership", people.membership.slice(1)),
    ):
        run = _Run(_Vault(tables | {name: other}), _Published(dict.fromkeys(tables, "one")))
        membership = other if name == "membership" else people.membership
        kept = kept_model(cast(RunContext, run), identities(41), membership)
        assert kept.index is not None and kept.index.earlier is None


@pytest.mark.parametrize("chosen", [{"strict_false_links": 0.01}, {"lenient_missed_links": 0.01}])
def test_another_strictness_lets_the_thresholds_be_chosen_anew_under_the_same_weights(
    people: People, chosen: dict[str, float]
) -> None:
    tables = index_tables(people.index)
    settings = Settings(linkage=LinkageLimits(**chosen))  # type: ignore[arg-type]
    run = _Run(_Vault(tables), _Published(dict.fromkeys(tables, "one")), settings)
    kept = kept_model(cast(RunContext, run), identities(40))
    assert kept.model is not None and kept.index is not None and people.index is not None
    assert kept.model.thresholds == {}
    assert kept.model.model.digest == people.index.trained.model.digest
    assert kept.index.trained.digest == kept.model.digest


def test_a_home_without_a_kept_model_fits_one(people: People) -> None:
    run = _Run(_Vault({}), None)
    assert kept_model(cast(RunContext, run), identities(5)).reason == "no earlier model"
    old = index_tables(people.index)
    old["link_model"] = pa.table({"format": [0], "model": ["{}"]})
    run = _Run(_Vault(old), _Published(dict.fromkeys(old, "one")))
    assert kept_model(cast(RunContext, run), identities(5)).reason == "the earlier model was of another format"
