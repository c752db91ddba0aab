"""Which homes, telephone numbers and addresses do the people of a linkage have in common, as a table?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.schemas import conform
from washhouse.linkage.columnar import Column
from washhouse.linkage.encode import Ints
from washhouse.linkage.hashes import Hashes, hash_columns
from washhouse.linkage.households import Flags, Residents, households, place_numbers, read_places, settled_places
from washhouse.linkage.lookup import among
from washhouse.linkage.person_ids import Key, keyed_ids
from washhouse.linkage.sensitive import meeting_points
from washhouse.linkage.shared import Guards, Shared, guards_of, kept_back, shared_addresses, shared_phones
from washhouse.linkage.tables import SHARED_END

_SOURCE_ORDER = ("gp", "mental_health", "hospital", "social_care")
"""Whose address is taken where several were seen equally lately."""
_ADDRESS_WORDS = ("same address and postcode", "same address, by its property reference (UPRN)")
_PHONE_WORDS = ("same telephone number",)
_SEEN = ("first_seen", "last_seen")


KINDS = ("household", "phone", "address")
CROWDS = {"household": "many unrelated people"}
"""What the guard against crowds is called, where it is not `shared.kept_back`'s own word."""


@dataclass(frozen=True)
class Carried:
    """What records carry that ties may rest on, in numbers of 64 bits; 0 where they say nothing.

    Attributes:
        written: Each clear record's address as written, see `households.place_numbers`.
        own: The same by its UPRN.
        place: The same, settled, see `households.settled_places`.
        phone: Each clear record's telephone number.
        points: Where each record, pseudonymous ones included, may meet another: see `sensitive.meeting_points`.
        former: Whether each record's person may be a former identity, see `sensitive.former_identities`.
    """

    written: Hashes
    own: Hashes
    place: Hashes
    phone: Hashes
    points: tuple[Hashes, Hashes]
    former: Flags


@dataclass(frozen=True)
class SharedEnds:
    """What people have in common.

    Attributes:
        table: See `tables.SHARED_END`.
        thing: What each row shares, in 64 bits, see `Carried`.
        guards: By kind the things that there are, ascending, and what keeps each back, see `shared.guards_of`.
    """

    table: pa.Table
    thing: Hashes
    guards: Mapping[str, tuple[Hashes, Guards]]

    def summary(self) -> dict[str, Any]:
        """Tell a steward what ties how many people, and what each guard kept back; ready for JSON."""
        told = {kind: self._told(kind) for kind in KINDS}
        home = told["household"]
        return {
            "households": home["shared"],
            "people_in_households": home["people"],
            "addresses_kept_back": home["kept_back"],
            "shared": {"phones": told["phone"], "addresses": told["address"]},
        }

    def _told(self, kind: str) -> dict[str, Any]:
        mine = np.flatnonzero(pc.equal(self.table.column("kind"), kind).to_numpy(zero_copy_only=False))
        # Rows are sorted by person.
        whose = self.table.column("person_id").take(pa.array(mine)).combine_chunks()
        people = min(len(mine), 1) + (pc.sum(pc.not_equal(whose[1:], whose[:-1])).as_py() or 0)
        guards = self.guards[kind][1]
        crowd = (CROWDS[kind],) if kind in CROWDS else ()
        return {"shared": len(np.unique(self.thing[mine])), "people": people, "kept_back": kept_back(guards, *crowd)}


def carried_by(table: pa.Table, clear: npt.NDArray[np.int64], standard: Mapping[str, Column], former: Flags) -> Carried:
    """Return what records carry.

    Args:
        table: Identities.
        clear: Rows under a clear identity.
        standard: Standard forms of those rows' fields, by the field.
        former: Whether each record's person may be a former identity.
    """
    written, own, phone = numbers_carried(standard, len(clear))
    return Carried(written, own, settled_places(written, own), phone, meeting_points(table), former)


def numbers_carried(standard: Mapping[str, Column], records: int) -> tuple[Hashes, Hashes, Hashes]:
    """Return the addresses as written and by UPRN, and the telephone numbers, of clear records; see `Carried`."""
    address, postcode, uprn, phone = (
        standard.get(name, _nothing(records)) for name in ("address", "postcode", "uprn", "phone")
    )
    called = np.zeros(records, dtype=np.uint64)
    if len(phone.texts):
        called = np.where(phone.codes >= 0, hash_columns([phone.texts], "phone")[phone.codes] | np.uint64(1), called)
    return *place_numbers(address, postcode, uprn), called


def find_shared(
    table: pa.Table,
    clear: npt.NDArray[np.int64],
    standard: Mapping[str, Column],
    person: Ints,
    ids: pa.StringArray,
    key: Key,
    carried: Carried,
    only: Hashes | None = None,
    known: Mapping[str, tuple[Hashes, pa.Array]] | None = None,
) -> SharedEnds:
    """Find what people have in common, behind the guards of `households` and `shared`.

    Args:
        table: All identities of some people.
        clear: Rows of them under a clear identity.
        standard: Standard forms of those rows' fields, by the field.
        person: Number of each identity's person.
        ids: Id of each person.
        key: Keyed hash (HMAC-SHA-256) under the vault's key: nothing that is shared is told in clear.
        carried: What the identities carry.
        only: The things to tell of, ascending; all if left out. Guards are told of all.
        known: By kind things whose keyed hashes are at hand, ascending, and those hashes.
    """
    named = table.take(pa.array(clear)) if len(clear) < table.num_rows else table
    residents = read_residents(named, table, clear, standard, person, carried)
    places = read_places(residents)
    homes = households(residents, places)
    phone = standard.get("phone", _nothing(named.num_rows))
    phones = shared_phones(residents, phone)
    addresses = shared_addresses(residents, homes, places)
    guards = guards_of(places.sealed, places.communal, places.crowded)
    nobody = np.zeros(len(homes.row), dtype=bool)
    home = Shared(homes.row, homes.home, homes.keys, homes.by_uprn, nobody, homes.kept_back, guards)
    parts, things = [], []
    for kind, found, words, number in (
        ("household", home, _ADDRESS_WORDS, carried.place),
        ("phone", phones, _PHONE_WORDS, carried.phone),
        ("address", addresses, _ADDRESS_WORDS, carried.place),
    ):
        thing = number[found.row]
        chosen = np.arange(len(thing)) if only is None else among(thing, only)
        people = ids.take(pa.array(residents.person[found.row[chosen]]))
        things.append(thing[chosen])
        asked, at = np.unique(things[-1], return_index=True)
        others = _keyed(kind, asked, found, found.thing[chosen[at]], key, (known or {}).get(kind))
        others = others.take(pa.array(np.searchsorted(asked, things[-1])))
        parts.append(_rows(kind, found, chosen, words, people, others, named))
    rows = pa.concat_tables(parts)
    order = pc.sort_indices(rows, [(name, "ascending") for name in SHARED_END.order])
    number = np.zeros(len(phone.texts), dtype=np.uint64)
    number[phone.codes[phone.codes >= 0]] = carried.phone[phone.codes >= 0]
    by_number = np.argsort(number)
    return SharedEnds(
        rows.take(order),
        np.concatenate(things)[order.to_numpy()],
        {
            "household": (places.number, guards),
            "phone": (number[by_number], phones.guards[by_number]),
            "address": (places.number, addresses.guards),
        },
    )


def read_residents(
    named: pa.Table,
    table: pa.Table,
    clear: npt.NDArray[np.int64],
    standard: Mapping[str, Column],
    person: Ints,
    carried: Carried,
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
        **{name: standard.get(name, nothing) for name in ("address", "postcode", "uprn", "surname")},
        restricted=named.column("restricted").to_numpy(zero_copy_only=False).astype(bool),
        died=of_anyone(pc.is_valid(table.column("death_date"))),
        withheld=of_anyone(table.column("restricted")) | carried.former[clear],
        seen=seen,
        place=carried.place,
    )


def _nothing(rows: int) -> Column:
    """A field that no record has."""
    return Column(np.full(rows, -1, dtype=np.int32), pa.array([], pa.string()), 0)


def _keyed(
    kind: str,
    things: Hashes,
    found: Shared,
    of: npt.NDArray[np.integer[Any]],
    key: Key,
    known: tuple[Hashes, pa.Array] | None,
) -> pa.StringArray:
    """Return the keyed hashes of things, ascending, each of which is one of what was found.

    A thing says the same as what it is made of, so that a hash made earlier is that of today.
    """
    held, hashes = known if known is not None else (np.empty(0, dtype=np.uint64), pa.array([], pa.string()))
    place = np.searchsorted(held, things)
    new = np.ones(len(things), dtype=bool)
    inside = np.flatnonzero(place < len(held))
    new[inside] = held[place[inside]] != things[inside]
    made = keyed_ids(key, kind, pa.array(found.keys, pa.string()).take(pa.array(of[new])))
    place[new] = len(held) + np.arange(int(new.sum()))
    return pa.concat_arrays([hashes, made]).take(pa.array(place))


def _rows(
    kind: str,
    found: Shared,
    chosen: npt.NDArray[np.int64],
    words: tuple[str, ...],
    people: pa.StringArray,
    others: pa.StringArray,
    named: pa.Table,
) -> pa.Table:
    """Return some rows of what is shared in one way."""
    row = found.row[chosen]
    first, last = (_days(named.column(name))[row] for name in _SEEN)
    columns = {
        "person_id": people,
        "other": others,
        "kind": pa.repeat(kind, len(row)),
        "since": pa.array(first).cast(pa.date32()),
        "until": pa.array(last + 1, mask=~found.ended[chosen]).cast(pa.date32()),
        "evidence": pa.array(words, pa.string()).take(pa.array(found.by_uprn[chosen].astype(np.int8))),
        "source": named.column("source").take(pa.array(row)),
    }
    return conform(SHARED_END, pa.table(columns))


def _days(times: pa.ChunkedArray) -> Ints:
    """Return days since 1970 of times in microseconds."""
    days: Ints = (pc.cast(times, pa.int64()).to_numpy() // 86_400_000_000).astype(np.int32)
    return days
