"""How do practices hand in their whole books: patients, coded journal, prescriptions?

Two snapshots are made. What the later one adds stands at the end of each block of people, so that the rest is written
as text only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from washhouse.synthetic.book_slips import JOURNAL, PRESCRIPTIONS, spoil
from washhouse.synthetic.calendar import NEVER, Calendar, date_of
from washhouse.synthetic.codes import DRUGS
from washhouse.synthetic.columns import Array, chosen, coded, dates, numbered, tenths, write_table
from washhouse.synthetic.corrections import CorrectionLog, misfiled
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text, write_demographics
from washhouse.synthetic.general_practice import BlockEvents
from washhouse.synthetic.places import NOWHERE, area_codes
from washhouse.synthetic.population import Population
from washhouse.synthetic.practice_plans import JOURNAL_CODES, JOURNAL_UNITS
from washhouse.synthetic.registers import Register
from washhouse.synthetic.streams import Streams

_HEADLESS = pyarrow.csv.WriteOptions(quoting_style="none", include_header=False)


def snapshot_folders(folder: Path, calendar: Calendar) -> dict[int, Path]:
    """Return the folder of each snapshot by its day."""
    return {day: folder / date_of(day).isoformat() for day in calendar.snapshots()}


def write_patients(
    folder: Path,
    population: Population,
    register: Register,
    holdings: Holdings,
    pseudonym: pa.Array,
    ethnic: pa.Array,
    optout: Array,
    declared: int,
) -> None:
    """Write patients and demographics as of the day before a snapshot."""
    second = register.second > 0
    known = register.since < declared
    moved = second & (register.switch < declared)
    local = np.r_[register.first[known], register.second[moved]]
    states = holdings.rows(local, declared - 1)
    index = pa.array(states)
    held = holdings.identities
    person = np.r_[register.person[known], register.person[moved]]
    gone = np.minimum(population.departure, population.death)[person]
    switch = np.where(second, register.switch, NEVER)
    left = np.minimum(gone, np.r_[switch[known], np.full(int(moved.sum()), NEVER)])
    since = np.r_[register.since[known], register.switch[moved]]
    practice = np.r_[population.practice[0, register.person[known]], population.practice[1, register.person[moved]]]
    place = held.where[states]
    decile = population.places.decile[population.addresses.area[place]].astype(np.int64)
    nowhere = population.addresses.kind[place] == NOWHERE
    columns = {
        "patient_id": holdings.columns["local_patient_id"].take(index),
        "nhs_number": nhs_text(held.nhs[states]),
        "Der_Pseudo_NHS_Number": pseudonym.take(pa.array(held.person[states])),
        "practice_code": numbered("N", practice, 99_001),
        "birth_date": holdings.columns["birth_date"].take(index),
        "sex": holdings.columns["sex"].take(index),
        "ethnic_code": ethnic.take(pa.array(held.record[states])),
        "postcode": holdings.columns["postcode"].take(index),
        "lsoa": area_codes(population.addresses, place),
        "imd_decile": pa.array(decile, mask=nowhere),
        "uprn": holdings.columns["uprn"].take(index),
        "registered_from": dates(since),
        "registered_to": dates(left, declared - 1),
        "deceased_date": dates(population.death[person], declared - 1),
        "type1_optout": coded(optout[person].astype(np.int8), ["N", "Y"]),
    }
    write_table(folder / "patients.csv", columns)
    write_demographics(folder / "demographics.csv", holdings, states)


def write_events(
    folders: dict[int, Path],
    blocks: Iterator[BlockEvents],
    register: Register,
    streams: Streams,
    corrections: CorrectionLog,
    step: Callable[[], None],
) -> tuple[int, int]:
    """Write journal and prescriptions of all blocks into both snapshots, a few lines spoilt.

    A few entries of the earlier journal stand in another patient's as well; the later one has them no more.

    Returns:
        Entries of journal and of prescriptions in the last snapshot.
    """
    early, late = sorted(folders)
    files = {
        (day, name): (folder / f"{name}.csv").open("wb")
        for day, folder in folders.items()
        for name in ("journal", "prescriptions")
    }
    rows = [0, 0]
    for number, block in enumerate(blocks):
        journal = np.flatnonzero(np.isin(block.person, register.person))
        script = np.flatnonzero(np.isin(block.patient, register.person))
        for which, name, keep, known in (
            (0, "journal", journal, np.maximum(block.recorded, register.since[_row(register, block.person)])[journal]),
            (
                1,
                "prescriptions",
                script,
                np.maximum(block.issued, register.since[_row(register, block.patient)])[script],
            ),
        ):
            order = keep[np.argsort(known >= early, kind="stable")]
            old = int((known < early).sum())
            table = pa.table(_journal(block, order, register) if which == 0 else _scripts(block, order, register))
            if number == 0:
                for day in (early, late):
                    files[day, name].write((",".join(table.column_names) + "\n").encode())
            rng, slips = streams.stream(f"{name} slips", number), (JOURNAL, PRESCRIPTIONS)[which]
            text = _csv(spoil(table.slice(0, old), slips, rng))
            files[early, name].write(text)
            files[late, name].write(text)
            if which == 0:
                wrong = misfiled(table.slice(0, old), streams.stream("misfiled entries", number))
                files[early, name].write(_csv(wrong))
                corrections.deleted(wrong, date_of(early).isoformat(), date_of(late).isoformat())
            files[late, name].write(_csv(spoil(table.slice(old), slips, rng)))
            rows[which] += table.num_rows
        step()
    for file in files.values():
        file.close()
    return rows[0], rows[1]


def write_day(folder: Path, block: BlockEvents, register: Register) -> tuple[int, int]:
    """Append a block's journal and prescriptions to a day's files; return their lines."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, columns in (
        ("journal", _journal(block, np.arange(len(block.person)), register)),
        ("prescriptions", _scripts(block, np.arange(len(block.patient)), register)),
    ):
        table = pa.table(columns)
        path = folder / f"{name}.csv"
        if not path.exists():
            path.write_text(",".join(table.column_names) + "\n", encoding="utf-8")
        with path.open("ab") as file:
            file.write(_csv(table))
        lines.append(int(table.num_rows))
    return lines[0], lines[1]


def _row(register: Register, person: Array) -> Array:
    return np.minimum(np.searchsorted(register.person, person), len(register.person) - 1)


def _csv(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    if table.num_rows:
        pyarrow.csv.write_csv(table, sink, _HEADLESS)
    return sink.getvalue()


def _journal(block: BlockEvents, rows: Array, register: Register) -> dict[str, pa.Array]:
    code = block.code[rows]
    value = block.value[rows]
    day = block.day[rows]
    return {
        "patient_id": numbered("", register.numbers(block.person[rows], day)),
        "code": coded(code, JOURNAL_CODES),
        "code_system": coded(np.zeros(len(rows), np.int8), ["SNOMED CT"]),
        "event_date": dates(day),
        "recorded_date": dates(block.recorded[rows]),
        "value": chosen(~np.isnan(value), tenths(np.nan_to_num(value))),
        "unit": coded(code, JOURNAL_UNITS),
    }


def _scripts(block: BlockEvents, rows: Array, register: Register) -> dict[str, pa.Array]:
    drug = block.drug[rows]
    issued = block.issued[rows]
    drugs = tuple(DRUGS.values())
    return {
        "patient_id": numbered("", register.numbers(block.patient[rows], issued)),
        "dmd_code": coded(drug, [d.dmd for d in drugs]),
        "name": coded(drug, [d.name for d in drugs]),
        "dose": coded(drug, [d.dose for d in drugs]),
        "quantity": coded(drug, [str(d.quantity) for d in drugs]),
        "quantity_unit": coded(drug, [d.unit for d in drugs]),
        "issue_date": dates(issued),
        "course": coded(drug, ["repeat" if d.every else "acute" for d in drugs]),
    }
