"""How does the hospital hand in attendances and episodes: changed rows by key, monthly?

References:
    Names: FIELDS.md sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import Calendar, date_of
from washhouse.synthetic.columns import Array, coded, dates, fixed, numbered, times, write_table
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text, write_demographics
from washhouse.synthetic.hospital import Hospital
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.registers import Register

PREFIX = "H"
PROVIDER = "RZ1"
_MODES = ("1048071000000103", "1048031000000100", "1048061000000105")
_DESTINATIONS = ("306689006", "1066331000000109", "1066341000000100")
_COMPLAINTS = tuple(["48694002"] + ["21522001"] * 20)
_DIAGNOSES = tuple(["48694002"] + ["21522001"] * 20)
_ICD = tuple(["F209"] + ["R104"] * 11 + ["H269"] * 8 + ["F209"])
_METHODS = ("21", "11", "12", "13")


def write_hospital(
    folder: Path,
    hospital: Hospital,
    population: Population,
    register: Register,
    holdings: Holdings,
    pseudonym: Array,
    ethnic: pa.Array,
    calendar: Calendar,
    step: Callable[[], None],
) -> None:
    """Write the monthly batches."""
    a, e = hospital.attendances, hospital.episodes
    sent = np.zeros(len(holdings.local), bool)
    for period in calendar.months():
        batch = folder / date_of(period.end + 1).isoformat()
        lo, hi = np.searchsorted(a["day"], [period.start, period.end + 1])
        rows = np.arange(lo, hi)
        write_table(batch / "ecds.csv", _attendances(rows, hospital, population, pseudonym, ethnic))
        rows = np.flatnonzero((e["began"] >= period.start) & (e["began"] <= period.end))
        later = np.flatnonzero(
            (e["began"] < period.start) & (e["discharged"] >= period.start) & (e["discharged"] <= period.end)
        )
        rows = np.r_[rows, later]
        local = register.numbers(e["person"][rows], e["admitted"][rows])
        records = holdings.rows(local)
        write_table(batch / "apc.csv", _episodes(rows, records, hospital, population, holdings, ethnic, period.end))
        fresh = np.unique(records)
        fresh = fresh[~sent[fresh]]
        sent[fresh] = True
        write_demographics(batch / "demographics.csv", holdings, fresh)
        step()


def _attendances(rows: Array, hospital: Hospital, population: Population, pseudonym: Array, ethnic: pa.Array) -> dict[str, pa.Array]:
    a = {name: column[rows] for name, column in hospital.attendances.items()}
    n = len(rows)
    area = population.addresses.area[population.address_on(a["person"], a["day"])]
    return {
        "EC_Ident": numbered("", rows, 700_000_000),
        "Der_Pseudo_NHS_Number": pa.array(pseudonym[a["person"]], pa.string()),
        "Provider_Code": fixed(PROVIDER, n),
        "Arrival_Date": dates(a["day"]),
        "Arrival_Time": times(a["minute"]),
        "EC_Arrival_Mode_SNOMED_CT": coded(a["mode"], _MODES),
        "EC_AttendanceCategory": fixed("1", n),
        "EC_Department_Type": coded(a["department"], ["00", "01", "02", "03"]),
        "EC_Chief_Complaint_SNOMED_CT": coded(a["presentation"], _COMPLAINTS),
        "EC_Diagnosis_01": coded(a["presentation"], _DIAGNOSES),
        "EC_Departure_Time_Since_Arrival": pa.array(a["stay"]),
        "Discharge_Destination_SNOMED_CT": coded(a["destination"], _DESTINATIONS),
        "Ethnic_Category": ethnic.take(pa.array(a["person"])),
        "Der_Postcode_LSOA_Code": numbered("E0", area, 1_990_001),
    }


def _episodes(
    rows: Array, records: Array, hospital: Hospital, population: Population, holdings: Holdings, ethnic: pa.Array, end: int
) -> dict[str, pa.Array]:
    e = {name: column[rows] for name, column in hospital.episodes.items()}
    n = len(rows)
    index = pa.array(records)
    mental = e["trust"] == 1
    return {
        "EPIKEY": numbered("", rows, 800_000_000),
        "PROVSPNOPS": numbered("P", e["spell"], 1_000_000),
        "EPIORDER": pa.array(e["order"]),
        "ADMIDATE": dates(e["admitted"]),
        "EPISTART": dates(e["began"]),
        "EPIEND": dates(e["ended"], end),
        "DISDATE": dates(e["discharged"], end),
        "ADMIMETH": coded(e["method"], _METHODS),
        "ADMISORC": fixed("19", n),
        "CLASSPAT": coded((e["admitted"] == e["discharged"]).astype(int) * (e["method"] > 0), ["1", "2"]),
        "MAINSPEF": coded(mental.astype(int), ["300", "710"]),
        "TRETSPEF": coded(mental.astype(int), ["300", "710"]),
        "DIAG_01": coded(e["reason"], _ICD),
        "PROCODE5": coded(mental.astype(int), [PROVIDER, "RW9"]),
        "SEX": coded(holdings.identities.sex[records], ["2", "1"]),
        "ETHNOS": ethnic.take(pa.array(e["person"])),
        "STARTAGE": pa.array(((e["began"] - population.birth[e["person"]]) / YEAR).astype(np.int64)),
        "NHS_NUMBER": nhs_text(holdings.identities.nhs[records]),
        "LOCAL_PATIENT_ID": holdings.columns["local_patient_id"].take(index),
        "BIRTH_DATE": holdings.columns["birth_date"].take(index),
        "POSTCODE": holdings.columns["postcode"].take(index),
    }
