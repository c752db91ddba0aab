"""Which pairs a steward is asked about, in which order, and which never."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.person_ids import record_key
from washhouse.linkage.review import Review, review_queue
from washhouse.linkage.review_cut import Link, cut_between, weakest_cut
from washhouse.linkage.tables import EDGE, MEMBERSHIP, REFUSED
from washhouse.sources.identity import IDENTITY

SEEN = datetime(2025, 6, 1)
THRESHOLD = 0.5


def key(data: bytes) -> bytes:
    return hmac.new(b"review", data, hashlib.sha256).digest()


def name(record: str) -> str:
    """Key of a record written `source:id`."""
    return record_key(key, *record.split(":"))


def pair(left: str, right: str) -> tuple[str, str]:
    a, b = sorted((name(left), name(right)))
    return a, b


def _pair_columns(left: str, right: str) -> dict[str, str]:
    (left_source, left_id), (right_source, right_id) = left.split(":"), right.split(":")
    return {"left_source": left_source, "left_id": left_id, "right_source": right_source, "right_id": right_id}


def weight_of(probability: float) -> float:
    return float(np.log2(probability / (1 - probability)))


def queue(
    people: dict[str, list[str]],
    links: list[tuple[str, str, float]],
    refused: list[tuple[str, str, float]] | None = None,
    *,
    shuffled: int = 0,
    restricted: tuple[str, ...] = (),
    said: dict[str, dict[str, str]] | None = None,
    **options: Any,
) -> Review:
    """Review of people given by name with their records `source:id`, and of links with their probabilities."""
    members = [(record, who) for who, records in people.items() for record in records]
    membership = [
        dict(zip(("source", "source_id"), record.split(":"), strict=True))
        | {"person_id": who, "valid_from": SEEN, "valid_to": None, "cause": "linked"}
        for record, who in members
    ]
    identities = [
        dict(zip(("source", "source_id"), record.split(":"), strict=True))
        | {"identity_kind": "clear", "first_name": record, "birth_date": date(1980, 1, 2), "first_seen": SEEN}
        | {"last_seen": SEEN, "restricted": record in restricted, "address": "1 Dock Street"}
        | (said or {}).get(record, {})
        for record, _ in members
    ]
    edges = [
        _pair_columns(a, b) | {"pattern": 1, "weight": weight_of(p), "probability": p, "model": "m"}
        for a, b, p in links + (refused or [])
    ]
    refusals = [
        _pair_columns(a, b) | {"weight": weight_of(p), "probability": p, "cause": "two different NHS numbers"}
        for a, b, p in refused or []
    ]
    tables = []
    for contract, rows in ((IDENTITY, identities), (MEMBERSHIP, membership), (EDGE, edges), (REFUSED, refusals)):
        made = pa.Table.from_pylist(
            [{column: row.get(column) for column in contract.column_names} for row in rows],
            schema=arrow_schema(contract),
        )
        tables.append(made.take(np.random.default_rng(shuffled).permutation(made.num_rows)) if shuffled else made)
    return review_queue(*tables, key=key, threshold=THRESHOLD, **options)


def asked(review: Review) -> list[tuple[str, tuple[str, str]]]:
    return [(row["cause"], (row["left_key"], row["right_key"])) for row in review.pairs.to_pylist()]


PEOPLE = {
    "ann": ["gp:a1", "mh:a2", "hos:a3"],
    "ben": ["gp:b1"],
    "cat": ["gp:c1", "mh:c2"],
    "dan": ["gp:d1", "mh:d2"],
    "eve": ["gp:e1", "mh:e2"],
}
LINKS = [
    ("gp:a1", "mh:a2", 0.999),
    ("hos:a3", "mh:a2", 0.80),
    ("gp:c1", "mh:c2", 0.60),
    ("gp:d1", "mh:d2", 0.9999),
    ("gp:e1", "mh:e2", 0.9999),
    ("gp:b1", "mh:c2", 0.45),
    ("gp:b1", "gp:c1", 0.30),
]
REFUSALS = [("gp:d1", "gp:e1", 0.9)]


def test_refused_unions_come_first_then_what_an_answer_is_worth() -> None:
    review = queue(PEOPLE, LINKS, REFUSALS)
    assert asked(review) == [
        ("refused", pair("gp:d1", "gp:e1")),
        ("near-threshold", pair("gp:b1", "mh:c2")),
        ("near-threshold", pair("gp:c1", "mh:c2")),
        ("near-threshold", pair("hos:a3", "mh:a2")),
    ]
    worth = [row["value"] for row in review.pairs.to_pylist()]
    assert worth == [pytest.approx(v) for v in (0.9 * 2, 0.45, 0.40, 0.20)]
    assert review.pairs.column("place").to_pylist() == [1, 2, 3, 4]


def test_one_question_for_two_people_and_none_where_the_answer_changes_nothing() -> None:
    # b1 and c1 are about the same two people as b1 and c2; a1 and a3 are joined by stronger links anyway.
    review = queue(PEOPLE, [*LINKS, ("gp:a1", "hos:a3", 0.55)], REFUSALS)
    pairs = [each for _, each in asked(review)]
    assert pair("gp:b1", "gp:c1") not in pairs
    assert pair("gp:a1", "hos:a3") not in pairs


def test_the_order_of_rows_changes_nothing() -> None:
    first = queue(PEOPLE, LINKS, REFUSALS, rng=np.random.default_rng(3))
    for seed in (1, 2, 3):
        again = queue(PEOPLE, LINKS, REFUSALS, shuffled=seed, rng=np.random.default_rng(3))
        assert again.pairs.equals(first.pairs)
        assert again.records.equals(first.records)
        assert again.strata == first.strata


def test_what_was_answered_is_not_asked_again() -> None:
    review = queue(PEOPLE, LINKS, REFUSALS, answered=[pair("gp:b1", "mh:c2"), pair("gp:d1", "gp:e1")])
    pairs = [each for _, each in asked(review)]
    assert pair("gp:d1", "gp:e1") not in pairs
    assert pair("gp:b1", "mh:c2") not in pairs
    # "Cannot tell" about one pair leaves the other pair of the same people to ask about.
    assert pair("gp:b1", "gp:c1") in pairs


def test_people_found_to_be_different_are_not_asked_about_by_other_records() -> None:
    decided = [pair("gp:b1", "mh:c2")]
    review = queue(PEOPLE, LINKS, REFUSALS, answered=decided, kept_apart=decided)
    assert not {pair("gp:b1", "mh:c2"), pair("gp:b1", "gp:c1")} & {each for _, each in asked(review)}


def test_what_lies_across_a_sensitive_change_never_appears_not_even_by_chance() -> None:
    def hidden(left: tuple[str, str], right: tuple[str, str]) -> bool:
        return ("gp", "d1") in (left, right)

    review = queue(PEOPLE, LINKS, REFUSALS, hidden=hidden, rng=np.random.default_rng(1))
    assert name("gp:d1") not in {each for _, both in asked(review) for each in both}
    assert name("gp:d1") not in review.records.column("record_key").to_pylist()


DAN, EVE = {"nhs_number": "9434765919"}, {"nhs_number": "9434765870"}
HERS, HIS = {"sex": "female"}, {"sex": "male"}


@pytest.mark.parametrize(
    ("dan", "eve", "restricted", "others", "shown"),
    [
        (DAN, EVE, (), {}, False),
        (DAN | HERS, EVE | HERS, (), {}, False),
        (DAN, {}, (), {}, True),
        (DAN | HERS, HERS, (), {}, True),
        (DAN | HERS, HIS, (), {}, False),
        (DAN, {}, ("mh:d2",), {}, False),
        (DAN | HERS, DAN | HIS, ("mh:d2",), {}, True),
        (DAN, EVE, (), {"gp:a1": EVE, "mh:a2": EVE}, True),
        (DAN, EVE, (), {"gp:b1": EVE}, True),
        (DAN, EVE, (), {"hos:a3": EVE}, False),
        (DAN | HERS, EVE | HIS, (), {"gp:b1": EVE}, False),
    ],
    ids=[
        "two numbers",
        "two numbers, one sex",
        "one number",
        "one number, one sex",
        "one number, another sex",
        "one number, restricted",
        "the same number",
        "a number that others bear more often",
        "a number that another bears on the register",
        "a number that another bears no more than they",
        "a slip, but another sex",
    ],
)
def test_what_may_lie_across_a_sensitive_change_is_never_asked_about(
    dan: dict[str, str],
    eve: dict[str, str],
    restricted: tuple[str, ...],
    others: dict[str, dict[str, str]],
    shown: bool,
) -> None:
    said = {"gp:d1": dan, "mh:e2": eve} | others
    review = queue(PEOPLE, LINKS, REFUSALS, restricted=restricted, said=said, rng=np.random.default_rng(1))
    assert (pair("gp:d1", "gp:e1") in {each for _, each in asked(review)}) is shown


def test_no_answer_stands_for_pairs_that_are_never_asked_about() -> None:
    open_pairs = sum(stratum.pairs for stratum in queue(PEOPLE, LINKS, REFUSALS).strata)
    closed = queue(PEOPLE, LINKS, REFUSALS, said={"gp:d1": DAN, "mh:e2": EVE})
    assert sum(stratum.pairs for stratum in closed.strata) == open_pairs - 1


def test_the_queue_is_capped_and_says_what_it_left_off() -> None:
    review = queue(PEOPLE, LINKS, REFUSALS, limit=1)
    assert [cause for cause, _ in asked(review)] == ["refused"]
    assert review.left_off == 3
    assert review.summary()["left_off"] == 3


def test_a_person_with_too_many_records_is_asked_about_at_its_weakest_link() -> None:
    records = [f"gp:x{i}" for i in range(14)]
    chain = [(records[i], records[i + 1], 0.96 if i == 6 else 0.9999) for i in range(13)]
    review = queue({"xan": records}, chain)
    assert asked(review) == [("over-size", pair("gp:x6", "gp:x7"))]
    assert review.pairs.column("affected").to_pylist() == [7]
    assert "14 records" in review.pairs.column("detail").to_pylist()[0]


def test_the_sample_is_marked_and_follows_the_queue() -> None:
    review = queue(PEOPLE, LINKS, REFUSALS, rng=np.random.default_rng(1))
    rows = review.pairs.to_pylist()
    assert [row["cause"] for row in rows][:4] == ["refused", *["near-threshold"] * 3]
    assert {row["cause"] for row in rows[4:]} == {"sample"}
    # Every band here is smaller than the sample, so every pair is drawn.
    assert all(row["sampled"] for row in rows) and len(rows) == len(LINKS) + len(REFUSALS)


def test_strata_count_every_pair_by_band_and_side() -> None:
    strata = queue(PEOPLE, LINKS, REFUSALS).strata
    assert sum(s.pairs for s in strata) == len(LINKS) + len(REFUSALS)
    assert [(s.low, s.linked, s.pairs) for s in strata] == [
        (0.1, False, 2), (0.5, True, 2), (0.9, False, 1), (0.999, True, 3),
    ]  # fmt: skip


def test_only_the_records_asked_about_are_copied_with_their_person() -> None:
    records = {
        row["record_key"]: row for row in queue(PEOPLE, LINKS, REFUSALS, restricted=("mh:a2",)).records.to_pylist()
    }
    assert set(records) == {name(r) for r in ("gp:d1", "gp:e1", "gp:b1", "gp:c1", "mh:c2", "hos:a3", "mh:a2")}
    assert records[name("hos:a3")]["records"] == 3
    # One restricted record restricts what is shown of all the person's records.
    assert records[name("hos:a3")]["restricted"] and not records[name("gp:b1")]["restricted"]


def test_nothing_to_ask_is_an_empty_queue() -> None:
    for review in (queue({}, []), queue({"ann": ["gp:a1"]}, [], rng=np.random.default_rng(1))):
        assert review.pairs.num_rows == review.records.num_rows == review.left_off == 0
        assert review.summary()["by_cause"] == dict.fromkeys(
            ("refused", "household", "over-size", "near-threshold", "sample"), 0
        )


def test_without_a_model_pairs_carry_no_steps() -> None:
    assert {json.dumps(json.loads(steps)) for steps in queue(PEOPLE, LINKS).pairs.column("steps").to_pylist()} == {"[]"}


def link(left: str, right: str, weight: float) -> Link:
    return Link(("s", left), ("s", right), weight)


def test_a_person_comes_apart_at_the_weakest_link_of_the_strongest_way() -> None:
    ring = [link("a", "b", 9.0), link("b", "c", 3.0), link("c", "d", 8.0), link("a", "d", 1.0)]
    cut = cut_between(ring, ("s", "a"), ("s", "d"))
    assert cut is not None
    assert (cut.link, cut.weight, cut.affected) == (ring[1], 4.0, 2)
    assert weakest_cut(ring) == cut
    assert cut_between(ring, ("s", "a"), ("s", "z")) is None
    assert weakest_cut([]) is None
