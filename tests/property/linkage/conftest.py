"""Small populations with mistakes, for properties of linkage."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from washhouse.lake.schemas import arrow_schema
from washhouse.sources.identity import IDENTITY

FIRST = ["Olivia", "Amelia", "Jack", "Mohammed", "Elizabeth", "Thomas", "Wren", "Kai", "Priya", "Sean", "Ada", "Leo"]
LAST = ["Smith", "Jones", "Khan", "O'Brien", "Walker-Hughes", "Nowak", "Brown", "Patel", "Lee", "Okafor"]


@pytest.fixture(scope="session")
def key() -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(b"test key", data, hashlib.sha256).digest()


def _nhs(rng: np.random.Generator) -> str:
    while True:
        nine = [9, 9, 9, *rng.integers(0, 10, 6).tolist()]
        check = (11 - sum(d * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11) % 11
        if check < 10:
            return "".join(map(str, [*nine, check]))


@pytest.fixture(scope="session")
def make_identities() -> Callable[..., tuple[pa.Table, dict[tuple[str, str], int]]]:
    """Identities of some people in three sources, with their true person."""

    def make(people: int, seed: int) -> tuple[pa.Table, dict[tuple[str, str], int]]:
        rng = np.random.default_rng(seed)
        rows, truth = [], {}
        for person in range(people):
            home = person // 3
            first, last = FIRST[rng.integers(len(FIRST))], LAST[home % len(LAST)]
            born = date(1930, 1, 1) + timedelta(days=int(rng.integers(0, 33000)))
            sex = ["female", "male"][rng.integers(2)]
            number = _nhs(rng)
            for source in ("gp", "hospital", "mental_health"):
                if source != "gp" and rng.random() < 0.5:
                    continue
                name = first[0] + first[2:] if rng.random() < 0.1 else first
                row = {
                    "source": source,
                    "source_id": f"{source[0]}{person:04d}",
                    "identity_kind": "clear",
                    "nhs_number": number if rng.random() < 0.6 else None,
                    "pseudo_nhs_number": f"P{number}" if source == "gp" else None,
                    "first_name": name if rng.random() < 0.95 else None,
                    "surname": last,
                    "birth_date": born if rng.random() < 0.95 else born + timedelta(days=1),
                    "sex": sex,
                    "postcode": f"WH1 {home % 9}A{chr(65 + home % 20)}",
                    "address": f"{home} Mill Road",
                    "uprn": None,
                    "phone": f"07700 9{home:05d}" if person % 2 else None,
                    "restricted": False,
                    "first_seen": datetime(2025, 1, 1) + timedelta(days=int(rng.integers(0, 100))),
                    "last_seen": datetime(2025, 6, 1),
                }
                rows.append(row)
                truth[(source, row["source_id"])] = person
            if rng.random() < 0.3:
                rows.append(
                    {
                        "source": "hospital",
                        "source_id": f"P{number}",
                        "identity_kind": "pseudonym",
                        "pseudo_nhs_number": f"P{number}",
                        "restricted": False,
                        "first_seen": datetime(2025, 2, 1),
                        "last_seen": datetime(2025, 6, 1),
                    }
                )
                truth[("hospital", f"P{number}")] = person
        schema = arrow_schema(IDENTITY)
        return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema), truth

    return make
