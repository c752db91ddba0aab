"""How are millions of identity rows had without writing a city's files? From the generator, just before it writes them.

What a sender last wrote about each of its records, from the very functions that `washhouse city` uses and with their
errors; months of activity, which take most of a city's time, are left out of the files but not of the registers.
`linkage_identities.read_city` gives the same rows from the files of a whole city.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.columnar import standard_forms
from washhouse.linkage.superseded import Superseded, follow_list, with_current_numbers
from washhouse.sources.identity import IDENTITY
from washhouse.synthetic import city
from washhouse.synthetic.calendar import DEFAULT_END, NEVER, make_calendar
from washhouse.synthetic.caseload import draw_episodes, draw_newcomers
from washhouse.synthetic.columns import chosen, coded, dates
from washhouse.synthetic.conditions import CONDITIONS, draw_onsets
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text
from washhouse.synthetic.hospital import make_hospital
from washhouse.synthetic.mental_health import make_mental_health
from washhouse.synthetic.population import Population, make_population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.senders import make_all_holdings, make_registers, recorded_ethnicity, split_registers
from washhouse.synthetic.sensitive_changes import draw_changes, with_new_identities
from washhouse.synthetic.social_care import make_social_care
from washhouse.synthetic.streams import Streams
from washhouse.synthetic.weeks import run_weeks

KNOWS_DEATHS = ("gp", "mental_health", "social_care")
"""Senders whose files carry a death date."""


def city_rows(people: int, years: int, seed: int) -> tuple[pa.Table, np.ndarray]:
    """Return a city's clear identities, with names, and the true person of each.

    Args:
        people: People who live there at some time.
        years: Years of activity that the senders have seen.
        seed: Seed of the city.

    Returns:
        Identities as `sources.identity.IDENTITY`, in the order of its key; the number of each row's person.
    """
    streams, calendar = Streams(seed), make_calendar(years, DEFAULT_END)
    population = make_population(people, calendar, streams)
    onset = draw_onsets(population, calendar, streams.stream("conditions"))
    newcomers = draw_newcomers(population, onset, calendar, streams.stream("newcomers"))
    episodes = draw_episodes(population, onset, calendar, streams.stream("episodes"))
    by_name = {name: onset[:, k] for k, name in enumerate(CONDITIONS)}
    course = run_weeks(population, by_name, episodes, newcomers, calendar, streams.stream("weeks"))
    mental = make_mental_health(population, onset, course, calendar, streams.stream("mental health"))
    hospital = make_hospital(population, onset, course, mental, calendar, streams.stream("hospital"))
    social = make_social_care(population, onset, calendar, streams.stream("social care"))
    registers = make_registers(population, mental, hospital, social, calendar, streams)
    del course, mental, hospital, social
    changes = draw_changes(population, registers, calendar, streams)
    registers = split_registers(registers, changes, streams)
    population = with_new_identities(population, changes, streams)
    holdings = make_all_holdings(population, registers, changes, city.PREFIXES, streams)
    tables, persons = [], []
    for name in sorted(holdings):
        table, person = _last_words(name, holdings.pop(name), registers[name], population, calendar.end, streams)
        tables.append(table)
        persons.append(person)
    table, _ = with_current_numbers(pa.concat_tables(tables).combine_chunks(), _superseded(population))
    return table, np.concatenate(persons)


def _last_words(
    source: str, held: Holdings, register: Register, population: Population, end: int, streams: Streams
) -> tuple[pa.Table, np.ndarray]:
    """Return the latest state of each record of a sender, by its id, and whose it is."""
    states = held.identities
    order = np.lexsort((states.since, states.record))
    last = order[np.flatnonzero(np.diff(states.record[order], append=-1))]
    first = order[np.flatnonzero(np.diff(states.record[order], prepend=-1))]
    person = states.person[last].astype(np.int64)
    rows = pa.array(last)
    columns: dict[str, Any] = {
        name: held.columns[name].take(rows)
        for name in ("first_name", "surname", "birth_date", "postcode", "address", "uprn", "phone")
    }
    numbers = held.columns["nhs_number"].take(rows)
    distinct = numbers.unique().drop_null()
    valid = standard_forms(distinct, parse_nhs_number)
    columns["nhs_number"] = valid.take(pc.index_in(numbers, value_set=distinct))
    columns["sex"] = coded(states.sex[last], ["female", "male"])
    columns["restricted"] = pa.array(states.restricted[last].astype(bool))
    columns["source_id"] = held.columns["local_patient_id"].take(rows)
    n = len(last)
    columns["source"] = pa.repeat(source, n)
    columns["identity_kind"] = pa.repeat("clear", n)
    columns["ethnic_category"] = recorded_ethnicity(population, person, streams.stream(f"{source} ethnicity"))
    if source in KNOWS_DEATHS:
        columns["death_date"] = dates(np.minimum(population.death[person], NEVER), end)
    if source == "gp":
        decile = pa.array(population.decile()[person].astype(np.int32))
        columns["deprivation_decile"] = chosen(np.ones(n, dtype=bool), decile)
        listed, left = _registrations(register, population, end)
        record = pa.array(states.record[last])
        ends = (pc.fill_null(pc.cast(days.take(record), pa.string()), "") for days in (listed, left))
        columns["registration"], columns["left_on"] = pc.binary_join_element_wise(*ends, "/"), left.take(record)
    columns["first_seen"] = dates(np.maximum(states.since[first], 0))
    columns["last_seen"] = dates(np.full(n, end))
    schema = arrow_schema(IDENTITY)
    table = pa.table(
        [pc.cast(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema], schema=schema
    )
    by_id = pc.sort_indices(table, [("source_id", "ascending")])
    return conform(IDENTITY, table.take(by_id)), person[by_id.to_numpy()]


def _superseded(population: Population) -> Superseded:
    """Return the list that the product would be given, less what it hears of late."""
    held = np.flatnonzero(population.nhs_old > 0)
    numbers = {"old": population.nhs_old[held], "current": population.nhs[held]}
    return follow_list(pa.table({name: nhs_text(those) for name, those in numbers.items()}))


def _registrations(register: Register, population: Population, end: int) -> tuple[pa.Array, pa.Array]:
    """Return the days from which, and before which, a practice lists each of its records."""
    person, _, since, _ = register.records()
    switch = np.r_[register.switch, np.full(len(person) - len(register.person), NEVER)]
    gone = np.minimum(population.departure, population.death)[person]
    return dates(since), dates(np.minimum(gone, switch), end)
