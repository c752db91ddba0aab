"""Which codes mean what, and who says so?

A codelist names canonical event codes (`vocabulary//code`) one by one or by prefix. Lists are small on purpose: what a
feature, a label or a rule needs, each with its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

_NHSE_SQL = "NHS England, Reusable-Code-Library, mhsds_v6_base.py and validations.py (commit 4009bd5)"
_CRISIS_ADR = "docs/adr/2026-11-22-crisis-model.md"


@dataclass(frozen=True)
class Codelist:
    """A named set of event codes.

    Attributes:
        name: Kebab-case name, unique.
        meaning: What having one of the codes means.
        source: Who defined the set, with a place to look it up.
        codes: Whole codes.
        prefixes: Beginnings of codes, e.g. `"MHS_CONTACT//"`.
        without: Whole codes that a prefix would take in and that do not belong.
    """

    name: str
    meaning: str
    source: str
    codes: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    _known: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def holds(self, code: str) -> bool:
        """Whether a code belongs to the list.

        Examples:
            >>> MISSED_CONTACT.holds("MHS_CONTACT//3"), MISSED_CONTACT.holds("MHS_CONTACT//2")
            (True, False)
        """
        found = self._known.get(code)
        if found is None:
            found = code not in self.without and (code in self.codes or any(map(code.startswith, self.prefixes)))
            self._known[code] = found
        return found


def _coded(vocabulary: str, codes: str) -> tuple[str, ...]:
    return tuple(f"{vocabulary}//{code}" for code in codes.split())


COMMUNITY_TEAM = Codelist(
    name="community-team",
    meaning="Referral to a community mental-health team whose caseload the crisis model ranks",
    source=f"ServTeamTypeMH A05-A10, A12-A14, A16; {_NHSE_SQL}; chosen in {_CRISIS_ADR}",
    codes=_coded("MHS_REFERRAL", "A05 A06 A07 A08 A09 A10 A12 A13 A14 A16"),
)
CRISIS_TEAM = Codelist(
    name="crisis-team",
    meaning="Referral to a crisis resolution or home treatment team",
    source=f"ServTeamTypeMH A02; {_NHSE_SQL}",
    codes=_coded("MHS_REFERRAL", "A02"),
)
REJECTED_REFERRAL = Codelist(
    name="rejected-referral",
    meaning="The referral was rejected",
    source=f"MHS101 and MHS102 ReferRejectionDate; {_NHSE_SQL}",
    prefixes=("MHS_REFERRAL_REJECTED//",),
)
ATTENDED_CONTACT = Codelist(
    name="attended-contact",
    meaning="Contact that took place (on time or late)",
    source="AttendStatus 5, 6; NHS England community mental health dashboard",
    codes=_coded("MHS_CONTACT", "5 6"),
)
MISSED_CONTACT = Codelist(
    name="missed-contact",
    meaning="Contact that the person missed: did not attend, or came too late to be seen; never a cancellation",
    source="AttendStatus 3, 7; NHS England community mental health dashboard",
    codes=_coded("MHS_CONTACT", "3 7"),
)
CANCELLED_CONTACT = Codelist(
    name="cancelled-contact",
    meaning="Contact cancelled by the person or the provider",
    source="AttendStatus 2, 4; NHS England community mental health dashboard",
    codes=_coded("MHS_CONTACT", "2 4"),
)
HOSPITAL_SPELL = Codelist(
    name="hospital-spell",
    meaning="Stay on a mental-health ward",
    source=f"MHS501HospProvSpell; {_NHSE_SQL}",
    prefixes=("MHS_SPELL//",),
)
CRISIS_WARD = Codelist(
    name="crisis-ward",
    meaning="Stay whose first ward is acute adult, acute older adult or psychiatric intensive care",
    source=f"MHAdmittedPatientClass 200, 201, 202 (before version 6: HospitalBedTypeMH 10, 11, 12); {_NHSE_SQL}",
    codes=_coded("MHS_SPELL", "200 201 202 10 11 12"),
)
NOT_A_CRISIS_ADMISSION = Codelist(
    name="not-a-crisis-admission",
    meaning="Stay that began with a transfer from another hospital, or that was planned",
    source="SourceAdm 49, 53, 87 as NHS England counts transfers, and 51, 52; MethAdmMHHospProvSpell 11, 12, 13, 81",
    codes=_coded("MHS_SPELL_SOURCE", "49 51 52 53 87") + _coded("MHS_SPELL_METHOD", "11 12 13 81"),
)
REFERRAL = Codelist(
    name="referral",
    meaning="Referral to any mental-health team",
    source=f"MHS101Referral, MHS102OtherServiceType; {_NHSE_SQL}",
    prefixes=("MHS_REFERRAL//",),
)
DETENTION = Codelist(
    name="detention",
    meaning="Detained in hospital under the Mental Health Act: sections 2, 3, 4, 5 or Part 3; not places of safety",
    source=f"LegalStatusCode 02-18, 37, 38; {_NHSE_SQL}; meanings in {_CRISIS_ADR}",
    codes=_coded("MHS_ACT", "02 03 04 05 06 07 08 09 10 12 13 14 15 16 17 18 37 38"),
)
PLACE_OF_SAFETY = Codelist(
    name="place-of-safety",
    meaning="Taken to a place of safety: section 135 or 136",
    source=f"LegalStatusCode 19, 20; {_NHSE_SQL}",
    codes=_coded("MHS_ACT", "19 20"),
)
ACCOMMODATION = Codelist(
    name="accommodation",
    meaning="Accommodation recorded; never 20, which is the admission itself and would leak the outcome",
    source=f"AccommodationType; {_NHSE_SQL}",
    prefixes=("MHS_ACCOMMODATION//",),
    without=("MHS_ACCOMMODATION//20",),
)
HOMELESS = Codelist(
    name="homeless",
    meaning="Rough sleeping, squatting, sofa surfing, short-term guest, B&B, night shelter, hostel, temporary housing",
    source=f"AccommodationType 12-19; {_NHSE_SQL}",
    codes=_coded("MHS_ACCOMMODATION", "12 13 14 15 16 17 18 19"),
)
EMPLOYMENT = Codelist(
    name="employment",
    meaning="Employment status recorded",
    source=f"EmployStatus; {_NHSE_SQL}",
    prefixes=("MHS_EMPLOYMENT//",),
    without=("MHS_EMPLOYMENT//ZZ",),
)
NOT_WORKING = Codelist(
    name="not-working",
    meaning="Unemployed and seeking work, long-term sick or disabled, or not working without benefits",
    source=f"EmployStatus 02, 04, 06; {_NHSE_SQL}",
    codes=_coded("MHS_EMPLOYMENT", "02 04 06"),
)
COORDINATOR = Codelist(
    name="care-coordinator",
    meaning="Care co-ordinator assigned",
    source=f"MHS006MHCareCoord; {_NHSE_SQL}",
    prefixes=("MHS_COORDINATOR//",),
)
CARE_PLAN = Codelist(
    name="care-plan",
    meaning="Care plan made or brought up to date",
    source="MHS008CarePlanType, CarePlanCreatDate and CarePlanLastUpdateDate",
    prefixes=("MHS_CARE_PLAN//", "MHS_CARE_PLAN_UPDATED//"),
)
_HONOS_ITEMS = (
    "979641000000103 979651000000100 979661000000102 979671000000109 979681000000106 979691000000108 "
    "979701000000108 979711000000105 979721000000104 979731000000102 979741000000106 979751000000109"
)
_HONOS_SOURCE = "HoNOS for working-age adults, SNOMED CT, items 1 to 12 in order; Wing 1998, doi:10.1192/bjp.172.1.11"
HONOS = Codelist(
    name="honos",
    meaning="HoNOS item rated, 0 to 4",
    source=_HONOS_SOURCE,
    codes=_coded("HONOS", _HONOS_ITEMS),
)
DIALOG = Codelist(
    name="dialog",
    meaning="Item of DIALOG rated",
    source="DIALOG, SNOMED CT, eleven items, see sources.mappings.mental_health_referral; Priebe 2007, "
    "doi:10.1192/bjp.bp.107.036939",
    prefixes=("DIALOG//",),
)
HONOS_ITEMS = {
    number: Codelist(
        name=f"honos-item-{number}", meaning=f"HoNOS item {number} rated, 0 to 4", source=_HONOS_SOURCE, codes=(code,)
    )
    for number, code in enumerate(HONOS.codes, start=1)
    if number != 2
}
"""Every item but the second: self-injury is never a feature of its own, nor a reason."""
EMERGENCY_ATTENDANCE = Codelist(
    name="emergency-attendance",
    meaning="Attendance at an emergency department, urgent treatment centre or walk-in centre",
    source="Emergency Care Data Set, EC_Department_Type 01-05",
    prefixes=("ECDS_ATTENDANCE//",),
)
AMBULANCE_ARRIVAL = Codelist(
    name="ambulance-arrival",
    meaning="Arrived at an emergency department by ambulance",
    source="EC_Arrival_Mode_SNOMED_CT, ambulance concepts as NHS England's SQL uses them",
    codes=_coded("ECDS_MODE", "1048031000000100 1048041000000109 1048021000000102 1048051000000107 1048081000000101"),
)
MENTAL_HEALTH_ATTENDANCE = Codelist(
    name="mental-health-attendance",
    meaning="Went to an emergency department with a mental-health complaint of any kind",
    source="EC_Chief_Complaint_SNOMED_CT as NHS England's emergency mental-health query lists them, from April 2022",
    codes=_coded("ECDS_COMPLAINT", "48694002 248020004 366979004 7011001 6471006"),
)
EMERGENCY_ADMISSION = Codelist(
    name="emergency-admission",
    meaning="Emergency admission to hospital",
    source="HES ADMIMETH 21-28, 2A-2D",
    prefixes=("APC_SPELL//2",),
)
_MH_COD = "NHS England primary care domain refset MH_COD, 2021-01-27"
SEVERE_MENTAL_ILLNESS = Codelist(
    name="severe-mental-illness",
    meaning="Schizophrenia, schizoaffective disorder, bipolar disorder or other psychosis on the GP record",
    source=f"The refset's four general concepts; {_MH_COD}",
    codes=_coded("SNOMED", "58214004 68890003 13746004 69322001"),
)
_PHYSICAL_CHECK = "SNOMED CT; an element of NHS England's core annual check in severe mental illness"
PHYSICAL_CHECK = (
    Codelist("blood-pressure", "Blood pressure", _PHYSICAL_CHECK, _coded("SNOMED", "271649006 271650006")),
    Codelist("body-mass-index", "Body mass index", _PHYSICAL_CHECK, _coded("SNOMED", "60621009")),
    Codelist("blood-glucose", "HbA1c", _PHYSICAL_CHECK, _coded("SNOMED", "999791000000106")),
    Codelist("lipids", "Lipids (HDL cholesterol)", _PHYSICAL_CHECK, _coded("SNOMED", "1005681000000107")),
    Codelist("smoking", "Smoking status", _PHYSICAL_CHECK, _coded("SNOMED", "77176002 8517006 266919005")),
)
"""Elements of the annual physical check, as the practices of the record code them; alcohol, the sixth, has no list."""
DEPRESSION = Codelist(
    name="depression",
    meaning="Depressive disorder on the GP or hospital record",
    source="SNOMED CT 35489007, and 310495003, 310496002, 310497006 (mild, moderate, severe)",
    codes=_coded("SNOMED", "35489007 310495003 310496002 310497006"),
)
ALCOHOL_MISUSE = Codelist(
    name="alcohol-misuse",
    meaning="Alcohol misuse or dependence on the GP or hospital record",
    source="SNOMED CT 15167005, 66590003, 7200002",
    codes=_coded("SNOMED", "15167005 66590003 7200002"),
)
ANTIPSYCHOTIC = Codelist(
    name="antipsychotic",
    meaning="Antipsychotic prescribed: common tablets, capsules and long-acting injections, as virtual products",
    source=(
        "OpenSAFELY, second-generation-antipsychotics-excluding-long-acting-injections 6c7c3c11, "
        "first-generation-antipsychotics-excluding-long-acting-depots-dmd 1e9b227c, "
        "long-acting-injectable-and-depot-antipsychotics-dmd 536cc8dc; virtual medicinal products only"
    ),
    codes=_coded(
        "DMD",
        "321589009 321590000 321591001 321592008 321599004 321602009 38696711000001103 "  # risperidone
        "321612002 321613007 321614001 321618003 376807001 374054003 "  # olanzapine
        "321638002 321637007 134517009 400645002 "  # amisulpride
        "321624009 321625005 321626006 321635004 429830008 14042811000001105 426802009 426401009 426954000 "
        "17828611000001101 "  # quetiapine
        "406787003 406788008 406790009 406786007 23661211000001102 "  # aripiprazole
        "11763211000001100 11763311000001108 11763411000001101 "  # paliperidone
        "321573006 321574000 418754000 15506211000001109 "  # clozapine
        "321448008 321451001 321416009 321417000 321418005 321419002 "  # haloperidol
        "4559111000001109 4177011000001109 4176911000001105 "  # risperidone, long-acting
        "17037611000001102 17038211000001100 17038711000001107",  # olanzapine, long-acting
    ),
)
HOSPITAL_STAY = Codelist(
    name="hospital-stay",
    meaning="Stay in an acute hospital, planned or not",
    source="HES admitted patient care, any ADMIMETH",
    prefixes=("APC_SPELL//",),
)
CODED_ENTRY = Codelist(
    name="coded-entry",
    meaning="Coded entry of a GP practice or diagnosis of an emergency department",
    source="SNOMED CT, any concept",
    prefixes=("SNOMED//",),
)
MEDICINE = Codelist(
    name="medicine",
    meaning="Medicine issued",
    source="dm+d, any product",
    prefixes=("DMD//",),
)
PRACTICE = Codelist(
    name="gp-registration",
    meaning="Registered with a GP practice",
    source="washhouse record, GP_REGISTRATION",
    prefixes=("GP_REGISTRATION//",),
)
CARE_ASSESSMENT = Codelist(
    name="care-assessment",
    meaning="Assessment for adult social care",
    source="Adult Social Care Client Level Data release 1, Event_Type Assessment",
    prefixes=("CLD_ASSESSMENT//",),
)
CARE_REQUEST = Codelist(
    name="care-request",
    meaning="Request for adult social care",
    source="Adult Social Care Client Level Data release 1, Event_Type Request",
    prefixes=("CLD_REQUEST//",),
)
CARE_SERVICE = Codelist(
    name="care-service",
    meaning="Adult social care service",
    source="Adult Social Care Client Level Data release 1, Event_Type Service",
    prefixes=("CLD_SERVICE//",),
)
UNPLANNED_CARE_REVIEW = Codelist(
    name="unplanned-care-review",
    meaning="Unplanned review of adult social care",
    source="Adult Social Care Client Level Data release 1, Review_Reason Unplanned",
    prefixes=("CLD_REVIEW//unplanned",),
)
DEATH = Codelist(name="death", meaning="The person died", source="washhouse record", prefixes=("DEATH//",))

CRISIS_CODELISTS = (
    COMMUNITY_TEAM,
    CRISIS_TEAM,
    REJECTED_REFERRAL,
    ATTENDED_CONTACT,
    HOSPITAL_SPELL,
    CRISIS_WARD,
    NOT_A_CRISIS_ADMISSION,
    DEATH,
)


def build_codelist_table(codelists: Iterable[Codelist]) -> pa.Table:
    """Lay codelists out as a table that a kernel joins to.

    Args:
        codelists: The lists; one that occurs twice counts once.

    Returns:
        One row per list and rule: `list`, `kind` (`code`, `prefix` or `without`), `code`.

    Examples:
        >>> build_codelist_table([CRISIS_TEAM]).to_pylist()
        [{'list': 'crisis-team', 'kind': 'code', 'code': 'MHS_REFERRAL//A02'}]
    """
    rows = [
        {"list": each.name, "kind": kind, "code": code}
        for each in dict.fromkeys(codelists)
        for kind, codes in (("code", each.codes), ("prefix", each.prefixes), ("without", each.without))
        for code in codes
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in ("list", "kind", "code")]))


CODED_CTE = """
"coded" AS (
    SELECT DISTINCT c."code", l."list"
    FROM (SELECT DISTINCT "code" FROM "event") AS c
    JOIN "codelist" AS l
      ON (l."kind" = 'code' AND l."code" = c."code") OR (l."kind" = 'prefix' AND starts_with(c."code", l."code"))
    WHERE NOT EXISTS (
        SELECT 1 FROM "codelist" AS w WHERE w."kind" = 'without' AND w."list" = l."list" AND w."code" = c."code"
    )
)"""
"""One row per code that the bucket holds and list that it belongs to."""
