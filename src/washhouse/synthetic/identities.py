"""What does a sender write down about who somebody is, and what goes wrong?

Errors follow the person as well as the sender: they are more frequent for people of minority ethnic groups, in deprived
areas and without a fixed home.

References:
    Hagger-Johnson et al. 2017, doi:10.1136/bmjopen-2016-015020 (missed matches in HES more frequent for minority
    ethnic, deprived and young people). Missing NHS numbers of 10 to 50 % by source and about 0.5 % wrong ones:
    LINKAGE.md's measured case. Sex or birth date wrong in 0.1 %: the same page. Other rates are the city's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import NEVER, date_of, day_number
from washhouse.synthetic.columns import Array
from washhouse.synthetic.name_errors import NICKNAMES, misspell
from washhouse.synthetic.places import NOWHERE, address_lines, uprn_numbers
from washhouse.synthetic.population import Population


@dataclass(frozen=True)
class Quality:
    """How often a sender gets what wrong; rates per record before the person's own factor."""

    nhs_missing: float
    nhs_wrong: float = 0.004
    nhs_superseded: float = 0.5
    name_typo: float = 0.05
    nickname: float = 0.08
    swapped: float = 0.006
    maiden: float = 0.06
    day_month: float = 0.006
    year_off: float = 0.006
    first_january: float = 0.004
    date_typo: float = 0.006
    sex_wrong: float = 0.001
    old_address: float = 0.10
    address_missing: float = 0.02
    address_typo: float = 0.05
    uprn_missing: float = 0.3
    phone_missing: float = 0.25


@dataclass
class Identities:
    """One entry per record: what the sender holds. Missing text is `None`, a missing number 0, a missing day `NEVER`."""

    person: Array
    nhs: Array
    first_name: Array
    surname: Array
    birth: Array
    sex: Array
    postcode: Array
    address: Array
    uprn: Array
    phone: Array
    restricted: Array


def disadvantage(population: Population, person: Array) -> Array:
    """Return the factor by which errors are more frequent for each person (1 to about 4)."""
    minority = population.ethnic[person] != 0
    deprived = population.decile()[person] <= 2
    homeless = population.addresses.kind[population.address[0, person]] == NOWHERE
    return np.where(minority, 1.6, 1.0) * np.where(deprived, 1.25, 1.0) * np.where(homeless, 2.2, 1.0)


def make_identities(
    population: Population, person: Array, since: Array, quality: Quality, rng: np.random.Generator
) -> Identities:
    """Return what a sender holds about people registered on the given days."""
    n = len(person)
    factor = disadvantage(population, person)

    def happens(rate: float, cap: float = 0.9) -> Array:
        return rng.random(n) < np.minimum(rate * factor, cap)

    nhs = population.nhs[person].copy()
    old = population.nhs_old[person]
    nhs = np.where((old > 0) & (rng.random(n) < quality.nhs_superseded), old, nhs)
    wrong = np.flatnonzero(happens(quality.nhs_wrong))
    nearby = np.clip(person[wrong] + rng.integers(1, 4, len(wrong)), 0, population.count - 1)
    nhs[wrong] = population.nhs[np.where(rng.random(len(wrong)) < 0.5, nearby, rng.integers(0, population.count, len(wrong)))]
    nhs[rng.random(n) < np.minimum(quality.nhs_missing * (0.75 + 0.25 * factor), 0.95)] = 0

    first, surname = _names(population, person, since, quality, happens, rng)
    birth = _birth_dates(population, person, quality, happens, rng)
    sex = population.sex[person].copy()
    flip = rng.random(n) < quality.sex_wrong
    sex[flip] = 1 - sex[flip]

    stale = happens(quality.old_address)
    seen = np.where(stale, since - rng.integers(200, 2500, n), since)
    where = population.address_on(person, seen)
    moved_before = np.flatnonzero(stale & (where == population.address[0, person]) & (rng.random(n) < 0.6))
    where[moved_before] = rng.integers(0, len(population.addresses.area), len(moved_before))
    where[population.addresses.kind[where] != 0] = population.address_on(person, since)[
        population.addresses.kind[where] != 0
    ]
    address, postcode = address_lines(population.addresses, where, population.places)
    for row in np.flatnonzero(happens(quality.address_typo)).tolist():
        address[row] = misspell(address[row], int(rng.integers(0, 1 << 30)))
    lost = happens(quality.address_missing)
    address[lost] = None
    postcode[lost & (rng.random(n) < 0.7)] = None
    uprn = uprn_numbers(where)
    uprn[lost | (rng.random(n) < quality.uprn_missing) | (population.addresses.kind[where] == NOWHERE)] = 0
    phone = population.phone[person].copy()
    phone[rng.random(n) < quality.phone_missing] = 0
    changed = np.flatnonzero(rng.random(n) < 0.12)
    phone[changed] = 7_700_900_000 + rng.integers(0, 100_000_000, len(changed))
    return Identities(
        person, nhs, first, surname, birth, sex, postcode, address, uprn, phone, population.restricted[person]
    )


def _names(population, person, since, quality, happens, rng):  # type: ignore[no-untyped-def]
    given = np.array(population.names.given, dtype=object)
    surnames = np.array(population.names.surnames, dtype=object)
    first = given[population.given[person]]
    before = (population.renamed[person] < NEVER) & (since < population.renamed[person])
    outdated = (population.surname[person] != population.maiden[person]) & happens(quality.maiden)
    surname = surnames[np.where(before | outdated, population.maiden[person], population.surname[person])]
    for row in np.flatnonzero(happens(quality.nickname)).tolist():
        short = NICKNAMES.get(first[row])
        if short:
            first[row] = short[int(rng.integers(0, len(short)))]
    for row in np.flatnonzero(happens(quality.name_typo)).tolist():
        first[row] = misspell(first[row], int(rng.integers(0, 1 << 30)))
    for row in np.flatnonzero(happens(quality.name_typo)).tolist():
        surname[row] = misspell(surname[row], int(rng.integers(0, 1 << 30)))
    swap = happens(quality.swapped)
    first[swap], surname[swap] = surname[swap], first[swap]
    return first, surname


def _birth_dates(population, person, quality, happens, rng):  # type: ignore[no-untyped-def]
    birth = population.birth[person].astype(np.int64)
    kinds = (
        (quality.day_month, "swap"),
        (quality.year_off, "year"),
        (quality.first_january, "january"),
        (quality.date_typo, "typo"),
    )
    for rate, kind in kinds:
        for row in np.flatnonzero(happens(rate)).tolist():
            day = date_of(birth[row])
            if kind == "swap" and day.day <= 12:
                day = day.replace(month=day.day, day=day.month)
            elif kind == "year":
                day = day.replace(year=day.year + (1 if rng.random() < 0.5 else -1), day=min(day.day, 28))
            elif kind == "january":
                day = day.replace(month=1, day=1)
            elif kind == "typo":
                day = day.replace(day=int(rng.integers(1, 29)))
            birth[row] = day_number(day)
    return birth
