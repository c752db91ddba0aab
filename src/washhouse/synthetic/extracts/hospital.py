"""How does the hospital hand in attendances and episodes: changed rows by key, monthly?

An episode comes in the month in which it begins, again when it or its stay ends, and once more where its diagnoses
were coded late.

References:
    Names: FIELDS.md sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import Calendar, Period, date_of
from washhouse.synthetic.codes import (
    COMORBIDITIES,
    DIAGNOSES,
    EMERGENCY_SPECIALTIES,
    MENTAL_PRESENTATIONS,
    PLANNED_ADMISSIONS,
    PRESENTATIONS,
)
from washhouse.synthetic.columns import Array, chosen, coded, dates, fixed, numbered, times, write_table
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text, write_demographics
from washhouse.synthetic.frames import take
from washhouse.synthetic.hospital import EMERGENCY, Hospital
from washhouse.synthetic.places import area_codes
from washhouse.synthetic.population import YEAR, Population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.sensitive_changes import Changes

PREFIX = "H"
"""Prefix of the hospital's local numbers."""

PROVIDER = "RZ1"
"""Invented code of the hospital trust."""

MENTAL_PROVIDER = "RW9"
"""Invented code of the mental-health trust, which submits psychiatric stays too."""

_MODES = (
    "1048071000000103", "1048031000000100", "1048041000000109", "1048021000000102", "1048051000000107",
    "1048081000000101", "1048061000000105",
)  # fmt: skip
_DESTINATIONS = ("306689006", "1066331000000109", "1066341000000100")
_METHODS = ("21", "11", "12", "13", "82")
_ALL = (*PRESENTATIONS, *MENTAL_PRESENTATIONS)
_COMPLAINTS = tuple(p.complaint for p in _ALL)
_FIRST = np.cumsum([0, *(len(p.diagnoses) for p in _ALL)])[:-1]
_FOUND = tuple(code for p in _ALL for code in p.diagnoses)
_SECOND = tuple(codes[0] for codes in DIAGNOSES.values())
_ICD = (*(p.icd10 for p in _ALL), *(code for code, _, _ in PLANNED_ADMISSIONS))
_OPERATION = (*(None for _ in _ALL), *(operation or None for _, operation, _ in PLANNED_ADMISSIONS))
_COMORBID = tuple(COMORBIDITIES.values())


class HospitalExtract:
    """The hospital's tables with what is needed to cut a month out of them."""

    def __init__(
        self,
        hospital: Hospital,
        population: Population,
        onset: Array,
        register: Register,
        holdings: Holdings,
        pseudonym: pa.Array,
        changes: Changes,
        ethnic: pa.Array,
    ) -> None:
        self.hospital = hospital
        self.population = population
        self.onset = onset
        self.register = register
        self.holdings = holdings
        self.pseudonym = pseudonym
        self.changes = changes
        self.ethnic = ethnic
        self._sent = np.zeros(len(holdings.local), bool)

    def write(self, folder: Path, period: Period) -> None:
        """Write the files of one month, or of fewer days."""
        a, e = self.hospital.attendances, self.hospital.episodes
        lo, hi = np.searchsorted(a["day"], [period.start, period.end + 1])
        write_table(folder / "ecds.csv", self._attendances(np.arange(lo, hi)))

        def inside(day: Array) -> Array:
            return (day >= period.start) & (day <= period.end)

        changed = inside(e["began"]) | ((e["began"] < period.start) & (inside(e["discharged"]) | inside(e["ended"])))
        monthly = period.end - period.start > 26
        coded_after = 31 if monthly else period.end - period.start + 1
        overdue = (e["late"] == 1) & (e["ended"] < period.start) & (e["ended"] >= period.start - coded_after)
        rows = np.flatnonzero(changed | overdue)
        local = self.register.numbers(e["person"][rows], e["admitted"][rows])
        states = self.holdings.rows(local, period.end)
        write_table(folder / "apc.csv", self._episodes(rows, states, period))
        fresh = np.unique(states)
        fresh = fresh[~self._sent[fresh]]
        self._sent[fresh] = True
        if len(fresh):
            write_demographics(folder / "demographics.csv", self.holdings, fresh)

    def _attendances(self, rows: Array) -> dict[str, pa.Array]:
        a = take(self.hospital.attendances, rows)
        n = len(rows)
        where = self.population.address_on(a["person"], a["day"])
        leaves = a["minute"] + a["stay"]
        known_as = self.changes.identity(a["person"], a["day"])
        told = (rows * 2654435761 % 1000) >= 60
        coded_at_all = (rows * 40503 % 1000) >= 90
        return {
            "EC_Ident": numbered("", rows, 700_000_000),
            "Der_Pseudo_NHS_Number": self.pseudonym.take(pa.array(known_as)),
            "Provider_Code": fixed(PROVIDER, n),
            "Arrival_Date": dates(a["day"]),
            "Arrival_Time": times(a["minute"]),
            "EC_Arrival_Mode_SNOMED_CT": coded(a["mode"], _MODES),
            "EC_AttendanceCategory": fixed("1", n),
            "EC_Department_Type": coded(a["department"], ["00", "01", "02", "03", "04"]),
            "EC_Chief_Complaint_SNOMED_CT": chosen(told, coded(a["presentation"], _COMPLAINTS)),
            "EC_Diagnosis_01": chosen(coded_at_all, coded(_FIRST[a["presentation"]] + a["diagnosis"], _FOUND)),
            "EC_Diagnosis_02": chosen(a["second"] >= 0, coded(np.maximum(a["second"], 0), _SECOND)),
            "EC_Conclusion_Date": dates(a["day"] + leaves // 1440),
            "EC_Conclusion_Time": times(leaves % 1440),
            "EC_Departure_Time_Since_Arrival": pa.array(a["stay"]),
            "Discharge_Destination_SNOMED_CT": coded(a["destination"], _DESTINATIONS),
            "Ethnic_Category": self.ethnic.take(pa.array(a["person"])),
            "Der_Postcode_LSOA_Code": area_codes(self.population.addresses, where),
        }

    def _episodes(self, rows: Array, states: Array, period: Period) -> dict[str, pa.Array]:
        e = take(self.hospital.episodes, rows)
        n = len(rows)
        held = self.holdings
        index = pa.array(states)
        mental = e["mental"] == 1
        uncoded = (e["late"] == 1) & (e["ended"] >= period.start)
        more = self._comorbidities(e["person"], e["began"])
        specialty = np.where(
            mental, 0, np.where(e["method"] == EMERGENCY, 1 + e["specialty"], 7 + _planned(e["reason"]))
        )
        specialties = ["710", *EMERGENCY_SPECIALTIES, *(s for _, _, s in PLANNED_ADMISSIONS)]
        age = (e["began"] - self.population.birth[e["person"]]) / YEAR
        operation = coded(e["reason"], _OPERATION)
        died = e["discharged"] == self.population.death[e["person"]]
        left = e["discharged"] <= period.end
        return {
            "EPIKEY": numbered("", rows, 800_000_000),
            "PROVSPNOPS": numbered("P", e["spell"], 1_000_000),
            "EPIORDER": pa.array(e["order"]),
            "ADMIDATE": dates(e["admitted"]),
            "EPISTART": dates(e["began"]),
            "EPIEND": dates(e["ended"], period.end),
            "DISDATE": dates(e["discharged"], period.end),
            "ADMIMETH": coded(e["method"], _METHODS),
            "ADMISORC": fixed("19", n),
            "DISMETH": chosen(left, coded(died.astype(np.int8), ["1", "4"])),
            "DISDEST": chosen(left, coded(died.astype(np.int8), ["19", "79"])),
            "CLASSPAT": coded(
                ((e["admitted"] == e["discharged"]) & (e["method"] != EMERGENCY)).astype(np.int8), ["1", "2"]
            ),
            "MAINSPEF": coded(specialty, specialties),
            "TRETSPEF": coded(specialty, specialties),
            "DIAG_01": chosen(~uncoded, coded(e["reason"], _ICD)),
            **{
                f"DIAG_{k + 2:02d}": chosen(~uncoded & (more[k] >= 0), coded(np.maximum(more[k], 0), _COMORBID))
                for k in range(3)
            },
            "OPERTN_01": chosen(~uncoded, operation),
            "OPDATE_01": chosen(~uncoded & operation.is_valid().to_numpy(zero_copy_only=False), dates(e["began"])),
            "PROCODE5": coded(mental.astype(np.int8), [PROVIDER, MENTAL_PROVIDER]),
            "GPPRAC": numbered("N", self.population.practice[0, e["person"]], 99_001),
            "LSOA11": area_codes(self.population.addresses, held.identities.where[states]),
            "SEX": coded(held.identities.sex[states], ["2", "1"]),
            "ETHNOS": self.ethnic.take(pa.array(e["person"])),
            "STARTAGE": pa.array(age.astype(np.int64)),
            "NHS_NUMBER": nhs_text(held.identities.nhs[states]),
            "LOCAL_PATIENT_ID": held.columns["local_patient_id"].take(index),
            "BIRTH_DATE": held.columns["birth_date"].take(index),
            "POSTCODE": held.columns["postcode"].take(index),
        }

    def _comorbidities(self, person: Array, day: Array) -> Array:
        """Return up to three long-term conditions of each person on a day, -1 for none (3 x n)."""
        has = self.onset[person] < np.asarray(day)[:, None]
        rank = np.cumsum(has, axis=1)
        found = np.full((3, len(person)), -1)
        for nth in range(3):
            row, column = np.nonzero(has & (rank == nth + 1))
            found[nth, row] = column
        return found


def _planned(reason: Array) -> Array:
    which: Array = np.clip(reason - len(_ALL), 0, len(PLANNED_ADMISSIONS) - 1)
    return which


def write_hospital(folder: Path, extract: HospitalExtract, calendar: Calendar, step: Callable[[], None]) -> None:
    """Write the monthly batches, each declared on the day after the month."""
    for period in calendar.months():
        extract.write(folder / date_of(period.end + 1).isoformat(), period)
        step()
