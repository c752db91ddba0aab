"""Who attends A&E and who is admitted to the general hospital?

References:
    Volumes: about 0.42 attendances and 0.22 admissions a person and year (NHS England A&E and HES APC, 2022/23,
    rounded). Codes of mode and destination: FIELDS.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import weeks as wk
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.mental_health import Frame, MentalHealth, stack, take
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.weeks import Course

MENTAL = 0
"""Number of the mental-health presentation among `PRESENTATIONS`."""


@dataclass
class Hospital:
    """Attendances and episodes of the hospital trust.

    Attributes:
        attendances: person, day, minute, stay (minutes), mode, presentation, destination, department, acuity.
        episodes: person, spell, order, admitted, began, ended, discharged, method, reason, mental_trust.
    """

    attendances: Frame
    episodes: Frame


def _present(population: Population, person: Array, day: Array, calendar: Calendar) -> Array:
    return (
        (day >= calendar.start)
        & (day <= calendar.end)
        & (day >= np.maximum(population.arrival[person], population.birth[person]))
        & (day <= population.last_day()[person])
    )


def attendance_rate(population: Population, onset: Array, calendar: Calendar) -> Array:
    """Return A&E attendances a year of each person."""
    age = (calendar.end - population.birth) / YEAR
    rate = np.interp(age, [0, 3, 12, 22, 40, 60, 75, 90], [0.75, 0.5, 0.28, 0.42, 0.33, 0.3, 0.45, 0.85])
    has = onset < NEVER
    for name, factor in (("copd", 1.5), ("alcohol", 2.2), ("smi", 1.8), ("frailty", 1.5), ("diabetes", 1.2), ("depression", 1.3)):
        rate = rate * np.where(has[:, CONDITIONS.index(name)], factor, 1.0)
    return rate * np.exp(0.05 * (5 - population.decile()))


def make_hospital(
    population: Population,
    onset: Array,
    course: Course,
    mental: MentalHealth,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Hospital:
    """Return everything the hospital records."""
    years = (calendar.end - calendar.start + 1) / YEAR
    rate = attendance_rate(population, onset, calendar)
    burst = rng.gamma(0.7, 1 / 0.7, population.count)
    person = np.repeat(np.arange(population.count), rng.poisson(rate * burst * years))
    day = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, len(person))
    member, mental_day = course.log.table(wk.EMERGENCY, 2)
    presentation = np.r_[rng.integers(1, 12, len(person)), np.full(len(member), MENTAL)]
    person, day = np.r_[person, course.person[member]], np.r_[day, mental_day]
    keep = np.flatnonzero(_present(population, person, day, calendar))
    keep = keep[np.argsort(day[keep], kind="stable")]
    person, day, presentation = person[keep], day[keep], presentation[keep]
    n = len(person)
    age = population.age_years(person, day)
    admit = (rng.random(n) < np.interp(age, [0, 20, 50, 70, 90], [0.12, 0.12, 0.22, 0.4, 0.55])) & (presentation != MENTAL)
    attendances = {
        "person": person, "day": day, "minute": rng.integers(0, 1440, n), "stay": 40 + rng.gamma(2.0, 95, n).astype(np.int64),
        "mode": np.where(admit & (rng.random(n) < 0.6), 1, rng.choice(3, n, p=[0.62, 0.2, 0.18])),
        "presentation": presentation, "destination": np.where(admit, 1, np.where(rng.random(n) < 0.04, 2, 0)),
        "department": np.where(rng.random(n) < 0.8, 1, 3), "acuity": rng.integers(0, 5, n),
    }  # fmt: skip

    # admissions: from A&E, planned, and some psychiatric stays that the mental-health trust also submits
    rows = np.flatnonzero(admit)
    stay = np.minimum(rng.gamma(0.8, 7.0, len(rows)), 120).astype(np.int64)
    elective_rate = np.interp((calendar.end - population.birth) / YEAR, [0, 18, 40, 65, 80, 95], [0.03, 0.05, 0.1, 0.2, 0.25, 0.1])
    who = np.repeat(np.arange(population.count), rng.poisson(elective_rate * years))
    at = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, len(who))
    good = np.flatnonzero(_present(population, who, at, calendar))
    who, at = who[good], at[good]
    m = len(who)
    spells = [
        {"person": person[rows], "admitted": day[rows], "discharged": day[rows] + stay,
         "method": np.zeros(len(rows), np.int64), "reason": presentation[rows], "trust": np.zeros(len(rows), np.int64),
         "sent": np.arange(len(rows)) * 0},
        {"person": who, "admitted": at, "discharged": at + np.where(rng.random(m) < 0.7, 0, rng.integers(1, 6, m)),
         "method": rng.integers(1, 4, m), "reason": rng.integers(12, 20, m), "trust": np.zeros(m, np.int64),
         "sent": np.zeros(m, np.int64)},
    ]  # fmt: skip
    both = np.flatnonzero(
        (mental.spells["day"] >= calendar.start)
        & (mental.spells["day"] <= calendar.end)
        & (rng.random(len(mental.spells["day"])) < 0.4)
    )
    s = take(mental.spells, both)
    spells.append(
        {"person": s["person"], "admitted": s["day"], "discharged": s["discharged"], "method": np.zeros(len(both), np.int64),
         "reason": np.full(len(both), 20), "trust": np.ones(len(both), np.int64), "sent": np.zeros(len(both), np.int64)}
    )  # fmt: skip
    spell = stack(spells)
    order = np.lexsort((spell["person"], spell["admitted"]))
    spell = take(spell, order)
    k = len(spell["person"])
    parts = np.where((spell["discharged"] - spell["admitted"] > 2) & (rng.random(k) < 0.35), 2, 1)
    which = np.repeat(np.arange(k), parts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    middle = (spell["admitted"] + (spell["discharged"] - spell["admitted"]) // 2)[which]
    two = parts[which] == 2
    episodes = {
        "person": spell["person"][which], "spell": which, "order": nth + 1, "admitted": spell["admitted"][which],
        "began": np.where(nth == 0, spell["admitted"][which], middle),
        "ended": np.where(two & (nth == 0), middle, spell["discharged"][which]),
        "discharged": spell["discharged"][which], "method": spell["method"][which], "reason": spell["reason"][which],
        "trust": spell["trust"][which],
    }  # fmt: skip
    return Hospital(attendances, episodes)
