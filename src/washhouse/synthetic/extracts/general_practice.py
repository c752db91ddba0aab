"""How do practices hand in their whole books: patients, coded journal, prescriptions?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from washhouse.synthetic.calendar import Calendar, date_of
from washhouse.synthetic.columns import Array, chosen, coded, dates, numbered, uprn_text, write_table
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text, write_demographics
from washhouse.synthetic.general_practice import BlockEvents, CODES, DRUGS
from washhouse.synthetic.population import Population
from washhouse.synthetic.registers import Register


def write_patients(
    folder: Path,
    population: Population,
    register: Register,
    holdings: Holdings,
    since: Array,
    pseudonym: Array,
    ethnic: pa.Array,
    optout: Array,
    declared: int,
) -> None:
    """Write patients and demographics as of a snapshot's day."""
    person = holdings.identities.person
    second = np.isin(holdings.local, register.second[register.second > 0])
    row = np.searchsorted(register.person, person)
    left = np.where(second, population.departure[person], np.minimum(register.switch[row], population.departure[person]))
    left = np.minimum(left, population.death[person])
    records = np.flatnonzero(since < declared)
    index = pa.array(records)
    who = person[records]
    area = population.addresses.area[population.address_on(who, np.minimum(left[records], declared) - 1)]
    decile = population.places.decile[area]
    practice = np.where(second[records], population.practice[1, who], population.practice[0, who])
    columns = {
        "patient_id": holdings.columns["local_patient_id"],
        "nhs_number": nhs_text(holdings.identities.nhs),
    }
    taken = {name: column.take(index) for name, column in columns.items()}
    taken["Der_Pseudo_NHS_Number"] = pa.array(pseudonym[who], pa.string())
    taken["practice_code"] = numbered("N", practice, 99_001)
    taken["birth_date"] = holdings.columns["birth_date"].take(index)
    taken["sex"] = holdings.columns["sex"].take(index)
    taken["ethnic_code"] = ethnic.take(index)
    taken["postcode"] = holdings.columns["postcode"].take(index)
    taken["lsoa"] = numbered("E0", area, 1_990_001)
    taken["imd_decile"] = pa.array(decile.astype(np.int64))
    taken["uprn"] = uprn_text(holdings.identities.uprn[records])
    taken["registered_from"] = dates(np.maximum(since[records], population.birth[who]))
    taken["registered_to"] = dates(left[records], declared - 1)
    taken["deceased_date"] = dates(population.death[who], declared - 1)
    taken["type1_optout"] = coded(optout[who].astype(int), ["N", "Y"])
    write_table(folder / "patients.csv", taken)
    write_demographics(folder / "demographics.csv", holdings, records)


def write_events(
    folders: dict[int, Path], blocks: Iterator[BlockEvents], register: Register, calendar: Calendar
) -> tuple[int, int]:
    """Write journal and prescriptions of all blocks into the snapshots; returns rows of the last snapshot."""
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    journals: dict[int, pyarrow.csv.CSVWriter] = {}
    scripts: dict[int, pyarrow.csv.CSVWriter] = {}
    rows = [0, 0]
    for block in blocks:
        journal = pa.table(_journal(block, register))
        script = pa.table(_scripts(block, register))
        for declared, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            if declared not in journals:
                journals[declared] = pyarrow.csv.CSVWriter(str(folder / "journal.csv"), journal.schema, write_options=options)
                scripts[declared] = pyarrow.csv.CSVWriter(str(folder / "prescriptions.csv"), script.schema, write_options=options)
            journals[declared].write_table(journal.filter(pa.array(block.recorded < declared)))
            scripts[declared].write_table(script.filter(pa.array(block.issued < declared)))
        rows[0] += journal.num_rows
        rows[1] += script.num_rows
    for writer in (*journals.values(), *scripts.values()):
        writer.close()
    return rows[0], rows[1]


def _journal(block: BlockEvents, register: Register) -> dict[str, pa.Array]:
    return {
        "patient_id": numbered("", register.numbers(block.person, block.day)),
        "code": coded(block.code, [code.snomed for code in CODES]),
        "code_system": coded(np.zeros(len(block.code), np.int8), ["SNOMED CT"]),
        "event_date": dates(block.day),
        "recorded_date": dates(block.recorded),
        "value": chosen(block.value > -1000, block.value_text()),
        "unit": coded(block.code, [code.unit for code in CODES]),
    }


def _scripts(block: BlockEvents, register: Register) -> dict[str, pa.Array]:
    return {
        "patient_id": numbered("", register.numbers(block.patient, block.issued)),
        "dmd_code": coded(block.drug, [drug.dmd for drug in DRUGS]),
        "name": coded(block.drug, [drug.name for drug in DRUGS]),
        "dose": coded(block.drug, [drug.dose for drug in DRUGS]),
        "quantity": coded(block.drug, [str(drug.quantity) for drug in DRUGS]),
        "quantity_unit": coded(block.drug, [drug.unit for drug in DRUGS]),
        "issue_date": dates(block.issued),
        "course": coded(block.drug, ["repeat" if drug.repeat else "acute" for drug in DRUGS]),
    }


def snapshot_folders(folder: Path, calendar: Calendar) -> dict[int, Path]:
    """Return the folder of each snapshot by its day."""
    return {day: folder / date_of(day).isoformat() for day in calendar.snapshots()}
