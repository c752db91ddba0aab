"""Which rows does crisis care leave, and which admissions are no crisis?"""

from __future__ import annotations

import numpy as np

from washhouse.synthetic import course as wk
from washhouse.synthetic.calendar import NEVER
from washhouse.synthetic.caseload import Teams
from washhouse.synthetic.columns import Array
from washhouse.synthetic.course import Course
from washhouse.synthetic.frames import Frame, stack
from washhouse.synthetic.population import Population

SOURCES = ("A1", "B1", "E1", "E6", "H1", "H2", "I1", "M9", "Q1")
"""Sources of referral, MHSDS."""

CLOSURES = ("01", "02", "03", "04", "05", "06", "07", "08", "09")
"""Reasons of closure, MHSDS."""


def episode_on(episodes: Frame, member: Array, day: Array) -> Array:
    """Return the latest episode of each member that began by the day (-1 where none)."""
    key = episodes["member"].astype(np.int64) * 4_000_000 + episodes["day"] + 1_000_000
    found = np.searchsorted(key, member.astype(np.int64) * 4_000_000 + day + 1_000_000, side="right") - 1
    good = (found >= 0) & (episodes["member"][np.maximum(found, 0)] == member)
    return np.where(good, found, -1)


def office_minutes(count: int, rng: np.random.Generator) -> Array:
    """Return minutes of the day between nine and five."""
    return rng.integers(540, 1020, count)


def referral_rows(
    person: Array, team: Array, day: Array, closed: Array, rng: np.random.Generator, *, urgent: bool = False
) -> Frame:
    """Return referrals, not rejected, of the given people to the given teams."""
    n = len(person)
    return {
        "person": person, "team": team, "day": day, "minute": office_minutes(n, rng),
        "source": rng.choice(len(SOURCES), n, p=[0.45, 0.1, 0.05, 0.05, 0.15, 0.05, 0.05, 0.05, 0.05]),
        "reason": rng.integers(1, 15, n), "priority": np.full(n, 1 if urgent else 3), "closed": closed,
        "rejected": np.full(n, NEVER), "reject_reason": np.zeros(n, np.int64),
        "closure": rng.choice(len(CLOSURES), n), "other": np.full(n, -1), "community": np.zeros(n, np.int64),
    }  # fmt: skip


def contact_rows(
    referral: Array, day: Array, status: Array, rng: np.random.Generator, *, other: Array | None = None
) -> Frame:
    """Return contacts on the given referrals with the given attendance."""
    n = len(referral)
    return {
        "referral": referral, "day": day, "minute": office_minutes(n, rng), "minutes": 15 * rng.integers(1, 6, n),
        "mechanism": np.searchsorted([0.55, 0.82, 0.92], rng.random(n)), "status": status,
        "planned": (rng.random(n) < 0.85).astype(np.int64), "other": np.full(n, -1) if other is None else other,
        "place": rng.integers(0, 4, n),
    }  # fmt: skip


def crisis_rows(
    course: Course, episodes: Frame, base: int, teams: Teams, population: Population, rng: np.random.Generator
) -> dict[str, Frame]:
    """Return referrals, contacts, spells, wards and acts of crisis care; referral numbers count from `base`."""
    member, day, way, until, step, detained, in_community = course.log.table(wk.CRISIS)
    person = course.person[member]
    crisis_teams, liaison, access = (teams.of_kind[code] for code in ("A02", "A11", "A18"))
    home = way != wk.ADMITTED
    admitted = way != wk.HOME_TREATED
    n = len(member)
    team = crisis_teams[person % len(crisis_teams)]

    rows = np.flatnonzero(home)
    back = np.minimum(rng.integers(0, 3, len(rows)), (day[rows] - 4) % 7)
    closed = np.where(way[rows] == wk.HOME_TREATED, until[rows], day[rows] + step[rows])
    referrals = referral_rows(person[rows], team[rows], day[rows] - back, closed, rng, urgent=True)
    via_access = rng.random(len(rows)) < 0.12
    referrals["other"] = np.where(via_access, referrals["team"], -1)
    referrals["team"] = np.where(via_access, access[person[rows] % len(access)], referrals["team"])
    home_referral = np.full(n, -1)
    home_referral[rows] = base + np.arange(len(rows))
    frames = [referrals]
    count = base + len(rows)

    again = rows[rng.random(len(rows)) < 0.07]
    again = again[day[again] + 6 < until[again]]
    second = referral_rows(person[again], team[again], day[again] + rng.integers(1, 4, len(again)),
                        day[again] + 5, rng, urgent=True)  # fmt: skip
    frames.append(second)
    second_number = count + np.arange(len(again))
    count += len(again)

    # people outside community care are admitted through liaison psychiatry
    begins = np.where(way == wk.ADMITTED, day, day + step)
    alone = np.flatnonzero(admitted & (in_community == 0))
    frames.append(referral_rows(person[alone], liaison[person[alone] % len(liaison)], begins[alone], until[alone], rng))
    spell_referral = np.full(n, -1)
    spell_referral[alone] = count + np.arange(len(alone))
    known = np.flatnonzero(admitted & (in_community == 1))
    spell_referral[known] = episode_on(episodes, member[known], day[known])

    length = np.where(way == wk.HOME_TREATED, until - day, step)[rows]
    visits = 1 + np.minimum(length // 2, 16)
    which = np.repeat(np.arange(len(rows)), visits)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(visits) - visits, visits)
    at = day[rows][which] + np.where(nth == 0, 0, np.minimum(nth * 2 + rng.integers(0, 2, len(nth)), length[which]))
    status = np.where(nth == 0, 5, np.where(rng.random(len(nth)) < 0.1, 3, 5))
    other = np.where(via_access[which], team[rows][which], -1)
    contacts = [contact_rows(home_referral[rows][which], at, status, rng, other=other)]
    contacts.append(
        contact_rows(second_number, day[again] + rng.integers(3, 5, len(again)), np.full(len(again), 5), rng)
    )

    inside = np.flatnonzero(admitted)
    start = begins[inside]
    m = len(inside)
    spells = {
        "referral": spell_referral[inside], "person": person[inside], "day": start, "minute": rng.integers(0, 1440, m),
        "source": np.where(rng.random(m) < 0.93, 19, np.where(rng.random(m) < 0.5, 29, 37)),
        "method": np.searchsorted([0.45, 0.62, 0.9], rng.random(m)),
        "discharged": until[inside], "destination": np.where(rng.random(m) < 0.9, 19, 29),
    }  # fmt: skip
    age = population.age_years(person[inside], start)
    bed = np.where(age >= 68, 201, np.where(rng.random(m) < 0.09, 202, 200))
    wards = {"spell": np.arange(m), "day": start, "ended": until[inside], "class": bed}
    move = np.flatnonzero((bed == 202) & (until[inside] - start > 9))
    wards["ended"][move] = start[move] + 5
    onward = {"spell": move, "day": start[move] + 5, "ended": until[inside][move], "class": np.full(len(move), 200)}

    held = np.flatnonzero(detained[inside] == 1)
    first, last = start[held], until[inside][held]
    two = rng.random(len(held)) < 0.65
    acts = [
        {"person": person[inside][held], "day": first,
         "ended": np.where(two, np.minimum(first + 28, last), last), "expiry": first + np.where(two, 28, 183),
         "code": np.where(two, 0, 1)},
    ]  # fmt: skip
    on = np.flatnonzero(two & (last > first + 28))
    acts.append({"person": person[inside][held][on], "day": first[on] + 28, "ended": last[on],
                 "expiry": first[on] + 211, "code": np.ones(len(on), np.int64)})  # fmt: skip
    place = np.flatnonzero(rng.random(len(held)) < 0.25)
    acts.append({"person": person[inside][held][place], "day": first[place], "ended": first[place],
                 "expiry": first[place] + 1, "code": np.full(len(place), 2)})  # fmt: skip
    return {
        "referrals": stack(frames), "contacts": stack(contacts), "spells": spells,
        "wards": stack([wards, onward]), "acts": stack(acts), "crises": {"person": person, "day": day, "until": until},
    }  # fmt: skip


def planned_spells(course: Course, episodes: Frame, first: int, rng: np.random.Generator) -> tuple[Frame, Frame]:
    """Return admissions that are no crisis: planned, transfers, other kinds of ward."""
    member, day, until, how = course.log.table(wk.PLANNED)
    n = len(member)
    spells = {
        "referral": episode_on(episodes, member, day), "person": course.person[member], "day": day,
        "minute": office_minutes(n, rng), "source": np.where(how == 1, rng.choice([49, 51, 52, 53], n), 19),
        "method": np.select([how == 1, how == 2], [np.full(n, 7), np.full(n, 0)], rng.choice([4, 5, 6], n)),
        "discharged": until, "destination": np.full(n, 19),
    }  # fmt: skip
    bed = np.select([how == 2, how == 3], [rng.choice([212, 213, 210], n), np.full(n, 203)], np.full(n, 200))
    return spells, {"spell": first + np.arange(n), "day": day, "ended": until, "class": bed}
