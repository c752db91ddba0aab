"""What do the senders hand in on the days after a city's last one?

Each sender hands in a night's changes: the trust as always, the others in `-delta` batches beside their usual ones.
The first night brings what the hospital and the council had not handed in yet. A day's files depend on the city and
the day alone, however many days are made, in one call or in several.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.core.errors import UsageError
from washhouse.synthetic import sealed
from washhouse.synthetic.calendar import Calendar, Period, date_of, make_calendar
from washhouse.synthetic.columns import Array
from washhouse.synthetic.extracts.general_practice import write_day
from washhouse.synthetic.extracts.hospital import HospitalExtract
from washhouse.synthetic.extracts.mental_health import MentalHealthExtract
from washhouse.synthetic.extracts.next_day import entries_of_day, with_later_events
from washhouse.synthetic.extracts.social_care import SocialCareExtract
from washhouse.synthetic.frames import stack
from washhouse.synthetic.general_practice import make_blocks
from washhouse.synthetic.hospital import Hospital, make_hospital
from washhouse.synthetic.newcomers import meet
from washhouse.synthetic.simulated import Progress, Simulated, simulate
from washhouse.synthetic.streams import BLOCK_PEOPLE

MARK = "mental_health"
"""The sender whose batch of a day appears last: a day with it is whole."""


def days_after(calendar: Calendar) -> int:
    """Return how many days after the last one are simulated: the rest of its last week.

    >>> days_after(make_calendar(1, date(2026, 6, 28)))
    7
    """
    return calendar.monday(calendar.weeks) - 1 - calendar.end


def add_days(
    people: int, years: int, seed: int, out: Path, end: date, days: int, progress: Progress | None = None
) -> dict[str, int]:
    """Add the batches of the days after the last one to a city; days that it has already stay as they are.

    Args:
        people: People of the city, as it was made.
        years: Years covered, as it was made.
        seed: Seed, as it was made.
        out: The city's folder.
        end: Its last day, as it was made.
        days: Days after it, 1 to the end of that week (7 after a Sunday).
        progress: Called with what is being done and the share done.

    Returns:
        Counts of what was added.

    Raises:
        UsageError: The folder holds no such city, or `days` lies outside its range.
    """
    calendar = make_calendar(years, end)
    if not 1 <= days <= days_after(calendar):
        raise UsageError(
            "city-days",
            f"The days after a city's last one lie outside 1 to {days_after(calendar)}.",
            "They reach to the end of its last week; a city that ends on a Sunday has seven.",
        )
    made = out / "sealed" / "city.json"
    arguments = {"people": people, "years": years, "seed": seed, "end": end.isoformat()}
    if not made.exists() or json.loads(made.read_text(encoding="utf-8")) != arguments:
        raise UsageError(
            "city-other",
            "The folder holds no city made with these arguments.",
            "Give the --people, --years, --seed and --end that it was made with, and keep its folder sealed.",
        )
    wanted = [
        day
        for day in range(calendar.end + 1, calendar.end + days + 1)
        if not (out / "extracts" / MARK / batch_name(day)).exists()
    ]
    if not wanted:
        return {"days": 0}
    say = progress or (lambda what, share: None)
    city = simulate(people, years, seed, end, lambda what, share: say(what, share * 1.8), later_days=7)
    say("next days", 0.5)
    records = _meet_everybody(city)
    making = out / ".making"
    shutil.rmtree(making, ignore_errors=True)
    counts = _write_practices(city, making, wanted, lambda share: say("next days", 0.5 + 0.45 * share))
    for day in wanted:
        _write_others(city, making, day)
    _append_truth(city, out / "sealed", records, wanted[-1])
    for sender in sorted((folder.name for folder in making.iterdir()), key=lambda name: name == MARK):
        for batch in sorted((making / sender).iterdir()):
            target = out / "extracts" / sender / batch.name
            shutil.rmtree(target, ignore_errors=True)
            batch.rename(target)
    shutil.rmtree(making)
    say("done", 1.0)
    return {"days": len(wanted), **counts}


def _append_truth(city: Simulated, truth: Path, records: list[tuple[str, Array, Array]], last: int) -> None:
    """Name the records that the senders made by a day in the sealed truth."""
    sources, ids, persons = [], [], []
    for sender, local, since in records:
        known = since <= last
        held = city.holdings[sender]
        row = held.rows(held.local[len(held.local) - len(local) :], last)[known]
        sources += [sender] * int(known.sum())
        ids += local[known].tolist()
        persons.append(held.identities.person[row])
    attendances = city.hospital.attendances
    by_then = attendances["day"] <= last
    attended = np.unique(city.changes.identity(attendances["person"][by_then], attendances["day"][by_then]))
    sources += ["hospital"] * len(attended)
    ids += city.attended_as.take(pa.array(attended)).to_pylist()
    sealed.append_people(truth, sources, ids, np.concatenate([*persons, attended]))


def batch_name(day: int) -> str:
    """Return the name of a day's batches, handed in the morning after."""
    return f"{date_of(day + 1).isoformat()}-delta"


def _meet_everybody(city: Simulated) -> list[tuple[str, Array, Array]]:
    """Give the hospital and the council their later rows, and every sender its newcomers: local number, first day."""
    calendar = city.calendar
    last = calendar.end + days_after(calendar)
    city.hospital = _with_later_stays(city)
    city.social = with_later_events(city.social, calendar.end + 1, last, city.population)
    r, s, c, e = city.mental.referrals, city.mental.spells, city.mental.contacts, city.hospital.episodes
    seen = {
        "mental_health": (np.r_[r["person"], s["person"], r["person"][c["referral"]]],
                          np.r_[r["day"], s["day"], c["day"]]),
        "hospital": (e["person"], e["admitted"]),
    }  # fmt: skip
    records = []
    for sender, (person, day) in seen.items():
        later = (day > calendar.end) & (day <= last)
        records.append((sender, *meet(city, sender, person[later], day[later])))
    return records


def _with_later_stays(city: Simulated) -> Hospital:
    calendar, hospital = city.calendar, city.hospital
    attendances, episodes = [hospital.attendances], [hospital.episodes]
    spells = int(hospital.episodes["spell"].max(initial=-1)) + 1
    for day in range(calendar.end + 1, calendar.end + days_after(calendar) + 1):
        alone = Calendar(day, day, calendar.first_monday, calendar.weeks)
        rng = city.streams.stream("hospital of a day", day)
        more = make_hospital(city.population, city.onset, city.course, city.mental, alone, rng)
        more.episodes["spell"] = more.episodes["spell"] + spells
        spells = int(more.episodes["spell"].max(initial=spells - 1)) + 1
        attendances.append(more.attendances)
        episodes.append(more.episodes)
    return Hospital(stack(attendances), stack(episodes))


def _write_practices(city: Simulated, making: Path, wanted: list[int], told: Callable[[float], None]) -> dict[str, int]:
    """Write what practices enter on the days, block after block of people."""
    counts = {"journal entries": 0, "prescriptions": 0}
    population, register = city.population, city.registers["gp"]
    blocks = -(-population.count // BLOCK_PEOPLE)
    for number, block in enumerate(make_blocks(population, city.onset, city.course, city.calendar, city.streams)):
        for day in wanted:
            rng = city.streams.stream(f"practices on day {day}", number)
            entries = entries_of_day(block, day, city.calendar.end, population, register, rng)
            journal, prescriptions = write_day(making / "gp" / batch_name(day), entries, register)
            counts["journal entries"] += journal
            counts["prescriptions"] += prescriptions
        told((number + 1) / blocks)
    return counts


def _write_others(city: Simulated, making: Path, day: int) -> None:
    """Write a day of the hospital, the council and the trust."""
    calendar = city.calendar
    name = batch_name(day)
    first = day == calendar.end + 1
    months, quarters = calendar.months(), calendar.quarters()
    unsent = months[-1].end + 1 if first and months else day
    stays = HospitalExtract(
        city.hospital, city.population, city.onset, city.registers["hospital"], city.holdings["hospital"],
        city.attended_as, city.changes, city.ethnic_of,
    )  # fmt: skip
    stays.write(making / "hospital" / name, Period(unsent, day, day + 1))
    told = quarters[-1].declared if first and quarters else day
    council = SocialCareExtract(
        city.social, city.population, city.registers["social_care"], city.holdings["social_care"],
        city.ethnic["social_care"],
    )  # fmt: skip
    council.write_day(making / "social_care" / name, told, day)
    trust = MentalHealthExtract(
        city.mental, city.care, city.population, city.registers["mental_health"], city.holdings["mental_health"],
        city.ethnic["mental_health"], city.slips,
    )  # fmt: skip
    trust.write(making / MARK / name, Period(day, day, day + 1), nightly=True)
