"""How does the council hand in client level data: each quarter, then once more with the next?

The second time a quarter brings late rows, and closes what had been open. Texts vary in case, as typed.

References:
    Names and texts of Client Level Data release 1: FIELDS.md section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import Calendar, Period, date_of, day_number
from washhouse.synthetic.columns import Array, chosen, coded, dates, fixed, numbered, tenths, write_table
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text
from washhouse.synthetic.frames import Frame, take
from washhouse.synthetic.places import CARE_HOME, HOSTEL, NOWHERE
from washhouse.synthetic.population import Population
from washhouse.synthetic.registers import Register
from washhouse.synthetic.social_care import (
    ASSESSMENT,
    ASSESSMENT_OUTCOMES,
    REQUEST,
    REQUEST_OUTCOMES,
    REVIEW,
    REVIEW_OUTCOMES,
    REVIEW_REASONS,
    ROUTES,
    SERVICE,
    SERVICES,
    SUPPORT_REASONS,
)

PREFIX = "LA"
"""Prefix of the council's person numbers."""

_KINDS = ("Request", "Assessment", "Service", "Review")
_SETTLED = (
    "Owner occupier or shared ownership scheme",
    "Tenant",
    "Tenant - private landlord",
    "Settled mainstream housing with family / friends",
    "Sheltered housing / extra care housing / other sheltered housing",
)
_COMPONENTS = ("Home Support", "Residential Care", "Nursing Care", "Reablement", "Equipment", "Carer Respite")


class SocialCareExtract:
    """The council's events with what is needed to cut a quarter out of them."""

    def __init__(
        self, events: Frame, population: Population, register: Register, holdings: Holdings, ethnic: pa.Array
    ) -> None:
        self.events = events
        self.population = population
        self.register = register
        self.holdings = holdings
        self.ethnic = ethnic

    def quarter(self, period: Period, known_by: int, *, again: bool) -> pa.Table:
        """Return the rows of a quarter.

        Args:
            period: Quarter.
            known_by: Last day known.
            again: True where the quarter is handed in a second time, with late rows.
        """
        events = self.events
        lasts = np.where(events["kind"] == SERVICE, events["ended"], events["day"])
        late = (np.arange(len(lasts)) % 23 == 0) & (events["day"] > period.end - 25)
        rows = np.flatnonzero((events["day"] <= period.end) & (lasts >= period.start) & (again | ~late))
        return self._table(rows, period, known_by)

    def write_day(self, folder: Path, since: int, day: int) -> None:
        """Write what began or ended from a day to another, as rows of the quarter so far."""
        events = self.events

        def inside(days: Array) -> Array:
            return (days >= since) & (days <= day)

        closes = (events["kind"] == SERVICE) & inside(events["ended"])
        rows = np.flatnonzero((events["day"] <= day) & (inside(events["day"]) | closes))
        month = date_of(day).replace(day=1)
        quarter = day_number(month.replace(month=3 * ((month.month - 1) // 3) + 1))
        table = self._table(rows, Period(quarter, day, day + 1), day)
        columns = {name: table.column(name) for name in table.column_names}
        write_table(folder / "cld.csv", columns, quoted=True)

    def _table(self, rows: Array, period: Period, known_by: int) -> pa.Table:
        e = take(self.events, rows)
        columns = self._person(e, known_by) | self._event(e, rows, known_by)
        n = len(rows)
        head = {
            "LA_Code": fixed("999", n),
            "LA_Name": fixed("Washhouse", n),
            "Reporting_Period_Start_Date": dates(np.full(n, period.start)),
            "Reporting_Period_End_Date": dates(np.full(n, period.end)),
        }
        return pa.table(head | columns)

    def _person(self, e: Frame, known_by: int) -> dict[str, pa.Array]:
        held = self.holdings.identities
        states = self.holdings.rows(self.register.numbers(e["person"], e["day"]), known_by)
        index = pa.array(states)
        person = e["person"]
        n = len(person)
        kind = self.population.addresses.kind[held.where[states]]
        home = np.select([kind == CARE_HOME, kind == HOSTEL, kind == NOWHERE], [5, 6, 7], person % 5)
        homes = [
            *_SETTLED,
            "Registered care home",
            "Night shelter / emergency hostel / direct access hostel",
            "Rough sleeper / squatting",
        ]
        carer = e["carer_of"] >= 0
        return {
            "NHS_Number": nhs_text(held.nhs[states]),
            "LA_Person_Unique_Identifier": self.holdings.columns["local_patient_id"].take(index),
            "GP_Practice_Code": numbered("N", self.population.practice[0, person], 99_001),
            "Gender": coded(held.sex[states] + 2 * (person % 37 == 0), ["Female", "Male", "FEMALE", "MALE"]),
            "Ethnicity": self.ethnic.take(pa.array(held.record[states])),
            "Date_of_Birth": self.holdings.columns["birth_date"].take(index),
            "Date_of_Death": dates(self.population.death[person], known_by),
            "Client_Type": coded(carer.astype(np.int8), ["Service User", "Carer"]),
            "Primary_Support_Reason": chosen(e["kind"] != REQUEST, coded(e["reason"], SUPPORT_REASONS)),
            "Postcode": self.holdings.columns["postcode"].take(index),
            "Accommodation_Status": coded(home, homes),
            "Has_Unpaid_Carer": coded(person % 3, ["No", "Yes", "Unknown"]),
            "Dementia": coded(e["dementia"], ["No", "Yes"]),
            "Client_Funding_Status": fixed("Fully funded by local authority", n),
            "Total_Hrs_Caring_per_week": chosen(carer, coded(person % 3, ["1-19 hrs", "20-49 hrs", "50+ hrs"])),
            "No_of_adults_being_cared_for": pa.array(np.ones(n, np.int64), mask=~carer),
            "Adult_1_Linked_Person_ID": chosen(
                carer, numbered(PREFIX, self.register.numbers(np.where(carer, e["carer_of"], person), e["day"]))
            ),
        }

    def _event(self, e: Frame, rows: Array, known_by: int) -> dict[str, pa.Array]:
        kind, outcome = e["kind"], e["outcome"]
        service = kind == SERVICE
        typed = np.maximum(e["service"], 0)
        lower = rows % 41 == 0
        outcomes = [*REQUEST_OUTCOMES, *ASSESSMENT_OUTCOMES, *REVIEW_OUTCOMES, "Provision of service"]
        first = np.array(
            [0, len(REQUEST_OUTCOMES), len(outcomes) - 1, len(REQUEST_OUTCOMES) + len(ASSESSMENT_OUTCOMES)]
        )
        weekly = np.array([412.0, 760.0, 915.0, 240.0, 35.0, 20.0])[typed]
        return {
            "Event_Type": coded(kind, _KINDS),
            "Event_Reference": numbered("EV", rows, 100_000),
            "Event_Start_Date": dates(e["day"]),
            "Event_End_Date": dates(e["ended"], known_by),
            "Event_Outcome": coded(first[kind] + np.where(service, 0, outcome), outcomes),
            "Request_Route_of_Access": chosen(kind == REQUEST, coded(outcome % len(ROUTES), ROUTES)),
            "Assessment_Type": chosen(
                kind == ASSESSMENT, coded(outcome % 2, ["Long Term Assessment", "Short Term Assessment"])
            ),
            "Eligible_Needs_Identified": chosen(
                kind == ASSESSMENT, coded((outcome == 0).astype(np.int8), ["No", "Yes"])
            ),
            "Method_of_Assessment": chosen(kind == ASSESSMENT, coded(rows % 2, ["Face to face", "Telephone"])),
            "Service_Type": chosen(
                service, coded(typed + len(SERVICES) * lower, [*SERVICES, *(s.lower() for s in SERVICES)])
            ),
            "Service_Component": chosen(service, coded(typed, _COMPONENTS)),
            "Delivery_Mechanism": chosen(
                service, coded(rows % 2, ["CASSR Managed Personal Budget", "Direct Payment only"])
            ),
            "Review_Reason": chosen(kind == REVIEW, coded(outcome % len(REVIEW_REASONS), REVIEW_REASONS)),
            "Review_Outcomes_Achieved": chosen(kind == REVIEW, coded(rows % 3, ["Fully", "Partially", "Not achieved"])),
            "Method_of_Review": chosen(kind == REVIEW, coded(rows % 2, ["Face to face", "Telephone"])),
            "Unit_Cost": chosen(service, tenths(weekly)),
            "Cost_Frequency_Unit_Type": chosen(service, fixed("Weekly", len(rows))),
            "Planned_units_per_week": chosen(service, tenths(np.where(typed == 0, 14.0, 1.0))),
        }


def write_social_care(folder: Path, extract: SocialCareExtract, calendar: Calendar, step: Callable[[], None]) -> None:
    """Write the quarterly batches, each with the quarter before once more."""
    before: Period | None = None
    for period in calendar.quarters():
        parts = [extract.quarter(period, period.end, again=False)]
        if before:
            parts.insert(0, extract.quarter(before, period.end, again=True))
        table = pa.concat_tables(parts)
        columns = {name: table.column(name) for name in table.column_names}
        write_table(folder / date_of(period.declared).isoformat() / "cld.csv", columns, quoted=True)
        before = period
        step()
