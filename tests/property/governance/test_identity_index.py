"""Does the index, built column by column, show what a plain reading of the rules shows?"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.governance.reveal import PREFERENCE, WITHHELD, IdentityIndex

SOURCES = ("gp", "mental_health", "hospital", "social_care", "meds", "another")
PEOPLE = [f"{n:x}" * 32 for n in range(4)]
TEXT = ("nhs_number", "first_name", "surname", "address", "postcode", "phone")

maybe = st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))
rows = st.fixed_dictionaries(
    {
        "birth_date": st.one_of(st.none(), st.dates(date(1950, 1, 1), date(1950, 1, 3))),
        "restricted": st.sampled_from([False, False, False, True]),
        **dict.fromkeys(TEXT, maybe),
    }
)
keys = st.tuples(st.sampled_from(SOURCES), st.sampled_from(["1", "2", "3"]))
worlds = st.dictionaries(keys, st.tuples(rows, st.sampled_from([*PEOPLE, None]), st.booleans()), max_size=12)


def plain(world: dict[Any, Any], person: str) -> dict[str, Any] | None:
    """The rules, one person at a time."""
    records = [(key, row) for key, (row, owner, past) in world.items() if owner == person and not past]
    if not records:
        return None
    place = {source: n for n, source in enumerate(PREFERENCE)}
    records.sort(key=lambda record: (place.get(record[0][0], len(PREFERENCE)), record[0]))
    shown: dict[str, Any] = {}
    for group in (("first_name", "surname"), ("birth_date",), ("nhs_number",), ("address", "postcode"), ("phone",)):
        first = next((row for _, row in records if any(row[name] is not None for name in group)), {})
        shown |= {name: first.get(name) for name in group}
    shown["restricted"] = any(row["restricted"] for _, row in records)
    return shown


@settings(max_examples=150)
@given(world=worlds)
def test_the_index_shows_what_the_rules_say(world: dict[Any, Any]) -> None:
    identity = pa.Table.from_pylist(
        [{"source": source, "source_id": number, **row} for (source, number), (row, _, _) in world.items()],
        schema=pa.schema(
            [
                ("source", pa.string()),
                ("source_id", pa.string()),
                ("birth_date", pa.date32()),
                ("restricted", pa.bool_()),
            ]
            + [(name, pa.string()) for name in TEXT]
        ),
    )
    ended = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    membership = pa.Table.from_pylist(
        [
            {"source": source, "source_id": number, "person_id": owner, "valid_to": ended if past else None}
            for (source, number), (_, owner, past) in world.items()
            if owner is not None
        ],
        schema=pa.schema(
            {"source": pa.string(), "source_id": pa.string(), "person_id": pa.string(), "valid_to": pa.timestamp("us")}
        ),
    )
    index = IdentityIndex(identity, membership)
    found = {revealed.person_id: revealed for revealed in index._find(PEOPLE)}
    for person in PEOPLE:
        expected = plain(world, person)
        if expected is None:
            assert person not in found
            continue
        shown = found[person]
        assert shown.name == (" ".join(filter(None, (expected["first_name"], expected["surname"]))) or None)
        assert (shown.birth_date, shown.nhs_number) == (expected["birth_date"], expected["nhs_number"])
        assert shown.restricted == expected["restricted"]
        assert shown.note == (WITHHELD if shown.restricted else "")
        address = ", ".join(filter(None, (expected["address"], expected["postcode"]))) or None
        assert (shown.address, shown.phone) == ((None, None) if shown.restricted else (address, expected["phone"]))
    assert len(index) == len(found)
