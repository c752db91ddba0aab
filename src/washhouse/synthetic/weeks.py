"""What happens, week by week, to the people whom mental-health services know?

Each week the hazard of a crisis is computed from the state on its Monday; then contacts, attendances, changes of home
and work, assessments, prescriptions and the crisis itself are drawn, and the state moves on. Crisis care (an admission,
or acceptance by a crisis team) takes a person out of risk until it ends.
"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic import course as kinds
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.caseload import COMMUNITY, Episodes
from washhouse.synthetic.columns import Array
from washhouse.synthetic.course import HOMELESS, HOMES, JOBS, SUMMARY, Course, Log
from washhouse.synthetic.population import Population
from washhouse.synthetic.weekly_state import draw_homes, first_state

_CALM_DAYS = 90
"""Days after crisis care before a planned discharge is carried out."""


class _Weeks:
    """The cohort between one Monday and the next."""

    def __init__(
        self,
        population: Population,
        person: Array,
        onset: dict[str, Array],
        calendar: Calendar,
        rng: np.random.Generator,
    ) -> None:
        n = len(person)
        self.population, self.person, self.calendar, self.rng = population, person, calendar, rng
        self.onset = {name: onset[name][person] for name in ("smi", "alcohol")}
        self.state = first_state(population, person, onset, (calendar.start + calendar.end) // 2, rng)
        self.course = Course(
            person, Log(), [], [], self.state.home.copy(), self.state.job.copy(), self.state.medicated.copy()
        )
        self.log = self.course.log
        self.last_day = population.last_day()[person]
        self.pace = np.where(onset["smi"][person] < NEVER, 2.2, 3.0) * np.exp(rng.normal(0, 0.3, n))
        self.disengaged = rng.normal(0, 0.7, n)
        self.honos_level = rng.normal(0, 1, n)
        self.is_open = np.zeros(n, bool)
        self.opened_on = np.full(n, NEVER)
        self.planned_end = np.full(n, NEVER)
        self.next_honos = np.full(n, NEVER)
        self.care_until = np.full(n, -1)
        self.last_crisis = np.full(n, -NEVER)

    def begin(self, week: int) -> None:
        """Close what ends, and note who is at risk and how much."""
        self.monday = monday = self.calendar.monday(week)
        self.in_care = self.care_until >= monday
        gone = self.last_day <= monday + 6
        self.alive = ~gone
        planned = (monday > self.planned_end) & (monday - self.last_crisis > _CALM_DAYS) & ~self.in_care
        rows = np.flatnonzero(self.is_open & (gone | planned))
        self.log.add(
            kinds.CLOSED, rows, np.where(gone[rows], self.last_day[rows], monday + self.rng.integers(0, 5, len(rows)))
        )
        self.is_open[rows] = False
        self.opened_on[rows] = NEVER
        state = self.state
        state.smi = (self.onset["smi"] < monday).astype(float)
        state.alcohol = (self.onset["alcohol"] < monday).astype(float)
        state.youth = np.clip((45 - self.population.age_years(self.person, monday)) / 15, -1.5, 1.5)
        state.early = np.where(self.is_open, np.exp(-np.maximum(monday - self.opened_on, 0) / 7 / 10), 0.0)
        self.eta = state.log_hazard()
        self.at_risk = self.is_open & (self.opened_on < monday) & ~self.in_care & self.alive
        rows = np.flatnonzero(self.at_risk)
        ending = (self.planned_end - monday < 28) & (monday - self.last_crisis > _CALM_DAYS - 28)
        parts = dict(zip(SUMMARY, (
            self.eta, state.crisis_recent, state.missed, state.emergency, state.overdue(), state.moved, state.latent,
            ending,
        ), strict=True))  # fmt: skip
        self.course.at_risk.append(rows)
        self.course.summary.append(np.stack([part[rows] for part in parts.values()]).astype(np.float32))

    def strike(self, newcomers: Array) -> Array:
        """Return who has a crisis this week."""
        crisis = self.at_risk & (self.rng.random(len(self.eta)) < -np.expm1(-np.exp(self.eta)))
        crisis[newcomers[~self.is_open[newcomers] & ~self.in_care[newcomers] & self.alive[newcomers]]] = True
        self.calm = self.is_open & ~self.in_care & self.alive & ~crisis
        return crisis

    def pass_week(self) -> None:
        """Draw what happens to people outside crisis care, and move the state on."""
        self.state.fade(self.rng)
        self._contacts()
        self._emergencies()
        self._homes()
        self._jobs()
        self._assessments()
        self._prescriptions()
        self._refusals()

    def _contacts(self) -> None:
        state, rng = self.state, self.rng
        unwell = np.exp(0.25 * state.latent + 0.5 * state.crisis_recent)
        rows = np.flatnonzero(self.calm & (rng.random(len(unwell)) < 1 - np.exp(-unwell / self.pace)))
        pull = self.disengaged[rows] + 0.55 * state.latent[rows] + 0.6 * HOMELESS[state.home[rows]]
        uniform = rng.random(len(rows))
        missed = uniform < 1 / (1 + np.exp(2.25 - pull))
        cancelled = ~missed & (uniform > 0.94)
        attended = ~missed & ~cancelled
        status = np.where(attended, np.where(rng.random(len(rows)) < 0.04, 6, 5), np.where(missed, 3, 2))
        status = np.where(missed & (rng.random(len(rows)) < 0.06), 7, status)
        status = np.where(cancelled & (rng.random(len(rows)) < 0.4), 4, status)
        day = self.monday + rng.integers(0, 5, len(rows))
        self.log.add(kinds.CONTACT, rows, np.maximum(day, np.minimum(self.opened_on[rows], self.monday + 6)), status)
        state.missed[rows[missed]] += 1
        state.since_attended[rows[attended]] = 0

    def _emergencies(self) -> None:
        state = self.state
        rate = -5.9 + 0.65 * state.latent + 0.35 * state.frailty + 0.5 * state.alcohol + 0.6 * HOMELESS[state.home]
        well_enough = self.alive & ~self.in_care & self.is_open
        rows = np.flatnonzero(well_enough & (self.rng.random(len(rate)) < np.exp(rate)))
        self.log.add(kinds.EMERGENCY, rows, self.monday + self.rng.integers(0, 7, len(rows)))
        state.emergency[rows] += 1

    def _homes(self) -> None:
        state, rng = self.state, self.rng
        rate = np.where(HOMELESS[state.home], 0.02, 0.0032) * np.exp(0.4 * state.latent)
        rows = np.flatnonzero(self.alive & self.is_open & ~self.in_care & (rng.random(len(rate)) < rate))
        home = draw_homes(len(rows), rng)
        first = int(np.flatnonzero(HOMELESS)[0])
        home = np.where(rng.random(len(rows)) < 0.22, first + rng.integers(0, len(HOMES) - first, len(rows)), home)
        home = np.where(home == state.home[rows], (home + 1) % 4, home)
        self.log.add(kinds.MOVE, rows, self.monday + rng.integers(0, 7, len(rows)), home)
        state.moved[rows] = 1
        state.home[rows] = home

    def _jobs(self) -> None:
        state, rng = self.state, self.rng
        employed, seeking, sick, retired = (JOBS.index(code) for code in ("01", "02", "04", "08"))
        loses = (state.job == employed) & (rng.random(len(state.job)) < 0.006 * np.exp(0.4 * state.latent))
        other = ~np.isin(state.job, (employed, retired)) & (rng.random(len(state.job)) < 0.0012)
        rows = np.flatnonzero(self.alive & self.is_open & ~self.in_care & (loses | other))
        down = np.where(rng.random(len(rows)) < 0.6, seeking, sick)
        job = np.where(loses[rows], down, np.where(rng.random(len(rows)) < 0.7, employed, seeking))
        changed = job != state.job[rows]
        rows, job = rows[changed], job[changed]
        self.log.add(kinds.WORK, rows, self.monday + rng.integers(0, 7, len(rows)), job)
        state.job_lost[rows[state.job[rows] == employed]] = 1
        state.job[rows] = job

    def _assessments(self) -> None:
        state, rng = self.state, self.rng
        due = np.flatnonzero(self.calm & (self.next_honos <= self.monday + 6))
        score = 11 + 2.0 * state.smi[due] + 2.2 * state.frailty[due] + 2.6 * state.latent[due]
        score += 2.5 * self.honos_level[due] + 3.0 * state.crisis_recent[due] + rng.normal(0, 2.0, len(due))
        score = np.clip(np.rint(score), 0, 40).astype(np.int64)
        self.log.add(kinds.HONOS, due, self.monday + rng.integers(0, 5, len(due)), score)
        self.next_honos[due] = self.monday + 150 + rng.integers(0, 70, len(due))
        state.honos[due] = np.minimum((score - 12) / 6, 3)

    def _prescriptions(self) -> None:
        state, rng = self.state, self.rng
        n = len(state.latent)
        enters = state.medicated & ~state.in_gap & (rng.random(n) < 0.011 * np.exp(0.55 * state.latent))
        leaves = state.in_gap & (rng.random(n) < 0.15)
        weeks = state.supply_weeks - 1
        rows = np.flatnonzero(state.medicated & ~state.in_gap & (weeks >= 3) & self.alive & ~self.in_care)
        rows = rows[rng.random(len(rows)) < np.where(weeks[rows] >= 4, 0.9, 0.7)]
        self.log.add(kinds.ISSUE, rows, self.monday + rng.integers(0, 5, len(rows)))
        state.supply_weeks[rows] = 0
        state.in_gap = (state.in_gap | enters) & ~leaves

    def _refusals(self) -> None:
        """Crisis-team referrals that come to nothing, and planned or transferred admissions: no crises."""
        rng = self.rng
        chance = 0.0022 * np.exp(0.5 * self.state.latent)
        rows = np.flatnonzero(self.calm & (rng.random(len(chance)) < chance))
        day = self.monday + rng.integers(0, 7, len(rows))
        self.log.add(kinds.REFUSED, rows, day, rng.integers(0, 3, len(rows)))
        rows = np.flatnonzero(self.calm & (self.opened_on < self.monday) & (rng.random(len(chance)) < 0.0004))
        day = self.monday + rng.integers(0, 7, len(rows))
        until = np.minimum(day + rng.integers(5, 70, len(rows)), np.maximum(self.last_day[rows], day))
        self.log.add(kinds.PLANNED, rows, day, until, rng.integers(0, 4, len(rows)))
        self.care_until[rows] = until

    def care_for(self, crisis: Array) -> None:
        """Take people with a crisis into crisis care; some newcomers join the caseload after it."""
        rng, state = self.rng, self.state
        rows = np.flatnonzero(crisis)
        count = len(rows)
        way = np.searchsorted([0.36, 0.88], rng.random(count))
        day = self.monday + rng.integers(0, 7, count)
        treated = rng.integers(14, 43, count)
        stay = np.maximum(3, np.rint(np.exp(rng.normal(3.2, 0.75, count))).astype(np.int64))
        step = rng.integers(2, 12, count)
        until = np.select(
            [way == kinds.ADMITTED, way == kinds.HOME_TREATED], [day + stay, day + treated], day + step + stay
        )
        until = np.minimum(until, np.maximum(self.last_day[rows], day))
        way = np.where((way == kinds.HOME_THEN_ADMITTED) & (until <= day + step), kinds.HOME_TREATED, way)
        detained = (way != kinds.HOME_TREATED) & (rng.random(count) < 0.55)
        known = self.is_open[rows]
        self.log.add(kinds.CRISIS, rows, day, way, until, step, detained.astype(np.int64), known.astype(np.int64))
        self.care_until[rows] = until
        self.last_crisis[rows] = until
        state.crisis_count[rows] += 1
        state.detained[rows[detained]] = 1
        joins = rows[~known & (rng.random(count) < 0.85)]
        start = np.minimum(self.care_until[joins] - rng.integers(0, 5, len(joins)), self.last_day[joins])
        length = 140 + rng.exponential(250, len(joins)).astype(np.int64)
        self._open(joins, start, np.full(len(joins), COMMUNITY.index("A06")), length, after_crisis=1)

    def admit(self, member: Array, episodes: Episodes, rows: Array, first: bool) -> None:
        """Open the community episodes that begin this week for people who have none."""
        usable = ~self.is_open[member] & ((self.care_until[member] < self.monday) | first)
        usable &= np.r_[True, member[1:] != member[:-1]][: len(member)]
        usable &= (episodes.start[rows] < self.last_day[member]) & (self.last_day[member] > self.monday + 6)
        member, rows = member[usable], rows[usable]
        kind = episodes.kind[rows].astype(np.int64)
        self._open(member, episodes.start[rows], kind, episodes.length[rows], after_crisis=0)

    def _open(self, rows: Array, start: Array, kind: Array, length: Array, *, after_crisis: int) -> None:
        self.log.add(kinds.OPENED, rows, start, kind, np.full(len(rows), after_crisis))
        self.is_open[rows] = True
        self.opened_on[rows] = start
        self.planned_end[rows] = start + length
        self.next_honos[rows] = np.maximum(start + 14, self.monday)

    def end(self) -> None:
        """Let the state know, by next Monday, of the crisis care of this week."""
        monday, state = self.monday, self.state
        still = self.care_until >= monday + 7
        weeks = (monday + 7 - self.last_crisis) / 7
        faded = np.where(self.last_crisis > -NEVER, np.exp(-np.maximum(weeks, 0) / 16), 0.0)
        state.crisis_recent = np.where(still, 1.0, faded)
        state.since_attended[~self.is_open | (self.care_until >= monday)] = 0
        state.supply_weeks[still] = 2


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
    cohort = _Weeks(population, person, onset, calendar, rng)
    member = np.searchsorted(person, episodes.person)
    week_of = np.maximum((episodes.start - calendar.monday(0)) // 7, 0)
    by_week = np.argsort(week_of, kind="stable")
    bounds = np.searchsorted(week_of[by_week], np.arange(calendar.weeks + 1))
    order = np.argsort(newcomers[1], kind="stable")
    struck = np.searchsorted(person, newcomers[0][order])
    struck_bounds = np.searchsorted(newcomers[1][order], np.arange(calendar.weeks + 1))
    for week in range(calendar.weeks):
        cohort.begin(week)
        crisis = cohort.strike(struck[struck_bounds[week] : struck_bounds[week + 1]])
        cohort.pass_week()
        cohort.care_for(crisis)
        rows = by_week[bounds[week] : bounds[week + 1]]
        cohort.admit(member[rows], episodes, rows, first=week == 0)
        cohort.end()
    return cohort.course
