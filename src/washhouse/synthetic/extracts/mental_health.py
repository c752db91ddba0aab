"""How does the mental-health trust hand in its tables, monthly and nightly?

Every month all referrals open at some time of it come again with everything that hangs on them; a night brings what
began, changed or ended that day. No file shows what had not happened by the end of its period.

References:
    Names and codes of MHSDS 6.0: FIELDS.md section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from washhouse.synthetic.calendar import NEVER, Calendar, Period, date_of
from washhouse.synthetic.care_records import CareRecords
from washhouse.synthetic.columns import Array, chosen, coded, dates, fixed, moments, numbered, times, write_table
from washhouse.synthetic.corrections import ContactSlips, resubmissions
from washhouse.synthetic.course import HOMELESS, HOMES, JOBS
from washhouse.synthetic.crisis_rows import CLOSURES, SOURCES
from washhouse.synthetic.extracts.care_records import (
    activity_columns,
    diagnosis_columns,
    order_columns,
    plan_columns,
)
from washhouse.synthetic.extracts.demographics import Holdings, nhs_text, write_demographics
from washhouse.synthetic.frames import Frame, stack, take
from washhouse.synthetic.mental_health import ACTS, MentalHealth
from washhouse.synthetic.population import Population
from washhouse.synthetic.registers import Register

PROVIDER = "RW9"
"""Invented code of the mental-health trust."""

Writer = Callable[[str, dict[str, pa.Array]], None]
"""Writes the file of a table; of a night, only where it has rows."""

PREFIX = "MH"
_METHODS = ("2A", "21", "25", "2D", "11", "12", "13", "81")
_MECHANISMS = ("01", "02", "11", "04")
_PLACES = ("A01", "B01", "A01", "E01")
_HONOS = (
    "979641000000103", "979651000000100", "979661000000102", "979671000000109", "979681000000106", "979691000000108",
    "979701000000108", "979711000000105", "979721000000104", "979731000000102", "979741000000106", "979751000000109",
)  # fmt: skip
_ACCOMMODATION = (*HOMES, "20")
_SETTLED = (*("N" if homeless else "Y" for homeless in HOMELESS.tolist()), "N")


class MentalHealthExtract:
    """The trust's tables with what is needed to cut a period out of them."""

    def __init__(
        self,
        mental: MentalHealth,
        care: CareRecords,
        population: Population,
        register: Register,
        holdings: Holdings,
        ethnic: pa.Array,
        slips: ContactSlips,
    ) -> None:
        self.mental = mental
        self.slips = slips
        self.care = care
        self.population = population
        self.register = register
        self.holdings = holdings
        self.ethnic = ethnic
        self.referral_until = np.minimum(mental.referrals["closed"], mental.referrals["rejected"])

    def _local(self, person: Array, day: Array | int) -> pa.Array:
        return numbered(PREFIX, self.register.numbers(person, day))

    def write(self, folder: Path, period: Period, *, nightly: bool) -> None:
        """Write the files of one period."""
        m, r = self.mental, self.mental.referrals
        start, end = period.start, period.end

        def touched(day: Array, *others: Array) -> Array:
            """Rows that began by the end and, monthly, lasted into the period or, nightly, changed on the day."""
            if nightly:
                hit = day == end
                for other in others:
                    hit |= other == end
            else:
                hit = (others[-1] if others else day) >= start
            return np.flatnonzero(hit & (day <= end))

        lo, hi = np.searchsorted(m.contacts["day"], [start, end + 1])
        contacts = np.arange(lo, hi)
        if nightly:
            put_right = np.flatnonzero(self.slips.right_from == period.declared)
            contacts = np.union1d(contacts, put_right)
        scores = np.flatnonzero((m.scores["day"] >= start) & (m.scores["day"] <= end))
        spells = touched(m.spells["day"], m.spells["discharged"])
        wards = touched(m.wards["day"], m.wards["ended"])
        referrals = touched(r["day"], r["rejected"], self.referral_until)
        if not nightly:
            parents = (m.contacts["referral"][contacts], m.scores["referral"][scores], m.spells["referral"][spells])
            referrals = np.unique(np.concatenate([referrals, *parents]))
        present = np.zeros(self.population.count, bool)
        open_now = (r["day"] <= end) & (self.referral_until >= start)
        present[r["person"][open_now]] = True
        present[m.spells["person"][(m.spells["day"] <= end) & (m.spells["discharged"] >= start)]] = True

        def of_present(frame: Frame) -> Array:
            picked = touched(frame["recorded"] if "recorded" in frame else frame["day"], frame["ended"])
            return picked[present[frame["person"][picked]]]

        acts, homes, jobs = of_present(m.acts), of_present(m.homes), of_present(m.jobs)
        links = of_present(m.coordinators)
        plans, orders = self._plans(of_present(self.care.plans), period, nightly), of_present(self.care.orders)
        acts = np.union1d(acts, self.care.orders["act"][orders])  # an order is sent with the period it rests on
        write = self._writer(folder, nightly)
        write("MHS000Header", self._header(period))
        write("MHS101Referral", self._referrals(referrals, end))
        write("MHS102OtherServiceType", self._others(referrals[r["other"][referrals] >= 0], end))
        write("MHS201CareContact", self._contacts(contacts, period))
        write("MHS501HospProvSpell", self._spells(spells, end))
        write("MHS502WardStay", self._wards(wards, end))
        write("MHS606CodedScoreAssessmentRefer", self._scores(scores))
        write("MHS401MHActPeriod", self._acts(acts, end))
        write("MHS003AccommStatus", self._homes(homes, end))
        write("MHS004EmpStatus", self._jobs(jobs, end))
        write("MHS006MHCareCoord", self._coordinators(links, end))
        person = self.care.plans["person"][plans]
        write("MHS008CarePlanType", plan_columns(self.care, plans, self._local(person, end), end))
        write("MHS404CommTreatOrder", order_columns(self.care, orders, end))
        self._clinical(write, referrals, period, nightly)
        number = self.register.numbers
        local = [
            number(r["person"][referrals], r["day"][referrals]),
            number(m.acts["person"][acts], m.acts["day"][acts]),
            number(m.homes["person"][homes], end),
            number(m.jobs["person"][jobs], end),
            number(m.coordinators["person"][links], m.coordinators["day"][links]),
            number(person, end),
        ]
        if not nightly:
            write("MHS901StaffDetails", self._staff())
            write("MHS902ServiceTeamDetails", self._teams())
        states = np.sort(self.holdings.rows(np.unique(np.concatenate(local)), end))
        write("MHS001MPI", self._people(states, end))
        if len(states):
            write_demographics(folder / "demographics.csv", self.holdings, states)

    def _plans(self, present: Array, period: Period, nightly: bool) -> Array:
        """Return plans to send: of a night also those reviewed that day."""
        if not nightly:
            return present
        updated = np.flatnonzero(self.care.updates == period.end)
        owner = np.searchsorted(self.care.plans["first"], updated, side="right") - 1
        begun = self.care.plans["day"][owner] <= period.end
        return np.union1d(present, owner[begun])

    def _clinical(self, write: Writer, referrals: Array, period: Period, nightly: bool) -> None:
        """Write diagnoses (monthly with their referral) and ratings (with their contact)."""
        d, ratings = self.care.diagnoses, self.care.ratings
        known = (d["day"] == period.end) if nightly else (d["day"] <= period.end) & np.isin(d["referral"], referrals)
        for name, column, second in (("MHS604PrimDiag", "PrimDiag", 0), ("MHS605SecDiag", "SecDiag", 1)):
            write(name, diagnosis_columns(self.care, np.flatnonzero(known & (d["second"] == second)), column))
        rated = np.flatnonzero((ratings["day"] >= period.start) & (ratings["day"] <= period.end))
        activities, scores = activity_columns(self.care, rated)
        write("MHS202CareActivity", activities)
        write("MHS607CodedScoreAssessmentAct", scores)

    @staticmethod
    def _writer(folder: Path, nightly: bool) -> Writer:
        def write(name: str, columns: dict[str, pa.Array]) -> None:
            if not nightly or len(next(iter(columns.values()))):
                write_table(folder / f"{name}.csv", columns)

        return write

    def _header(self, period: Period) -> dict[str, pa.Array]:
        created = f"{date_of(period.declared).isoformat()} 03:{period.declared % 60:02d}:00"
        values = {
            "DatSetVer": "6.0", "OrgIDProvider": PROVIDER, "OrgIDSubmit": PROVIDER, "PrimSystemInUse": "EPR-1",
            "ReportingPeriodStartDate": date_of(period.start).isoformat(),
            "ReportingPeriodEndDate": date_of(period.end).isoformat(), "DateTimeDatSetCreate": created,
        }  # fmt: skip
        return {name: pa.array([value]) for name, value in values.items()}

    def _people(self, states: Array, end: int) -> dict[str, pa.Array]:
        index = pa.array(states)
        held = self.holdings.identities
        person = held.person[states]
        nhs = held.nhs[states]
        sex = coded(held.sex[states], ["2", "1"])
        n = len(states)
        return {
            "LocalPatientID": self.holdings.columns["local_patient_id"].take(index),
            "OrgIDLocalPatientID": fixed(PROVIDER, n),
            "NHSNumber": nhs_text(nhs),
            "NHSNumberStatus": coded((nhs > 0).astype(int), ["03", "01"]),
            "PersonBirthDate": self.holdings.columns["birth_date"].take(index),
            "Postcode": self.holdings.columns["postcode"].take(index),
            "GenderIDCode": sex,
            "GenderSameAtBirth": fixed("Y", n),
            "Gender": sex,
            "MaritalStatus": coded(person % 5, ["S", "M", "D", "8", "9"]),
            "EthnicCategory": self.ethnic.take(pa.array(held.record[states])),
            "LanguageCodePreferred": fixed("en", n),
            "PersDeathDate": dates(self.population.death[person], end),
        }

    def _referrals(self, rows: Array, end: int) -> dict[str, pa.Array]:
        r = take(self.mental.referrals, rows)
        until = np.where(r["rejected"] < NEVER, NEVER, r["closed"])
        shut = until <= end
        return {
            "ServiceRequestID": numbered("R", rows, 1_000_000),
            "LocalPatientID": self._local(r["person"], r["day"]),
            "OrgIDComm": fixed("QW9", len(rows)),
            "CareProfTeamLocalID": numbered("T", r["team"], 101),
            "ReferralRequestReceivedDate": dates(r["day"]),
            "ReferralRequestReceivedTime": times(r["minute"]),
            "SourceOfReferralMH": coded(r["source"], SOURCES),
            "ClinRespPriorityType": coded(r["priority"], ["4", "1", "2", "3"]),
            "PrimReasonReferralMH": coded(r["reason"], [f"{k:02d}" for k in range(20)]),
            "ServDischDate": dates(until, end),
            "ServDischTime": chosen(shut, times(np.full(len(rows), 1020))),
            "ReferRejectionDate": dates(r["rejected"], end),
            "ReferRejectReason": chosen(r["rejected"] <= end, coded(r["reject_reason"], [None, "01", "02", "03"])),
            "ReferClosReason": chosen(shut, coded(r["closure"], CLOSURES)),
        }

    def _others(self, rows: Array, end: int) -> dict[str, pa.Array]:
        r = take(self.mental.referrals, rows)
        return {
            "ServiceRequestID": numbered("R", rows, 1_000_000),
            "OtherCareProfTeamLocalID": numbered("T", r["other"], 101),
            "ReferClosureDate": dates(r["closed"], end),
            "ReferRejectionDate": dates(r["rejected"], end),
            "ReferClosReason": chosen(r["closed"] <= end, coded(r["closure"], CLOSURES)),
        }

    def _contacts(self, rows: Array, period: Period) -> dict[str, pa.Array]:
        never = self.slips.never_were
        extra = (never["day"] >= period.start) & (never["day"] <= period.end)
        odd = np.flatnonzero(extra & (self.slips.withdrawn_on > period.declared))
        c = stack([self.slips.shown(self.mental.contacts, rows, period.declared), take(never, odd)])
        cancelled = (c["status"] == 2) | (c["status"] == 4)
        return {
            "CareContactID": pa.concat_arrays([numbered("C", rows, 10_000_000), numbered("CX", odd, 10_000_000)]),
            "ServiceRequestID": numbered("R", c["referral"], 1_000_000),
            "CareContDate": dates(c["day"]),
            "CareContTime": times(c["minute"]),
            "OtherCareProfTeamLocalID": chosen(c["other"] >= 0, numbered("T", c["other"], 101)),
            "ClinContDurOfCareCont": pa.array(c["minutes"], mask=~np.isin(c["status"], (5, 6))),
            "ConsType": fixed("02", len(c["day"])),
            "CareContSubj": fixed("01", len(c["day"])),
            "ConsMechanismMH": coded(c["mechanism"], _MECHANISMS),
            "ActLocTypeCode": coded(c["place"], _PLACES),
            "PlannedCareContIndicator": coded(c["planned"], ["N", "Y"]),
            "AttendStatus": coded(c["status"], [str(k) for k in range(8)]),
            "CareContCancelDate": chosen(cancelled, dates(c["day"])),
            "CareContCancelReas": chosen(cancelled, coded((c["status"] == 4).astype(int), ["01", "02"])),
        }

    def _spells(self, rows: Array, end: int) -> dict[str, pa.Array]:
        s = take(self.mental.spells, rows)
        left = s["discharged"] <= end
        return {
            "HospProvSpellID": numbered("S", rows, 100_000),
            "ServiceRequestID": numbered("R", s["referral"], 1_000_000),
            "StartDateHospProvSpell": dates(s["day"]),
            "StartTimeHospProvSpell": times(s["minute"]),
            "SourceAdmMHHospProvSpell": coded(s["source"], [str(k) for k in range(100)]),
            "MethAdmMHHospProvSpell": coded(s["method"], _METHODS),
            "DischDateHospProvSpell": dates(s["discharged"], end),
            "DischTimeHospProvSpell": chosen(left, times(np.full(len(rows), 840))),
            "MethOfDischMHHospProvSpell": chosen(left, fixed("1", len(rows))),
            "DestOfDischHospProvSpell": chosen(left, coded(s["destination"], [str(k) for k in range(100)])),
        }

    def _wards(self, rows: Array, end: int) -> dict[str, pa.Array]:
        w = take(self.mental.wards, rows)
        spell_minute = self.mental.spells["minute"][w["spell"]]
        return {
            "WardStayID": numbered("W", rows, 100_000),
            "WardCode": numbered("WD", w["class"], 0),
            "HospProvSpellID": numbered("S", w["spell"], 100_000),
            "StartDateWardStay": dates(w["day"]),
            "StartTimeWardStay": times(spell_minute),
            "EndDateWardStay": dates(w["ended"], end),
            "EndTimeWardStay": chosen(w["ended"] <= end, times(np.full(len(rows), 840))),
            "MHAdmittedPatientClass": coded(w["class"], [str(k) for k in range(400)]),
        }

    def _scores(self, rows: Array) -> dict[str, pa.Array]:
        s = self.mental.scores
        items = np.stack([s[f"item{k + 1}"][rows] for k in range(12)], axis=1).ravel()
        each = np.repeat(rows, 12)
        return {
            "ServiceRequestID": numbered("R", s["referral"][each], 1_000_000),
            "CodedAssToolType": coded(np.tile(np.arange(12), len(rows)), _HONOS),
            "PersScore": coded(items, [str(k) for k in range(10)]),
            "AssToolCompTimestamp": moments(s["day"][each], s["minute"][each]),
        }

    def _acts(self, rows: Array, end: int) -> dict[str, pa.Array]:
        a = take(self.mental.acts, rows)
        over = a["ended"] <= end
        return {
            "MHActLegalStatusClassPeriodID": numbered("A", rows, 100_000),
            "LocalPatientID": self._local(a["person"], a["day"]),
            "StartDateMHActLegalStatusClass": dates(a["day"]),
            "StartTimeMHActLegalStatusClass": times(np.full(len(rows), 720)),
            "LegalStatusClassPeriodStartReason": fixed("01", len(rows)),
            "ExpiryDateMHActLegalStatusClass": dates(a["expiry"]),
            "EndDateMHActLegalStatusClass": dates(a["ended"], end),
            "EndTimeMHActLegalStatusClass": chosen(over, times(np.full(len(rows), 780))),
            "LegalStatusClassPeriodEndReason": chosen(over, fixed("01", len(rows))),
            "LegalStatusCode": coded(a["code"], ACTS),
            "MentalCat": fixed("A", len(rows)),
        }

    def _homes(self, rows: Array, end: int) -> dict[str, pa.Array]:
        h = take(self.mental.homes, rows)
        return {
            "LocalPatientID": self._local(h["person"], end),
            "AccommodationType": coded(h["code"], _ACCOMMODATION),
            "SettledAccommodationInd": coded(h["code"], _SETTLED),
            "AccommodationTypeDate": dates(h["recorded"]),
            "AccommodationTypeStartDate": dates(h["day"]),
            "AccommodationTypeEndDate": dates(h["ended"], end),
        }

    def _jobs(self, rows: Array, end: int) -> dict[str, pa.Array]:
        j = take(self.mental.jobs, rows)
        return {
            "LocalPatientID": self._local(j["person"], end),
            "EmployStatus": coded(j["code"], JOBS),
            "EmployStatusStartDate": dates(j["day"]),
            "EmployStatusEndDate": dates(j["ended"], end),
            "EmployStatusRecDate": dates(j["recorded"]),
            "WeekHoursWorked": chosen(j["code"] == 0, coded(j["person"] % 4, ["01", "02", "03", "04"])),
        }

    def _coordinators(self, rows: Array, end: int) -> dict[str, pa.Array]:
        c = take(self.mental.coordinators, rows)
        return {
            "LocalPatientID": self._local(c["person"], c["day"]),
            "StartDateAssCareCoord": dates(c["day"]),
            "CareProfLocalID": numbered("CC", c["worker"], 1001),
            "EndDateAssCareCoord": dates(c["ended"], end),
            "CareProfServOrTeamTypeAssoc": pa.array(
                np.array(self.mental.teams.kind, dtype=object)[c["team"]], pa.string()
            ),
        }

    def _staff(self) -> dict[str, pa.Array]:
        n = len(self.mental.workers)
        return {
            "CareProfLocalID": numbered("CC", np.arange(n), 1001),
            "OrgIDCareProfLocalID": fixed(PROVIDER, n),
            "ProfRegBodyCode": coded(np.arange(n) % 3, ["04", "16", "09"]),
            "CareProfStaffGpMH": coded(np.arange(n) % 3, ["02", "05", "04"]),
            "MainSpecCodeMH": fixed("710", n),
        }

    def _teams(self) -> dict[str, pa.Array]:
        kinds = self.mental.teams.kind
        return {
            "CareProfTeamLocalID": numbered("T", np.arange(len(kinds)), 101),
            "OrgIDCareProfTeamLocalID": fixed(PROVIDER, len(kinds)),
            "ServTeamTypeMH": pa.array(kinds),
            "ServTeamIntAgeGroup": pa.array(["03" if kind in ("A07", "A17") else "02" for kind in kinds]),
        }


def write_mental_health(
    folder: Path, extract: MentalHealthExtract, calendar: Calendar, step: Callable[[], None]
) -> None:
    """Write all monthly and nightly batches, and the months that are submitted again."""
    for period in (*calendar.months(), *resubmissions(calendar)):
        extract.write(folder / date_of(period.declared).isoformat(), period, nightly=False)
        step()
    for period in calendar.nights():
        extract.write(folder / f"{date_of(period.declared).isoformat()}-delta", period, nightly=True)
        step()
