"""What happened to everybody in the city, and what does each sender know of it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic import sealed
from washhouse.synthetic.calendar import Calendar, make_calendar
from washhouse.synthetic.care_records import CareRecords, make_care_records
from washhouse.synthetic.caseload import draw_episodes, draw_newcomers
from washhouse.synthetic.columns import Array
from washhouse.synthetic.conditions import CONDITIONS, draw_onsets
from washhouse.synthetic.corrections import ContactSlips, CorrectionLog, draw_contact_slips
from washhouse.synthetic.course import Course
from washhouse.synthetic.extracts import hospital as hospital_files
from washhouse.synthetic.extracts import mental_health as mental_files
from washhouse.synthetic.extracts import social_care as social_files
from washhouse.synthetic.extracts.demographics import Holdings
from washhouse.synthetic.frames import Frame
from washhouse.synthetic.hazard import true_hazards
from washhouse.synthetic.hospital import Hospital, make_hospital
from washhouse.synthetic.mental_health import MentalHealth, make_mental_health
from washhouse.synthetic.population import Population, make_population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.senders import (
    attendance_pseudonyms,
    make_all_holdings,
    make_registers,
    pseudonyms,
    recorded_ethnicity,
    split_registers,
)
from washhouse.synthetic.sensitive_changes import Changes, draw_changes, with_new_identities
from washhouse.synthetic.social_care import make_social_care
from washhouse.synthetic.streams import Streams
from washhouse.synthetic.weeks import run_weeks

Progress = Callable[[str, float], None]
"""Called with what is being done and the share done, 0 to 1."""

PREFIXES = {
    "gp": "",
    "hospital": hospital_files.PREFIX,
    "mental_health": mental_files.PREFIX,
    "social_care": social_files.PREFIX,
}
"""Prefix of each sender's local numbers."""


@dataclass
class Simulated:
    """A city before its files are written.

    Attributes:
        streams: Random numbers.
        calendar: Days covered.
        population: Everybody.
        identities: Everybody, and the identities after a change behind them.
        onset: Day of onset of each condition (people x conditions).
        course: The weeks of people whom mental-health services know.
        mental: The mental-health trust's tables.
        care: Its care records.
        hospital: The hospital's tables.
        social: The council's events.
        registers: Register of each sender.
        changes: Whose identity changes.
        pseudonym: Regional pseudonym of each identity.
        attended_as: Pseudonym that attendances of each identity carry.
        holdings: What each sender holds about its people.
        ethnic: Ethnic category of each record, as recorded by each sender.
        ethnic_of: Ethnic category of each person, as the hospital records it.
        slips: Contacts that the trust sends wrong at first.
        corrections: What is put right, for the truth.
    """

    streams: Streams
    calendar: Calendar
    population: Population
    identities: Population
    onset: Array
    course: Course
    mental: MentalHealth
    care: CareRecords
    hospital: Hospital
    social: Frame
    registers: dict[str, Register]
    changes: Changes
    pseudonym: pa.Array
    attended_as: pa.Array
    holdings: dict[str, Holdings]
    ethnic: dict[str, pa.Array]
    ethnic_of: pa.Array
    slips: ContactSlips
    corrections: CorrectionLog


def persons_of_records(held: Holdings) -> Array:
    """Return the person of each record (the first states come in the order of the records)."""
    records = int(held.identities.record.max()) + 1
    return held.identities.person[:records]


def simulate(
    people: int, years: int, seed: int, end: date, say: Progress, truth: Path | None = None, *, later_days: int = 0
) -> Simulated:
    """Return what happened in a city.

    Args:
        people: People who live there at some time.
        years: Years covered.
        seed: Seed.
        end: Last day that has happened.
        say: Called with what is being done and the share done.
        truth: Folder to make for the true hazards; none are written without it.
        later_days: Days after the end of which the mental-health trust's tables hold rows too. Nothing else depends on
            them, and no row before them.
    """
    streams, calendar = Streams(seed), make_calendar(years, end)
    say("people", 0.0)
    population = make_population(people, calendar, streams)
    onset = draw_onsets(population, calendar, streams.stream("conditions"))
    say("mental-health weeks", 0.05)
    newcomers = draw_newcomers(population, onset, calendar, streams.stream("newcomers"))
    episodes = draw_episodes(population, onset, calendar, streams.stream("episodes"))
    by_name = {name: onset[:, k] for k, name in enumerate(CONDITIONS)}
    course = run_weeks(population, by_name, episodes, newcomers, calendar, streams.stream("weeks"))
    if truth is not None:
        truth.mkdir(parents=True)
        sealed.write_hazards(truth, true_hazards(course, calendar))
    # What the truth needed of every week is most of what the weeks take; nothing after this asks for it.
    course.at_risk.clear()
    course.summary.clear()
    mental = make_mental_health(
        population, onset, course, calendar, streams.stream("mental health"), later_days=later_days
    )
    care = make_care_records(mental, population, onset, calendar, streams.stream("care records"))
    say("hospital and social care", 0.12)
    hospital = make_hospital(population, onset, course, mental, calendar, streams.stream("hospital"))
    social = make_social_care(population, onset, calendar, streams.stream("social care"))
    say("identities", 0.16)
    registers = make_registers(population, mental, hospital, social, calendar, streams)
    changes = draw_changes(population, registers, calendar, streams)
    registers = split_registers(registers, changes, streams)
    identities = with_new_identities(population, changes, streams)
    pseudonym = pseudonyms(identities, seed)
    attended_as = attendance_pseudonyms(identities, pseudonym, seed, streams.stream("untraced"))
    holdings = make_all_holdings(identities, registers, changes, PREFIXES, streams)
    ethnic = {
        name: recorded_ethnicity(identities, persons_of_records(held), streams.stream(f"{name} ethnicity"))
        for name, held in holdings.items()
    }
    everybody = recorded_ethnicity(population, np.arange(people), streams.stream("hospital ethnicity by person"))

    corrections = CorrectionLog()
    slips = draw_contact_slips(mental, calendar, corrections, streams.stream("contact slips"))
    return Simulated(
        streams, calendar, population, identities, onset, course, mental, care, hospital, social, registers, changes,
        pseudonym, attended_as, holdings, ethnic, everybody, slips, corrections,
    )  # fmt: skip
