"""Which referrals, contacts, admissions and changes does the mental-health trust record?

Turns the weekly course of `weeks` into the trust's own tables, as frames: named columns of equal length, days and codes
as numbers. Every crisis leaves exactly the rows by which PREDICTION.md's label finds it, on the day it happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import course as wk
from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.caseload import COMMUNITY, WORKER_CASELOAD, Teams, make_teams
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS
from washhouse.synthetic.course import Course
from washhouse.synthetic.crisis_rows import (
    contact_rows,
    crisis_rows,
    episode_on,
    office_minutes,
    planned_spells,
    referral_rows,
)
from washhouse.synthetic.frames import Frame, stack, take
from washhouse.synthetic.population import Population

ACTS = ("02", "03", "20")
"""Sections of the Mental Health Act: 2, 3, 136."""


@dataclass
class MentalHealth:
    """The trust's tables. `person` always points into the population.

    Attributes:
        teams: Teams.
        workers: Team of each care co-ordinator.
        referrals: person, team, day, minute, source, reason, priority, closed, rejected, reject_reason, closure, other
            team or -1, community flag.
        contacts: referral, day, minute, minutes, mechanism, status, planned, other team or -1, place.
        spells: referral, person, day, minute, source, method, discharged, destination.
        wards: spell, day, ended, bed class.
        acts: person, day, ended, expiry, code.
        homes: person, recorded, day, ended, code.
        jobs: person, recorded, day, ended, code.
        coordinators: person, worker, day, ended, team.
        scores: referral, day, minute, items (n x 12).
        crises: person, day, until: the true events, inside and outside the caseload.
    """

    teams: Teams
    workers: Array
    referrals: Frame
    contacts: Frame
    spells: Frame
    wards: Frame
    acts: Frame
    homes: Frame
    jobs: Frame
    coordinators: Frame
    scores: Frame
    crises: Frame


def _pair_episodes(course: Course) -> Frame:
    """Return community episodes: member, day, kind, after_crisis, closed (`NEVER` while open)."""
    member, day, kind, after = course.log.table(wk.OPENED)
    order = np.lexsort((day, member))
    member, day, kind, after = member[order], day[order], kind[order], after[order]
    closed_member, closed_day = course.log.table(wk.CLOSED)
    order = np.lexsort((closed_day, closed_member))
    closed_member, closed_day = closed_member[order], closed_day[order]
    rank = np.arange(len(member)) - np.searchsorted(member, member)
    closed_rank = np.arange(len(closed_member)) - np.searchsorted(closed_member, closed_member)
    key, closed_key = member * 1000 + rank, closed_member * 1000 + closed_rank
    closed = np.full(len(member), NEVER)
    found = np.searchsorted(closed_key, key)
    hit = (found < len(closed_key)) & (closed_key[np.minimum(found, len(closed_key) - 1)] == key)
    closed[hit] = closed_day[found[hit]]
    return {"member": member, "day": day, "kind": kind, "after": after, "closed": np.maximum(closed, day)}


def _spans(person: Array, day: Array, code: Array, calendar_end: int) -> tuple[Array, Array, Array, Array]:
    """Return person, day, code sorted, each span ending where the person's next begins."""
    order = np.lexsort((day, person))
    person, day, code = person[order], day[order], code[order]
    ended = np.full(len(person), NEVER)
    same = person[1:] == person[:-1]
    ended[:-1][same] = day[1:][same]
    return person, day, code, ended


def _one_a_day(frame: Frame) -> Frame:
    """Return the rows, sorted by person and day, but for a second one of a person that begins on the same day."""
    order = np.lexsort((frame["day"], frame["person"]))
    person, day = frame["person"][order], frame["day"][order]
    return take(frame, order[np.r_[True, (person[1:] != person[:-1]) | (day[1:] != day[:-1])][: len(order)]])


def _other_rows(
    course: Course,
    onset: Array,
    base: int,
    teams: Teams,
    population: Population,
    calendar: Calendar,
    rng: np.random.Generator,
) -> tuple[Frame, Frame]:
    """Return referrals and contacts of refused crisis referrals, liaison, access and memory services."""
    frames, contacts = [], []
    crisis_teams, liaison, access, memory = (teams.of_kind[code] for code in ("A02", "A11", "A18", "A17"))
    member, day, how = course.log.table(wk.REFUSED)
    person = course.person[member]
    refused = referral_rows(person, crisis_teams[person % len(crisis_teams)], day, day + 1, rng, urgent=True)
    turned = how < 2
    refused["rejected"] = np.where(turned, day, NEVER)
    refused["reject_reason"] = rng.integers(1, 4, len(day))
    frames.append(refused)
    unmet = np.flatnonzero(~turned)
    contacts.append(contact_rows(base + unmet, day[unmet], np.full(len(unmet), 3), rng))
    base += len(person)

    member, day = course.log.table(wk.EMERGENCY)
    some = rng.random(len(day)) < 0.55
    member, day = member[some], day[some]
    person = course.person[member]
    frames.append(referral_rows(person, liaison[person % len(liaison)], day, day + rng.integers(0, 3, len(day)), rng))
    contacts.append(contact_rows(base + np.arange(len(day)), day, np.full(len(day), 5), rng))
    base += len(person)

    member, day, _, after = course.log.table(wk.OPENED)
    some = (after == 0) & (rng.random(len(day)) < 0.5) & (day > calendar.monday(0))
    member, day = member[some], day[some]
    person = course.person[member]
    received = day - rng.integers(5, 30, len(day))
    frames.append(referral_rows(person, access[person % len(access)], received, day, rng))
    status = np.where(rng.random(len(day)) < 0.8, 5, 3)
    contacts.append(contact_rows(base + np.arange(len(day)), np.maximum(day - 3, received), status, rng))
    base += len(person)

    when = onset[:, CONDITIONS.index("dementia")].astype(np.int64)
    person = np.flatnonzero((when > calendar.monday(0)) & (when < calendar.end) & (when < population.last_day()))
    person = person[(rng.random(len(person)) < 0.7) & (population.arrival[person] < when[person] - 80)]
    day = when[person] - rng.integers(20, 70, len(person))
    closed = np.minimum(day + rng.integers(60, 200, len(person)), population.last_day()[person])
    frames.append(referral_rows(person, memory[person % len(memory)], day, closed, rng))
    for gap in (14, 45):
        at = np.minimum(day + gap, closed)
        contacts.append(contact_rows(base + np.arange(len(person)), at, np.full(len(person), 5), rng))
    return stack(frames), stack(contacts)


def _homes_and_jobs(
    course: Course, spells: Frame, first_seen: Array, calendar: Calendar, rng: np.random.Generator
) -> tuple[Frame, Frame]:
    """Return accommodation and employment; code 20 of the former is the admission itself."""
    n = len(course.person)
    result = []
    for kind, initial, count in ((wk.MOVE, course.home0, len(wk.HOMES)), (wk.WORK, course.job0, len(wk.JOBS))):
        member, day, code = course.log.table(kind)
        changed = np.zeros(n, bool)
        changed[member] = True
        plain = ~changed & (np.ones(n, bool) if kind == wk.WORK else ~wk.HOMELESS[initial])
        shown = np.flatnonzero(~(plain & (rng.random(n) < 0.14)))
        began = first_seen[shown] - rng.integers(100, 3000, len(shown))
        person = course.person[np.r_[shown, member]]
        person, day, code, ended = _spans(person, np.r_[began, day], np.r_[initial[shown], code], calendar.end)
        order = np.searchsorted(course.person, person)
        recorded = np.maximum(day, first_seen[order])
        frame = {"person": person, "recorded": recorded, "day": day, "ended": ended, "code": code}
        if kind == wk.MOVE:
            some = np.flatnonzero(rng.random(len(spells["person"])) < 0.3)
            frame = stack([frame, {
                "person": spells["person"][some], "recorded": spells["day"][some], "day": spells["day"][some],
                "ended": spells["discharged"][some], "code": np.full(len(some), count),
            }])  # fmt: skip
        result.append(_one_a_day(frame))
    return result[0], result[1]


def _items(total: Array, rng: np.random.Generator) -> Array:
    """Return twelve item scores, 0 to 4, that add up to each total."""
    items = np.zeros((len(total), 12), np.int64)
    left = total.copy()
    for _ in range(60):
        rows = np.flatnonzero(left > 0)
        if not len(rows):
            break
        which = rng.integers(0, 12, len(rows))
        room = items[rows, which] < 4
        items[rows[room], which[room]] += 1
        left[rows[room]] -= 1
    return items


def _coordinators(
    episodes: Frame, person: Array, team: Array, workers_of: list[Array], calendar: Calendar, rng: np.random.Generator
) -> Frame:
    """Return assignments of care co-ordinators, each team's people dealt out in turn."""
    long = np.flatnonzero(episodes["closed"] - episodes["day"] > 45)
    order = long[np.argsort(episodes["day"][long], kind="stable")]
    turn = np.zeros(len(order), np.int64)
    for number in np.unique(team[order]):
        rows = np.flatnonzero(team[order] == number)
        turn[rows] = np.arange(len(rows))
    size = np.array([max(1, len(w)) for w in workers_of])[team[order]]
    first = np.array([w[0] if len(w) else 0 for w in workers_of])[team[order]]
    day = episodes["day"][order] + rng.integers(0, 22, len(order))
    ended = episodes["closed"][order]
    change = day + rng.exponential(365 * 4, len(order)).astype(np.int64)
    early = (change < ended) & (change < calendar.end)
    frames = [{
        "person": person[order], "worker": first + turn % size, "day": day,
        "ended": np.where(early, change, ended), "team": team[order],
    }]  # fmt: skip
    rows = np.flatnonzero(early)
    frames.append({
        "person": person[order][rows], "worker": (first + (turn + 1) % size)[rows], "day": change[rows],
        "ended": ended[rows], "team": team[order][rows],
    })  # fmt: skip
    return _one_a_day(stack(frames))


def _known(frame: Frame, end: int, later_days: int) -> Frame:
    """Return the rows up to the end, then those of the days after it, so that no number of a row depends on these."""
    later = np.flatnonzero((frame["day"] > end) & (frame["day"] <= end + later_days))
    later = later[np.argsort(frame["day"][later], kind="stable")]
    return take(frame, np.r_[np.flatnonzero(frame["day"] <= end), later])


def make_mental_health(
    population: Population,
    onset: Array,
    course: Course,
    calendar: Calendar,
    rng: np.random.Generator,
    *,
    later_days: int = 0,
) -> MentalHealth:
    """Return what the trust records over the simulated span, and on some days after the end."""
    episodes = _pair_episodes(course)
    days = max(1, calendar.end - calendar.start)
    inside = np.minimum(episodes["closed"], calendar.end) - np.maximum(episodes["day"], calendar.start)
    per_kind = np.bincount(episodes["kind"], np.maximum(inside, 0), minlength=len(COMMUNITY)) / days
    teams = make_teams(per_kind)
    person = course.person[episodes["member"]]
    area = population.addresses.area[population.address[0, person]]
    team = np.zeros(len(person), np.int64)
    for number, code in enumerate(COMMUNITY):
        rows = np.flatnonzero(episodes["kind"] == number)
        choices = teams.of_kind[code]
        team[rows] = choices[area[rows].astype(np.int64) * len(choices) // population.places.areas]
    per_team = np.bincount(team, np.maximum(inside, 0), minlength=len(teams.kind)) / days
    workers_of: list[Array] = []
    total = 0
    for number, code in enumerate(teams.kind):
        count = max(1, round(per_team[number] / WORKER_CASELOAD)) if code in COMMUNITY else 0
        workers_of.append(np.arange(total, total + count))
        total += count
    workers = np.concatenate([np.full(len(w), number) for number, w in enumerate(workers_of)])

    community = referral_rows(person, team, episodes["day"], episodes["closed"], rng)
    community["community"][:] = 1
    crisis = crisis_rows(course, episodes, len(person), teams, population, rng)
    base = len(person) + len(crisis["referrals"]["person"])
    more, more_contacts = _other_rows(course, onset, base, teams, population, calendar, rng)
    referrals = stack([community, crisis["referrals"], more])

    member, day, status = course.log.table(wk.CONTACT)
    contacts = contact_rows(episode_on(episodes, member, day), day, status, rng)
    contacts = stack([take(contacts, np.flatnonzero(contacts["referral"] >= 0)), crisis["contacts"], more_contacts])
    spells, wards = planned_spells(course, episodes, len(crisis["spells"]["person"]), rng)
    spells, wards = stack([crisis["spells"], spells]), stack([crisis["wards"], wards])
    first_seen = np.full(len(course.person), NEVER)
    np.minimum.at(first_seen, np.searchsorted(course.person, person), episodes["day"])
    first_seen = np.where(first_seen == NEVER, calendar.start, first_seen)
    homes, jobs = _homes_and_jobs(course, crisis["spells"], first_seen, calendar, rng)
    member, day, score = course.log.table(wk.HONOS)
    scores = {"referral": episode_on(episodes, member, day), "day": day, "minute": office_minutes(len(day), rng)}
    items = _items(score, rng)
    items[rng.random(items.shape) < 0.012] = 9
    scores |= {f"item{k + 1}": items[:, k] for k in range(12)}
    scores = take(scores, np.flatnonzero(scores["referral"] >= 0))
    coordinators = _coordinators(episodes, person, team, workers_of, calendar, rng)

    contacts, acts, homes, jobs, coordinators, scores = (
        _known(frame, calendar.end, later_days)
        for frame in (contacts, crisis["acts"], homes, jobs, coordinators, scores)
    )
    contacts = take(contacts, np.argsort(contacts["day"], kind="stable"))
    return MentalHealth(
        teams, workers, referrals, contacts, spells, wards, acts, homes, jobs, coordinators, scores, crisis["crises"]
    )
