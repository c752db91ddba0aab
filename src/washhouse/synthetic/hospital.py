"""Who attends A&E and who is admitted to the general hospital?

References:
    Volumes: about 0.42 attendances and 0.22 admissions a person and year (NHS England A&E and HES APC, 2022/23,
    rounded), more in childhood, old age, deprivation and with long-term conditions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import course as wk
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.codes import MENTAL_PRESENTATIONS, PLANNED_ADMISSIONS, PRESENTATIONS
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.course import Course
from washhouse.synthetic.frames import Frame, stack, take
from washhouse.synthetic.mental_health import MentalHealth
from washhouse.synthetic.population import YEAR, Population

_FACTOR = {"copd": 1.5, "alcohol": 2.2, "smi": 1.7, "frailty": 1.5, "diabetes": 1.2, "depression": 1.3}
EMERGENCY, WAITING_LIST, BOOKED, PLANNED, NEWBORN = range(5)
"""Methods of admission, in the order of the codes that the extract writes."""


@dataclass
class Hospital:
    """Attendances and episodes, by day.

    Attributes:
        attendances: person, day, minute, stay (minutes), mode, presentation (the mental ones after the general),
            diagnosis (number among the presentation's), second (comorbidity or -1), destination, department.
        episodes: person, spell, order, admitted, began, ended, discharged, method, reason (presentation, then planned
            admission), mental (1 for a psychiatric stay), late (1 where coded a month later), specialty.
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
    for name, factor in _FACTOR.items():
        rate = rate * np.where(onset[:, CONDITIONS.index(name)] < NEVER, factor, 1.0)
    return rate * np.exp(0.05 * (5 - population.decile()))


def _attendances(
    population: Population, onset: Array, course: Course, calendar: Calendar, rng: np.random.Generator
) -> Frame:
    years = (calendar.end - calendar.start + 1) / YEAR
    rate = attendance_rate(population, onset, calendar) * rng.gamma(0.7, 1 / 0.7, population.count)
    person = np.repeat(np.arange(population.count), rng.poisson(rate * years))
    day = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, len(person))
    weight = np.cumsum([p.weight for p in PRESENTATIONS])
    presentation = np.searchsorted(weight, rng.random(len(person)) * weight[-1])
    member, mental_day = course.log.table(wk.EMERGENCY)
    mental = np.cumsum([p.weight for p in MENTAL_PRESENTATIONS])
    which = len(PRESENTATIONS) + np.searchsorted(mental, rng.random(len(member)) * mental[-1])
    presentation = np.r_[presentation, which]
    person, day = np.r_[person, course.person[member]], np.r_[day, mental_day]
    keep = np.flatnonzero(_present(population, person, day, calendar))
    keep = keep[np.argsort(day[keep], kind="stable")]
    person, day, presentation = person[keep], day[keep], presentation[keep]
    n = len(person)
    minor = rng.random(n) < np.where(presentation < len(PRESENTATIONS), 0.25, 0.0)
    chance = np.interp(population.age_years(person, day), [0, 20, 50, 70, 90], [0.10, 0.11, 0.2, 0.38, 0.52])
    admit = (rng.random(n) < chance) & (presentation < len(PRESENTATIONS)) & ~minor
    choices = np.array([len(p.diagnoses) for p in (*PRESENTATIONS, *MENTAL_PRESENTATIONS)])
    column = rng.integers(0, len(CONDITIONS), n)
    return {
        "person": person, "day": day, "minute": rng.integers(0, 1440, n),
        "stay": (35 + rng.gamma(2.0, 60, n) * np.where(admit, 2.3, 1.2)).astype(np.int64),
        "mode": np.where(admit & (rng.random(n) < 0.6), rng.integers(1, 6, n), np.where(rng.random(n) < 0.8, 0, 6)),
        "presentation": presentation, "diagnosis": (rng.random(n) * choices[presentation]).astype(np.int64),
        "second": np.where(onset[person, column] < day, column, -1),
        "destination": np.where(admit, np.where(rng.random(n) < 0.8, 1, 2), 0),
        "department": np.where(minor, np.where(rng.random(n) < 0.7, 3, 4), 1), "admit": admit.astype(np.int64),
    }  # fmt: skip


def _spells(
    population: Population, attendances: Frame, mental: MentalHealth, calendar: Calendar, rng: np.random.Generator
) -> Frame:
    """Return stays from A&E, planned ones, births, and psychiatric ones that the mental-health trust submits too."""
    years = (calendar.end - calendar.start + 1) / YEAR
    a = take(attendances, np.flatnonzero(attendances["admit"] == 1))
    long = np.interp(population.age_years(a["person"], a["day"]), [0, 40, 80], [1.2, 3.0, 8.5])
    stay = np.minimum(rng.gamma(0.75, 1.3 * long), 120).astype(np.int64)
    age = (calendar.end - population.birth) / YEAR
    rate = np.interp(age, [0, 18, 40, 65, 80, 95], [0.03, 0.05, 0.1, 0.22, 0.26, 0.1])
    who = np.repeat(np.arange(population.count), rng.poisson(rate * years))
    at = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, len(who))
    born = np.flatnonzero((population.birth >= calendar.start) & (population.arrival == population.birth))
    who, at = np.r_[who, born], np.r_[at, population.birth[born]]
    newborn = np.r_[np.zeros(len(who) - len(born), bool), np.ones(len(born), bool)]
    good = np.flatnonzero(_present(population, who, at, calendar))
    who, at, newborn = who[good], at[good], newborn[good]
    m = len(who)
    adult_reason = np.where(rng.random(m) < 0.9, rng.integers(0, len(PLANNED_ADMISSIONS), m), 0)
    reason = np.where(newborn, 4, np.where(adult_reason == 4, 5, adult_reason))
    s = take(
        mental.spells, np.flatnonzero((mental.spells["day"] >= calendar.start) & (mental.spells["day"] <= calendar.end))
    )
    s = take(s, np.flatnonzero(rng.random(len(s["day"])) < 0.4))
    k = len(s["day"])
    day_case = np.where(rng.random(m) < 0.7, 0, rng.integers(1, 6, m))
    return stack(
        [
            {"person": a["person"], "admitted": a["day"], "discharged": a["day"] + stay,
             "method": np.full(len(stay), EMERGENCY), "reason": a["presentation"], "mental": np.zeros_like(stay)},
            {"person": who, "admitted": at, "discharged": at + np.where(newborn, rng.integers(0, 4, m), day_case),
             "method": np.where(newborn, NEWBORN, rng.integers(1, 4, m)),
             "reason": len(PRESENTATIONS) + len(MENTAL_PRESENTATIONS) + reason, "mental": np.zeros(m, np.int64)},
            {"person": s["person"], "admitted": s["day"], "discharged": s["discharged"],
             "method": np.full(k, EMERGENCY), "reason": np.full(k, len(PRESENTATIONS) + 3),
             "mental": np.ones(k, np.int64)},
        ]
    )  # fmt: skip


def make_hospital(
    population: Population,
    onset: Array,
    course: Course,
    mental: MentalHealth,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Hospital:
    """Return everything the hospital records."""
    attendances = _attendances(population, onset, course, calendar, rng)
    spell = _spells(population, attendances, mental, calendar, rng)
    spell["discharged"] = np.minimum(
        spell["discharged"], np.maximum(population.death[spell["person"]], spell["admitted"])
    )
    spell = take(spell, np.lexsort((spell["person"], spell["admitted"])))
    count = len(spell["person"])
    parts = np.where((spell["discharged"] - spell["admitted"] > 2) & (rng.random(count) < 0.35), 2, 1)
    which = np.repeat(np.arange(count), parts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    episodes = take(spell, which)
    middle = episodes["admitted"] + (episodes["discharged"] - episodes["admitted"]) // 2
    two = parts[which] == 2
    episodes |= {
        "spell": which,
        "order": nth + 1,
        "began": np.where(nth == 0, episodes["admitted"], middle),
        "ended": np.where(two & (nth == 0), middle, episodes["discharged"]),
        "late": (rng.random(len(which)) < 0.1).astype(np.int64),
        "specialty": rng.integers(0, 6, len(which)),
    }
    return Hospital(attendances, episodes)
