"""What do MHSDS tables say about referrals, contacts, diagnoses and assessments?

Names and code sets of MHSDS 6.0; see `sources.mental_health` for where they are published.
"""

from __future__ import annotations

from washhouse.sources.columns import clock, coded, day, key, moment, number, text, whole
from washhouse.sources.contract import Span, TableSpec
from washhouse.sources.mental_health_codes import (
    LOCATIONS,
    REFERRAL_REASONS,
    REFERRAL_SOURCES,
    REFERRER_TYPES,
    TEAM_TYPES,
)

PERSON = ("MHS001MPI", "LocalPatientID")
REFERRAL = ("MHS101Referral", "ServiceRequestID")

MHS101 = TableSpec(
    "MHS101Referral",
    description="one row per referral, with its primary team",
    aliases=("MHS101",),
    business_key=("ServiceRequestID",),
    parent=PERSON,
    delivery="replace-period",
    required=True,
    spans=(
        Span("ReferralRequestReceivedDate", "ServDischDate", "ReferralRequestReceivedTime", "ServDischTime"),
        Span("ReferralRequestReceivedDate", "ReferRejectionDate", "ReferralRequestReceivedTime", "ReferRejectionTime"),
    ),
    columns=(
        key("ServiceRequestID"),
        key("LocalPatientID", personal=True),
        text("OrgIDComm"),
        text("CareProfTeamLocalID"),
        key("ReferralRequestReceivedDate", "date"),
        clock("ReferralRequestReceivedTime"),
        text("NHSServAgreeLineID"),
        text("SpecialisedMHServiceCode"),
        coded("SourceOfReferralMH", REFERRAL_SOURCES),
        text("OrgIDReferringOrg"),
        coded("ReferringCareProfessionalType", REFERRER_TYPES),
        coded("ClinRespPriorityType", "1 2 3 4"),
        coded("PrimReasonReferralMH", REFERRAL_REASONS),
        coded("ReasonOAT", "10 11 12 13 14 15 99"),
        day("DecisionToTreatDate"),
        clock("DecisionToTreatTime"),
        day("DischPlanCreationDate"),
        clock("DischPlanCreationTime"),
        day("DischPlanLastUpdatedDate"),
        clock("DischPlanLastUpdatedTime"),
        day("ServDischDate"),
        clock("ServDischTime"),
        day("ReferRejectionDate"),
        clock("ReferRejectionTime"),
        coded("ReferRejectReason", "01 02 03"),
        coded("ReferClosReason", "01 02 03 04 05 06 07 08 09"),
        coded("ServTeamType", TEAM_TYPES, description="derived in national extracts"),
    ),
)

MHS102 = TableSpec(
    "MHS102OtherServiceType",
    description="one row per further team on a referral",
    aliases=(
        "MHS102",
        "MHS102ServiceTypeReferredTo",
    ),
    business_key=(
        "ServiceRequestID",
        "OtherCareProfTeamLocalID",
    ),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("ServiceRequestID"),
        key("OtherCareProfTeamLocalID", "text", "CareProfTeamLocalID"),
        day("ReferClosureDate"),
        clock("ReferClosureTime"),
        day("ReferRejectionDate"),
        clock("ReferRejectionTime"),
        coded("ReferRejectReason", "01 02 03"),
        coded("ReferClosReason", "01 02 03 04 05 06 07 08 09"),
        coded("ServTeamTypeRefToMH", TEAM_TYPES, description="derived after the deadline"),
    ),
)

MHS201 = TableSpec(
    "MHS201CareContact",
    description="one row per contact, kept or not",
    aliases=("MHS201",),
    business_key=("CareContactID",),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("CareContactID"),
        key("ServiceRequestID"),
        key("CareContDate", "date"),
        clock("CareContTime"),
        text("OtherCareProfTeamLocalID"),
        text("OrgIDComm"),
        coded("AdminCatCode", "01 02 03 04 98 99"),
        text("SpecialisedMHServiceCode"),
        whole("ClinContDurOfCareCont"),
        coded("ConsType", "01 02"),
        coded("CareContSubj", "01 02"),
        coded("ConsMechanismMH", "01 02 04 05 09 10 11 12 13 98"),
        coded("ActLocTypeCode", LOCATIONS),
        coded("PlaceOfSafetyInd", "N Y"),
        text("SiteIDOfTreat"),
        text("LanguageCodeTreat"),
        coded("InterpreterPresentInd", "1 2 3 4 5 X"),
        coded("ComPeriMHPartAssessOfferInd", "N Y"),
        coded("PlannedCareContIndicator", "N Y"),
        coded("CareContPatientTherMode", "1 2 3"),
        coded("AttendStatus", "2 3 4 5 6 7", "AttendOrDNACode"),
        day("EarliestReasonOfferDate", may_be_future=True),
        day("EarliestClinAppDate", may_be_future=True),
        day("CareContCancelDate"),
        coded("CareContCancelReas", "01 02"),
        text("ReasonableAdjustmentMade"),
        coded("ReasonPatientNoIMCA", "01 02 03 04 05 98 99"),
        coded("ReasonPatientNoIMHA", "01 02 03 04 05 98 99"),
    ),
)

MHS202 = TableSpec(
    "MHS202CareActivity",
    description="one row per activity in a contact",
    aliases=("MHS202",),
    business_key=("CareActID",),
    parent=("MHS201CareContact", "CareContactID"),
    delivery="replace-period",
    columns=(
        key("CareActID"),
        key("CareContactID"),
        whole("ClinContactDurOfCareAct"),
        text("Procedure"),
        coded("FindSchemeInUse", "01 04"),
        text("Finding"),
        whole("Observation"),
        text("ObsValue"),
        text("UnitofMeasurement_UCUM"),
    ),
)

MHS205 = TableSpec(
    "MHS205PatientSDDI",
    description="one row per self-directed digital intervention",
    aliases=("MHS205",),
    business_key=(
        "ServiceRequestID",
        "StartDatePSDDI",
        "PSDDIProcedure",
    ),
    parent=REFERRAL,
    delivery="replace-period",
    spans=(Span("StartDatePSDDI", "EndDatePSDDI"),),
    columns=(
        key("ServiceRequestID"),
        text("OrgIDPSDDIProvider"),
        key("StartDatePSDDI", "date"),
        day("EndDatePSDDI"),
        coded("PSDDIMech", "01 02 03 04 05 98"),
        text("PSDDIProcedure"),
    ),
)

MHS604 = TableSpec(
    "MHS604PrimDiag",
    description="one row per primary diagnosis",
    aliases=("MHS604",),
    business_key=(
        "ServiceRequestID",
        "PrimDiag",
        "CodedDiagTimestamp",
    ),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("ServiceRequestID"),
        coded("DiagSchemeInUse", "02 06"),
        key("PrimDiag"),
        moment("CodedDiagTimestamp"),
    ),
)

MHS605 = TableSpec(
    "MHS605SecDiag",
    description="one row per secondary diagnosis",
    aliases=("MHS605",),
    business_key=(
        "ServiceRequestID",
        "SecDiag",
        "CodedDiagTimestamp",
    ),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("ServiceRequestID"),
        coded("DiagSchemeInUse", "02 06"),
        key("SecDiag"),
        moment("CodedDiagTimestamp"),
    ),
)

MHS606 = TableSpec(
    "MHS606CodedScoreAssessmentRefer",
    description="one row per scored item of an assessment on a referral",
    aliases=("MHS606",),
    business_key=(
        "ServiceRequestID",
        "CodedAssToolType",
        "AssToolCompTimestamp",
    ),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("ServiceRequestID"),
        key("CodedAssToolType"),
        number("PersScore"),
        key("AssToolCompTimestamp", "datetime"),
        text("CareProfLocalID"),
    ),
)

MHS607 = TableSpec(
    "MHS607CodedScoreAssessmentAct",
    description="one row per scored item of an assessment in an activity",
    aliases=("MHS607",),
    business_key=(
        "CareActID",
        "CodedAssToolType",
    ),
    parent=("MHS202CareActivity", "CareActID"),
    delivery="replace-period",
    columns=(
        key("CareActID"),
        key("CodedAssToolType"),
        number("PersScore"),
    ),
)
