"""Which id does a person keep?"""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest

from washhouse.linkage.membership import Span, next_spans, read_spans, write_spans
from washhouse.linkage.person_ids import assign_ids, keyed_id, retired_ids

A, B, C, D = (("gp", letter) for letter in "abcd")
DAY = [datetime(2025, 1, day) for day in range(1, 6)]


def key(data: bytes) -> bytes:
    return hashlib.sha256(b"k" + data).digest()


def test_an_id_is_made_from_the_founding_record_under_the_key() -> None:
    (born,) = assign_ids([[A, B]], [B], {}, key)
    assert born == keyed_id(key, "person", *B)
    assert len(born) == 32
    assert assign_ids([[A, B]], [B], {}, lambda d: hashlib.sha256(b"other" + d).digest()) != [born]


@pytest.mark.parametrize(
    ("clusters", "founders", "held", "kept"),
    [
        ([[A, B, C]], [A], {A: "old1", B: "old2", C: "old2"}, ["old2"]),
        ([[A, B]], [A], {A: "old2", B: "old1"}, ["old1"]),
        ([[A], [B, C]], [A, B], {A: "old", B: "old", C: "old"}, [keyed_id(key, "person", *A), "old"]),
        ([[A, D], [B, C]], [A, B], {A: "x", D: "y", B: "x", C: "x"}, ["y", "x"]),
    ],
    ids=["most records win", "ties: the lower id", "a split: the larger part keeps it", "second best is kept"],
)
def test_a_cluster_keeps_the_id_most_of_its_records_had(
    clusters: list[list[tuple[str, str]]],
    founders: list[tuple[str, str]],
    held: dict[tuple[str, str], str],
    kept: list[str],
) -> None:
    assert assign_ids(clusters, founders, held, key) == kept


def test_a_founder_whose_id_another_person_keeps_gets_a_further_one() -> None:
    first = keyed_id(key, "person", *A)
    ids = assign_ids([[A], [B, C]], [A, B], {A: first, B: first, C: first}, key)
    assert ids[1] == first
    assert ids[0] not in (first, None)


def test_an_id_is_never_born_again_for_somebody_else() -> None:
    """A founded x; x stayed with B and C, then gave way to z, and A leaves z alone."""
    x = keyed_id(key, "person", *A)
    ever = [(A, x), (A, "z"), (B, x), (B, "z"), (C, x), (C, "z"), (D, "z")]
    held = dict.fromkeys((A, B, C, D), "z")
    ids = assign_ids([[A], [B, C, D]], [A, B], held, key, ever)
    assert ids == [keyed_id(key, "person", *A, "2"), "z"]
    assert retired_ids([*ever, (A, ids[0])], {A: ids[0], B: "z", C: "z", D: "z"}) == {x: "z"}
    later = [*ever, (A, ids[0]), (D, ids[0])]
    assert assign_ids([[A]], [A], {}, key, later) == [keyed_id(key, "person", *A, "3")]
    gone = [(A, x), (B, x)]
    assert assign_ids([[A, B]], [A], {}, key, gone) == [x]


def test_a_retired_id_points_to_where_most_of_its_records_went() -> None:
    spans = [(A, "old"), (B, "old"), (C, "old"), (A, "now1"), (B, "now2"), (C, "now2")]
    assert retired_ids(spans, {A: "now1", B: "now2", C: "now2"}) == {"old": "now2"}
    assert retired_ids(spans, {}) == {}


def test_an_id_whose_records_are_all_gone_points_to_where_they_last_were() -> None:
    chain = [(A, "one"), (A, "two"), (B, "two"), (B, "three"), (C, "lost")]
    assert retired_ids(chain, {B: "three"}) == {"one": "three", "two": "three"}
    circle = [(A, "one"), (A, "two"), (B, "two"), (B, "one")]
    assert retired_ids(circle, {C: "three"}) == {}


def test_history_closes_what_changed_and_opens_what_is_new() -> None:
    before = [Span(A, "p", DAY[0], None, "founded"), Span(B, "q", DAY[0], None, "founded")]
    after = next_spans(before, {A: "p", B: "p", C: "p"}, {C: "linked"}, {C: DAY[2]}, DAY[3])
    assert after == [
        Span(A, "p", DAY[0], None, "founded"),
        Span(B, "q", DAY[0], DAY[3], "founded"),
        Span(B, "p", DAY[3], None, "merged"),
        Span(C, "p", DAY[2], None, "linked"),
    ]
    split = next_spans(after, {A: "p", B: "p", C: "r"}, {}, {}, DAY[4])
    assert split[-1] == Span(C, "r", DAY[4], None, "split")
    gone = next_spans(after, {A: "p", B: "p"}, {}, {}, DAY[4])
    assert [s for s in gone if s.record == C] == [Span(C, "p", DAY[2], DAY[4], "linked")]


def test_no_id_is_forgotten_though_nothing_was_seen_since_it_was_given() -> None:
    before = [Span(A, "p", DAY[0], None, "founded"), Span(B, "q", DAY[0], None, "founded")]
    now = {A: "p", B: "p"}
    after = next_spans(before, now, {}, {}, DAY[0])
    assert after == [
        Span(A, "p", DAY[0], None, "founded"),
        Span(B, "q", DAY[0], DAY[0], "founded"),
        Span(B, "p", DAY[0], None, "merged"),
    ]
    assert retired_ids([(s.record, s.person_id) for s in after], now) == {"q": "p"}
    assert next_spans(after, now, {}, {}, DAY[0]) == after


def test_a_record_that_comes_back_belongs_to_its_person_from_when_it_left() -> None:
    before = [Span(A, "p", DAY[0], DAY[2], "founded")]
    after = next_spans(before, {A: "q"}, {A: "founded"}, {A: DAY[1]}, DAY[3])
    assert after == [*before, Span(A, "q", DAY[2], None, "founded")]


def test_spans_survive_a_round_trip() -> None:
    spans = [Span(A, "p", DAY[0], DAY[1], "founded"), Span(A, "q", DAY[1], None, "merged")]
    assert read_spans(write_spans(spans)) == spans
