"""Who has an address or a telephone number in common with whom, without being a household?

A number or an address that a surgery, a care home or a hostel gives for its people says nothing about two of them, so
guards stand before every tie: what a restricted record carries, what is noted for a communal address, and what more
people have than a home holds makes none. The restricted and the dead are in no tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.linkage.columnar import Column
from washhouse.linkage.households import (
    MAX_PEOPLE,
    Array,
    Flags,
    Households,
    Places,
    Residents,
    hidden_people,
    names_a_place,
    read_places,
)

MAX_SHARERS_OF_PHONE = 6
"""People with one telephone number above which it is an organisation's (docs/adr/2026-11-26-relations.md)."""
MAX_SHARERS_OF_ADDRESS = MAX_PEOPLE
"""People who ever had one address above which it says nothing about two of them (same record)."""


SEALED, COMMUNAL, CROWDED = 1, 2, 4
"""What keeps a thing back: a restricted record has it, it is a communal place's, too many people have it."""
Guards = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Shared:
    """People who have a thing in common, a row for each person and thing; a thing has at least two people.

    Attributes:
        row: Row of the person's latest record that carries the thing.
        thing: Number of the thing, from 0; its people stand together.
        keys: What makes each thing; stays inside linkage.
        by_uprn: Whether an address is known by its UPRN rather than as written.
        ended: Whether the person's own latest record says something else.
        kept_back: Things that each guard kept back.
        guards: What keeps each thing back, those that tie nobody included: `SEALED`, `COMMUNAL`, `CROWDED`, added up.
    """

    row: npt.NDArray[np.int64]
    thing: npt.NDArray[np.int64]
    keys: tuple[str, ...]
    by_uprn: Flags
    ended: Flags
    kept_back: dict[str, int]
    guards: Guards


def shared_phones(residents: Residents, phone: Column) -> Shared:
    """Put people with the same telephone number together, behind the guards.

    Args:
        residents: One row per record; a person may have several, and several numbers.
        phone: Number of each record, standardised.
    """
    key = phone.codes.astype(np.int64)
    sealed, communal = np.zeros(len(phone.texts), dtype=bool), np.zeros(len(phone.texts), dtype=bool)
    sealed[key[(key >= 0) & residents.restricted]] = True
    communal[key[(key >= 0) & names_a_place(residents)]] = True
    row, crowded = _holders(residents, key, len(phone.texts), MAX_SHARERS_OF_PHONE)
    kept = _several(
        row[~(sealed | communal | crowded)[key[row]] & ~hidden_people(residents)[residents.person[row]]], key
    )
    distinct, thing = np.unique(key[kept], return_inverse=True)
    return Shared(
        row=kept,
        thing=thing.astype(np.int64),
        keys=tuple(phone.texts.take(pa.array(distinct)).to_pylist()),
        by_uprn=np.zeros(len(kept), dtype=bool),
        ended=np.zeros(len(kept), dtype=bool),
        kept_back=kept_back(guards_of(sealed, communal, crowded)),
        guards=guards_of(sealed, communal, crowded),
    )


def shared_addresses(residents: Residents, homes: Households, places: Places | None = None) -> Shared:
    """Put people together who have, or had, one address and are not all of its household.

    Args:
        residents: One row per record; a person may have several, with several addresses.
        homes: The households of the same records.
        places: Their addresses, where they were read already.
    """
    places = places or read_places(residents)
    count = len(places.sealed)
    row, crowded = _holders(residents, places.key, count, MAX_SHARERS_OF_ADDRESS)
    shown = ~(places.sealed | places.communal | crowded)[places.key[row]] & ~places.hidden[residents.person[row]]
    row = row[shown]
    # Where everybody who has the address is of its household, the household says it all.
    housed = np.bincount(places.key[homes.row], minlength=count)
    row = row[np.bincount(places.key[row], minlength=count)[places.key[row]] > housed[places.key[row]]]
    kept = _several(row, places.key)
    distinct, thing = np.unique(places.key[kept], return_inverse=True)
    now = np.full(len(places.hidden), -1, dtype=np.int64)
    now[residents.person[places.latest]] = places.key[places.latest]
    return Shared(
        row=kept,
        thing=thing.astype(np.int64),
        keys=tuple(places.texts(residents, distinct)),
        by_uprn=places.by_uprn[places.key[kept]],
        ended=now[residents.person[kept]] != places.key[kept],
        kept_back=kept_back(guards_of(places.sealed, places.communal, crowded)),
        guards=guards_of(places.sealed, places.communal, crowded),
    )


def _holders(residents: Residents, key: Array, count: int, most: int) -> tuple[Array, Flags]:
    """Give the latest record of each person and thing, and say which things have too many people."""
    held = np.flatnonzero(key >= 0)
    held = held[np.lexsort((residents.seen[held], residents.person[held], key[held]))]
    last = np.ones(len(held), dtype=bool)
    last[:-1] = (key[held][1:] != key[held][:-1]) | (residents.person[held][1:] != residents.person[held][:-1])
    row = held[last]
    return row, np.bincount(key[row], minlength=count) > most


def _several(row: Array, key: Array) -> Array:
    """Keep the rows of things that at least two people have."""
    _, thing, people = np.unique(key[row], return_inverse=True, return_counts=True)
    return row[people[thing] > 1]


def guards_of(sealed: Flags, communal: Flags, crowded: Flags) -> Guards:
    """Return what keeps each thing back."""
    guards: Guards = (SEALED * sealed + COMMUNAL * communal + CROWDED * crowded).astype(np.int8)
    return guards


def kept_back(guards: Guards, crowd: str = "too many people") -> dict[str, int]:
    """Count the things that each guard keeps back, each under the first."""
    return {
        "restricted": int((guards & SEALED > 0).sum()),
        "communal": int((guards & (SEALED | COMMUNAL) == COMMUNAL).sum()),
        crowd: int((guards == CROWDED).sum()),
    }
