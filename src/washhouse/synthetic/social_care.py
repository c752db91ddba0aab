"""Whom does the council's adult social care support, and how?

References:
    Texts: FIELDS.md section 2 (DHSC client level data). Volumes: about 3 adults in 100 ask for or receive support in a
    few years, most of them old or frail (ASC-FR, rounded).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.frames import Frame, stack
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
REQUEST_OUTCOMES = (
    "Progress to Assessment",
    "Progress to Reablement/ST-Max",
    "NFA - Information & Advice / Signposting only",
    "NFA - Support declined",
)
ASSESSMENT_OUTCOMES = (
    "Progress to Support Planning / Services",
    "Progress to financial assessment",
    "NFA - No services offered: Other reason",
)
REVIEW_OUTCOMES = (
    "No change in package",
    "Progress to Re-assessment / Unplanned Review",
    "Service ended as planned",
    "Admitted to hospital",
)
REVIEW_REASONS = (
    "Planned",
    "Unplanned - Hospital (Planned and unplanned episodes)",
    "Unplanned - Carer related",
    "Unplanned - Other Reason",
)
ROUTES = ("Community / other route", "Discharge from Hospital", "Diversion from Hospital services", "Transition")
SUPPORT_REASONS = (
    "Physical Support: Personal Care Support",
    "Physical Support: Access & mobility only",
    "Support with Memory & Cognition",
    "Mental Health Support",
    "Social Support: Substance misuse support",
    "Social Support: Support to Carer",
)
_NEED = {"frailty": 0.16, "dementia": 0.3, "smi": 0.09, "copd": 0.04, "alcohol": 0.04}


@dataclass
class _Events:
    """Collects events of clients; `person`, `last` and `reason` are per client."""

    person: Array
    last: Array
    reason: Array
    dementia: Array
    end: int
    frames: list[Frame] = field(default_factory=list)

    def add(self, rows: Array, kind: int, day: Array, ended: Array, service: Array | int, outcome: Array | int) -> None:
        """Add one event for each of the clients; what begins after death or the last day is dropped."""
        n = len(rows)
        ends = np.minimum(ended, np.maximum(self.last[rows], day)) if kind == SERVICE else ended
        good = (day <= self.last[rows]) & (day <= self.end)
        columns = {
            "person": self.person[rows], "kind": np.full(n, kind), "day": day, "ended": ends,
            "service": np.broadcast_to(service, n), "outcome": np.broadcast_to(outcome, n),
            "reason": self.reason[rows], "dementia": self.dementia[rows], "carer_of": np.full(n, -1),
        }  # fmt: skip
        self.frames.append({name: np.asarray(column)[good] for name, column in columns.items()})


def make_social_care(population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator) -> Frame:
    """Return events of adult social care.

    Returns:
        Columns person, kind, day, ended (`NEVER` while open), service (-1 unless a service), outcome, reason, dementia
        (0 or 1), carer_of (-1, or the person cared for), by day.
    """
    clients = _clients(population, onset, calendar, rng)
    person, begin = clients.person, clients.frames.pop()["day"]
    n = len(person)
    resident = population.addresses.kind[population.address[0, person]] == CARE_HOME
    clients.add(
        np.arange(n),
        REQUEST,
        begin,
        begin + rng.integers(0, 15, n),
        -1,
        np.searchsorted([0.5, 0.65, 0.9], rng.random(n)),
    )
    assessed = np.flatnonzero(rng.random(n) < 0.75)
    m = len(assessed)
    at = begin[assessed] + rng.integers(3, 40, m)
    clients.add(assessed, ASSESSMENT, at, at + rng.integers(1, 30, m), -1, np.searchsorted([0.6, 0.8], rng.random(m)))
    served = assessed[rng.random(m) < 0.8]
    k = len(served)
    start = begin[served] + rng.integers(30, 80, k)
    kind = np.searchsorted([0.55, 0.72, 0.8, 0.94], rng.random(k))
    kind = np.where(resident[served], 1 + (rng.random(k) < 0.35), kind)
    length = np.where(kind >= 3, 20 + rng.integers(0, 40, k), 60 + rng.exponential(900, k))
    ended = start + length.astype(np.int64)
    clients.add(served, SERVICE, start, np.where(ended > calendar.end + 60, NEVER, ended), kind, 0)
    for nth in range(1, 6):
        due = start + 365 * nth + rng.integers(-60, 120, k)
        rows = np.flatnonzero((due < ended) & (kind < 3))
        outcome = np.searchsorted([0.6, 0.8, 0.92], rng.random(len(rows)))
        clients.add(served[rows], REVIEW, due[rows], due[rows] + rng.integers(0, 20, len(rows)), -1, outcome)
    _carers(clients, population, begin, calendar, rng)
    events = stack(clients.frames)
    return {
        name: column[np.lexsort((events["kind"], events["person"], events["day"]))] for name, column in events.items()
    }


def _clients(population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator) -> _Events:
    """Return the clients, with the day of the first request as the only frame."""
    years = (calendar.end - calendar.start) / YEAR
    has = {name: onset[:, CONDITIONS.index(name)] < NEVER for name in _NEED}
    need = 0.004 + sum(rate * has[name] for name, rate in _NEED.items())
    resident = population.addresses.kind[population.address[0]] == CARE_HOME
    adult = (calendar.start - population.birth) / YEAR > 18
    chosen = adult & ((rng.random(population.count) < 1 - np.exp(-need * years)) | resident)
    person = np.flatnonzero(chosen)
    begin = calendar.start - 400 + (rng.random(len(person)) * (calendar.end - calendar.start + 400)).astype(np.int64)
    begin = np.maximum(begin, population.arrival[person])
    last = population.last_day()[person].astype(np.int64)
    alive = begin < last
    person, begin, last = person[alive], begin[alive], last[alive]
    dementia = has["dementia"][person]
    reason = np.where(dementia, 2, np.where(has["smi"][person], 3, np.where(has["alcohol"][person], 4, person % 2)))
    return _Events(person, last, reason, dementia.astype(np.int64), calendar.end, [{"day": begin}])


def _carers(
    clients: _Events, population: Population, begin: Array, calendar: Calendar, rng: np.random.Generator
) -> None:
    """Add support to adults who care for a client of their own household."""
    size = np.bincount(population.household)
    rows = np.flatnonzero((rng.random(len(begin)) < 0.15) & (size[population.household[clients.person]] > 1))
    cared = clients.person[rows]
    first = np.searchsorted(population.household, population.household[cared])
    carer = np.where(first == cared, np.minimum(first + 1, population.count - 1), first)
    day = np.maximum(begin[rows] + 40, population.arrival[carer])
    fit = (population.household[carer] == population.household[cared]) & (day <= calendar.end)
    fit &= (population.age_years(carer, day) > 18) & (day < population.last_day()[carer])
    carer, cared, day = carer[fit], cared[fit], day[fit]
    n = len(carer)
    last = population.last_day()[carer].astype(np.int64)
    clients.frames.append({
        "person": carer, "kind": np.full(n, SERVICE), "day": day, "ended": np.where(last <= calendar.end, last, NEVER),
        "service": np.full(n, 5), "outcome": np.zeros(n, np.int64), "reason": np.full(n, 5),
        "dementia": np.zeros(n, np.int64), "carer_of": cared,
    })  # fmt: skip
