"""Who shares a home, as far as that may be said?

An address makes a household only behind guards: a restricted address never does, nor does a place where many
unrelated people are registered, or whose name says that it is a care home, a hostel, a surgery or a prison. No extract
says who is staff, so there is no guard of their own: a member of staff who asked for restriction is restricted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage import standardise
from washhouse.linkage.columnar import Column, Ints, gather
from washhouse.linkage.hashes import Hashes, hash_columns

Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

MAX_PEOPLE = 10
"""People at one address above which it is taken for a communal one (docs/adr/2026-11-22-linkage-core.md)."""
MAX_FAMILIES = 4
"""Surnames at one address above which its people are taken to be unrelated."""
_COMMUNAL = re.compile(
    r"\b(CARE HOME|NURSING|RESIDENTIAL HOME|REST HOME|CARE CENTRE|HOSTEL|NIGHT SHELTER|SHELTER|REFUGE|SURGERY"
    r"|MEDICAL CENTRE|HEALTH CENTRE|MEDICAL PRACTICE|HOSPITAL|INFIRMARY|HOSPICE|CLINIC|WARD|PRISON|HMP|BARRACKS"
    r"|HALLS?( OF RESIDENCE)?$|STUDENT|HOTEL|BED AND BREAKFAST|APPROVED PREMISES|SUPPORTED LIVING"
    r"|SHELTERED|CARE OF|COUNCIL OFFICES?|COURT HOUSE|MISSION|CONVENT|SALVATION ARMY)\b"
)


@dataclass(frozen=True)
class Residents:
    """Addresses as records have them, a row for each record.

    Attributes:
        person: Number of the person, from 0.
        address: Written address, standardised.
        postcode: Postcode, standardised.
        uprn: Unique property reference number, standardised.
        surname: Surname, standardised.
        restricted: The record says that its address must not be shown.
        died: The person is known to have died.
        withheld: Any record of the person is restricted, with an address or without; or the person may be a former
            identity, see `sensitive`.
        seen: Orders a person's records: the address of the highest is the person's.
        place: Number of the record's address, see `place_numbers`; found out from these records if left out.
    """

    person: Ints
    address: Column
    postcode: Column
    uprn: Column
    surname: Column
    restricted: Flags
    died: Flags
    withheld: Flags
    seen: npt.NDArray[np.int64]
    place: Hashes | None = None


@dataclass(frozen=True)
class Households:
    """People who share a home, a row for each.

    Attributes:
        row: Row of the record whose address counts.
        home: Number of the household, from 0; its people stand together.
        keys: What makes each household's address; stays inside linkage.
        by_uprn: Whether the tie rests on the UPRN rather than on the written address.
        kept_back: Addresses that each guard kept back.
    """

    row: npt.NDArray[np.int64]
    home: npt.NDArray[np.int64]
    keys: tuple[str, ...]
    by_uprn: Flags
    kept_back: dict[str, int]


def address_key(address: str | None, postcode: str | None, uprn: str | None) -> str | None:
    """Return what makes two addresses one: the UPRN, else the written address with its postcode.

    >>> address_key("14 Mill Rd", "L8 1TN", None)
    'address:14 MILL ROAD|L81TN'
    """
    return _key(standardise.address(address) if address else None, postcode, uprn)


def _key(written: str | None, postcode: str | None, uprn: str | None) -> str | None:
    number = standardise.identifier(uprn) if uprn else None
    if number:
        return f"uprn:{number.lstrip('0')}"
    place = standardise.postcode(postcode) if postcode else None
    return f"address:{written}|{place}" if written and place else None


def is_communal(address: str | None) -> bool:
    """Say whether an address names a place where unrelated people live or are registered.

    >>> is_communal("Sunnyside Care Home, 2 Mill Road"), is_communal("2 Mill Road")
    (True, False)
    """
    return bool(address) and bool(_COMMUNAL.search(standardise.address(address or "") or ""))


def households(residents: Residents, places: Places | None = None) -> Households:
    """Put people who share a home together, behind the guards.

    Args:
        residents: One row per record; a person may have several.
        places: Their addresses, where they were read already.

    Returns:
        The people in a household of two or more.
    """
    places = places or read_places(residents)
    key, latest = places.key, places.latest
    open_to_all = ~(places.sealed | places.communal | places.crowded)
    members = latest[open_to_all[key[latest]] & ~places.hidden[residents.person[latest]]]
    together = np.bincount(key[members], minlength=len(open_to_all)) > 1
    members = members[together[key[members]]]
    members = members[np.lexsort((residents.person[members], key[members]))]
    distinct, home = np.unique(key[members], return_inverse=True)
    return Households(
        row=members,
        home=home.astype(np.int64),
        keys=tuple(places.texts(residents, distinct)),
        by_uprn=places.by_uprn[key[members]],
        kept_back={
            "restricted": int(places.sealed.sum()),
            "communal": int((places.communal & ~places.sealed).sum()),
            "many unrelated people": int((places.crowded & ~places.communal & ~places.sealed).sum()),
        },
    )


@dataclass(frozen=True)
class Places:
    """The addresses of records, numbered, and what the guards say of each.

    Attributes:
        key: Address of each record, -1 without one.
        number: By address: what it is, in 64 bits, see `place_numbers`.
        by_uprn: By address: a UPRN names it.
        sealed: By address: a record of it is restricted.
        communal: By address: its name says that unrelated people live or are registered there.
        crowded: By address: too many people, or too many who share no surname, have it last.
        hidden: By person: restricted anywhere, dead, or perhaps a former identity.
        latest: Of each person with an address, the row of the record whose address counts.
    """

    key: Array
    number: Hashes
    by_uprn: Flags
    sealed: Flags
    communal: Flags
    crowded: Flags
    hidden: Flags
    latest: Array

    def texts(self, residents: Residents, keys: Array) -> list[str]:
        """Write addresses out, see `address_key`; empty where a UPRN names one that no record here bears itself.

        That is so only among some people, of an address of others too: nothing may rest on it.
        """
        if not len(keys):
            return []
        told = np.full(len(self.number), -1, dtype=np.int64)
        # Of the records of one address any tells it, but one without a UPRN cannot tell that.
        able = np.flatnonzero((self.key >= 0) & ((residents.uprn.codes >= 0) | ~self.by_uprn[self.key]))
        told[self.key[able]] = able
        row = told[keys]
        uprn, address, postcode = (
            column.texts.take(pa.array(column.codes[row], mask=column.codes[row] < 0)).to_pylist()
            for column in (residents.uprn, residents.address, residents.postcode)
        )
        known = np.where(row < 0, -1, self.by_uprn[keys]).tolist()
        return [
            (f"uprn:{u.lstrip('0')}" if by_uprn else f"address:{a}|{p}") if by_uprn >= 0 else ""
            for by_uprn, u, a, p in zip(known, uprn, address, postcode, strict=True)
        ]


def read_places(residents: Residents) -> Places:
    """Number the addresses of records and apply the guards to each."""
    place = residents.place
    if place is None:
        place = settled_places(*place_numbers(residents.address, residents.postcode, residents.uprn))
    held = np.flatnonzero(place > 0)
    number, at = np.unique(place[held], return_inverse=True)
    key, count = np.full(len(place), -1, dtype=np.int64), len(number)
    key[held] = at
    sealed, communal = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    sealed[key[held[residents.restricted[held]]]] = True
    communal[key[held[names_a_place(residents)[held]]]] = True
    order = held[np.lexsort((residents.seen[held], residents.person[held]))]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = residents.person[order][1:] != residents.person[order][:-1]
    latest = order[last]
    crowded = _crowded(key[latest], residents.surname.codes[latest], count)
    by_uprn = number & np.uint64(1) == 1
    return Places(key, number, by_uprn, sealed, communal, crowded, hidden_people(residents), latest)


def hidden_people(residents: Residents) -> Flags:
    """Say of each person whether no tie may be told: restricted anywhere, dead, or perhaps a former identity."""
    hidden = np.zeros(int(residents.person.max(initial=-1)) + 1, dtype=bool)
    hidden[residents.person[residents.restricted | residents.withheld | residents.died]] = True
    return hidden


def names_a_place(residents: Residents) -> Flags:
    """Say of each record whether its written address is a communal one, see `is_communal`."""
    named = pc.match_substring_regex(residents.address.texts, _COMMUNAL.pattern).to_numpy(zero_copy_only=False)
    return np.asarray(gather(named.astype(np.int32), residents.address.codes) == 1)


def place_numbers(address: Column, postcode: Column, uprn: Column) -> tuple[Hashes, Hashes]:
    """Return what each record says of its address, in 64 bits: as written with its postcode, and by its UPRN.

    What it does not say is 0. Those of UPRNs are odd, those of written addresses even.
    """
    parts = [
        hash_columns([column.texts], what)[column.codes]
        if len(column.texts)
        else np.zeros(len(column.codes), np.uint64)
        for column, what in ((address, "address"), (postcode, "postcode"))
    ]
    written = (parts[0] * np.uint64(0x9E3779B97F4A7C15) + parts[1]) & ~np.uint64(1)
    written[(address.codes < 0) | (postcode.codes < 0)] = 0
    own = np.zeros(len(uprn.codes), dtype=np.uint64)
    if len(uprn.texts):
        numbers = hash_columns([pc.utf8_ltrim(uprn.texts, characters="0")], "uprn")
        own = np.where(uprn.codes >= 0, numbers[uprn.codes] | np.uint64(1), np.uint64(0))
    return written, own


def settled_places(written: Hashes, own: Hashes) -> Hashes:
    """Return the number of each record's address, 0 without one.

    A written address that other records always give with one UPRN is that UPRN's.

    Args:
        written: Each record's address as written, see `place_numbers`.
        own: The same by its UPRN.
    """
    place = np.where(own > 0, own, written)
    both, bare = np.flatnonzero((written > 0) & (own > 0)), np.flatnonzero((written > 0) & (own == 0))
    if not len(both) or not len(bare):
        return place
    both = both[np.argsort(written[both], kind="stable")]
    starts = np.flatnonzero(np.append(True, written[both][1:] != written[both][:-1]))
    low, high = (f.reduceat(own[both], starts) for f in (np.minimum, np.maximum))
    single = low == high
    of, number = written[both][starts][single], low[single]
    if len(of):
        at = np.minimum(np.searchsorted(of, written[bare]), len(of) - 1)
        same = of[at] == written[bare]
        place[bare[same]] = number[at[same]]
    return place


def _crowded(key: Array, surname: Ints, count: int) -> Flags:
    """Say of each address whether too many people, or too many who share no surname, are registered there."""
    people = np.bincount(key, minlength=count)
    named = surname >= 0
    pairs = np.unique(key[named] * (int(surname.max(initial=0)) + 1) + surname[named])
    families = np.bincount(pairs // (int(surname.max(initial=0)) + 1), minlength=count)
    return (people > MAX_PEOPLE) | ((people > MAX_FAMILIES) & (families > MAX_FAMILIES))
