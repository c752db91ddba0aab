"""How is a whole invented city made and written?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.core.errors import UsageError
from washhouse.synthetic.calendar import DEFAULT_END, NEVER, make_calendar
from washhouse.synthetic.caseload import draw_episodes, referral_weight
from washhouse.synthetic.columns import Array, coded, dates, numbered
from washhouse.synthetic.conditions import CONDITIONS, draw_onsets
from washhouse.synthetic.effects import EFFECTS, INTERCEPT, MEANINGS
from washhouse.synthetic.extracts import general_practice as gp_files
from washhouse.synthetic.extracts import hospital as hospital_files
from washhouse.synthetic.extracts import mental_health as mental_files
from washhouse.synthetic.extracts import social_care as social_files
from washhouse.synthetic.extracts.demographics import make_holdings
from washhouse.synthetic.general_practice import make_blocks, registration_days
from washhouse.synthetic.hazard import true_hazards
from washhouse.synthetic.hospital import make_hospital
from washhouse.synthetic.identities import Quality, make_identities
from washhouse.synthetic.mental_health import make_mental_health
from washhouse.synthetic.names import CATEGORIES
from washhouse.synthetic.population import Population, make_population
from washhouse.synthetic.registers import Register, make_register
from washhouse.synthetic.social_care import make_social_care
from washhouse.synthetic.streams import Streams
from washhouse.synthetic.weeks import run_weeks

Progress = Callable[[str, float], None]
"""Called with what is being done and the share done, 0 to 1."""

QUALITIES = {
    "gp": Quality(nhs_missing=0.10, name_typo=0.02, nickname=0.04, old_address=0.05),
    "hospital": Quality(nhs_missing=0.32, name_typo=0.08, nickname=0.12, old_address=0.2),
    "mental_health": Quality(nhs_missing=0.16, name_typo=0.06, nickname=0.12, old_address=0.15),
    "social_care": Quality(nhs_missing=0.42, old_address=0.12),
}


def pseudonyms(population: Population, seed: int) -> Array:
    """Return the regional pseudonym of each person's NHS number (a keyed hash; the key is the city's own)."""
    key = f"washhouse city {seed}".encode()
    return np.array(
        [hashlib.blake2b(str(n).encode(), key=key, digest_size=16).hexdigest().upper() for n in population.nhs.tolist()],
        dtype=object,
    )


def recorded_ethnicity(population: Population, person: Array, rng: np.random.Generator) -> pa.Array:
    """Return ethnic categories as recorded: mostly right, some Z (not stated), 99 (not known) or blank."""
    uniform = rng.random(len(person))
    index = population.ethnic[person].astype(np.int64)
    wrong = uniform < 0.03
    index[wrong] = rng.choice([0, 2, 6, 10, 15], int(wrong.sum()))
    index[uniform > 0.85] = len(CATEGORIES)
    index[uniform > 0.92] = len(CATEGORIES) + 1
    index[uniform > 0.95] = len(CATEGORIES) + 2
    return coded(index, [*CATEGORIES, "Z", "99", None])


def make_city(
    people: int, years: int, seed: int, out: Path, end: date = DEFAULT_END, progress: Progress | None = None
) -> dict[str, int]:
    """Make an invented city and write it: `out/extracts` and `out/sealed`.

    Args:
        people: People who live there at some time, 200 to 5,000,000.
        years: Years covered.
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
    extracts, sealed = out / "extracts", out / "sealed"
    if extracts.exists() or sealed.exists():
        raise UsageError("city-exists", "The folder holds a city already.", "Choose another --out, or remove it.")
    say = progress or (lambda what, share: None)
    streams = Streams(seed)
    calendar = make_calendar(years, end)

    say("people", 0.0)
    population = make_population(people, calendar, streams)
    onset = draw_onsets(population, calendar, streams.stream("conditions"))
    say("mental-health weeks", 0.08)
    rng = streams.stream("newcomers")
    weight = np.cumsum(referral_weight(population, onset) * ((calendar.start - population.birth) > 19 * 366))
    count = round(people * 0.0006 * calendar.weeks / 52)
    newcomers = np.searchsorted(weight, rng.random(count) * weight[-1]), rng.integers(0, calendar.weeks, count)
    episodes = draw_episodes(population, onset, calendar, streams.stream("episodes"))
    by_name = {name: onset[:, k] for k, name in enumerate(CONDITIONS)}
    course = run_weeks(population, by_name, episodes, newcomers, calendar, streams.stream("weeks"))
    mental = make_mental_health(population, onset, course, calendar, streams.stream("mental health"))
    say("hospital and social care", 0.2)
    hospital = make_hospital(population, onset, course, mental, calendar, streams.stream("hospital"))
    social = make_social_care(population, onset, calendar, streams.stream("social care"))

    say("identities", 0.3)
    pseudonym = pseudonyms(population, seed)
    last = calendar.end
    everyone = np.arange(population.count)
    since = registration_days(population, calendar, streams.stream("registration"))
    registers: dict[str, Register] = {}
    registers["gp"] = make_register(
        everyone, since, last, 0.0, 1_000_000, streams.stream("gp register"), switch=population.practice_changed
    )
    e = hospital.episodes
    registers["hospital"] = make_register(
        e["person"], e["admitted"], last, 0.03, 1_000_000, streams.stream("hospital register")
    )
    r, s = mental.referrals, mental.spells
    registers["mental_health"] = make_register(
        np.r_[r["person"], s["person"]], np.r_[r["day"], s["day"]], last, 0.02, 100_000,
        streams.stream("mental health register"),
    )  # fmt: skip
    cared = social["carer_of"][social["carer_of"] >= 0]
    registers["social_care"] = make_register(
        np.r_[social["person"], cared], np.r_[social["day"], np.full(len(cared), last)], last, 0.04, 500_000,
        streams.stream("social care register"),
    )  # fmt: skip
    prefixes = {"gp": "", "hospital": hospital_files.PREFIX, "mental_health": mental_files.PREFIX, "social_care": social_files.PREFIX}
    holdings, sinces, ethnic = {}, {}, {}
    for name, register in registers.items():
        person, local, day = register.records()
        identities = make_identities(population, person, day, QUALITIES[name], streams.stream(f"{name} identities"))
        holdings[name] = make_holdings(local, prefixes[name], identities)
        sinces[name] = day
        ethnic[name] = recorded_ethnicity(population, person, streams.stream(f"{name} ethnicity"))
    ethnic_all = recorded_ethnicity(population, everyone, streams.stream("hospital ethnicity by person"))

    say("mental-health files", 0.4)
    extract = mental_files.MentalHealthExtract(
        mental, population, registers["mental_health"], holdings["mental_health"], ethnic["mental_health"]
    )
    mental_files.write_mental_health(extracts / "mental_health", extract, calendar, lambda: None)
    say("hospital files", 0.5)
    hospital_files.write_hospital(
        extracts / "hospital", hospital, population, registers["hospital"], holdings["hospital"], pseudonym, ethnic_all,
        calendar, lambda: None,
    )  # fmt: skip
    say("social-care files", 0.6)
    social_files.write_social_care(
        extracts / "social_care", social, population, registers["social_care"], holdings["social_care"], ethnic_all,
        calendar, lambda: None,
    )  # fmt: skip
    say("general-practice files", 0.65)
    folders = gp_files.snapshot_folders(extracts / "gp", calendar)
    optout = streams.stream("opt-out").random(population.count) < 0.03
    for declared, folder in folders.items():
        folder.mkdir(parents=True, exist_ok=True)
        gp_files.write_patients(
            folder, population, registers["gp"], holdings["gp"], sinces["gp"], pseudonym, ethnic["gp"], optout, declared
        )
    blocks = make_blocks(population, onset, course, calendar, streams)
    rows = gp_files.write_events(folders, blocks, registers["gp"], calendar)

    say("sealed truth", 0.97)
    sealed.mkdir(parents=True)
    sources, ids, persons = [], [], []
    for name, held in holdings.items():
        sources.append(pa.repeat(pa.scalar(name), len(held.local)))
        ids.append(held.columns["local_patient_id"])
        persons.append(numbered("T", held.identities.person, 10_000_000))
    attended = np.unique(hospital.attendances["person"])
    sources.append(pa.repeat(pa.scalar("hospital"), len(attended)))
    ids.append(pa.array(pseudonym[attended], pa.string()))
    persons.append(numbered("T", attended, 10_000_000))
    table = pa.table(
        {
            "source": pa.chunked_array(sources).combine_chunks(),
            "source_id": pa.chunked_array(ids).combine_chunks(),
            "true_person": pa.chunked_array(persons).combine_chunks(),
        }
    )
    pq.write_table(table, sealed / "people.parquet")
    truth = true_hazards(course, calendar)
    pq.write_table(
        pa.table(
            {
                "true_person": numbered("T", truth.person, 10_000_000),
                "week": dates(truth.week),
                "hazard": pa.array(truth.hazard),
            }
        ),
        sealed / "hazard.parquet",
    )
    effects = {
        "crisis": {
            "intercept": INTERCEPT,
            "effects": {k: {"log_hazard_ratio": v, "state": MEANINGS[k]} for k, v in EFFECTS.items()},
        },
        "identity_errors": {name: vars(quality) for name, quality in QUALITIES.items()},
    }
    (sealed / "effects.json").write_text(json.dumps(effects, indent=2) + "\n")
    say("done", 1.0)
    return {
        "people": people,
        "journal": rows[0],
        "prescriptions": rows[1],
        "deaths": int((population.death < NEVER).sum()),
        "records": table.num_rows,
    }
