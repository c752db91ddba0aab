"""Who shares a home, as far as that may be said?

An address makes a household only behind guards: a restricted address never does, nor does a place where many
unrelated people are registered, or whose name says that it is a care home, a hostel, a surgery or a prison. No extract
says who is staff, so there is no guard of their own: a member of staff who asked for restriction is restricted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from washhouse.linkage import standardise

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


@dataclass(frozen=True, slots=True)
class Resident:
    """One person's address, as one record has it.

    Attributes:
        person_id: The person.
        address: Address as sent.
        postcode: Postcode as sent.
        uprn: Unique property reference number as sent.
        surname: Surname as sent.
        restricted: The record says that its address must not be shown.
        since: Day from which the record is known.
        seen: Orders a person's records: the address of the highest is the person's.
        died: True where the person is known to have died.
        withheld: True where any record of the person is restricted, with an address or without.
    """

    person_id: str
    address: str | None
    postcode: str | None
    uprn: str | None
    surname: str | None
    restricted: bool
    since: date | None
    seen: tuple[object, ...]
    died: bool = False
    withheld: bool = False


@dataclass(frozen=True)
class Household:
    """One person's place in a household; `key` is the address and stays inside linkage."""

    person_id: str
    key: str
    since: date | None
    evidence: str


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


def households(residents: Sequence[Resident]) -> tuple[list[Household], dict[str, int]]:
    """Put people who share a home together, behind the guards.

    Args:
        residents: One row per record that has an address; a person may have several.

    Returns:
        One row per person in a household of two or more, by address and person; and how many addresses each guard
        kept back.
    """
    sealed, communal, keys = set(), set(), {}
    known: dict[tuple[str | None, str | None, str | None], tuple[str | None, bool]] = {}
    for i, r in enumerate(residents):
        place = (r.address, r.postcode, r.uprn)
        if place not in known:
            written = standardise.address(r.address) if r.address else None
            known[place] = _key(written, *place[1:]), bool(written and _COMMUNAL.search(written))
        key, shared = known[place]
        keys[i] = key
        if key and r.restricted:
            sealed.add(key)
        if key and shared:
            communal.add(key)
    hidden = {r.person_id for r in residents if r.restricted or r.withheld or r.died}
    home: dict[str, int] = {}
    for i, r in enumerate(residents):
        best = home.get(r.person_id)
        if keys[i] and (best is None or residents[best].seen < r.seen):
            home[r.person_id] = i
    people: dict[str, list[int]] = {}
    for i in home.values():
        people.setdefault(keys[i] or "", []).append(i)
    crowded = {key for key, rows in people.items() if _is_crowded([residents[i] for i in rows])}
    found = []
    for key in sorted(people.keys() - sealed - communal - crowded):
        members = sorted(
            (i for i in people[key] if residents[i].person_id not in hidden), key=lambda i: residents[i].person_id
        )
        if len(members) > 1:
            words = "same property reference (UPRN)" if key.startswith("uprn:") else "same address and postcode"
            found += [Household(residents[i].person_id, key, residents[i].since, words) for i in members]
    kept_back = {
        "restricted": len(sealed),
        "communal": len(communal - sealed),
        "many unrelated people": len(crowded - communal - sealed),
    }
    return found, kept_back


def _is_crowded(residents: Sequence[Resident]) -> bool:
    """Say whether too many people, or too many who share no surname, are registered at one address."""
    if len(residents) <= MAX_FAMILIES or len(residents) > MAX_PEOPLE:
        return len(residents) > MAX_PEOPLE
    surnames = {standardise.name(r.surname) for r in residents if r.surname}
    return len(surnames - {None}) > MAX_FAMILIES
