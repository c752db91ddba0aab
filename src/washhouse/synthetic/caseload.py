"""Who is referred to community mental-health teams, when, to which team, and who works there?

References:
    Size: about 3 % of adults open at a time, as Birmingham's 17,122 people in Garriga 2022
    (doi:10.1038/s41591-022-01811-5); teams of about 350 and 25 to 40 people a care co-ordinator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.population import YEAR, Population

COMMUNITY = ("A05", "A06", "A07", "A08", "A13", "A14", "A16")
"""Types of community team whose open referral puts an adult at risk."""

OTHER = ("A02", "A11", "A17", "A18")
"""Crisis resolution, liaison psychiatry, memory service, single point of access."""

TEAM_SIZE = 350
WORKER_CASELOAD = 32
NEW_PER_ADULT_YEAR = 0.0315
"""Community episodes that begin, per adult and year."""

NEWCOMERS_A_YEAR = 0.001
"""Crises of people outside community care, per person and year."""

_HISTORY_YEARS = 12


@dataclass
class Episodes:
    """Spans of community care wanted: one entry per episode, by person and start.

    Attributes:
        person: Person.
        start: Day of the referral.
        length: Days until the planned discharge.
        kind: Index into `COMMUNITY`.
    """

    person: Array
    start: Array
    length: Array
    kind: Array


@dataclass
class Teams:
    """Teams and the staff in them.

    Attributes:
        kind: Type of each team, an MHSDS code.
        of_kind: Numbers of the teams of each type.
    """

    kind: list[str]
    of_kind: dict[str, Array]


def referral_weight(population: Population, onset: Array) -> Array:
    """Return each person's relative chance of a referral to a community team."""
    has = onset < 999_999
    column = {name: has[:, k] for k, name in enumerate(CONDITIONS)}
    weight = np.full(population.count, 0.35)
    weight += 2.2 * column["depression"] + 3.0 * column["alcohol"] + 22.0 * column["smi"] + 2.5 * column["dementia"]
    return weight * np.exp(0.06 * (5 - population.decile()))


def draw_episodes(population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator) -> Episodes:
    """Return the community episodes that reach into the simulated span."""
    begin = calendar.monday(0) - round(_HISTORY_YEARS * YEAR)
    adults = (calendar.end - population.birth) / YEAR > 20
    years = (calendar.end - begin) / YEAR
    count = int(adults.sum() * NEW_PER_ADULT_YEAR * years)
    weight = np.cumsum(referral_weight(population, onset) * adults)
    person = np.searchsorted(weight, rng.random(count) * weight[-1], side="right")
    start = begin + (rng.random(count) * (calendar.end - begin)).astype(np.int64)
    smi = onset[person, CONDITIONS.index("smi")] < 999_999
    dementia = onset[person, CONDITIONS.index("dementia")] <= start
    age = population.age_years(person, start)
    uniform = rng.random(count)
    short = uniform < np.where(smi, 0.15, 0.5)
    long = uniform > np.where(smi, 0.5, 0.9)
    weeks = np.where(
        short,
        6 + rng.gamma(2.0, 7.0, count),
        np.where(long, 60 + rng.exponential(180, count), 20 + rng.exponential(40, count)),
    )
    kind = _kinds(age, smi, dementia, short, rng)
    keep = (
        (age >= 18)
        & (start >= population.arrival[person])
        & (start < population.last_day()[person])
        & (start + weeks * 7 >= calendar.monday(0))
    )
    order = np.lexsort((start[keep], person[keep]))
    pick = np.flatnonzero(keep)[order]
    return Episodes(person[pick], start[pick], (weeks[pick] * 7).astype(np.int64), kind[pick])


def draw_newcomers(
    population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return person and week of crises that strike people outside community care."""
    adults = (calendar.monday(0) - population.birth) / YEAR > 18
    weight = np.cumsum(referral_weight(population, onset) * adults)
    count = round(population.count * NEWCOMERS_A_YEAR * calendar.weeks / 52)
    return np.searchsorted(weight, rng.random(count) * weight[-1], side="right"), rng.integers(0, calendar.weeks, count)


def _kinds(age: Array, smi: Array, dementia: Array, short: Array, rng: np.random.Generator) -> Array:
    uniform = rng.random(len(age))
    number = {code: k for k, code in enumerate(COMMUNITY)}
    kind = np.full(len(age), number["A06"])
    kind[short & (uniform < 0.30)] = number["A05"]
    kind[~short & ~smi & (uniform > 0.90)] = number["A16"]
    kind[~smi & (uniform > 0.75) & (uniform < 0.86)] = number["A13"]
    kind[smi & (uniform < 0.09)] = number["A08"]
    kind[smi & (age < 36) & (uniform > 0.3)] = number["A14"]
    kind[dementia | ((age > 70) & (uniform < 0.7))] = number["A07"]
    return kind.astype(np.int8)


def make_teams(caseload: Array) -> Teams:
    """Return teams for the usual number of people open with each type of community team."""
    kinds: list[str] = []
    for code, size in zip(COMMUNITY, caseload.tolist(), strict=True):
        kinds += [code] * max(1, round(size / TEAM_SIZE))
    per_crisis_team = max(1, round(float(caseload.sum()) / 1500))
    for code in OTHER:
        kinds += [code] * (per_crisis_team if code in ("A02", "A11") else 1)
    return Teams(kinds, {code: np.flatnonzero(np.array(kinds) == code) for code in (*COMMUNITY, *OTHER)})
