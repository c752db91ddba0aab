"""What do practices code and prescribe?

References:
    SNOMED CT codes: see `codes`. Frequencies: about 100 coded events and prescriptions a person in five years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from washhouse.synthetic import weeks as wk
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array, tenths
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.streams import BLOCK_PEOPLE, Streams
from washhouse.synthetic.weeks import Course


@dataclass(frozen=True)
class Code:
    """A coded entry of the journal."""

    snomed: str
    unit: str | None
    mean: float
    spread: float


@dataclass(frozen=True)
class Drug:
    """A product prescribed."""

    dmd: str
    name: str
    dose: str
    quantity: int
    unit: str
    repeat: bool


CODES = (
    Code("44054006", None, 0, 0), Code("38341003", None, 0, 0), Code("709044004", None, 0, 0),
    Code("13645005", None, 0, 0), Code("195967001", None, 0, 0), Code("35489007", None, 0, 0),
    Code("58214004", None, 0, 0), Code("7200002", None, 0, 0), Code("248279007", None, 0, 0),
    Code("52448006", None, 0, 0), Code("271649006", "mm[Hg]", 134, 16), Code("271650006", "mm[Hg]", 79, 10),
    Code("27113001", "kg", 78, 16), Code("60621009", "kg/m2", 27.5, 5),
    Code("999791000000106", "mmol/mol", 44, 11), Code("1011481000000105", "mL/min/1.73m2", 82, 17),
)  # fmt: skip
DRUGS = (
    Drug("9900000000000001", "Metformin 500mg tablets", "1 twice a day", 56, "tablet", True),
    Drug("9900000000000002", "Ramipril 5mg capsules", "1 daily", 28, "capsule", True),
    Drug("9900000000000003", "Amoxicillin 500mg capsules", "1 three times a day", 21, "capsule", False),
    Drug("9900000000000004", "Olanzapine 10mg tablets", "1 at night", 28, "tablet", True),
    Drug("9900000000000005", "Sertraline 50mg tablets", "1 daily", 28, "tablet", True),
)


@dataclass
class BlockEvents:
    """Journal and prescriptions of a block of people.

    Attributes:
        person: Person of each journal entry.
        code: Index into `CODES`.
        day: Day of the event.
        recorded: Day of the entry.
        value: Value; below -1000 for none.
        patient: Person of each prescription.
        drug: Index into `DRUGS`.
        issued: Day of issue.
    """

    person: Array
    code: Array
    day: Array
    recorded: Array
    value: Array
    patient: Array
    drug: Array
    issued: Array

    def value_text(self) -> pa.Array:
        """Return values as text."""
        return tenths(np.maximum(self.value, 0))


def make_blocks(
    population: Population, onset: Array, course: Course, calendar: Calendar, streams: Streams
) -> Iterator[BlockEvents]:
    """Return journal and prescriptions, block after block of people."""
    member, issue_day = course.log.table(wk.ISSUE, 2)
    issue_person = course.person[member]
    order = np.argsort(issue_person, kind="stable")
    issue_person, issue_day = issue_person[order], issue_day[order]
    for number, first in enumerate(range(0, population.count, BLOCK_PEOPLE)):
        last = min(first + BLOCK_PEOPLE, population.count)
        rng = streams.stream("general practice", number)
        people = np.arange(first, last)
        row, column = np.nonzero(onset[first:last] < NEVER)
        person, code, day = people[row], column, onset[first:last][row, column].astype(np.int64)
        count = rng.poisson(14, len(people))
        who = np.repeat(people, count)
        m = len(who)
        measured = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, m)
        what = rng.integers(len(CONDITIONS), len(CODES), m)
        person, code, day = np.r_[person, who], np.r_[code, what], np.r_[day, measured]
        mean = np.array([c.mean for c in CODES])[code]
        value = mean + np.array([c.spread for c in CODES])[code] * rng.normal(0, 1, len(code))
        value = np.where(mean > 0, np.round(np.maximum(value, 1), 1), -10_000)
        recorded = day + np.where(rng.random(len(day)) < 0.1, rng.integers(1, 20, len(day)), 0)
        lo, hi = np.searchsorted(issue_person, [first, last])
        chronic = people[(onset[first:last, 1] < NEVER)]
        issues = np.repeat(chronic, 60)
        issued = calendar.start + np.tile(np.arange(60) * 28, len(chronic)) + np.repeat(rng.integers(0, 28, len(chronic)), 60)
        patient = np.r_[issues, issue_person[lo:hi]]
        issued = np.r_[issued, issue_day[lo:hi]]
        drug = np.r_[np.full(len(issues), 1), np.full(hi - lo, 3)]
        here = (day >= np.maximum(population.arrival[person], population.birth[person])) & (day <= population.last_day()[person])
        here &= day <= calendar.end
        there = (issued <= np.minimum(population.last_day()[patient], calendar.end)) & (issued >= calendar.start)
        there &= issued >= population.arrival[patient]
        a = np.flatnonzero(here)
        a = a[np.lexsort((day[a], person[a]))]
        b = np.flatnonzero(there)
        b = b[np.lexsort((issued[b], patient[b]))]
        yield BlockEvents(person[a], code[a], day[a], recorded[a], value[a], patient[b], drug[b], issued[b])


def registration_days(population: Population, calendar: Calendar, rng: np.random.Generator) -> Array:
    """Return the day on which each person registered with their first practice here."""
    long_ago = calendar.start - rng.integers(30, 9000, population.count)
    native = np.maximum(long_ago, population.birth + 20)
    return np.where(population.arrival > population.birth, population.arrival + rng.integers(3, 60, population.count), native)


_ = YEAR
