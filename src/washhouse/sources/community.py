"""What does a community health provider send? The Community Services Data Set, version 1.6: district nurses and others.

Table and column names are those of the model named in `SPEC.references`. Code sets were not published with it: those of
`AttendanceStatus`, `Gender` and `EthnicCategory` are the ones of the Mental Health Services Data Set, of which the set
is a sibling (recalled); other codes are taken as they come.
"""

from __future__ import annotations

from washhouse.sources.columns import clock, coded, day, key, text, whole
from washhouse.sources.contract import ColumnSpec, PeriodSpec, SourceSpec, Span, TableSpec
from washhouse.sources.demographics import demographics

PERSON = ("CYP001MPI", "LocalPatientID")
REFERRAL = ("CYP101Referral", "ServiceRequestID")
CONTACT = ("CYP201CareContact", "CareContactID")


def _code(name: str, *aliases: str) -> ColumnSpec:
    """A column of codes whose set is not known here."""
    return ColumnSpec(name, "code", aliases)


CYP000 = TableSpec(
    "CYP000Header",
    description="one row per submission: who sends it, for which period, made when",
    aliases=("CYP000",),
    business_key=("OrgID_Provider", "RP_StartDate", "RP_EndDate"),
    delivery="replace-period",
    required=True,
    columns=(
        key("Version", "text", "DatSetVer"),
        key("OrgID_Provider"),
        text("OrgID_Submitter"),
        key("RP_StartDate", "date", "ReportingPeriodStartDate"),
        key("RP_EndDate", "date", "ReportingPeriodEndDate", may_be_future=True),
        key("FileCreation_DateTime", "datetime", "DateTimeDatSetCreate"),
        text("PrimarySystem"),
    ),
)

CYP001 = TableSpec(
    "CYP001MPI",
    description="one row per person known to the provider",
    aliases=("CYP001",),
    business_key=("LocalPatientID",),
    delivery="replace-period",
    identity="clear",
    birth="DateOfBirth",
    events=("DateOfDeath",),
    required=True,
    columns=(
        key("LocalPatientID", personal=True),
        text("OrgID_LocalPatientID"),
        ColumnSpec("NHSNumber", "nhs_number", personal=True),
        _code("NHSNumber_Status"),
        day("DateOfBirth", "PersonBirthDate", personal=True),
        text("Postcode", personal=True),
        coded("Gender", "1 2 9 X"),
        coded("EthnicCategory", "99 A B C D E F G H J K L M N P R S Z"),
        text("EthnicCategory2021"),
        text("LanguagePreferred"),
        _code("Relationship_MainCarer"),
        _code("DiscussedPreferredDeathLocation_Indicator"),
        _code("DeathLocationPreferred_Type"),
        day("DateOfDeath", "PersDeathDate"),
        _code("DeathLocationActual_Type"),
    ),
)

CYP002 = TableSpec(
    "CYP002GP",
    description="one row per GP registration",
    aliases=("CYP002",),
    business_key=("LocalPatientID", "OrgID_GP", "GPRegistration_StartDate"),
    parent=PERSON,
    delivery="replace-period",
    spans=(Span("GPRegistration_StartDate", "GPRegistration_EndDate"),),
    columns=(
        key("LocalPatientID", personal=True),
        text("OrgID_GP", "GMPReg"),
        day("GPRegistration_StartDate"),
        day("GPRegistration_EndDate", may_be_future=True),
    ),
)

CYP101 = TableSpec(
    "CYP101Referral",
    description="one row per referral",
    aliases=("CYP101",),
    business_key=("ServiceRequestID",),
    parent=PERSON,
    delivery="replace-period",
    required=True,
    spans=(Span("ReferralRequest_ReceivedDate", "Discharge_Date"),),
    columns=(
        key("ServiceRequestID"),
        key("LocalPatientID", personal=True),
        text("OrgID_Commissioner"),
        key("ReferralRequest_ReceivedDate", "date"),
        clock("ReferralRequest_ReceivedTime"),
        text("ServiceLineAgreement"),
        _code("SourceOfReferral"),
        text("OrgID_Referring"),
        _code("Referring_StaffGroup"),
        _code("Priority_Type"),
        _code("PrimaryReferralReason"),
        day("Discharge_Date", "ServDischDate"),
        day("Discharge_LetterIssuedDate"),
    ),
)

CYP102 = TableSpec(
    "CYP102ServiceTypeReferredTo",
    description="one row per team on a referral",
    aliases=("CYP102",),
    business_key=("ServiceRequestID", "TeamID_Local", "TeamType"),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("ServiceRequestID"),
        text("TeamID_Local"),
        _code("TeamType"),
        day("Referral_ClosureDate"),
        day("Referral_RejectionDate"),
        _code("Referral_ClosureReason"),
        _code("Referral_RejectionReason"),
    ),
)

CYP201 = TableSpec(
    "CYP201CareContact",
    description="one row per contact, kept or not",
    aliases=("CYP201",),
    business_key=("CareContactID",),
    parent=REFERRAL,
    delivery="replace-period",
    columns=(
        key("CareContactID"),
        key("ServiceRequestID"),
        text("TeamID_Local"),
        key("Contact_Date", "date", "CareContDate"),
        clock("Contact_Time", "CareContTime"),
        text("OrgID_Commissioner"),
        _code("AdminCategory"),
        whole("CareContact_Duration", description="minutes"),
        _code("Consultation_Type"),
        _code("CareContact_Subject"),
        _code("ConsMechanism", "Consultation_MediumUsed"),
        _code("Activity_LocationType"),
        text("Treatment_OrgSiteID"),
        _code("GroupTherapyIndicator"),
        coded("AttendanceStatus", "2 3 4 5 6 7", "AttendOrNot", "AttendOrDNACode"),
        day("ReasonableOffer_Date", may_be_future=True),
        day("ClinicallyAppropriate_Date", may_be_future=True),
        day("Contact_CancellationDate"),
        _code("Contact_CancellationReason"),
        day("ReplacementAppointment_OfferedDate", may_be_future=True),
        day("ReplacementAppointment_BookedDate", may_be_future=True),
    ),
)

CYP202 = TableSpec(
    "CYP202CareActivity",
    description="one row per activity in a contact",
    aliases=("CYP202",),
    business_key=("CareActivityID",),
    parent=CONTACT,
    delivery="replace-period",
    columns=(
        key("CareActivityID"),
        key("CareContactID"),
        _code("Activity_Type"),
        text("CareProfessionalID_Local"),
        whole("CareActivity_Duration", description="minutes"),
        _code("Procedure_Scheme"),
        _code("CodedProcedure"),
        _code("Finding_Scheme"),
        _code("CodedFinding"),
        _code("Observation_Scheme"),
        _code("CodedObservation"),
        text("ObservationValue"),
        text("UC_UnitOfMeasurement"),
    ),
)

SPEC = SourceSpec(
    "community",
    "Community health services (CSDS 1.6)",
    description="A provider's monthly return of its open records, one file a table: district nurses and others.",
    references=(
        "nhsengland/Reusable-Code-Library, src/dsp/datasets/models/csds_v1_6_base.py (names, types)",
        "NHS England, Community Services Data Set v1.6 (code sets: recalled)",
    ),
    period=PeriodSpec(
        table="CYP000Header",
        start="RP_StartDate",
        end="RP_EndDate",
        provider="OrgID_Provider",
        created="FileCreation_DateTime",
        version="Version",
        versions=("1.6", "1.5"),
        header=True,
    ),
    tables=(CYP000, CYP001, CYP002, CYP101, CYP102, CYP201, CYP202, demographics("delta")),
)
