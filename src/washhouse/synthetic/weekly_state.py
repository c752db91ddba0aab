"""How unwell is everybody this Monday, and how does that move on?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.columns import Array
from washhouse.synthetic.course import HOMELESS, HOMES, JOBS
from washhouse.synthetic.effects import EFFECTS, INTERCEPT
from washhouse.synthetic.places import CARE_HOME, HOSTEL, NOWHERE
from washhouse.synthetic.population import Population

_HOME_SHARE = np.array([0.14, 0.34, 0.24, 0.13, 0.015, 0.015, 0.06, 0.006, 0.012, 0.008, 0.018, 0.016])
_JOB_SHARE = np.array([0.16, 0.17, 0.03, 0.43, 0.05, 0.05, 0.02, 0.0, 0.09])
_PHI = 0.93


@dataclass
class State:
    """What the hazard of a week rests on: one entry per member, as known on its Monday.

    Attributes are the states of `effects.MEANINGS`, before the bounds named there, and:
        home, job: Indexes into `HOMES` and `JOBS`.
        medicated: An antipsychotic is prescribed.
        supply_weeks: Weeks since the last issue.
        in_gap: Prescriptions are not collected.
        since_attended: Weeks since the last attended contact.
    """

    smi: Array
    alcohol: Array
    youth: Array
    deprivation: Array
    frailty: Array
    latent: Array
    home: Array
    job: Array
    medicated: Array
    supply_weeks: Array
    in_gap: Array
    crisis_recent: Array
    crisis_count: Array
    missed: Array
    emergency: Array
    moved: Array
    job_lost: Array
    detained: Array
    honos: Array
    since_attended: Array
    early: Array

    def log_hazard(self) -> Array:
        """Return the log of the weekly hazard."""
        parts = {
            "crisis_recent": self.crisis_recent,
            "crisis_count": np.minimum(self.crisis_count, 4),
            "missed_recent": np.minimum(self.missed, 3),
            "contact_gap": self.since_attended > 8,
            "homeless": HOMELESS[self.home],
            "moved_recent": self.moved,
            "job_lost_recent": self.job_lost,
            "out_of_work": (self.job == JOBS.index("02")) | (self.job == JOBS.index("04")),
            "emergency_recent": np.minimum(self.emergency, 2),
            "honos": self.honos,
            "supply_overdue": self.overdue(),
            "smi": self.smi,
            "alcohol": self.alcohol,
            "detained_recent": self.detained,
            "youth": self.youth,
            "deprivation": self.deprivation,
            "early": self.early,
            "frailty": self.frailty,
            "latent": self.latent,
        }
        eta = np.full(len(self.smi), INTERCEPT)
        for name, size in EFFECTS.items():
            eta += size * parts[name]
        return eta

    def overdue(self) -> Array:
        """Return how far the supply of an antipsychotic is overdue."""
        late: Array = self.medicated * np.clip((self.supply_weeks - 4) / 4, 0, 1.5)
        return late

    def fade(self, rng: np.random.Generator) -> None:
        """Let a week pass: what is recent fades, the latent state drifts."""
        self.latent = _PHI * self.latent + np.sqrt(1 - _PHI**2) * rng.normal(0, 1, len(self.latent))
        for values, weeks in (
            (self.crisis_count, 78), (self.missed, 7), (self.emergency, 8), (self.moved, 10), (self.job_lost, 12),
            (self.detained, 40),
        ):  # fmt: skip
            values *= np.exp(-1 / weeks)
        self.since_attended += 1
        self.supply_weeks += 1


def draw_homes(count: int, rng: np.random.Generator) -> Array:
    """Return accommodation, index into `HOMES`."""
    return rng.choice(len(HOMES), count, p=_HOME_SHARE / _HOME_SHARE.sum())


def first_state(
    population: Population, person: Array, onset: dict[str, Array], middle: int, rng: np.random.Generator
) -> State:
    """Return the state at the beginning.

    Args:
        population: Everybody.
        person: Person of each member.
        onset: Day of onset by condition.
        middle: Day in the middle of the simulated span, for what depends on age.
        rng: Random numbers.
    """
    n = len(person)
    home = draw_homes(n, rng)
    kind = population.addresses.kind[population.address[0, person]]
    home = np.where(kind == CARE_HOME, HOMES.index("09"), home)
    home = np.where(kind == HOSTEL, HOMES.index("18"), home)
    rough = np.where(rng.random(n) < 0.6, HOMES.index("12"), HOMES.index("14"))
    home = np.where(kind == NOWHERE, rough, home)
    job = rng.choice(len(JOBS), n, p=_JOB_SHARE / _JOB_SHARE.sum())
    job = np.where(population.age_years(person, middle) > 66, JOBS.index("08"), job)
    return State(
        smi=np.zeros(n), alcohol=np.zeros(n), youth=np.zeros(n), deprivation=5.0 - population.decile()[person],
        frailty=rng.normal(0, 1, n), latent=rng.normal(0, 1, n), home=home, job=job,
        medicated=rng.random(n) < np.where(onset["smi"][person] < NEVER, 0.85, 0.10),
        supply_weeks=rng.integers(0, 5, n).astype(float), in_gap=np.zeros(n, bool), crisis_recent=np.zeros(n),
        crisis_count=np.zeros(n), missed=np.zeros(n), emergency=np.zeros(n), moved=np.zeros(n), job_lost=np.zeros(n),
        detained=np.zeros(n), honos=np.zeros(n), since_attended=np.zeros(n), early=np.zeros(n),
    )  # fmt: skip
