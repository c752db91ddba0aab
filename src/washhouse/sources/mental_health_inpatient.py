"""What do MHSDS tables say about the Mental Health Act and stays in hospital?

Names and code sets of MHSDS 6.0; see `sources.mental_health` for where they are published.
"""

from __future__ import annotations

from washhouse.sources.columns import clock, coded, day, key, text
from washhouse.sources.contract import Span, TableSpec
from washhouse.sources.mental_health_codes import (
    ADMISSION_SOURCES,
    DISCHARGE_DESTINATIONS,
    LEGAL_STATUSES,
    WARD_CLASSES,
)

PERSON = ("MHS001MPI", "LocalPatientID")
REFERRAL = ("MHS101Referral", "ServiceRequestID")

MHS401 = TableSpec(
    "MHS401MHActPeriod",
    description="one row per period under a Mental Health Act legal status",
    aliases=("MHS401",),
    business_key=("MHActLegalStatusClassPeriodID",),
    parent=PERSON,
    delivery="replace-period",
    spans=(
        Span(
            "StartDateMHActLegalStatusClass",
            "EndDateMHActLegalStatusClass",
            "StartTimeMHActLegalStatusClass",
            "EndTimeMHActLegalStatusClass",
        ),
        Span("StartDateMHActLegalStatusClass", "ExpiryDateMHActLegalStatusClass"),
    ),
    columns=(
        key("MHActLegalStatusClassPeriodID"),
        key("LocalPatientID", personal=True),
        key("StartDateMHActLegalStatusClass", "date"),
        clock("StartTimeMHActLegalStatusClass"),
        coded("LegalStatusClassPeriodStartReason", "01 04"),
        day("ExpiryDateMHActLegalStatusClass", may_be_future=True),
        clock("ExpiryTimeMHActLegalStatusClass"),
        day("EndDateMHActLegalStatusClass"),
        clock("EndTimeMHActLegalStatusClass"),
        coded("LegalStatusClassPeriodEndReason", "01 04 05"),
        coded("LegalStatusCode", LEGAL_STATUSES),
        coded("MentalCat", "8 9 A B"),
    ),
)

MHS404 = TableSpec(
    "MHS404CommTreatOrder",
    description="one row per community treatment order",
    aliases=("MHS404",),
    business_key=(
        "MHActLegalStatusClassPeriodID",
        "StartDateCommTreatOrd",
    ),
    parent=("MHS401MHActPeriod", "MHActLegalStatusClassPeriodID"),
    delivery="replace-period",
    spans=(Span("StartDateCommTreatOrd", "EndDateCommTreatOrd"),),
    columns=(
        key("MHActLegalStatusClassPeriodID"),
        key("StartDateCommTreatOrd", "date"),
        day("ExpiryDateCommTreatOrd", may_be_future=True),
        day("EndDateCommTreatOrd"),
        coded("CommTreatOrdEndReason", "01 02 03 04 05"),
    ),
)

MHS405 = TableSpec(
    "MHS405CommTreatOrderRecall",
    description="one row per recall from a community treatment order",
    aliases=("MHS405",),
    business_key=(
        "MHActLegalStatusClassPeriodID",
        "StartDateCommTreatOrdRecall",
    ),
    parent=("MHS401MHActPeriod", "MHActLegalStatusClassPeriodID"),
    delivery="replace-period",
    spans=(
        Span(
            "StartDateCommTreatOrdRecall",
            "EndDateCommTreatOrdRecall",
            "StartTimeCommTreatOrdRecall",
            "EndTimeCommTreatOrdRecall",
        ),
    ),
    columns=(
        key("MHActLegalStatusClassPeriodID"),
        key("StartDateCommTreatOrdRecall", "date"),
        clock("StartTimeCommTreatOrdRecall"),
        day("EndDateCommTreatOrdRecall"),
        clock("EndTimeCommTreatOrdRecall"),
    ),
)

MHS501 = TableSpec(
    "MHS501HospProvSpell",
    description="one row per admission",
    aliases=("MHS501",),
    business_key=("HospProvSpellID",),
    parent=REFERRAL,
    delivery="replace-period",
    spans=(
        Span("StartDateHospProvSpell", "DischDateHospProvSpell", "StartTimeHospProvSpell", "DischTimeHospProvSpell"),
    ),
    columns=(
        key("HospProvSpellID", "text", "HospProvSpellNum"),
        key("ServiceRequestID"),
        key("StartDateHospProvSpell", "date"),
        clock("StartTimeHospProvSpell"),
        day("DecidedToAdmitDate"),
        clock("DecidedToAdmitTime"),
        coded("SourceAdmMHHospProvSpell", ADMISSION_SOURCES, "SourceAdmCodeHospProvSpell"),
        coded("MethAdmMHHospProvSpell", "11 12 13 21 22 23 24 25 2A 2B 2D 81 98 99", "AdmMethCodeHospProvSpell"),
        text("PostcodeMainVisitor", personal=True),
        day("EstimatedDischDateHospProvSpell", may_be_future=True),
        day("PlannedDischDateHospProvSpell", may_be_future=True),
        coded("PlannedDestDisch", DISCHARGE_DESTINATIONS, "PlannedDischDestCode"),
        day("DischDateHospProvSpell"),
        clock("DischTimeHospProvSpell"),
        coded("MethOfDischMHHospProvSpell", "1 3 4 6 7 8 9", "DischMethCodeHospProvSpell"),
        coded("DestOfDischHospProvSpell", DISCHARGE_DESTINATIONS, "DischDestCodeHospProvSpell"),
        text("PostcodeDischDestHospProvSpell", personal=True),
    ),
)

MHS502 = TableSpec(
    "MHS502WardStay",
    description="one row per stay on a ward",
    aliases=("MHS502",),
    business_key=("WardStayID",),
    parent=("MHS501HospProvSpell", "HospProvSpellID"),
    delivery="replace-period",
    spans=(Span("StartDateWardStay", "EndDateWardStay", "StartTimeWardStay", "EndTimeWardStay"),),
    columns=(
        key("WardStayID"),
        text("WardCode"),
        key("HospProvSpellID", "text", "HospProvSpellNum"),
        key("StartDateWardStay", "date"),
        clock("StartTimeWardStay"),
        day("EndDateMHTrialLeave", may_be_future=True),
        day("EndDateWardStay"),
        clock("EndTimeWardStay"),
        coded("MHAdmittedPatientClass", WARD_CLASSES, "HospitalBedTypeMH"),
        text("SpecialisedMHServiceCode"),
    ),
)
