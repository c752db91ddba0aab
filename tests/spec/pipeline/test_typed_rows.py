"""Typed rows of a version's batches: what was submitted is known without them, and many small ones lie together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pyarrow as pa
import pytest

from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.shares import Chosen, Share
from washhouse.pipeline.packed import MANY, SMALL_ROWS
from washhouse.pipeline.typed import TypedRows

GENERATIONS = [f"2025-06-{day:02}@0123456789ab" for day in range(1, MANY + 2)]
IDS = [f"clinic/{one}" for one in GENERATIONS]


@pytest.fixture
def vault(tmp_path) -> Vault:
    """Two visits a batch, the second batch without the column of the ward; the last batch is empty."""
    home = Home(tmp_path / "home")
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    for at, generation in enumerate(GENERATIONS):
        day = dt.date(2025, 6, 1 + at)
        rows = pa.table(
            {
                "visit": [f"v{at}", f"v{at + 1}"],
                "ward": pa.array(["east", None]).dictionary_encode(),
                "_row": [1, 2],
                **{name: pa.array([text] * 2).dictionary_encode() for name, text in origin_of(day).items()},
                "_submitted_at": pa.array([dt.datetime(2025, 6, 1 + at)] * 2, pa.timestamp("us")),
                "_as_of": [day, day],
                **{name: pa.nulls(2, pa.date32()) for name in ("_period_start", "_period_end")},
                "_provider": pa.nulls(2, pa.string()),
            }
        )
        rows = rows.drop(["ward"]) if at == 1 else rows
        vault.write("typed.clinic.visits", generation, rows.slice(0, 0) if at == MANY else rows)
    return vault


def origin_of(day: dt.date) -> dict[str, str]:
    return {"_file": "visits.csv", "_batch": day.isoformat(), "_kind": "full"}


def files_of(accepted: int = 2) -> pa.Table:
    told = {"source": "clinic", "source_table": "visits", "status": "accepted", "accepted": accepted}
    return pa.Table.from_pylist([told | {"batch": one.partition("@")[0]} for one in GENERATIONS])


def told(parts: Iterable[pa.Table] | None) -> list[tuple[object, ...]]:
    return [(row["visit"], row.get("ward"), row["_batch"]) for part in parts or () for row in part.to_pylist()]


def test_what_was_submitted_is_known_without_the_rows(vault):
    found_out = TypedRows(vault, IDS[:2], files_of())
    submitted = found_out.submissions("clinic", "visits")
    assert [(one, at.as_of, path) for one, at, path in submitted] == [
        (GENERATIONS[0], dt.date(2025, 6, 1), "2025-06-01/visits.csv"),
        (GENERATIONS[1], dt.date(2025, 6, 2), "2025-06-02/visits.csv"),
    ]
    vault.write("submitted", "v1", found_out.submitted())
    for one in GENERATIONS[:2]:
        vault.remove("typed.clinic.visits", one)
    assert TypedRows(vault, IDS[:2], files_of()).submissions("clinic", "visits") == submitted
    for one in GENERATIONS[:2]:
        vault.remove("part.clinic", one)
    later = TypedRows(vault, IDS[:3], files_of(), kept={"submitted": "v1"})
    assert later.submissions("clinic", "visits")[:2] == submitted
    assert later.earlier(IDS[:2], files_of()).submissions("clinic", "visits") == submitted
    assert later.submitted().num_rows == 3


def test_many_small_batches_are_read_from_one_file(vault):
    plain = TypedRows(vault, IDS, files_of())
    every, backwards = told(plain("clinic", "visits")), GENERATIONS[::-1]
    turned = told(plain.rows("clinic", "visits", backwards))
    share = Share("visit", 1, 2)
    shared = told(plain.of_share("clinic", "visits", share))
    people = Chosen("visit", pa.array(["v3", "v9"]))
    theirs = told(plain.of_people("clinic", "visits", people))
    assert theirs == [row for row in every if row[0] in ("v3", "v9")] != []
    kept = plain.pack("v1")
    assert kept == {"packed.clinic.visits": "v1"}
    for one in GENERATIONS:
        vault.remove("typed.clinic.visits", one)
    packed = TypedRows(vault, IDS, files_of(), kept=kept)
    assert len(every) == 2 * MANY
    assert told(packed("clinic", "visits")) == every
    assert told(packed.rows("clinic", "visits", backwards)) == turned
    assert told(packed.of_share("clinic", "visits", share)) == shared != every
    assert told(packed.of_people("clinic", "visits", people)) == theirs
    assert packed.of_people("clinic", "letters", people) is None
    some = packed.rows("clinic", "visits", GENERATIONS[1:], ["visit", "_batch"])
    assert [one.column_names for one in some] == [["visit", "_batch"]] * MANY


def test_batches_are_packed_where_many_small_ones_lie_by_themselves(vault):
    assert TypedRows(vault, IDS, files_of(SMALL_ROWS + 1)).pack("v0") == {}
    assert TypedRows(vault, IDS[:-2], files_of()).pack("v0") == {}, "too few"
    kept = TypedRows(vault, IDS[:-1], files_of()).pack("v1")
    later = TypedRows(vault, IDS, files_of(), kept=kept)
    assert later.pack("v2") == kept, "one more is not many"
    assert told(later("clinic", "visits")) == told(TypedRows(vault, IDS, files_of())("clinic", "visits"))


def test_a_packed_batch_that_is_gone_is_not_read_when_it_comes_again(vault):
    kept = TypedRows(vault, IDS, files_of()).pack("v1")
    assert TypedRows(vault, IDS[1:], files_of(), kept=kept).pack("v2") == {"packed.clinic.visits": "v2"}
    assert TypedRows(vault, IDS[:1], files_of(), kept=kept).pack("v2") == {"packed.clinic.visits": "v2"}
    assert TypedRows(vault, IDS[:1], files_of(SMALL_ROWS + 1), kept=kept).pack("v2") == {}
