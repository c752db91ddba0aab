"""How is a whole invented city made and written?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.core.errors import UsageError
from washhouse.synthetic import sealed
from washhouse.synthetic.calendar import DEFAULT_END, NEVER, Calendar, make_calendar
from washhouse.synthetic.care_records import make_care_records
from washhouse.synthetic.caseload import draw_episodes, draw_newcomers
from washhouse.synthetic.conditions import CONDITIONS, draw_onsets
from washhouse.synthetic.extracts import general_practice as gp_files
from washhouse.synthetic.extracts import hospital as hospital_files
from washhouse.synthetic.extracts import mental_health as mental_files
from washhouse.synthetic.extracts import social_care as social_files
from washhouse.synthetic.extracts.demographics import Holdings
from washhouse.synthetic.general_practice import make_blocks
from washhouse.synthetic.hazard import true_hazards
from washhouse.synthetic.hospital import make_hospital
from washhouse.synthetic.mental_health import make_mental_health
from washhouse.synthetic.population import make_population
from washhouse.synthetic.senders import (
    attendance_pseudonyms,
    make_all_holdings,
    make_registers,
    pseudonyms,
    recorded_ethnicity,
    split_registers,
)
from washhouse.synthetic.sensitive_changes import draw_changes, with_new_identities
from washhouse.synthetic.social_care import make_social_care
from washhouse.synthetic.streams import BLOCK_PEOPLE, Streams
from washhouse.synthetic.superseded_numbers import write_superseded
from washhouse.synthetic.weeks import run_weeks

Progress = Callable[[str, float], None]
"""Called with what is being done and the share done, 0 to 1."""

PREFIXES = {
    "gp": "",
    "hospital": hospital_files.PREFIX,
    "mental_health": mental_files.PREFIX,
    "social_care": social_files.PREFIX,
}


def make_city(
    people: int, years: int, seed: int, out: Path, end: date = DEFAULT_END, progress: Progress | None = None
) -> dict[str, int]:
    """Make an invented city and write it: `out/extracts` and `out/sealed`.

    The folders appear when they are whole; what an earlier call left unfinished is made again.

    Args:
        people: People who live there at some time, 200 to 5,000,000.
        years: Years covered, 1 to 30.
        seed: Seed; the same arguments give the same bytes.
        out: Folder; it must not hold a city yet.
        end: Last day that has happened.
        progress: Called with what is being done and the share done.

    Returns:
        Counts of what was made.

    Raises:
        UsageError: An argument lies outside its range, or `out` holds a city already.
    """
    if not 200 <= people <= 5_000_000:
        raise UsageError("city-people", "The people of a city lie outside 200 to 5,000,000.")
    if (out / "extracts").exists() or (out / "sealed").exists():
        raise UsageError("city-exists", "The folder holds a city already.", "Choose another --out, or remove it.")
    say = progress or (lambda what, share: None)
    making = out / ".making"
    shutil.rmtree(making, ignore_errors=True)
    extracts, truth = making / "extracts", making / "sealed"
    streams, calendar = Streams(seed), make_calendar(years, end)

    say("people", 0.0)
    population = make_population(people, calendar, streams)
    onset = draw_onsets(population, calendar, streams.stream("conditions"))
    say("mental-health weeks", 0.05)
    newcomers = draw_newcomers(population, onset, calendar, streams.stream("newcomers"))
    episodes = draw_episodes(population, onset, calendar, streams.stream("episodes"))
    by_name = {name: onset[:, k] for k, name in enumerate(CONDITIONS)}
    course = run_weeks(population, by_name, episodes, newcomers, calendar, streams.stream("weeks"))
    truth.mkdir(parents=True)
    sealed.write_hazards(truth, true_hazards(course, calendar))
    # What the truth needed of every week is most of what the weeks take; nothing after this asks for it.
    course.at_risk.clear()
    course.summary.clear()
    mental = make_mental_health(population, onset, course, calendar, streams.stream("mental health"))
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
        name: recorded_ethnicity(identities, _persons(held), streams.stream(f"{name} ethnicity"))
        for name, held in holdings.items()
    }
    everybody = recorded_ethnicity(population, np.arange(people), streams.stream("hospital ethnicity by person"))

    say("mental-health files", 0.28)
    batches = len(calendar.months()) + len(calendar.nights())
    mental_extract = mental_files.MentalHealthExtract(
        mental, care, population, registers["mental_health"], holdings["mental_health"], ethnic["mental_health"]
    )
    step = _stepper(say, "mental-health files", 0.28, 0.40, batches)
    mental_files.write_mental_health(extracts / "mental_health", mental_extract, calendar, step)
    hospital_extract = hospital_files.HospitalExtract(
        hospital, population, onset, registers["hospital"], holdings["hospital"], attended_as, changes, everybody
    )
    step = _stepper(say, "hospital files", 0.40, 0.48, len(calendar.months()))
    hospital_files.write_hospital(extracts / "hospital", hospital_extract, calendar, step)
    social_extract = social_files.SocialCareExtract(
        social, population, registers["social_care"], holdings["social_care"], ethnic["social_care"]
    )
    step = _stepper(say, "social-care files", 0.48, 0.50, len(calendar.quarters()))
    social_files.write_social_care(extracts / "social_care", social_extract, calendar, step)
    superseded = write_superseded(extracts / "superseded_nhs_numbers", population, calendar, streams)
    say("general-practice files", 0.50)
    folders = gp_files.snapshot_folders(extracts / "gp", calendar)
    optout = streams.stream("opt-out").random(people) < 0.03
    for declared, folder in folders.items():
        gp_files.write_patients(
            folder, population, registers["gp"], holdings["gp"], pseudonym, ethnic["gp"], optout, declared
        )
    blocks = make_blocks(population, onset, course, calendar, streams)
    step = _stepper(say, "general-practice files", 0.54, 0.97, -(-people // BLOCK_PEOPLE))
    journal, prescriptions = gp_files.write_events(folders, blocks, registers["gp"], population, streams, step)

    say("sealed truth", 0.97)
    attended = changes.identity(hospital.attendances["person"], hospital.attendances["day"])
    records = sealed.write_people(truth, holdings, attended_as, np.unique(attended))
    sealed.write_changes(truth, changes)
    sealed.write_crises(truth, mental.crises, calendar.end)
    sealed.write_effects(truth)
    truth.rename(out / "sealed")
    extracts.rename(out / "extracts")
    making.rmdir()
    say("done", 1.0)
    return {
        "people": people,
        "source records": records,
        "journal entries": journal,
        "prescriptions": prescriptions,
        "attendances": len(hospital.attendances["day"]),
        "episodes": len(hospital.episodes["spell"]),
        "referrals": _happened(mental.referrals["day"], calendar),
        "contacts": len(mental.contacts["day"]),
        "crises": _happened(mental.crises["day"], calendar),
        "social-care events": len(social["day"]),
        "superseded numbers": superseded,
        "sensitive changes": len(changes.person),
        "deaths": int((population.death < NEVER).sum()),
    }


def _persons(held: Holdings) -> pa.Array:
    """Return the person of each record (the first states come in the order of the records)."""
    records = int(held.identities.record.max()) + 1
    return held.identities.person[:records]


def _happened(days: pa.Array, calendar: Calendar) -> int:
    return int(((days >= calendar.start) & (days <= calendar.end)).sum())


def _stepper(say: Progress, what: str, begin: float, finish: float, steps: int) -> Callable[[], None]:
    """Return a call that reports one step of a stretch of work."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        say(what, begin + (finish - begin) * done / max(1, steps))

    return step
