"""Which homes, telephone numbers and addresses do the people of a linkage have in common, as a table?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.schemas import conform
from washhouse.linkage.columnar import Column
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.households import Flags, Households, Residents, households, read_places
from washhouse.linkage.person_ids import Key, keyed_ids
from washhouse.linkage.sensitive import former_identities
from washhouse.linkage.shared import Shared, shared_addresses, shared_phones
from washhouse.linkage.tables import SHARED_END

_SOURCE_ORDER = ("gp", "mental_health", "hospital", "social_care")
"""Whose address is taken where several were seen equally lately."""
_ADDRESS_WORDS = ("same address and postcode", "same address, by its property reference (UPRN)")
_PHONE_WORDS = ("same telephone number",)
_SEEN = ("first_seen", "last_seen")


@dataclass(frozen=True)
class SharedEnds:
    """What people have in common.

    Attributes:
        homes: People in households.
        table: See `tables.SHARED_END`.
        summary: For a steward: what ties how many people, and what each guard kept back.
    """

    homes: Households
    table: pa.Table
    summary: dict[str, Any]


def find_shared(
    named: pa.Table,
    table: pa.Table,
    clear: npt.NDArray[np.int64],
    encoded: Encoded,
    person: Ints,
    ids: pa.StringArray,
    key: Key,
) -> SharedEnds:
    """Find what people have in common, behind the guards of `households` and `shared`.

    Args:
        named: The identities in clear.
        table: All identities.
        clear: Rows of `table` that `named` has.
        encoded: `named`, encoded.
        person: Number of each identity's person.
        ids: Id of each person.
        key: Keyed hash (HMAC-SHA-256) under the vault's key: nothing that is shared is told in clear.
    """
    residents = read_residents(named, table, clear, encoded, person)
    places = read_places(residents)
    homes = households(residents, places)
    phones = shared_phones(residents, encoded.standard.get("phone", _nothing(named.num_rows)))
    addresses = shared_addresses(residents, homes, places)
    home = Shared(homes.row, homes.home, homes.keys, homes.by_uprn, np.zeros(len(homes.row), dtype=bool), {})
    parts = [
        _rows(kind, found, words, ids.take(pa.array(residents.person[found.row])), named, key)
        for kind, found, words in (
            ("household", home, _ADDRESS_WORDS),
            ("phone", phones, _PHONE_WORDS),
            ("address", addresses, _ADDRESS_WORDS),
        )
    ]
    rows = pa.concat_tables(parts).sort_by([(name, "ascending") for name in SHARED_END.order])
    summary = {
        kind: {
            "shared": len(found.keys),
            "people": len(np.unique(residents.person[found.row])),
            "kept_back": dict(found.kept_back),
        }
        for kind, found in (("phones", phones), ("addresses", addresses))
    }
    return SharedEnds(homes, rows, summary)


def read_residents(
    named: pa.Table, table: pa.Table, clear: npt.NDArray[np.int64], encoded: Encoded, person: Ints
) -> Residents:
    """Return the addresses of clear records, with whose they are; see `find_shared`."""
    rank = np.zeros(named.num_rows, dtype=np.int64)
    for place, source in enumerate(reversed(_SOURCE_ORDER), start=1):
        rank[pc.equal(named.column("source"), source).to_numpy(zero_copy_only=False)] = place
    last = pc.cast(named.column("last_seen"), pa.int64()).to_numpy()
    seen = np.empty(named.num_rows, dtype=np.int64)
    seen[np.lexsort((rank, last))] = np.arange(named.num_rows)

    def of_anyone(flags: pa.ChunkedArray) -> Flags:
        people = np.zeros(int(person.max(initial=-1)) + 1, dtype=bool)
        people[person[flags.to_numpy(zero_copy_only=False)]] = True
        return people[person[clear]]

    nothing = _nothing(named.num_rows)
    return Residents(
        person=person[clear],
        **{name: encoded.standard.get(name, nothing) for name in ("address", "postcode", "uprn", "surname")},
        restricted=named.column("restricted").to_numpy(zero_copy_only=False).astype(bool),
        died=of_anyone(pc.is_valid(table.column("death_date"))),
        withheld=of_anyone(table.column("restricted")) | former_identities(table, person)[person[clear]],
        seen=seen,
    )


def _nothing(rows: int) -> Column:
    """A field that no record has."""
    return Column(np.full(rows, -1, dtype=np.int32), pa.array([], pa.string()), 0)


def _rows(
    kind: str, found: Shared, words: tuple[str, ...], people: pa.StringArray, named: pa.Table, key: Key
) -> pa.Table:
    first, last = (_days(named.column(name))[found.row] for name in _SEEN)
    hashes = keyed_ids(key, kind, pa.array(found.keys, pa.string()))
    columns = {
        "person_id": people,
        "other": hashes.take(pa.array(found.thing)),
        "kind": pa.repeat(kind, len(found.row)),
        "since": pa.array(first).cast(pa.date32()),
        "until": pa.array(last + 1, mask=~found.ended).cast(pa.date32()),
        "evidence": pa.array(words, pa.string()).take(pa.array(found.by_uprn.astype(np.int8))),
        "source": named.column("source").take(pa.array(found.row)),
    }
    return conform(SHARED_END, pa.table(columns))


def _days(times: pa.ChunkedArray) -> Ints:
    """Return days since 1970 of times in microseconds."""
    days: Ints = (pc.cast(times, pa.int64()).to_numpy() // 86_400_000_000).astype(np.int32)
    return days
