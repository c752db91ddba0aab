"""Does the history of columns say what the history of single records says?"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.linkage.membership import History, closed_spans, heirs, ids_left, next_spans, read_spans
from washhouse.linkage.person_ids import assign_ids, retired_ids

DAY = datetime(2025, 1, 1)
LETTERS = "abcdefgh"


def key(data: bytes) -> bytes:
    return hashlib.sha256(b"k" + data).digest()


@st.composite
def partitions(draw: st.DrawFn) -> list[dict[str, int]]:
    """For each run the records there are, and the number of each one's person."""
    return [
        {letter: draw(st.integers(0, 3)) for letter in draw(st.sets(st.sampled_from(LETTERS), min_size=1))}
        for _ in range(draw(st.integers(1, 6)))
    ]


@settings(max_examples=150)
@given(runs=partitions())
def test_columns_and_single_records_have_one_history(runs):
    spans, membership = [], None
    for number, people in enumerate(runs):
        letters = sorted(people)
        seen = [DAY + timedelta(days=number)] * len(letters)
        first = [DAY + timedelta(hours=LETTERS.index(letter)) for letter in letters]
        records = pa.table(
            {"source": ["gp"] * len(letters), "source_id": letters, "first_seen": first, "last_seen": seen},
            schema=pa.schema(
                [("source", "string"), ("source_id", "string")]
                + [(name, pa.timestamp("us")) for name in ("first_seen", "last_seen")]
            ),
        )
        _, founders, person = np.unique([people[x] for x in letters], return_index=True, return_inverse=True)
        history = History.read(membership, records)
        ids = history.name_people(person.astype(np.int32), founders, key)
        causes = pa.array(["founded" if i in founders else "linked" for i in range(len(letters))])
        membership = history.carry_on(ids, person.astype(np.int32), causes)
        closed = closed_spans(membership)
        retired = heirs(
            closed, ids_left(closed, ids), records, lambda rows, ids=ids, p=person: ids.take(pa.array(p[rows]))
        )

        clusters = [[("gp", letters[i]) for i in np.flatnonzero(person == p)] for p in range(len(founders))]
        held = {span.record: span.person_id for span in spans if span.valid_to is None}
        ever = [(span.record, span.person_id) for span in spans]
        expected = assign_ids(clusters, [("gp", letters[i]) for i in founders], held, key, ever)
        assert ids.to_pylist() == expected
        now = {("gp", letter): expected[p] for letter, p in zip(letters, person, strict=True)}
        why = {("gp", letter): cause for letter, cause in zip(letters, causes.to_pylist(), strict=True)}
        spans = next_spans(spans, now, why, {("gp", x): t for x, t in zip(letters, first, strict=True)}, seen[0])
        assert read_spans(membership) == spans
        assert retired == retired_ids([(span.record, span.person_id) for span in spans], now)
