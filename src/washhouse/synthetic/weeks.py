"""What happens, week by week, to the people whom mental-health services know?

Each week the hazard of a crisis is computed from the state at its Monday; then contacts, attendances, changes of home and
work, assessments, prescriptions and the crisis itself are drawn, and the state moves on. Crisis care (an admission,
or acceptance by a crisis team) takes a person out of risk until it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.caseload import COMMUNITY, Episodes
from washhouse.synthetic.columns import Array
from washhouse.synthetic.effects import EFFECTS, INTERCEPT
from washhouse.synthetic.population import YEAR, Population

CONTACT, EMERGENCY, MOVE, WORK, HONOS, ISSUE, CRISIS, OPENED, CLOSED, REFUSED, PLANNED = range(11)
"""Kinds of happening in the log."""

ADMITTED, HOME_TREATED, HOME_THEN_ADMITTED = range(3)
"""Ways into crisis care."""

HOMES = ("01", "02", "03", "04", "05", "09", "11", "12", "14", "16", "18", "19")
HOMELESS = np.array([code in ("12", "14", "16", "18", "19") for code in HOMES])
_HOME_SHARE = np.array([0.14, 0.34, 0.24, 0.13, 0.015, 0.015, 0.06, 0.006, 0.012, 0.008, 0.018, 0.016])
JOBS = ("01", "02", "03", "04", "05", "06", "07", "08", "ZZ")
_JOB_SHARE = np.array([0.16, 0.17, 0.03, 0.43, 0.05, 0.05, 0.02, 0.0, 0.09])
STATES = tuple(EFFECTS)
_PHI = 0.93


@dataclass
class Log:
    """Happenings: parallel runs of numbers, one run per kind and week."""

    runs: dict[int, list[tuple[Array, ...]]] = field(default_factory=dict)

    def add(self, kind: int, *columns: Array) -> None:
        """Append happenings of one kind; columns have equal length."""
        if len(columns[0]):
            self.runs.setdefault(kind, []).append(columns)

    def table(self, kind: int, width: int) -> list[Array]:
        """Return all happenings of one kind as columns."""
        runs = self.runs.get(kind, [])
        if not runs:
            return [np.zeros(0, np.int64) for _ in range(width)]
        return [np.concatenate(column) for column in zip(*runs, strict=True)]


@dataclass
class Course:
    """What the weeks brought.

    Attributes:
        person: Person of each member of the cohort.
        log: Happenings; members are indexes into `person`.
        at_risk: Members at risk on each Monday (weeks x members).
        eta: Log hazard of the week (weeks x members), NaN outside community care.
        summary: Parts of the state that predict how the hazard goes on (parts x weeks x members).
        home0: Home at the start, index into `HOMES`.
        job0: Employment at the start, index into `JOBS`.
        medicated: True where an antipsychotic is prescribed.
        pace: Weeks between planned contacts.
    """

    person: Array
    log: Log
    at_risk: Array
    eta: Array
    summary: Array
    home0: Array
    job0: Array
    medicated: Array
    pace: Array


SUMMARY = ("eta", "crisis_recent", "missed_recent", "emergency_recent", "supply_overdue", "moved", "latent", "ending")


@dataclass
class _State:
    """State of every member on the Monday of a week."""

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
        e = EFFECTS
        return (
            INTERCEPT
            + e["crisis_recent"] * self.crisis_recent
            + e["crisis_count"] * np.minimum(self.crisis_count, 4)
            + e["missed_recent"] * np.minimum(self.missed, 3)
            + e["contact_gap"] * (self.since_attended > 8)
            + e["homeless"] * HOMELESS[self.home]
            + e["moved_recent"] * self.moved
            + e["job_lost_recent"] * self.job_lost
            + e["out_of_work"] * ((self.job == 1) | (self.job == 3))
            + e["emergency_recent"] * np.minimum(self.emergency, 2)
            + e["honos"] * self.honos
            + e["supply_overdue"] * self.overdue()
            + e["smi"] * self.smi
            + e["alcohol"] * self.alcohol
            + e["detained_recent"] * self.detained
            + e["youth"] * self.youth
            + e["deprivation"] * self.deprivation
            + e["early"] * self.early
            + e["frailty"] * self.frailty
            + e["latent"] * self.latent
        )

    def overdue(self) -> Array:
        """Return how far the supply of an antipsychotic is overdue."""
        return self.medicated * np.clip((self.supply_weeks - 4) / 4, 0, 1.5)


def _first_state(
    population: Population, person: Array, onset: dict[str, Array], middle: int, rng: np.random.Generator
) -> _State:
    n = len(person)
    smi = (onset["smi"][person] < NEVER).astype(float)
    alcohol = (onset["alcohol"][person] < NEVER).astype(float)
    age = population.age_years(person, middle)
    home = rng.choice(len(HOMES), n, p=_HOME_SHARE / _HOME_SHARE.sum())
    kind = population.addresses.kind[population.address[0, person]]
    home = np.where(kind == 1, HOMES.index("09"), home)
    home = np.where(kind == 2, HOMES.index("18"), home)
    home = np.where(kind == 4, np.where(rng.random(n) < 0.6, HOMES.index("12"), HOMES.index("14")), home)
    job = rng.choice(len(JOBS), n, p=_JOB_SHARE / _JOB_SHARE.sum())
    job = np.where(age > 66, JOBS.index("08"), job)
    medicated = rng.random(n) < np.where(smi > 0, 0.85, 0.10)
    zero = np.zeros(n)
    return _State(
        smi=smi, alcohol=alcohol, youth=np.clip((45 - age) / 15, -1.5, 1.5),
        deprivation=5.0 - population.decile()[person], frailty=rng.normal(0, 1, n), latent=rng.normal(0, 1, n),
        home=home, job=job, medicated=medicated, supply_weeks=rng.integers(0, 5, n).astype(float),
        in_gap=np.zeros(n, bool), crisis_recent=zero.copy(), crisis_count=zero.copy(), missed=zero.copy(),
        emergency=zero.copy(), moved=zero.copy(), job_lost=zero.copy(), detained=zero.copy(), honos=zero.copy(),
        since_attended=zero.copy(), early=zero.copy(),
    )  # fmt: skip


def run_weeks(
    population: Population,
    onset: dict[str, Array],
    episodes: Episodes,
    newcomers: tuple[Array, Array],
    calendar: Calendar,
    rng: np.random.Generator,
) -> Course:
    """Return the course of everybody whom mental-health services know.

    Args:
        population: Everybody.
        onset: Day of onset by condition.
        episodes: Community care wanted.
        newcomers: Person and week of crises of people not in community care.
        calendar: Days covered.
        rng: Random numbers.
    """
    person = np.unique(np.concatenate([episodes.person, newcomers[0]]))
    n, weeks = len(person), calendar.weeks
    state = _first_state(population, person, onset, (calendar.start + calendar.end) // 2, rng)
    course = Course(
        person, Log(), np.zeros((weeks, n), bool), np.full((weeks, n), np.nan, np.float32),
        np.zeros((len(SUMMARY), weeks, n), np.float32), state.home.copy(), state.job.copy(), state.medicated.copy(),
        np.where(state.smi > 0, 2.2, 3.0) * np.exp(rng.normal(0, 0.3, n)),
    )  # fmt: skip
    disengaged = rng.normal(0, 0.7, n)
    honos_level = rng.normal(0, 1, n)
    is_open = np.zeros(n, bool)
    opened_on = np.full(n, NEVER)
    planned_end = np.full(n, NEVER)
    care_until = np.full(n, -1)
    last_crisis = np.full(n, -10_000)
    next_honos = np.full(n, NEVER)
    last_day = population.last_day()[person]
    member = np.searchsorted(person, episodes.person)
    week_of = np.maximum((episodes.start - calendar.monday(0)) // 7, 0)
    by_week = np.argsort(week_of, kind="stable")
    bounds = np.searchsorted(week_of[by_week], np.arange(weeks + 1))
    new_member = np.searchsorted(person, newcomers[0])
    new_order = np.argsort(newcomers[1], kind="stable")
    new_bounds = np.searchsorted(newcomers[1][new_order], np.arange(weeks + 1))
    log = course.log

    for week in range(weeks):
        monday = calendar.monday(week)
        in_care = care_until >= monday
        gone = last_day <= monday + 6
        if week:
            ending = is_open & ~in_care & ((monday > planned_end) & (monday - last_crisis > 90) | gone)
            ending |= is_open & gone
            rows = np.flatnonzero(ending)
            when = np.minimum(monday + rng.integers(0, 5, len(rows)), last_day[rows])
            log.add(CLOSED, rows, when)
            is_open[rows] = False
            opened_on[rows] = NEVER

        # the log hazard rests on what is known before this Monday
        eta = state.log_hazard()
        alive = ~gone
        risk = is_open & (opened_on < monday) & ~in_care & alive
        course.at_risk[week] = risk
        course.eta[week] = np.where(risk, eta, np.nan)
        for k, part in enumerate(
            (eta, state.crisis_recent, state.missed, state.emergency, state.overdue(), state.moved, state.latent,
             (planned_end - monday < 28) & (monday - last_crisis > 62))
        ):  # fmt: skip
            course.summary[k, week] = part

        crisis = risk & (rng.random(n) < -np.expm1(-np.exp(eta)))
        fresh = new_member[new_order[new_bounds[week] : new_bounds[week + 1]]]
        fresh = fresh[~is_open[fresh] & ~in_care[fresh] & alive[fresh]]
        crisis[fresh] = True
        calm = is_open & ~in_care & alive & ~crisis

        # contacts of this week
        unwell = np.exp(0.25 * state.latent + 0.5 * state.crisis_recent)
        rows = np.flatnonzero(calm & (rng.random(n) < 1 - np.exp(-unwell / course.pace)))
        uniform = rng.random(len(rows))
        miss = 1 / (1 + np.exp(2.25 - disengaged[rows] - 0.55 * state.latent[rows] - 0.6 * HOMELESS[state.home[rows]]))
        missed = uniform < miss
        cancelled = ~missed & (uniform > 0.94)
        attended = ~missed & ~cancelled
        day = monday + rng.integers(0, 5, len(rows))
        status = np.where(attended, np.where(rng.random(len(rows)) < 0.04, 6, 5), np.where(missed, 3, 2))
        status = np.where(missed & (rng.random(len(rows)) < 0.06), 7, status)
        status = np.where(cancelled & (rng.random(len(rows)) < 0.4), 4, status)
        log.add(CONTACT, rows, np.maximum(day, np.minimum(opened_on[rows], monday + 6)), status)

        # attendances at A&E for mental health
        rate = np.exp(-5.9 + 0.65 * state.latent + 0.35 * state.frailty + 0.5 * state.alcohol + 0.6 * HOMELESS[state.home])
        emergency = np.flatnonzero(alive & ~in_care & is_open & (rng.random(n) < rate))
        log.add(EMERGENCY, emergency, monday + rng.integers(0, 7, len(emergency)))

        # changes of home and work
        rate = np.where(HOMELESS[state.home], 0.02, 0.0032) * np.exp(0.4 * state.latent)
        moves = np.flatnonzero(alive & is_open & ~in_care & (rng.random(n) < rate))
        new_home = rng.choice(len(HOMES), len(moves), p=_HOME_SHARE / _HOME_SHARE.sum())
        worse = rng.random(len(moves)) < 0.22
        new_home = np.where(worse, 7 + rng.integers(0, 5, len(moves)), new_home)
        new_home = np.where(new_home == state.home[moves], (new_home + 1) % 4, new_home)
        log.add(MOVE, moves, monday + rng.integers(0, 7, len(moves)), new_home)
        loses = (state.job == 0) & (rng.random(n) < 0.006 * np.exp(0.4 * state.latent))
        other = (state.job != 0) & (state.job != 7) & (rng.random(n) < 0.0012)
        works = np.flatnonzero(alive & is_open & ~in_care & (loses | other))
        new_job = np.where(
            loses[works], np.where(rng.random(len(works)) < 0.6, 1, 3), np.where(rng.random(len(works)) < 0.7, 0, 1)
        )
        changed = new_job != state.job[works]
        works, new_job = works[changed], new_job[changed]
        lost = works[(state.job[works] == 0)]
        log.add(WORK, works, monday + rng.integers(0, 7, len(works)), new_job)

        # outcome measures
        due = np.flatnonzero(calm & (next_honos <= monday + 6))
        score = 11 + 2.0 * state.smi[due] + 2.2 * state.frailty[due] + 2.6 * state.latent[due] + 2.5 * honos_level[due]
        score += 3.0 * state.crisis_recent[due] + rng.normal(0, 2.0, len(due))
        score = np.clip(np.rint(score), 0, 40).astype(np.int64)
        log.add(HONOS, due, monday + rng.integers(0, 5, len(due)), score)
        next_honos[due] = monday + 150 + rng.integers(0, 70, len(due))

        # prescriptions of antipsychotics by the practice
        enters = state.medicated & ~state.in_gap & (rng.random(n) < 0.011 * np.exp(0.55 * state.latent))
        leaves = state.in_gap & (rng.random(n) < 0.15)
        issue = np.flatnonzero(state.medicated & ~state.in_gap & (state.supply_weeks >= 3) & alive & ~in_care)
        issue = issue[rng.random(len(issue)) < np.where(state.supply_weeks[issue] >= 4, 0.9, 0.7)]
        log.add(ISSUE, issue, monday + rng.integers(0, 5, len(issue)))

        # crises
        rows = np.flatnonzero(crisis)
        way = np.searchsorted([0.36, 0.88], rng.random(len(rows)))
        day = np.minimum(monday + rng.integers(0, 7, len(rows)), calendar.end + 7)
        treated = rng.integers(14, 43, len(rows))
        stay = np.maximum(3, np.rint(np.exp(rng.normal(3.2, 0.75, len(rows)))).astype(np.int64))
        step = rng.integers(2, 12, len(rows))
        until = np.select([way == ADMITTED, way == HOME_TREATED], [day + stay, day + treated], day + step + stay)
        until = np.minimum(until, np.maximum(last_day[rows], day))
        detained = (way != HOME_TREATED) & (rng.random(len(rows)) < 0.55)
        log.add(CRISIS, rows, day, way, until, step, detained.astype(np.int64), is_open[rows].astype(np.int64))
        care_until[rows] = until
        last_crisis[rows] = until
        joins = rows[~is_open[rows] & (rng.random(len(rows)) < 0.85)]
        opens = np.unique(np.concatenate([joins, np.zeros(0, np.int64)]))
        start = np.minimum(care_until[opens] - rng.integers(0, 5, len(opens)), last_day[opens])
        log.add(OPENED, opens, start, np.full(len(opens), COMMUNITY.index("A06")), np.ones(len(opens), np.int64))
        is_open[opens] = True
        opened_on[opens] = start
        planned_end[opens] = start + 140 + rng.exponential(250, len(opens)).astype(np.int64)
        next_honos[opens] = start + 14

        # care that is refused or planned and so is no crisis
        refused = np.flatnonzero(calm & (rng.random(n) < 0.0022 * np.exp(0.5 * state.latent)))
        log.add(REFUSED, refused, monday + rng.integers(0, 7, len(refused)), rng.integers(0, 3, len(refused)))
        planned = np.flatnonzero(calm & (opened_on < monday) & (rng.random(n) < 0.0004))
        stay = rng.integers(5, 70, len(planned))
        day = monday + rng.integers(0, 7, len(planned))
        until = np.minimum(day + stay, np.maximum(last_day[planned], day))
        log.add(PLANNED, planned, day, until, rng.integers(0, 4, len(planned)))
        care_until[planned] = until

        # new community care
        rows = by_week[bounds[week] : bounds[week + 1]]
        who = member[rows]
        usable = ~is_open[who] & ((care_until[who] < monday) | (week == 0))
        usable &= np.r_[True, who[1:] != who[:-1]] if len(who) else np.zeros(0, bool)
        rows = rows[usable & (episodes.start[rows] < last_day[who]) & (last_day[who] > monday + 6)]
        who = member[rows]
        log.add(OPENED, who, episodes.start[rows], episodes.kind[rows].astype(np.int64), np.zeros(len(rows), np.int64))
        is_open[who] = True
        opened_on[who] = episodes.start[rows]
        planned_end[who] = episodes.start[rows] + episodes.length[rows]
        next_honos[who] = np.maximum(episodes.start[rows] + 14, monday)

        # the state moves on to the next Monday
        state.latent = _PHI * state.latent + np.sqrt(1 - _PHI**2) * rng.normal(0, 1, n)
        state.crisis_recent = np.where(
            care_until >= monday + 7, 1.0, np.where(last_crisis > 0, np.exp(-(monday + 7 - last_crisis) / 7 / 16), 0.0)
        )
        state.crisis_count *= np.exp(-1 / 78)
        state.crisis_count[np.flatnonzero(crisis)] += 1
        state.missed *= np.exp(-1 / 7)
        contact_rows, _, contact_status = log.runs[CONTACT][-1] if log.runs.get(CONTACT) else (rows, rows, rows)
        if len(missed):
            np.add.at(state.missed, contact_rows[missed], 1)
            state.since_attended += 1
            state.since_attended[contact_rows[attended]] = 0
        else:
            state.since_attended += 1
        state.since_attended[~is_open | (care_until >= monday)] = 0
        state.emergency *= np.exp(-1 / 8)
        state.emergency[emergency] += 1
        state.moved *= np.exp(-1 / 10)
        state.moved[moves] = 1
        state.home[moves] = new_home
        state.job_lost *= np.exp(-1 / 12)
        state.job_lost[lost] = 1
        state.job[works] = new_job
        state.honos[due] = np.minimum((score - 12) / 6, 3)
        state.in_gap = (state.in_gap | enters) & ~leaves
        state.supply_weeks += 1
        state.supply_weeks[issue] = 0
        state.supply_weeks[care_until >= monday + 7] = 2
        state.detained *= np.exp(-1 / 40)
        crisis_rows = np.flatnonzero(crisis)
        state.detained[crisis_rows[detained]] = 1
        since = np.where(is_open & (opened_on < NEVER), (monday + 7 - opened_on) / 7, 0)
        state.early = np.where(is_open, np.exp(-np.maximum(since, 0) / 10), 0.0)
    return course
