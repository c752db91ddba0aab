"""A small town, so that a model has something to learn from, and whatever records a case adds to it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.people import People, link_people
from washhouse.sources.identity import IDENTITY


def key(data: bytes) -> bytes:
    return hmac.new(b"spec", data, hashlib.sha256).digest()


def residents() -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    names = ["Olivia", "Jack", "Mohammed", "Thomas", "Wren", "Kai", "Priya", "Sean", "Ada", "Leo"]
    rows = []
    for i in range(60):
        who = {
            "first_name": names[rng.integers(10)],
            "surname": ["Smith", "Khan", "Walker", "Nowak", "Patel", "Okafor"][rng.integers(6)],
            "birth_date": date(1940, 1, 2) + timedelta(days=int(rng.integers(0, 25000))),
            "sex": ["female", "male"][i % 2],
            "postcode": f"WH{i % 7 + 1} {i % 9}{chr(65 + i % 20)}B",
            "address": f"{i + 100} {['Dock', 'Park', 'Hope'][i % 3]} Street",
        }
        rows += [record("gp", f"r{i}", **who)] + ([record("hospital", f"r{i}", **who)] if i % 2 else [])
    return rows


def record(source: str, source_id: str, **said: Any) -> dict[str, Any]:
    common = {"identity_kind": "clear", "restricted": False, "first_seen": datetime(2025, 1, 1)}
    return {"source": source, "source_id": source_id, "last_seen": datetime(2025, 6, 1)} | common | said


def _table(*records: dict[str, Any]) -> pa.Table:
    schema = arrow_schema(IDENTITY)
    rows = [*residents(), *records]
    return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema)


class Town:
    """Sixty unrelated residents."""

    key = staticmethod(key)
    record = staticmethod(record)
    table = staticmethod(_table)

    def link(self, *records: dict[str, Any], before: People | None = None, **options: Any) -> People:
        """Link the town and some records; as an increment where the people before are given."""
        if before is not None:
            assert before.index is not None
            options |= {"previous": before.membership, "model": before.index.trained, "index": before.index}
        return link_people(self.table(*records), **{"previous": None, "key": key, **options})

    def person(self, people: People, source: str, source_id: str) -> str:
        rows = people.membership.to_pylist()
        mine = (source, source_id, None)
        (found,) = [r["person_id"] for r in rows if (r["source"], r["source_id"], r["valid_to"]) == mine]
        return str(found)


@pytest.fixture(scope="session")
def town() -> Town:
    return Town()
