"""Who lives in the city, where, under which name, and from when to when?

References:
    Death rates: England and Wales life tables, as a Gompertz curve (about 1.6 % a year at 65, doubling every 7 years),
    raised 1.6-fold in the most deprived tenth. Moves: about one household in eleven a year, more often when young.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import households as hh
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.names import CATEGORIES, COMMUNITIES, ERAS, Names, draw_communities, load_names
from washhouse.synthetic.nhs_numbers import draw_nhs_numbers
from washhouse.synthetic.places import (
    CARE_HOME,
    HALL,
    HOSTEL,
    NOWHERE,
    ORDINARY,
    Addresses,
    Places,
    join_addresses,
    make_addresses,
    make_places,
)
from washhouse.synthetic.streams import Streams

YEAR = 365.25
SUPERSEDED_ONE_IN = 120
"""One person in so many was given two NHS numbers."""


@dataclass
class Population:
    """Everybody who lives in the city at some time: one entry per person.

    Attributes:
        places: Small areas and practices.
        addresses: Every address used.
        names: Vocabulary of names.
        household: Number of the household at the start; a resident of a communal address has one of their own.
        role: Role in it.
        sex: 0 female, 1 male.
        birth: Day of birth.
        death: Day of death, or `NEVER`.
        arrival: First day in the city; long before the start for most.
        departure: Day of leaving the city, or `NEVER`.
        ethnic: Index into the ethnic categories A to S.
        given: Given name.
        surname: Surname now.
        maiden: Surname at birth; equal to `surname` for most.
        renamed: Day of the change of surname, or `NEVER` where there was none.
        nhs: NHS number.
        nhs_old: Superseded NHS number, 0 for none.
        address: Three addresses in order of time.
        moved: Days of the moves to the second and third address, or `NEVER`.
        practice: Practice at the start and after a change.
        practice_changed: Day of the change of practice, or `NEVER`.
        phone: Phone number without its leading 0.
        restricted: True where the address must not be shown.
        staff: True for people who work in the services.
        twin_of: Person born with, or -1.
        nhs_spare: NHS numbers that nobody carries.
    """

    places: Places
    addresses: Addresses
    names: Names
    household: Array
    role: Array
    sex: Array
    birth: Array
    death: Array
    arrival: Array
    departure: Array
    ethnic: Array
    given: Array
    surname: Array
    maiden: Array
    renamed: Array
    nhs: Array
    nhs_old: Array
    address: Array
    moved: Array
    practice: Array
    practice_changed: Array
    phone: Array
    restricted: Array
    staff: Array
    twin_of: Array
    nhs_spare: Array

    @property
    def count(self) -> int:
        """Number of people."""
        return len(self.birth)

    def age_years(self, person: Array, day: Array | int) -> Array:
        """Return ages in years."""
        return (np.asarray(day) - self.birth[person]) / YEAR

    def address_on(self, person: Array, day: Array | int) -> Array:
        """Return the address of people on a day."""
        nth = (day >= self.moved[0, person]).astype(np.int8) + (day >= self.moved[1, person])
        where: Array = self.address[nth, person]
        return where

    def decile(self) -> Array:
        """Return the deprivation decile of each person's first address."""
        decile: Array = self.places.decile[self.addresses.area[self.address[0]]]
        return decile

    def last_day(self) -> Array:
        """Return the day of death or of leaving, whichever is first."""
        return np.minimum(self.death, self.departure)


def _communal(people: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return kind of address, age and sex of people who live in no private household."""
    counts = {CARE_HOME: 0.0055, HOSTEL: 0.0014, HALL: 0.011, NOWHERE: 0.0022}
    kind = np.concatenate([np.full(round(people * share), k, np.int8) for k, share in counts.items()])
    n = len(kind)
    age = np.select(
        [kind == CARE_HOME, kind == HALL],
        [72 + 28 * rng.beta(2.4, 1.6, n), 18 + rng.gamma(2.0, 1.2, n)],
        19 + 44 * rng.beta(1.8, 2.2, n),
    )
    female = np.select([kind == CARE_HOME, kind == HALL], [0.68, 0.54], 0.2)
    return kind, age, (rng.random(n) >= female).astype(np.int8)


def _deaths(age_end: Array, decile: Array, calendar: Calendar, rng: np.random.Generator, extra: Array) -> Array:
    """Return days of death inside the simulated span, else `NEVER`: Gompertz hazard, inverted."""
    span = (calendar.end - calendar.monday(0)) / YEAR
    rate = np.log(2) / 7.0
    factor = np.exp(0.055 * (5 - decile)) * extra * 0.016
    begin = age_end - span
    target = -np.log(rng.random(len(age_end))) / factor
    at = 65 + np.log(np.exp(rate * (begin - 65)) + target * rate) / rate
    day = calendar.monday(0) + (at - begin) * YEAR
    return np.where(day <= calendar.end, np.minimum(day, calendar.end), NEVER).astype(np.int32)


def _surnames(
    members: hh.Members, community: Array, names: Names, birth_year: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return surname now and at birth: families share one, some partners keep theirs."""
    own = names.draw_surnames(community, rng)
    first = np.flatnonzero(np.r_[True, members.household[1:] != members.household[:-1]])
    start = np.repeat(first, np.diff(np.r_[first, len(own)]))
    head_male = members.sex[start] == 1
    partner = np.minimum(start + 1, len(own) - 1)
    has_partner = (members.role[partner] == hh.PARTNER) & (members.household[partner] == members.household[start])
    family = np.where(head_male | ~has_partner, own[start], own[partner])
    uniform = rng.random(len(own))
    takes = uniform < np.interp(birth_year, [1940, 1965, 1985, 2000], [0.95, 0.88, 0.62, 0.4])
    wife = has_partner & np.isin(members.role, (hh.HEAD, hh.PARTNER)) & (members.sex == 0) & takes
    shares = (members.role == hh.CHILD) | ((members.role == hh.GRANDPARENT) & (uniform < 0.55))
    now = np.where(wife | shares, family, own)
    maiden = np.where(wife, own, now)
    return now.astype(np.int32), maiden.astype(np.int32)


def _given_names(
    members: hh.Members, community: Array, names: Names, birth_year: Array, rng: np.random.Generator
) -> Array:
    given = names.draw_given(community, members.sex, birth_year, rng)
    for _ in range(4):  # no two children of a household share a name
        again = np.zeros(len(given), bool)
        for step in (1, 2, 3):
            same = (members.household[step:] == members.household[:-step]) & (given[step:] == given[:-step])
            again[step:] |= same & (members.role[step:] == hh.CHILD)
        rows = np.flatnonzero(again)
        given[rows] = names.draw_given(community[rows], members.sex[rows], birth_year[rows], rng)
    first = np.flatnonzero(np.r_[True, members.household[1:] != members.household[:-1]])
    start = np.repeat(first, np.diff(np.r_[first, len(given)]))
    son = (members.role == hh.CHILD) & (members.sex == 1) & (members.sex[start] == 1)
    eldest = son & (np.r_[hh.HEAD, members.role[:-1]] != hh.CHILD)
    junior = eldest & (rng.random(len(given)) < 0.03)
    given[junior] = given[start[junior]]
    alike = members.twin & (members.sex == np.r_[-1, members.sex[:-1]]) & (rng.random(len(given)) < 0.3)
    for row in np.flatnonzero(alike).tolist():
        era = np.searchsorted(ERAS, birth_year[row], side="right")
        pool = names.given_pools[COMMUNITIES[community[row]], int(members.sex[row]), int(era)][0]
        elder = names.given[given[row - 1]]
        similar = [n for n in pool.tolist() if names.given[n][0] == elder[0] and n != given[row - 1]]
        if similar:
            given[row] = similar[int(rng.integers(0, len(similar)))]
    return given


def _moves(
    members: hh.Members, kind: Array, places: Places, addresses: Addresses, calendar: Calendar, rng: np.random.Generator
) -> tuple[Array, Array, Addresses]:
    """Return three addresses per person and the days of the moves between them.

    A household that moves takes, in order of time, the address that another of the same kind of area has just left,
    so that an address has one household at a time.
    """
    count = int(members.household.max()) + 1
    span = calendar.end - calendar.monday(0)
    first_age = np.full(count, 40.0)
    first_age[members.household[::-1]] = members.age[::-1]
    rate = 0.085 * np.interp(first_age, [20, 28, 40, 60, 80], [3.0, 2.2, 1.0, 0.45, 0.35]) / YEAR
    household_kind = np.zeros(count, np.int8)
    household_kind[members.household] = kind
    rate = np.where(np.isin(household_kind, (CARE_HOME, NOWHERE)), 0.0, rate)
    rate = np.where(household_kind == HOSTEL, 0.6 / YEAR, rate)
    one = rng.exponential(1 / np.maximum(rate, 1e-12))
    two = one + 60 + rng.exponential(1 / np.maximum(rate, 1e-12))
    begin = calendar.monday(0)
    days = np.stack([np.where(t < span, begin + t, NEVER) for t in (one, two)]).astype(np.int32)
    home = np.arange(count)
    at = np.stack([home, home, home])
    who = np.concatenate([np.flatnonzero(days[0] < NEVER), np.flatnonzero(days[1] < NEVER)])
    nth = np.concatenate([np.full(int((days[k] < NEVER).sum()), k + 1) for k in (0, 1)])
    when = days[nth - 1, who]
    fresh_area = rng.integers(0, places.areas, len(who))
    fresh = make_addresses(fresh_area, np.zeros(len(who), np.int8), places, rng)
    takes_fresh = rng.random(len(who)) < 0.35
    band = (places.decile[addresses.area[who]] - 1) // 2
    vacated: dict[int, int] = {}
    target = np.empty(len(who), np.int64)
    order = np.lexsort((nth, when))
    position = home.copy()
    ordinary = household_kind == ORDINARY
    for k in order.tolist():
        household = int(who[k])
        group = int(band[k])
        free = vacated.pop(group, -1)
        if free < 0 or takes_fresh[k]:
            if free >= 0:
                vacated[group] = free
            target[k] = count + k
        else:
            target[k] = free
        if ordinary[household] or nth[k] > 1:
            vacated[group] = int(position[household])
        position[household] = target[k]
    at[1, who[nth == 1]] = target[nth == 1]
    at[2] = at[1]
    at[2, who[nth == 2]] = target[nth == 2]
    return at[:, members.household], days[:, members.household], join_addresses([addresses, fresh])


def _leave_home(
    address: Array,
    moved: Array,
    members: hh.Members,
    addresses: Addresses,
    places: Places,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Addresses:
    """Let some grown children move out alone; changes `address` and `moved`."""
    span = (calendar.end - calendar.monday(0)) / YEAR
    young = (members.role == hh.CHILD) & (members.age > 18) & (members.age - span < 27)
    rows = np.flatnonzero(young & (rng.random(len(young)) < 1 - np.exp(-0.09 * span)))
    back = np.minimum(members.age[rows] - 17.8, span) * rng.random(len(rows))
    day = (calendar.end - back * YEAR).astype(np.int32)
    fresh = make_addresses(rng.integers(0, places.areas, len(rows)), np.zeros(len(rows), np.int8), places, rng)
    number = len(addresses.area) + np.arange(len(rows))
    before_first = day <= moved[0, rows]
    before_second = ~before_first & (day <= moved[1, rows])
    address[1, rows] = np.where(before_first, number, address[1, rows])
    address[2, rows] = number
    moved[0, rows] = np.where(before_first, day, moved[0, rows])
    moved[1, rows] = np.where(before_first, NEVER, np.where(before_second, day, moved[1, rows]))
    stays = ~before_first & ~before_second
    moved[1, rows] = np.where(stays, day, moved[1, rows])
    return join_addresses([addresses, fresh])


def make_population(people: int, calendar: Calendar, streams: Streams) -> Population:
    """Return the people of a city.

    Args:
        people: Number of people who live there at some time, births and arrivals included.
        calendar: Days covered.
        streams: Random numbers.
    """
    rng = streams.stream("places")
    places = make_places(people, rng)
    names = load_names()

    rng = streams.stream("households")
    communal_kind, communal_age, communal_sex = _communal(people, rng)
    lone = len(communal_kind)
    members = hh.make_members(people - lone, rng)
    base = int(members.household.max()) + 1
    kind = np.r_[np.zeros(people - lone, np.int8), communal_kind]
    members = hh.Members(
        np.r_[members.household, base + np.arange(lone)],
        np.r_[members.role, np.full(lone, hh.RESIDENT, np.int8)],
        np.r_[members.age, communal_age],
        np.r_[members.sex, communal_sex],
        np.r_[members.twin, np.zeros(lone, bool)],
    )

    rng = streams.stream("addresses")
    area = rng.integers(0, places.areas, base + lone)
    homes = make_addresses(area, np.r_[np.zeros(base, np.int8), communal_kind], places, rng)
    for which, size in ((CARE_HOME, 34), (HOSTEL, 24), (HALL, 160)):
        rows = base + np.flatnonzero(communal_kind == which)
        site = rows[np.arange(len(rows)) // size * size]
        for name in ("area", "postcode", "house"):
            getattr(homes, name)[rows] = getattr(homes, name)[site]
    address, moved, addresses = _moves(members, kind, places, homes, calendar, rng)
    communal_site = np.arange(base + lone)
    for which, size in ((CARE_HOME, 34), (HOSTEL, 24), (HALL, 160)):
        rows = base + np.flatnonzero(communal_kind == which)
        communal_site[rows] = rows[np.arange(len(rows)) // size * size]
    inside = address < base + lone
    address = np.where(inside, communal_site[np.where(inside, address, 0)], address)
    addresses = _leave_home(address, moved, members, addresses, places, calendar, rng)

    rng = streams.stream("births")
    birth = np.floor(calendar.end - members.age * YEAR - rng.random(people) * 0.001).astype(np.int32)
    twins = np.flatnonzero(members.twin)
    birth[twins] = birth[twins - 1]
    twin_of = np.full(people, -1, np.int64)
    twin_of[twins] = twins - 1
    twin_of[twins - 1] = twins

    rng = streams.stream("ethnicity")
    household_ethnic = (places.ethnic_share[area] < rng.random(len(area))[:, None]).sum(axis=1)
    ethnic = household_ethnic[members.household].clip(0, len(CATEGORIES) - 1)
    other = (places.ethnic_share[area[members.household]] < rng.random(people)[:, None]).sum(axis=1)
    differs = (members.role == hh.SHARER) | ((members.role == hh.PARTNER) & (rng.random(people) < 0.12))
    ethnic = np.where(differs, other.clip(0, len(CATEGORIES) - 1), ethnic).astype(np.int8)

    rng = streams.stream("names")
    community = draw_communities(ethnic, rng)
    birth_year = 1970 + birth / YEAR
    surname, maiden = _surnames(members, community, names, birth_year, rng)
    given = _given_names(members, community, names, birth_year, rng)
    wed = birth + (rng.normal(30, 5, people).clip(19, 55) * YEAR).astype(np.int32)
    wed = np.minimum(wed, calendar.end - rng.integers(30, 3000, people))
    renamed = np.where(surname != maiden, wed, NEVER).astype(np.int32)

    rng = streams.stream("deaths")
    decile = places.decile[addresses.area[address[0]]].astype(np.float64)
    fragile = np.where(kind == CARE_HOME, 3.0, np.where(np.isin(kind, (HOSTEL, NOWHERE)), 3.0, 1.0))
    death = _deaths(members.age, decile, calendar, rng, fragile)

    rng = streams.stream("migration")
    span = calendar.end - calendar.monday(0)
    whole = int(members.household.max()) + 1
    leaves = np.where(rng.random(whole) < 0.013 * span / YEAR, calendar.monday(0) + rng.random(whole) * span, NEVER)
    comes = np.where(rng.random(whole) < 0.013 * span / YEAR, calendar.monday(0) + rng.random(whole) * span, 0)
    stays = leaves < comes
    departure = np.where(stays, NEVER, leaves)[members.household].astype(np.int32)
    arrival = np.maximum(comes[members.household].astype(np.int32), birth)
    death = np.where(death < arrival, NEVER, death)

    rng = streams.stream("identifiers")
    numbers = draw_nhs_numbers(people + people // 80 + 10, rng)
    nhs_old = np.zeros(people, np.int64)
    old = rng.choice(people, people // SUPERSEDED_ONE_IN, replace=False)
    nhs_old[old] = numbers[people : people + len(old)]
    household_phone = 7_700_900_000 + rng.integers(0, 100_000_000, whole)
    own_phone = 7_700_900_000 + rng.integers(0, 100_000_000, people)
    phone = np.where(rng.random(people) < 0.3, household_phone[members.household], own_phone)

    rng = streams.stream("practices")
    near = places.practice[addresses.area[address[:, :]]]
    pick = (rng.random(whole) < 0.3).astype(np.int64)[members.household]
    practice = np.stack([near[0, np.arange(people), pick], near[2, np.arange(people), pick]]).astype(np.int32)
    change = np.minimum(moved[0] + rng.integers(5, 200, people), NEVER).astype(np.int32)
    changes = (practice[0] != practice[1]) & (moved[0] < NEVER) & (rng.random(whole) < 0.6)[members.household]
    practice_changed = np.where(changes, change, NEVER)
    practice_changed = np.where(practice_changed > calendar.end, NEVER, practice_changed).astype(np.int32)
    practice[1] = np.where(practice_changed < NEVER, practice[1], practice[0])

    rng = streams.stream("flags")
    age = members.age
    staff = (age > 22) & (age < 66) & (rng.random(people) < 0.012) & (kind == ORDINARY)
    restricted = (rng.random(whole) < 0.0012)[members.household] | (staff & (rng.random(people) < 0.04))
    return Population(
        places, addresses, names, members.household, members.role, members.sex, birth, death, arrival, departure,
        ethnic, given, surname, maiden, renamed, numbers[:people], nhs_old, address, moved, practice,
        practice_changed, phone, restricted, staff, twin_of, numbers[people + len(old):],
    )  # fmt: skip
