"""Which long-term conditions do people have, and since when?

A condition's hazard rises with age and with deprivation; the onset is drawn by inverting the cumulative hazard, so the
prevalence at every age follows the curve below.

References:
    Prevalence: Quality and Outcomes Framework 2022/23, England (hypertension 14 %, diabetes 7 % of adults, depression
    13 % of adults, COPD 2 %, CKD 4 % of adults, SMI 1 %, dementia 0.7 %), rounded; gradients by deprivation: OHID
    Fingertips, rounded. They are targets of an invented city, not estimates.
"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.places import CARE_HOME, HOSTEL, NOWHERE
from washhouse.synthetic.population import YEAR, Population

CONDITIONS = (
    "diabetes", "hypertension", "ckd", "copd", "asthma", "depression", "smi", "alcohol", "frailty", "dementia",
)  # fmt: skip
"""Conditions, in the order of the columns of the onset table."""

_AGES = np.array([0.0, 18, 30, 40, 50, 60, 70, 80, 90, 105])
_PREVALENCE = {
    "diabetes": [0.002, 0.008, 0.02, 0.045, 0.09, 0.145, 0.195, 0.215, 0.22, 0.22],
    "hypertension": [0.0, 0.003, 0.02, 0.07, 0.17, 0.32, 0.48, 0.61, 0.66, 0.68],
    "ckd": [0.0, 0.001, 0.003, 0.007, 0.016, 0.045, 0.12, 0.27, 0.42, 0.48],
    "copd": [0.0, 0.0, 0.001, 0.006, 0.02, 0.05, 0.082, 0.09, 0.095, 0.095],
    "asthma": [0.0, 0.095, 0.115, 0.125, 0.135, 0.145, 0.155, 0.16, 0.16, 0.16],
    "depression": [0.0, 0.04, 0.12, 0.165, 0.195, 0.215, 0.225, 0.235, 0.24, 0.24],
    "smi": [0.0, 0.0012, 0.0065, 0.0105, 0.0135, 0.015, 0.016, 0.0165, 0.017, 0.017],
    "alcohol": [0.0, 0.003, 0.014, 0.025, 0.034, 0.038, 0.039, 0.039, 0.039, 0.039],
    "frailty": [0.0, 0.0, 0.0, 0.002, 0.01, 0.03, 0.1, 0.29, 0.56, 0.8],
    "dementia": [0.0, 0.0, 0.0, 0.0, 0.001, 0.004, 0.018, 0.075, 0.2, 0.33],
}
_DEPRIVATION = {
    "diabetes": 0.055, "hypertension": 0.025, "ckd": 0.03, "copd": 0.13, "asthma": 0.02, "depression": 0.05,
    "smi": 0.11, "alcohol": 0.13, "frailty": 0.07, "dementia": 0.03,
}  # fmt: skip
"""Rise of the log hazard for each decile more deprived than the fifth."""


def draw_onsets(population: Population, calendar: Calendar, rng: np.random.Generator) -> Array:
    """Return the day of onset of each condition (rows: people, columns: `CONDITIONS`), or `NEVER`."""
    people = population.count
    decile = population.decile().astype(np.float64)
    kind = population.addresses.kind[population.address[0]]
    shared = rng.normal(0, 0.45, people)
    asian = np.isin(population.ethnic, (7, 8, 9, 10))
    black = np.isin(population.ethnic, (11, 12, 13))
    homeless = np.isin(kind, (HOSTEL, NOWHERE))
    grid = np.linspace(0, 105, 1051)
    onset = np.full((people, len(CONDITIONS)), NEVER, dtype=np.int32)
    for column, name in enumerate(CONDITIONS):
        cumulative = -np.log(1 - np.interp(grid, _AGES, _PREVALENCE[name]))
        factor = np.exp(_DEPRIVATION[name] * (5 - decile) + shared - 0.1)
        if name == "diabetes":
            factor *= np.where(asian, 2.3, np.where(black, 1.6, 1.0))
        elif name == "hypertension":
            factor *= np.where(black, 1.5, 1.0)
        elif name in ("smi", "alcohol", "depression"):
            factor *= np.where(homeless, 9.0 if name != "depression" else 2.5, 1.0)
        elif name in ("dementia", "frailty"):
            factor *= np.where(kind == CARE_HOME, 6.0, 1.0)
        target = -np.log(rng.random(people)) / factor
        age = np.interp(target, cumulative, grid, right=np.inf)
        has = (target < cumulative[-1]) & (target > cumulative[0])
        day = population.birth[has] + np.minimum(age[has], 110) * YEAR
        onset[has, column] = np.where(day <= calendar.end, day, NEVER)
    return onset
