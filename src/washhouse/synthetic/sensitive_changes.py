"""Who is given a new identity: a new NHS number that is never joined to the old one?

After a change of gender marker or an adoption the National Back Office issues a new NHS number, and the practice
registers the person anew under it; the old registration ends and nobody may lead from one to the other. In the city
such a person has two identities, each a person of its own in the sealed truth. No list of superseded numbers holds
them. Some senders hear nothing of it and go on under the old identity. People whom mental-health services know are
left out, so that every sealed hazard has one person.

References:
    Primary Care Support England, "Gender reassignment" (adults only; a deduction, then a registration under the new
    details; the original record is not to be updated). NHS England, "Management of NHS Numbers and PDS Records"
    (changes of identity: adoption, gender reassignment). The rates are the city's own, far above the real ones, so that
    a small city has some.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.names import draw_communities
from washhouse.synthetic.places import ORDINARY
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.streams import Streams

KINDS = ("gender", "adoption")
SHARE = 0.002
"""Changes for each person of the city, half of each kind."""
UNAWARE = 0.25
"""Share of senders, but for the practice, that go on under the old identity."""
SAME_HOME = 0.4
"""Share of adoptions inside the home (by a step-parent or a carer)."""
SAME_FIRST_NAME = 0.8
"""Share of adopted children who keep their first name."""
RESTRICTED = 0.3
"""Share of new identities whose address must not be shown."""
_NOT_OF_PEOPLE = ("places", "addresses", "names", "nhs_spare")


@dataclass(frozen=True)
class Changes:
    """People with a second identity, by person.

    Attributes:
        person: Person.
        day: Day from which the new identity counts.
        kind: Index into `KINDS`.
        population: Number of people; the identity after the change of `person[k]` has the number `population + k`.
    """

    person: Array
    day: Array
    kind: Array
    population: int

    def identity(self, person: Array, day: Array | int) -> Array:
        """Return the number of the identity under which people are known on a day.

        >>> changes = Changes(np.array([2, 5]), np.array([100, 200]), np.array([0, 1]), 10)
        >>> changes.identity(np.array([2, 2, 5, 7]), np.array([99, 100, 300, 300])).tolist()
        [2, 10, 11, 7]
        """
        if not len(self.person):
            return np.asarray(person)
        row = np.minimum(np.searchsorted(self.person, person), len(self.person) - 1)
        changed = (self.person[row] == person) & (np.asarray(day) >= self.day[row])
        return np.where(changed, self.population + row, person)


def draw_changes(
    population: Population, registers: dict[str, Register], calendar: Calendar, streams: Streams
) -> Changes:
    """Choose whose identity changes, how and when.

    Args:
        population: Everybody.
        registers: Register of each sender.
        calendar: Days covered; changes fall between 90 days after the start and 60 before the end.
        streams: Random numbers.
    """
    rng = streams.stream("sensitive changes")
    earliest, latest = calendar.start + 90, calendar.end - 60
    everyone = np.arange(population.count)
    day = rng.integers(earliest, max(latest, earliest + 1), population.count)
    age = population.age_years(everyone, day)
    gp = registers["gp"]
    possible = np.zeros(population.count, bool)
    possible[gp.person[(gp.since < earliest) & (gp.until >= calendar.end)]] = True
    for register in registers.values():
        possible[register.person[register.second > 0]] = False
    possible[registers["mental_health"].person] = False
    possible &= population.addresses.kind[population.address[0]] == ORDINARY
    possible &= (population.renamed >= NEVER) & (population.last_day() > calendar.end) & (population.twin_of < 0)
    wanted = max(1, round(population.count * SHARE / 2))
    chosen, kind = [], []
    for k, fits in enumerate(((age >= 18) & (age < 60), (age >= 1) & (age < 16))):
        able = np.flatnonzero(possible & fits)
        chosen.append(rng.choice(able, min(wanted, len(able)), replace=False))
        kind.append(np.full(len(chosen[-1]), k))
    person = np.concatenate(chosen)
    order = np.argsort(person)
    return Changes(person[order], day[person[order]], np.concatenate(kind)[order], population.count)


def with_new_identities(population: Population, changes: Changes, streams: Streams) -> Population:
    """Return the people and, behind them, the identities that some have after a change, as people of their own."""
    rng = streams.stream("new identities")
    index = np.concatenate([np.arange(population.count), changes.person])
    columns = {f.name: getattr(population, f.name) for f in fields(population) if f.name not in _NOT_OF_PEOPLE}
    grown: dict[str, Any] = {name: column[..., index] for name, column in columns.items()}
    new = np.arange(population.count, len(index))
    gender, adopted = changes.kind == KINDS.index("gender"), changes.kind == KINDS.index("adoption")
    community = draw_communities(population.ethnic[changes.person], rng)
    sex = np.where(gender, 1 - population.sex[changes.person], population.sex[changes.person])
    given = population.names.draw_given(community, sex, 1970 + population.birth[changes.person] / YEAR, rng)
    keeps = adopted & (rng.random(len(new)) < SAME_FIRST_NAME)
    surname = population.names.draw_surnames(community, rng)
    grown["sex"][new] = sex
    grown["given"][new] = np.where(keeps, population.given[changes.person], given)
    for name in ("surname", "maiden"):
        grown[name][new] = np.where(adopted, surname, grown["surname"][new])
    grown["nhs"][new] = population.nhs_spare[: len(new)]
    grown["nhs_old"][new] = 0
    grown["restricted"][new] |= rng.random(len(new)) < RESTRICTED
    moves = new[adopted & (rng.random(len(new)) >= SAME_HOME)]
    family = rng.integers(0, population.count, len(moves))
    for name in ("address", "moved", "phone"):
        grown[name][..., moves] = columns[name][..., family]
    return replace(population, **grown)


def split_register(register: Register, changes: Changes, unaware: float, rng: np.random.Generator) -> Register:
    """Return a register in which the identities after a change have numbers of their own.

    Args:
        register: A sender's register.
        changes: Whose identity changes; none of them may have a second number.
        unaware: Share of them of whose change the sender hears nothing.
        rng: Random numbers.
    """
    row = np.minimum(np.searchsorted(register.person, changes.person), len(register.person) - 1)
    known = (register.person[row] == changes.person) & (register.since[row] < changes.day)
    hears = known & (register.until[row] >= changes.day) & (rng.random(len(row)) >= unaware)
    rows = row[hears]
    second, switch = register.second.copy(), register.switch.copy()
    second[rows] = max(int(register.first.max()), int(second.max())) + 1 + np.arange(len(rows))
    switch[rows] = changes.day[hears]
    return replace(register, second=second, switch=switch)
