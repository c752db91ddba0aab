"""What do practices code and prescribe?

References:
    Volumes: about 50 coded entries and 45 prescriptions a person in five years, more with age and long-term conditions
    (NHS prescription cost analysis: about 19 items a person and year are dispensed in England; the city's book keeps
    to the commonest). Reviews and tests: the Quality and Outcomes Framework's yearly checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import course as wk
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.codes import ANTIPSYCHOTICS, MEASURES, SYMPTOMS
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.course import Course
from washhouse.synthetic.places import HOSTEL, NOWHERE
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.practice_plans import (
    BUSY,
    COURSES,
    DIAGNOSIS,
    DRUG_NUMBER,
    EVERY,
    OTHER_REPEATS,
    PANELS,
    SMOKING_AT,
    SYMPTOM_AT,
    TREATMENT,
    YEARLY,
)
from washhouse.synthetic.streams import BLOCK_PEOPLE, Streams


@dataclass
class BlockEvents:
    """Journal and prescriptions of a block of people.

    Attributes:
        person: Person of each journal entry.
        code: Index into `JOURNAL_CODES`.
        day: Day of the event.
        recorded: Day of the entry.
        value: Measured value, NaN for none.
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


@dataclass
class _Block:
    """What is known of a block of people: rows are people."""

    people: Array
    age: Array
    sex: Array
    has: dict[str, Array]
    onset: dict[str, Array]


def make_blocks(
    population: Population, onset: Array, course: Course, calendar: Calendar, streams: Streams
) -> Iterator[BlockEvents]:
    """Return journal and prescriptions, block after block of people."""
    member, day = course.log.table(wk.ISSUE)
    order = np.argsort(course.person[member], kind="stable")
    known_person, known_day = course.person[member][order], day[order]
    treated = np.zeros(population.count, bool)
    treated[course.person[course.medicated]] = True
    begin = np.maximum(population.arrival, population.birth)
    until = np.minimum(population.last_day(), calendar.end)
    for number, first in enumerate(range(0, population.count, BLOCK_PEOPLE)):
        last = min(first + BLOCK_PEOPLE, population.count)
        rng = streams.stream("general practice", number)
        block = _Block(
            np.arange(first, last),
            (calendar.start + (calendar.end - calendar.start) / 2 - population.birth[first:last]) / YEAR,
            population.sex[first:last],
            {name: onset[first:last, k] < NEVER for k, name in enumerate(CONDITIONS)},
            {name: onset[first:last, k].astype(np.int64) for k, name in enumerate(CONDITIONS)},
        )
        row, code, at = _diagnoses(block, rng)
        more_row, more_code, more_at = _panels(block, calendar, rng)
        row, code, at = np.r_[row, more_row], np.r_[code, more_code], np.r_[at, more_at]
        value = _values(block, row, code, rng)
        late = rng.random(len(row)) < 0.07
        recorded = at + np.where(late, rng.integers(1, 25, len(row)), 0)
        person = block.people[row]
        keep = np.flatnonzero((at >= begin[person]) & (at <= until[person]) & (recorded <= calendar.end))
        keep = _once(keep[np.lexsort((code[keep], at[keep], row[keep]))], row, code, at)
        lo, hi = np.searchsorted(known_person, [first, last])
        own = known_person[lo:hi], known_day[lo:hi]
        patient, drug, issued = _prescriptions(block, calendar, own, treated[first:last], rng)
        good = np.flatnonzero((issued >= np.maximum(begin[patient], calendar.start)) & (issued <= until[patient]))
        good = _once(good[np.lexsort((drug[good], issued[good], patient[good]))], patient, drug, issued)
        yield BlockEvents(
            person[keep], code[keep], at[keep], recorded[keep], value[keep], patient[good], drug[good], issued[good]
        )


def _once(order: Array, *keys: Array) -> Array:
    """Return the sorted rows without those that repeat the one before in all keys."""
    same = np.ones(max(len(order) - 1, 0), bool)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    kept: Array = order[np.r_[True, ~same][: len(order)]]
    return kept


def _diagnoses(block: _Block, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    rows, codes, days = [], [], []
    for name in CONDITIONS:
        row = np.flatnonzero(block.has[name])
        choices = np.array(DIAGNOSIS[name])
        day = block.onset[name][row]
        if name == "frailty":
            for grade, delay in enumerate((0, 900, 1900)):
                on = rng.random(len(row)) < (1.0, 0.55, 0.35)[grade]
                row, day = row[on], day[on] + (delay * (0.5 + rng.random(int(on.sum())))).astype(np.int64)
                rows.append(row)
                codes.append(np.full(len(row), choices[grade]))
                days.append(day)
            continue
        shares = {"diabetes": [0.93], "ckd": [0.8], "depression": [0.8], "smi": [0.58], "dementia": [0.35, 0.75]}
        pick = np.searchsorted(shares.get(name, []), rng.random(len(row)))
        rows.append(row)
        codes.append(choices[pick])
        days.append(day)
    return np.concatenate(rows), np.concatenate(codes), np.concatenate(days)


def _panels(block: _Block, calendar: Calendar, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the entries of tests, reviews and symptoms: each panel's codes on one day."""
    n = len(block.people)
    span = calendar.end - calendar.start + 1
    busy = rng.gamma(4.0, 0.25, n)
    adult = block.age > 17
    general = {
        "pressure": 0.32 * adult, "body": 0.22 * adult, "liver": 0.22 * adult,
        "kidney": np.interp(block.age, [16, 30, 60, 90], [0.0, 0.12, 0.35, 0.6]),
        "blood": np.interp(block.age, [0, 20, 60, 90], [0.02, 0.22, 0.4, 0.6]),
        "thyroid": 0.12 * adult, "hba1c": np.interp(block.age, [16, 40, 70], [0.0, 0.15, 0.3]), "smoking": 0.35 * adult,
        "flu": np.where(block.age >= 65, 0.72, np.where(block.age < 11, 0.4, 0.06)), "failed": np.full(n, 0.06),
        "symptom": np.interp(block.age, [0, 5, 15, 30, 60, 90], [2.6, 1.6, 0.9, 1.3, 1.8, 2.6]),
    }  # fmt: skip
    rows, codes, days = [], [], []
    for name, members in PANELS.items():
        rate = general.get(name, np.zeros(n)).astype(float)
        for condition, yearly in YEARLY.items():
            if name in yearly:
                share = np.clip((calendar.end - block.onset[condition]) / span, 0, 1)
                rate = rate + yearly[name] * share
        count = rng.poisson(BUSY * rate * busy * span / YEAR)
        row = np.repeat(np.arange(n), count)
        day = calendar.start + rng.integers(0, span, len(row))
        if name == "flu":  # in autumn
            year = np.floor((day + 10) / YEAR)
            day = (year * YEAR + 262 + rng.integers(0, 80, len(row))).astype(np.int64)
        weekday = (day - 4) % 7
        day = day - np.where(weekday > 4, weekday - 4, 0)
        for code in members:
            rows.append(row)
            if name == "symptom":
                rank = np.floor(len(SYMPTOMS) * rng.random(len(row)) ** 1.6).astype(np.int64)
                codes.append(SYMPTOM_AT + rank)
            elif name == "smoking":
                habit = (block.people[row] * 2654435761 % 1000) / 1000
                codes.append(SMOKING_AT + np.searchsorted([0.17, 0.43], habit))
            else:
                codes.append(np.full(len(row), code))
            days.append(day)
    return np.concatenate(rows), np.concatenate(codes).astype(np.int64), np.concatenate(days)


def _values(block: _Block, row: Array, code: Array, rng: np.random.Generator) -> Array:
    """Return measured values: each person has a level of their own, each test scatters around it."""
    n = len(block.people)
    has = {name: has.astype(float) for name, has in block.has.items()}
    age, male = block.age, block.sex == 1
    body = 27.2 + 3.2 * has["diabetes"] + 1.5 * has["hypertension"] + 1.2 * has["smi"] + rng.normal(0, 4.4, n)
    body = np.where(age < 18, np.interp(age, [0, 2, 6, 18], [16.5, 16.5, 15.5, 21.5]) + rng.normal(0, 1.5, n), body)
    height = np.where(male, 1.755, 1.62) * np.interp(age, [0, 2, 6, 12, 17], [0.31, 0.5, 0.67, 0.87, 1.0])
    height = height * (1 + rng.normal(0, 0.04, n))
    filtration = np.clip(118 - 0.72 * age + rng.normal(0, 11, n), 45, 125)
    filtration = np.where(block.has["ckd"], np.clip(rng.normal(45, 10, n), 8, 60), filtration)
    levels = {
        "systolic": (112 + 0.28 * age + 9 * has["hypertension"] + rng.normal(0, 8, n), 9.0),
        "diastolic": (76 + 3 * has["hypertension"] - 0.06 * (age - 50) + rng.normal(0, 5, n), 6.5),
        "bmi": (body, 0.5),
        "weight": (body * height**2, 1.4),
        "hba1c": (35.5 + 0.06 * age + 21 * has["diabetes"] + rng.gamma(2.0, 1.6, n) * (1 + 3 * has["diabetes"]), 2.6),
        "egfr": (filtration, 5.0),
        "creatinine": (np.where(male, 86, 69) * (90 / filtration) ** 0.85, 5.0),
        "sodium": (139.5 + rng.normal(0, 1.4, n), 1.7),
        "potassium": (4.4 + 0.15 * has["ckd"] + rng.normal(0, 0.2, n), 0.25),
        "haemoglobin": (np.where(male, 148, 133) - 9 * has["ckd"] - 6 * has["frailty"] + rng.normal(0, 9, n), 4.5),
        "platelets": (262 - 40 * has["alcohol"] + rng.normal(0, 55, n), 20.0),
        "white_cells": (7.1 + rng.normal(0, 1.3, n), 1.2),
        "alt": (24 + 25 * has["alcohol"] + rng.gamma(1.5, 6, n), 5.0),
        "hdl": (np.where(male, 1.3, 1.55) - 0.2 * has["diabetes"] + rng.normal(0, 0.28, n), 0.08),
        "acr": (0.6 + rng.gamma(0.7, 1.5, n) * (1 + 6 * has["ckd"] + 2 * has["diabetes"]), 0.4),
        "tsh": (0.7 + rng.gamma(3.0, 0.55, n), 0.3),
    }
    table = np.stack([levels[name][0] for name in MEASURES], axis=1)
    scatter = np.array([levels[name][1] for name in MEASURES])
    decimals = np.array([code.decimals for code in MEASURES.values()])
    value = np.full(len(row), np.nan)
    measured = np.flatnonzero(code < len(MEASURES))
    which = code[measured]
    drawn = np.maximum(table[row[measured], which] + scatter[which] * rng.normal(0, 1, len(measured)), 0.2)
    scale = 10.0 ** decimals[which]
    value[measured] = np.maximum(np.rint(drawn * scale), 1) / scale
    return value


def _prescriptions(
    block: _Block, calendar: Calendar, own: tuple[Array, Array], treated: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return patient, drug and day of issue."""
    n = len(block.people)
    from_day: dict[str, Array] = {}
    for condition, drugs in TREATMENT.items():
        for name, share in drugs.items():
            takes = block.has[condition] & (rng.random(n) < share)
            start = np.where(takes, block.onset[condition] + rng.integers(5, 400, n), NEVER)
            from_day[name] = np.minimum(from_day.get(name, np.full(n, NEVER)), start)
    for name, (young, old) in OTHER_REPEATS.items():
        chance = np.where(block.age >= 60, old, np.where(block.age >= 18, young, 0.0))
        start = np.where(rng.random(n) < chance, calendar.start + rng.integers(-2500, 1200, n), NEVER)
        from_day[name] = np.minimum(from_day.get(name, np.full(n, NEVER)), start)
    antipsychotic = np.array([DRUG_NUMBER[name] for name in ANTIPSYCHOTICS])[block.people % len(ANTIPSYCHOTICS)]
    elsewhere = np.where(block.has["smi"] & ~treated & (rng.random(n) < 0.7), block.onset["smi"] + 10, NEVER)
    starts = [(np.full(n, DRUG_NUMBER[name]), day) for name, day in from_day.items()] + [(antipsychotic, elsewhere)]
    rows = [np.flatnonzero(day <= calendar.end) for _, day in starts]
    row = np.concatenate(rows)
    drug = np.concatenate([which[r] for (which, _), r in zip(starts, rows, strict=True)])
    day = np.concatenate([day[r] for (_, day), r in zip(starts, rows, strict=True)])
    day = np.maximum(day, calendar.start + rng.integers(0, 28, len(row)))
    short = np.isin(
        drug, [DRUG_NUMBER[d] for d in ("sertraline", "citalopram", "fluoxetine", "mirtazapine", "co_codamol")]
    )
    lasts = np.where(short & (rng.random(len(row)) < 0.6), 90 + rng.exponential(300, len(row)), 40_000)
    stop = np.minimum(day + lasts, calendar.end)
    every = EVERY[drug] * np.where(rng.random(len(row)) < 0.15, 2, 1)
    count = np.maximum(((stop - day) // every + 1).astype(np.int64), 0)
    which = np.repeat(np.arange(len(row)), count)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    issued = day[which] + nth * every[which] + rng.integers(-3, 4, len(which))
    collected = rng.random(len(which)) > 0.04 + 0.05 * (block.has["smi"] | block.has["alcohol"])[row[which]]
    which, issued = which[collected], issued[collected]
    courses = rng.poisson(
        np.interp(block.age, [0, 5, 20, 60, 90], [1.4, 0.7, 0.7, 1.1, 1.9]) * (calendar.end - calendar.start) / YEAR
    )
    ill = np.repeat(np.arange(n), courses)
    kind = np.array([DRUG_NUMBER[d] for d in COURSES])[rng.integers(0, len(COURSES), len(ill))]
    taken = calendar.start + rng.integers(0, calendar.end - calendar.start + 1, len(ill))
    own_row = own[0] - block.people[0]
    patient = np.r_[row[which], ill, own_row]
    return (
        block.people[patient],
        np.r_[drug[which], kind, antipsychotic[own_row]],
        np.r_[issued, taken, own[1]].astype(np.int64),
    )


def registration_days(population: Population, calendar: Calendar, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return who is registered with a practice here at all, and since when."""
    n = population.count
    homeless = np.isin(population.addresses.kind[population.address[0]], (HOSTEL, NOWHERE))
    registered = rng.random(n) > np.where(homeless, 0.2, 0.006)
    long_ago = np.maximum(calendar.start - rng.integers(30, 9000, n), population.birth + rng.integers(10, 45, n))
    arrived = population.arrival > population.birth
    since = np.where(arrived, population.arrival + rng.integers(3, 60, n), long_ago)
    registered &= (since < population.last_day()) & (since <= calendar.end)
    return registered, since
