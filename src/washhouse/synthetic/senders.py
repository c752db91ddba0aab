"""Whom does each sender know, under which number, and how well does it write?"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.synthetic.calendar import NEVER, Calendar
from washhouse.synthetic.columns import Array, coded
from washhouse.synthetic.extracts.demographics import Holdings, make_holdings
from washhouse.synthetic.frames import Frame
from washhouse.synthetic.general_practice import registration_days
from washhouse.synthetic.hospital import Hospital
from washhouse.synthetic.identities import SLICE_RECORDS, Quality, make_identities
from washhouse.synthetic.mental_health import MentalHealth
from washhouse.synthetic.names import CATEGORIES
from washhouse.synthetic.population import Population
from washhouse.synthetic.registers import Register, make_register
from washhouse.synthetic.sensitive_changes import UNAWARE, Changes, split_register
from washhouse.synthetic.streams import Streams

QUALITIES: dict[str, Quality] = {
    "gp": Quality(
        nhs_missing=0.12, first_typo=0.05, surname_typo=0.05, nickname=0.11, maiden=0.08, compound=0.025,
        old_address=0.05, address_typo=0.04, elsewhere=0.01, updated=0.85,
    ),
    "hospital": Quality(
        nhs_missing=0.39, first_typo=0.10, surname_typo=0.10, nickname=0.2, maiden=0.14, compound=0.04,
        day_month=0.012, year_off=0.009, day_wrong=0.012, first_january=0.01, old_address=0.1, elsewhere=0.03,
    ),
    "mental_health": Quality(
        nhs_missing=0.2, first_typo=0.07, surname_typo=0.07, nickname=0.2, maiden=0.1, compound=0.03, day_month=0.01,
        updated=0.65,
    ),
    "social_care": Quality(nhs_missing=0.44, updated=0.6),
}  # fmt: skip
"""How well each sender writes."""

TWICE = {"hospital": 0.03, "mental_health": 0.02, "social_care": 0.04}
"""Share of people registered twice."""

_BASES = {"gp": 1_000_000, "hospital": 1_000_000, "mental_health": 100_000, "social_care": 500_000}
_UNKNOWN = 0.004
"""Share of people whose attendances carry a pseudonym that nobody else holds."""


def make_registers(
    population: Population,
    mental: MentalHealth,
    hospital: Hospital,
    social: Frame,
    calendar: Calendar,
    streams: Streams,
) -> dict[str, Register]:
    """Return the register of each sender."""
    registered, since = registration_days(population, calendar, streams.stream("registration"))
    everyone = np.flatnonzero(registered)
    change = np.where(population.practice_changed > since + 30, population.practice_changed, NEVER)
    change = np.where(change < population.last_day(), change, NEVER)[everyone]
    gp = make_register(
        everyone, since[everyone], calendar.end, 0.0, _BASES["gp"], streams.stream("gp register"), switch=change
    )
    until = np.minimum(population.last_day()[everyone], calendar.end).astype(np.int64)
    gp = Register(gp.person, gp.first, gp.second, gp.switch, gp.since, until)
    r, s, e = mental.referrals, mental.spells, hospital.episodes
    cared = social["carer_of"] >= 0
    seen = {
        "hospital": (e["person"], e["admitted"]),
        "mental_health": (np.r_[r["person"], s["person"], r["person"][mental.contacts["referral"]]],
                          np.r_[r["day"], s["day"], mental.contacts["day"]]),
        "social_care": (np.r_[social["person"], social["carer_of"][cared]], np.r_[social["day"], social["day"][cared]]),
    }  # fmt: skip
    registers = {"gp": gp}
    for name, (person, day) in seen.items():
        happened = day <= calendar.end
        registers[name] = make_register(
            person[happened], day[happened], calendar.end, TWICE[name], _BASES[name], streams.stream(f"{name} register")
        )
    return registers


def split_registers(registers: dict[str, Register], changes: Changes, streams: Streams) -> dict[str, Register]:
    """Return the registers with numbers of their own for identities after a change; the practice always hears of it."""
    return {
        name: split_register(register, changes, 0.0 if name == "gp" else UNAWARE, streams.stream(f"{name} changes"))
        for name, register in registers.items()
    }


def make_all_holdings(
    population: Population, registers: dict[str, Register], changes: Changes, prefixes: dict[str, str], streams: Streams
) -> dict[str, Holdings]:
    """Return what each sender holds about its people.

    Args:
        population: Everybody, and the identities after a change behind them.
        registers: Register of each sender.
        changes: Whose identity changes.
        prefixes: Prefix of each sender's local numbers.
        streams: Random numbers.
    """
    holdings = {}
    for name, register in registers.items():
        person, local, since, until = register.records()
        who = changes.identity(person, since)
        rng = streams.stream(f"{name} identities")
        identities = make_identities(population, who, since, until, QUALITIES[name], rng, follows_moves=name == "gp")
        if name == "gp":
            # Such a registration is made under the number that the National Back Office has just issued.
            own = np.isin(identities.person, changes.person) | (identities.person >= changes.population)
            identities.nhs[own] = population.nhs[identities.person[own]]
        holdings[name] = make_holdings(local, prefixes[name], identities)
    return holdings


def pseudonyms(population: Population, seed: int) -> pa.Array:
    """Return the regional pseudonym of each person's NHS number (a keyed hash; the key is the city's own)."""
    key = f"washhouse city {seed}".encode()

    def known_as(number: int) -> str:
        return hashlib.blake2b(str(number).encode(), key=key, digest_size=16).hexdigest().upper()

    slices = (population.nhs[begin : begin + SLICE_RECORDS] for begin in range(0, population.count, SLICE_RECORDS))
    return pa.concat_arrays([pa.array(map(known_as, numbers.tolist()), pa.string()) for numbers in slices])


def attendance_pseudonyms(population: Population, pseudonym: pa.Array, seed: int, rng: np.random.Generator) -> pa.Array:
    """Return the pseudonyms that attendances carry: the person's, but for a few that no practice holds."""
    untraced = rng.random(population.count) < _UNKNOWN
    key = f"city {seed}".encode()
    others = [
        hashlib.blake2b(f"untraced {row}".encode(), key=key, digest_size=16).hexdigest().upper()
        for row in np.flatnonzero(untraced).tolist()
    ]
    return pc.replace_with_mask(pseudonym, pa.array(untraced), pa.array(others, pa.string()))


def recorded_ethnicity(population: Population, person: Array, rng: np.random.Generator) -> pa.Array:
    """Return ethnic categories as recorded: mostly right, some Z (not stated), 99 (not known) or blank."""
    uniform = rng.random(len(person))
    index = population.ethnic[person].astype(np.int64)
    wrong = np.flatnonzero(uniform < 0.03)
    index[wrong] = rng.choice([0, 2, 6, 10, 15], len(wrong))
    first = len(CATEGORIES)
    index[uniform > 0.85] = first
    index[uniform > 0.92] = first + 1
    index[uniform > 0.95] = first + 2
    return coded(index, [*CATEGORIES, "Z", "99", None])
