"""What does a sender write down about who somebody is, and what goes wrong?

A record is written at registration and, for some, brought up to date once: a new address, a married name. Slips stay as
they were made. They follow the person as well as the sender: they are more frequent for people of minority ethnic
groups, in deprived areas and without a fixed home.

References:
    Hagger-Johnson et al. 2017, doi:10.1136/bmjopen-2016-015020 (missed matches in hospital data more frequent for
    minority ethnic and deprived people). Missing NHS numbers of 10 to 50 % by source, about 0.5 % wrong ones, sex wrong
    in about 0.1 %: LINKAGE.md. The other rates are the city's own; `effects.json` holds them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.columns import Array
from washhouse.synthetic.name_errors import NICKNAMES, compound, misspell
from washhouse.synthetic.places import NOWHERE, ORDINARY, address_lines, uprn_numbers
from washhouse.synthetic.population import Population

SLICE_RECORDS = 65_536
"""Records whose names and addresses are held as Python text at a time; the text does not depend on it."""


@dataclass(frozen=True)
class Quality:
    """How often a sender gets what wrong: shares of records, before the person's own factor.

    Attributes:
        nhs_missing: No NHS number.
        nhs_wrong: Somebody else's valid NHS number.
        nhs_typo: One digit of the NHS number is wrong, so that it is no valid number.
        nhs_superseded: The old number, of those who have one.
        first_typo: A slip in the given name.
        surname_typo: A slip in the surname.
        nickname: A short or other form of the given name.
        compound: A second given name run in, or a double surname.
        swapped: Given name and surname exchanged.
        maiden: The surname at birth, of those who changed it.
        day_month: Day and month exchanged, where that is a date.
        year_off: A year too early or late.
        first_january: 1 January of the right year.
        day_wrong: Another day of the month.
        sex_wrong: The other sex.
        old_address: An address lived at before.
        elsewhere: An address of nobody in the household (a relative's, a slip).
        address_missing: No address line; mostly no postcode either.
        address_typo: A slip in the address line.
        uprn_missing: No property number.
        phone_missing: No phone number.
        phone_other: Another phone number than elsewhere.
        updated: The record is brought up to date once.
    """

    nhs_missing: float
    nhs_wrong: float = 0.003
    nhs_typo: float = 0.004
    nhs_superseded: float = 0.5
    first_typo: float = 0.045
    surname_typo: float = 0.05
    nickname: float = 0.12
    compound: float = 0.02
    swapped: float = 0.006
    maiden: float = 0.08
    day_month: float = 0.008
    year_off: float = 0.006
    first_january: float = 0.006
    day_wrong: float = 0.008
    sex_wrong: float = 0.001
    old_address: float = 0.08
    elsewhere: float = 0.02
    address_missing: float = 0.02
    address_typo: float = 0.06
    uprn_missing: float = 0.3
    phone_missing: float = 0.25
    phone_other: float = 0.12
    updated: float = 0.5


@dataclass
class Identities:
    """States of records, one entry each: what the sender holds from a day on.

    Text is Arrow's, so that a city of a million needs no Python object a name. Missing text is null, a missing
    number 0.

    Attributes:
        record: Number of the record.
        person: Person.
        since: Day from which this state holds.
        nhs: NHS number.
        first_name: Given name.
        surname: Surname.
        birth: Day of birth.
        sex: 0 female, 1 male.
        where: Address on file.
        address: Address line.
        postcode: Postcode.
        uprn: Property number.
        phone: Phone number without its leading 0.
        restricted: Address must not be shown.
    """

    record: Array
    person: Array
    since: Array
    nhs: Array
    first_name: pa.Array
    surname: pa.Array
    birth: Array
    sex: Array
    where: Array
    address: pa.Array
    postcode: pa.Array
    uprn: Array
    phone: Array
    restricted: Array


Chance = Callable[[float], Array]
"""Which records something of the given rate happens to."""


def disadvantage(population: Population, person: Array) -> Array:
    """Return the factor by which errors are more frequent for each person, 0.85 to about 4."""
    minority = population.ethnic[person] != 0
    deprived = population.decile()[person] <= 2
    homeless = population.addresses.kind[population.address[0, person]] == NOWHERE
    return np.where(minority, 1.6, 0.85) * np.where(deprived, 1.25, 1.0) * np.where(homeless, 2.2, 1.0)


def make_identities(
    population: Population,
    person: Array,
    since: Array,
    until: Array,
    quality: Quality,
    rng: np.random.Generator,
    *,
    follows_moves: bool = False,
    slice_records: int = SLICE_RECORDS,
) -> Identities:
    """Return what a sender holds about its records.

    Args:
        population: Everybody.
        person: Person of each record.
        since: Day of the registration.
        until: Last day on which the sender saw the person.
        quality: How well the sender writes.
        rng: Random numbers.
        follows_moves: Updates come some time after a move, not with the sender's own business.
        slice_records: Records written out as text at a time.
    """
    n = len(person)
    factor = disadvantage(population, person)

    def happens(rate: float) -> Array:
        return rng.random(n) < np.minimum(rate * factor, 0.9)

    updated = (rng.random(n) < quality.updated) & (until > since + 1)
    update = since + 1 + ((until - since - 1) * np.sqrt(rng.random(n))).astype(np.int64)
    if follows_moves:
        second = population.moved[1, person] <= until
        moved = np.where(second, population.moved[1, person], population.moved[0, person]).astype(np.int64)
        update = np.maximum(moved, since) + rng.integers(3, 250, n)
        updated &= (moved <= until) & (update <= until)
    nhs = _nhs_numbers(population, person, quality, factor, happens, rng)
    birth = _birth_dates(population, person, since, quality, happens, rng)
    sex = population.sex[person].astype(np.int64)
    flip = rng.random(n) < quality.sex_wrong
    sex[flip] = 1 - sex[flip]
    where = _addresses(population, person, since, quality, happens, rng)
    later = population.address_on(person, update)
    slips = _name_slips(quality, happens, rng, n)
    married = (population.renamed[person] > since) & (population.renamed[person] <= update)
    again = np.flatnonzero(updated & ((later != where) | married))
    typo = happens(quality.address_typo)
    lost = happens(quality.address_missing)
    phone = np.where(rng.random(n) < quality.phone_missing, 0, population.phone[person])
    other = np.flatnonzero((rng.random(n) < quality.phone_other) & (phone > 0))
    phone[other] = 7_700_900_000 + rng.integers(0, 100_000_000, len(other))
    no_uprn = rng.random(n) < quality.uprn_missing
    no_postcode = lost & (rng.random(n) < 0.7)

    rows = np.r_[np.arange(n), again]
    state_since = np.r_[since, update[again]]
    place = np.r_[where, later[again]]
    draws = rng.integers(0, 1 << 40, n)
    given, surnames = (np.array(names, dtype=object) for names in (population.names.given, population.names.surnames))
    parts: tuple[list[pa.Array], ...] = ([], [], [], [])
    for begin in range(0, len(rows), slice_records):
        some = slice(begin, begin + slice_records)
        record = rows[some]
        first, surname = _names(population, given, surnames, person[record], state_since[some], slips, record)
        address, postcode = address_lines(population.addresses, place[some], population.places)
        for row in np.flatnonzero(typo[record]).tolist():
            address[row] = misspell(address[row], int(draws[record[row]]))
        address[lost[record]] = None
        postcode[no_postcode[record]] = None
        for held, text in zip(parts, (first, surname, address, postcode), strict=True):
            held.append(pa.array(text, pa.string()))
    first, surname, address, postcode = (pa.concat_arrays(held) for held in parts)
    uprn = uprn_numbers(place)
    uprn[lost[rows] | no_uprn[rows] | (population.addresses.kind[place] == NOWHERE)] = 0
    return Identities(
        rows, person[rows], state_since, nhs[rows], first, surname, birth[rows], sex[rows], place, address, postcode,
        uprn, phone[rows], population.restricted[person[rows]],
    )  # fmt: skip


def _nhs_numbers(
    population: Population, person: Array, quality: Quality, factor: Array, happens: Chance, rng: np.random.Generator
) -> Array:
    n = len(person)
    old = population.nhs_old[person]
    nhs = np.where((old > 0) & (rng.random(n) < quality.nhs_superseded), old, population.nhs[person])
    wrong = np.flatnonzero(happens(quality.nhs_wrong))
    near = np.clip(person[wrong] + rng.integers(1, 4, len(wrong)), 0, population.count - 1)
    anybody = rng.integers(0, population.count, len(wrong))
    nhs[wrong] = population.nhs[np.where(rng.random(len(wrong)) < 0.5, near, anybody)]
    chance, missing = rng.random(n), np.minimum(quality.nhs_missing * (0.8 + 0.2 * factor), 0.95)
    typed = np.flatnonzero((chance >= missing) & (chance < missing + quality.nhs_typo * factor))
    place = 10 ** rng.integers(0, 7, len(typed))
    digit = nhs[typed] // place % 10
    nhs[typed] += ((digit + rng.integers(1, 10, len(typed))) % 10 - digit) * place
    nhs[chance < missing] = 0
    return nhs


def _addresses(
    population: Population, person: Array, since: Array, quality: Quality, happens: Chance, rng: np.random.Generator
) -> Array:
    """Return the address on file at registration: today's, an earlier one, or somebody else's."""
    stale = happens(quality.old_address)
    where = population.address_on(person, np.where(stale, since - rng.integers(200, 2500, len(person)), since))
    same = stale & (where == population.address_on(person, since))
    strange = np.flatnonzero((same & (rng.random(len(person)) < 0.7)) | happens(quality.elsewhere))
    pick = rng.integers(0, len(population.addresses.area), len(strange))
    ordinary = population.addresses.kind[pick] == ORDINARY
    where[strange[ordinary]] = pick[ordinary]
    return where


@dataclass
class _Slips:
    """Which records have which slip in a name, and the draws that decide how."""

    maiden: Array
    nickname: Array
    first: Array
    surname: Array
    compound: Array
    swapped: Array
    draws: Array


def _name_slips(quality: Quality, happens: Chance, rng: np.random.Generator, n: int) -> _Slips:
    return _Slips(
        happens(quality.maiden), happens(quality.nickname), happens(quality.first_typo), happens(quality.surname_typo),
        happens(quality.compound), happens(quality.swapped), rng.integers(0, 1 << 40, (n, 4)),
    )  # fmt: skip


def _names(
    population: Population,
    given: Array,
    surnames: Array,
    person: Array,
    since: Array,
    slips: _Slips,
    record: Array,
) -> tuple[Array, Array]:
    first = given[population.given[person]]
    single = since < population.renamed[person]
    outdated = (population.surname[person] != population.maiden[person]) & slips.maiden[record]
    maiden = (single & (population.renamed[person] < NEVER)) | outdated
    surname = surnames[np.where(maiden, population.maiden[person], population.surname[person])]
    draws = slips.draws[record]
    for row in np.flatnonzero(slips.nickname[record]).tolist():
        short = NICKNAMES.get(first[row])
        if short:
            first[row] = short[int(draws[row, 0]) % len(short)]
    for row in np.flatnonzero(slips.first[record]).tolist():
        first[row] = misspell(first[row], int(draws[row, 1]))
    for row in np.flatnonzero(slips.surname[record]).tolist():
        surname[row] = misspell(surname[row], int(draws[row, 2]))
    for row in np.flatnonzero(slips.compound[record]).tolist():
        first[row], surname[row] = compound(
            first[row], surname[row], surnames[population.maiden[person[row]]], int(draws[row, 3])
        )
    swap = slips.swapped[record]
    first[swap], surname[swap] = surname[swap], first[swap]
    return first, surname


def _birth_dates(
    population: Population, person: Array, since: Array, quality: Quality, happens: Chance, rng: np.random.Generator
) -> Array:
    birth = population.birth[person].astype("datetime64[D]")
    month = birth.astype("datetime64[M]")
    year = birth.astype("datetime64[Y]")
    day_of_month = (birth - month).astype(np.int64) + 1
    month_of_year = (month - year.astype("datetime64[M]")).astype(np.int64) + 1
    swapped = happens(quality.day_month) & (day_of_month <= 12)
    exchanged = (year.astype("datetime64[M]") + (day_of_month - 1)).astype("datetime64[D]") + (month_of_year - 1)
    shifted = (month + np.where(rng.random(len(person)) < 0.5, 12, -12)).astype("datetime64[D]")
    shifted = shifted + (np.minimum(day_of_month, 28) - 1)
    another = month.astype("datetime64[D]") + rng.integers(0, 28, len(person))
    result = np.where(swapped, exchanged, birth)
    result = np.where(happens(quality.year_off), shifted, result)
    result = np.where(happens(quality.day_wrong), another, result)
    result = np.where(happens(quality.first_january), year.astype("datetime64[D]"), result)
    return np.where(result.astype(np.int64) <= since, result, birth).astype(np.int64)
