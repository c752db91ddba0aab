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
from washhouse.synthetic.calendar import DEFAULT_END, NEVER, Calendar
from washhouse.synthetic.extracts import general_practice as gp_files
from washhouse.synthetic.extracts import hospital as hospital_files
from washhouse.synthetic.extracts import mental_health as mental_files
from washhouse.synthetic.extracts import social_care as social_files
from washhouse.synthetic.general_practice import make_blocks
from washhouse.synthetic.simulated import Progress, simulate
from washhouse.synthetic.streams import BLOCK_PEOPLE
from washhouse.synthetic.superseded_numbers import write_superseded


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
    city = simulate(people, years, seed, end, say, truth)
    streams, calendar, population, registers = city.streams, city.calendar, city.population, city.registers
    mental, hospital, social, changes = city.mental, city.hospital, city.social, city.changes
    holdings, ethnic = city.holdings, city.ethnic

    say("mental-health files", 0.28)
    batches = len(calendar.months()) + len(calendar.nights())
    mental_extract = mental_files.MentalHealthExtract(
        mental,
        city.care,
        population,
        registers["mental_health"],
        holdings["mental_health"],
        ethnic["mental_health"],
        city.slips,
    )
    step = _stepper(say, "mental-health files", 0.28, 0.40, batches)
    mental_files.write_mental_health(extracts / "mental_health", mental_extract, calendar, step)
    hospital_extract = hospital_files.HospitalExtract(
        hospital,
        population,
        city.onset,
        registers["hospital"],
        holdings["hospital"],
        city.attended_as,
        changes,
        city.ethnic_of,
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
            folder, population, registers["gp"], holdings["gp"], city.pseudonym, ethnic["gp"], optout, declared
        )
    blocks = make_blocks(population, city.onset, city.course, calendar, streams)
    step = _stepper(say, "general-practice files", 0.54, 0.97, -(-people // BLOCK_PEOPLE))
    journal, prescriptions = gp_files.write_events(folders, blocks, registers["gp"], streams, city.corrections, step)

    say("sealed truth", 0.97)
    attended = changes.identity(hospital.attendances["person"], hospital.attendances["day"])
    records = sealed.write_people(truth, holdings, city.attended_as, np.unique(attended))
    sealed.write_changes(truth, changes)
    sealed.write_crises(truth, mental.crises, calendar.end)
    city.corrections.write(truth)
    sealed.write_effects(truth)
    sealed.write_arguments(truth, people, years, seed, end)
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
