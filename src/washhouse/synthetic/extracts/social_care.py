"""How does the council hand in client level data: each quarter, then once more with the next?

References:
    Names and texts of Client Level Data release 1: FIELDS.md section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import Calendar, Period, date_of
from washhouse.synthetic.columns import Array, chosen, coded, dates, fixed, numbered, write_table
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text
from washhouse.synthetic.mental_health import Frame
from washhouse.synthetic.population import Population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.social_care import REQUEST, REVIEW, SERVICE, SERVICES

PREFIX = "LA"
_KINDS = ("Request", "Assessment", "Service", "Review")
_OUTCOMES = (
    "Progress to Assessment", "NFA - Information & Advice / Signposting only", "Progress to Reablement/ST-Max",
    "NFA - Support declined",
)  # fmt: skip


def write_social_care(
    folder: Path, events: Frame, population: Population, register: Register, holdings: Holdings, ethnic: pa.Array,
    calendar: Calendar, step: Callable[[], None],
) -> None:
    """Write the quarterly batches, each with the quarter before once more."""
    before: Period | None = None
    for period in calendar.quarters():
        periods = [p for p in (before, period) if p]
        parts = [_rows(events, p, population, register, holdings, ethnic, period.end, first=p is period) for p in periods]
        folder_name = date_of(period.declared).isoformat()
        table = pa.concat_tables(pa.table(part) for part in parts)
        write_table(folder / folder_name / "cld.csv", {n: table.column(n) for n in table.column_names}, quoted=True)
        before = period
        step()


def _rows(
    events: Frame, period: Period, population: Population, register: Register, holdings: Holdings, ethnic: pa.Array,
    known_by: int, *, first: bool,
) -> dict[str, pa.Array]:  # fmt: skip
    lasts = np.where(events["kind"] == SERVICE, events["ended"], events["day"])
    late = (np.arange(len(lasts)) % 29 == 0) & (events["day"] > period.end - 20)
    rows = np.flatnonzero((events["day"] <= period.end) & (lasts >= period.start) & ~(late & first))
    e = {name: column[rows] for name, column in events.items()}
    n = len(rows)
    local = register.numbers(e["person"], e["day"])
    records = holdings.rows(local)
    index = pa.array(records)
    kind = e["kind"]
    carer = e["carer_of"] >= 0
    cared = np.where(carer, e["carer_of"], register.person[0])
    return {
        "LA_Code": fixed("999", n),
        "LA_Name": fixed("Washhouse", n),
        "Reporting_Period_Start_Date": dates(np.full(n, period.start)),
        "Reporting_Period_End_Date": dates(np.full(n, period.end)),
        "NHS_Number": nhs_text(holdings.identities.nhs[records]),
        "LA_Person_Unique_Identifier": holdings.columns["local_patient_id"].take(index),
        "GP_Practice_Code": numbered("N", population.practice[0, e["person"]], 99_001),
        "Gender": coded(holdings.identities.sex[records], ["Female", "Male"]),
        "Ethnicity": ethnic.take(pa.array(e["person"])),
        "Date_of_Birth": holdings.columns["birth_date"].take(index),
        "Date_of_Death": dates(population.death[e["person"]], known_by),
        "Client_Type": coded(carer.astype(int), ["Service User", "Carer"]),
        "Primary_Support_Reason": chosen(kind != REQUEST, fixed("Physical Support: Personal Care Support", n)),
        "Postcode": holdings.columns["postcode"].take(index),
        "Accommodation_Status": fixed("Owner occupier or shared ownership scheme", n),
        "Has_Unpaid_Carer": fixed("No", n),
        "Event_Type": coded(kind, _KINDS),
        "Event_Reference": numbered("EV", rows, 100_000),
        "Event_Start_Date": dates(e["day"]),
        "Event_End_Date": dates(e["ended"], known_by),
        "Event_Outcome": coded(np.where(kind == SERVICE, 4, e["outcome"]), [*_OUTCOMES, "Provision of service"]),
        "Request_Route_of_Access": chosen(kind == REQUEST, fixed("Community / other route", n)),
        "Assessment_Type": chosen(kind == 1, fixed("Short Term Assessment", n)),
        "Service_Type": chosen(kind == SERVICE, coded(np.maximum(e["service"], 0), SERVICES)),
        "Review_Reason": chosen(kind == REVIEW, fixed("Planned", n)),
        "No_of_adults_being_cared_for": pa.array(np.ones(n, np.int64), mask=~carer),
        "Adult_1_Linked_Person_ID": chosen(carer, numbered(PREFIX, register.numbers(cared, e["day"]))),
    }


