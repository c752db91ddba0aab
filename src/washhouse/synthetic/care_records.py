"""Which care plans, treatment orders, diagnoses and ratings of their own lives do people in community care have?

They hang on what the weeks brought, and draw from a stream of their own: nothing of the hazard depends on them, and
the ratings know nothing of the state that no file shows.

References:
    Community treatment orders: on 31 March 2016 5,426 people (25,577 subject to the Act less 20,151 detained in
    hospital) beside 63,622 detentions in the year (NHS Digital, KP90 2015/16): about one order to ten detentions,
    which is a quarter of the city's sections 3. Orders last six months and are renewed (Mental Health Act 1983,
    sections 17A, 20A). Diagnoses: ICD-10 chapter F. The other shares are the city's own, chosen so that a caseload has
    gaps to show: `SHARES`, also in `effects.json`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.frames import Frame, take
from washhouse.synthetic.mental_health import ACTS, MentalHealth
from washhouse.synthetic.population import YEAR, Population

SHARES = {
    "care_plan": 0.82,
    "crisis_plan": 0.35,
    "plan_review_kept": 0.75,
    "diagnosis_coded": 0.75,
    "second_diagnosis": 0.12,
    "dialog_kept": 0.6,
    "order_after_section_3": 0.25,
}
"""Share of community referrals with each, of half-yearly plan reviews and of DIALOG ratings due that are done, and of
sections 3 after which an order is made."""

PLAN_KINDS = ("10", "12")
"""Mental-health care plan, crisis plan."""

DIAGNOSES = ("F000", "F019", "F200", "F259", "F319", "F322", "F331", "F411", "F431", "F603", "F102")
"""ICD-10: dementias, schizophrenia, schizoaffective, bipolar, depressive, anxiety, stress, personality, alcohol."""

REVIEW_DAYS = 182


@dataclass
class CareRecords:
    """Further tables of the trust. `referral` and `contact` are rows of its referrals and contacts.

    Attributes:
        plans: person, day, ended (with the referral), kind, first row of `updates`, their number.
        updates: Days of the updates, in order inside each plan.
        orders: act (row of the acts), person, day, expiry, ended.
        diagnoses: referral, day, minute, code, second (1 for a secondary one).
        ratings: contact, day, item1 to item11.
    """

    plans: Frame
    updates: Array
    orders: Frame
    diagnoses: Frame
    ratings: Frame


def make_care_records(
    mental: MentalHealth, population: Population, onset: Array, calendar: Calendar, rng: np.random.Generator
) -> CareRecords:
    """Return the care records of everybody referred to a community team."""
    rows = np.flatnonzero((mental.referrals["community"] == 1) & (mental.referrals["rejected"] == NEVER))
    episodes = take(mental.referrals, rows) | {"referral": rows}
    plans, updates = _plans(episodes, calendar, rng)
    diagnoses = _diagnoses(episodes, mental, onset, rng)
    ratings = _ratings(episodes, mental, calendar, rng)
    return CareRecords(plans, updates, _orders(mental, population, calendar, rng), diagnoses, ratings)


def _plans(episodes: Frame, calendar: Calendar, rng: np.random.Generator) -> tuple[Frame, Array]:
    """Return plans and the days on which they were reviewed: every half year, where the review was kept."""
    n = len(episodes["day"])
    reviews = int((calendar.end - calendar.start) / REVIEW_DAYS) + 26
    frames, days = [], []
    for number, share in enumerate((SHARES["care_plan"], SHARES["crisis_plan"])):
        day = episodes["day"] + rng.integers(7, 60, n)
        has = (rng.random(n) < share) & (day < episodes["closed"]) & (day <= calendar.end)
        shift = rng.integers(-40, 60, (n, reviews))
        kept = rng.random((n, reviews)) < SHARES["plan_review_kept"]
        due = day[:, None] + REVIEW_DAYS * np.arange(1, reviews + 1) + shift
        kept &= due < np.minimum(episodes["closed"], calendar.end + 1)[:, None]
        rows = np.flatnonzero(has)
        frames.append((rows, day[rows], np.full(len(rows), number), kept[rows].sum(axis=1)))
        days.append(due[rows][kept[rows]])
    rows, day, kind, count = (np.concatenate(column) for column in zip(*frames, strict=True))
    plans = {
        "person": episodes["person"][rows], "day": day, "ended": episodes["closed"][rows], "kind": kind,
        "first": np.cumsum(count) - count, "updates": count,
    }  # fmt: skip
    return plans, np.concatenate(days)


def _diagnoses(episodes: Frame, mental: MentalHealth, onset: Array, rng: np.random.Generator) -> Frame:
    n = len(episodes["day"])
    kind = np.array(mental.teams.kind)[episodes["team"]]
    column = {name: onset[episodes["person"], k] < NEVER for k, name in enumerate(CONDITIONS)}
    uniform = rng.random(n)
    common = 5 + np.searchsorted([0.4, 0.65, 0.85], uniform)
    code = np.where(column["smi"], 2 + np.searchsorted([0.5, 0.65], uniform), common)
    code = np.where(kind == "A16", 9, code)
    code = np.where(column["dementia"] & (kind == "A07"), (uniform < 0.4).astype(np.int64), code)
    day = episodes["day"] + rng.integers(0, 30, n)
    minute = rng.integers(540, 1020, n)
    coded = (rng.random(n) < SHARES["diagnosis_coded"]) & (day < episodes["closed"])
    second = coded & (column["alcohol"] | (rng.random(n) < SHARES["second_diagnosis"]))
    first, also = np.flatnonzero(coded), np.flatnonzero(second)
    which = np.r_[first, also]
    return {
        "referral": episodes["referral"][which], "day": day[which], "minute": minute[which],
        "code": np.r_[code[first], np.where(column["alcohol"][also], 10, 7)],
        "second": np.r_[np.zeros(len(first), np.int64), np.ones(len(also), np.int64)],
    }  # fmt: skip


def _ratings(episodes: Frame, mental: MentalHealth, calendar: Calendar, rng: np.random.Generator) -> Frame:
    """Return DIALOG ratings, each in the first attended contact after it is due: at the start, then half-yearly."""
    n = len(episodes["day"])
    times = int((calendar.end - calendar.start) / REVIEW_DAYS) + 2
    begins = np.maximum(episodes["day"], calendar.start)
    due = begins[:, None] + REVIEW_DAYS * np.arange(times) + rng.integers(0, 60, (n, times))
    kept = rng.random((n, times)) < SHARES["dialog_kept"]
    level = rng.normal(4.4, 0.9, n)
    items = np.clip(np.rint(level[:, None, None] + rng.normal(0, 1.1, (n, times, 11))), 1, 7).astype(np.int8)
    attended = np.flatnonzero(np.isin(mental.contacts["status"], (5, 6)))
    key = mental.contacts["referral"][attended] * 100_000 + mental.contacts["day"][attended]
    order = np.argsort(key, kind="stable")
    row, nth = np.nonzero(kept)
    wanted = episodes["referral"][row] * 100_000 + due[row, nth]
    at = np.minimum(np.searchsorted(key[order], wanted), max(len(order) - 1, 0))
    contact = attended[order[at]]
    soon = mental.contacts["day"][contact] < due[row, nth] + 90
    good = np.flatnonzero((mental.contacts["referral"][contact] == episodes["referral"][row]) & soon)
    _, once = np.unique(contact[good], return_index=True)
    good = good[once]
    ratings = {"contact": contact[good], "day": mental.contacts["day"][contact[good]]}
    chosen = items[row[good], nth[good]]
    return ratings | {f"item{k + 1}": chosen[:, k] for k in range(11)}


def _orders(mental: MentalHealth, population: Population, calendar: Calendar, rng: np.random.Generator) -> Frame:
    """Return community treatment orders, from the end of a section 3 for six months or longer."""
    acts = mental.acts
    draw = rng.random((len(acts["day"]), 3))
    follows = (acts["code"] == ACTS.index("03")) & (draw[:, 0] < SHARES["order_after_section_3"])
    alive = population.last_day()[acts["person"]] > acts["ended"]
    rows = np.flatnonzero(follows & alive & (acts["ended"] <= calendar.end))
    day = acts["ended"][rows]
    halves = 1 + np.floor(-np.log(draw[rows, 1]) * 1.2).astype(np.int64)
    ended = day + np.where(draw[rows, 2] < 0.2, 40 + (draw[rows, 2] * 600).astype(np.int64), halves * (YEAR / 2))
    ended = np.minimum(ended.astype(np.int64), population.last_day()[acts["person"][rows]])
    return {"act": rows, "person": acts["person"][rows], "day": day, "expiry": day + 183, "ended": ended}
