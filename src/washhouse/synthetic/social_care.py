"""Whom does the council's adult social care support, and how?"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.mental_health import Frame, stack
from washhouse.synthetic.places import CARE_HOME
from washhouse.synthetic.population import YEAR, Population

REQUEST, ASSESSMENT, SERVICE, REVIEW = range(4)
"""Kinds of event."""

SERVICES = (
    "Long Term Support: Community",
    "Long Term Support: Residential Care",
    "Long Term Support: Nursing Care",
    "Short Term Support: ST-Max",
    "Short Term Support: Ongoing Low Level",
    "Carer Support: Direct to Carer",
)


def make_social_care(population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator) -> Frame:
    """Return events of adult social care.

    Returns:
        Columns person, kind, day, ended (`NEVER` while open), service (-1 unless a service), outcome, carer_of (-1).
    """
    years = (calendar.end - calendar.start) / YEAR
    has = onset < NEVER
    need = 0.002 + 0.0 * has[:, 0]
    for name, rate in (("frailty", 0.10), ("dementia", 0.22), ("smi", 0.05), ("copd", 0.02), ("alcohol", 0.02)):
        need = need + rate * has[:, CONDITIONS.index(name)]
    resident = population.addresses.kind[population.address[0]] == CARE_HOME
    adult = (calendar.start - population.birth) / YEAR > 18
    need = np.where(adult, need, 0.0)
    chosen = (rng.random(population.count) < 1 - np.exp(-need * years)) | (resident & adult)
    person = np.flatnonzero(chosen)
    begin = calendar.start - 400 + (rng.random(len(person)) * (calendar.end - calendar.start + 400)).astype(np.int64)
    begin = np.maximum(begin, population.arrival[person])
    last = population.last_day()[person]
    alive = begin < last
    person, begin, last = person[alive], begin[alive], last[alive]
    n = len(person)
    frames: list[Frame] = []

    def add(rows: Array, kind: int, day: Array, ended: Array, service: Array | int, outcome: Array | int) -> None:
        good = (day <= last[rows]) & (day <= calendar.end)
        columns = {
            "person": person[rows], "kind": np.full(len(rows), kind), "day": day,
            "ended": np.minimum(ended, np.maximum(last[rows], day)) if kind == SERVICE else ended,
            "service": np.broadcast_to(service, len(rows)), "outcome": np.broadcast_to(outcome, len(rows)),
            "carer_of": np.full(len(rows), -1),
        }  # fmt: skip
        frames.append({name: np.asarray(column)[good] for name, column in columns.items()})

    everyone = np.arange(n)
    add(everyone, REQUEST, begin, begin + rng.integers(0, 15, n), -1, rng.integers(0, 4, n))
    assessed = np.flatnonzero(rng.random(n) < 0.75)
    at = begin[assessed] + rng.integers(3, 40, len(assessed))
    add(assessed, ASSESSMENT, at, at + rng.integers(1, 30, len(assessed)), -1, rng.integers(0, 3, len(assessed)))
    served = assessed[rng.random(len(assessed)) < 0.8]
    start = begin[served] + rng.integers(30, 80, len(served))
    kind = np.searchsorted([0.55, 0.72, 0.8, 0.94], rng.random(len(served)))
    kind = np.where(resident[person[served]], 1 + (rng.random(len(served)) < 0.35), kind)
    length = np.where(kind >= 3, 20 + rng.integers(0, 40, len(served)), 60 + rng.exponential(900, len(served)))
    ended = start + length.astype(np.int64)
    add(served, SERVICE, start, np.where(ended > calendar.end + 60, NEVER, ended), kind, 0)
    for nth in range(1, 6):
        due = start + 365 * nth + rng.integers(-60, 120, len(served))
        rows = np.flatnonzero((due < ended) & (kind < 3))
        add(served[rows], REVIEW, due[rows], due[rows] + rng.integers(0, 20, len(rows)), -1, rng.integers(0, 3, len(rows)))
    carers = np.flatnonzero((rng.random(n) < 0.12) & (np.bincount(population.household)[population.household[person]] > 1))
    first = np.searchsorted(population.household, population.household[person[carers]])
    other = np.where(first == person[carers], np.minimum(first + 1, population.count - 1), first)
    fit = (population.household[other] == population.household[person[carers]]) & adult[other]
    carers, other = carers[fit], other[fit]
    day = np.minimum(begin[carers] + 40, calendar.end)
    frames.append({
        "person": other, "kind": np.full(len(other), SERVICE), "day": day, "ended": np.full(len(other), NEVER),
        "service": np.full(len(other), 5), "outcome": np.zeros(len(other), np.int64), "carer_of": person[carers],
    })  # fmt: skip
    events = stack(frames)
    order = np.lexsort((events["kind"], events["person"], events["day"]))
    return {name: column[order] for name, column in events.items()}
