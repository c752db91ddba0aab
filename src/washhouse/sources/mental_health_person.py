"""What do MHSDS tables say about a submission and its people?

Names and code sets of MHSDS 6.0; see `sources.mental_health` for where they are published.
"""

from __future__ import annotations

from washhouse.sources.columns import clock, coded, day, key, text
from washhouse.sources.contract import ColumnSpec, Span, TableSpec
from washhouse.sources.mental_health_codes import ACCOMMODATION_TYPES, TEAM_TYPES

PERSON = ("MHS001MPI", "LocalPatientID")

MHS000 = TableSpec(
    "MHS000Header",
    description="one row per submission: who sends it, for which period, made when",
    aliases=("MHS000",),
    business_key=(
        "OrgIDProvider",
        "ReportingPeriodStartDate",
        "ReportingPeriodEndDate",
    ),
    delivery="replace-period",
    required=True,
    columns=(
        key("DatSetVer"),
        key("OrgIDProvider", "text", "OrgIDProv"),
        text("OrgIDSubmit"),
        text("PrimSystemInUse"),
        key("ReportingPeriodStartDate", "date"),
        key("ReportingPeriodEndDate", "date", may_be_future=True),
        key("DateTimeDatSetCreate", "datetime"),
    ),
)

MHS001 = TableSpec(
    "MHS001MPI",
    description="one row per person known to the provider",
    aliases=("MHS001",),
    business_key=("LocalPatientID",),
    delivery="replace-period",
    identity="clear",
    birth="PersonBirthDate",
    events=("PersDeathDate",),
    required=True,
    columns=(
        key("LocalPatientID", personal=True),
        text("OrgIDLocalPatientID"),
        text("OrgIDEduEstab"),
        ColumnSpec("NHSNumber", "nhs_number", personal=True),
        coded("NHSNumberStatus", "01 02 03 04 05 06 07"),
        day("PersonBirthDate", personal=True),
        text("Postcode", personal=True),
        coded("GenderIDCode", "1 2 3 4 X Z"),
        coded("GenderSameAtBirth", "N X Y Z"),
        coded("Gender", "1 2 9 X"),
        coded("MaritalStatus", "8 9 D M N P S W"),
        coded("EthnicCategory", "99 A B C D E F G H J K L M N P R S Z"),
        text("EthnicCategory2021"),
        text("LanguageCodePreferred"),
        day("PersDeathDate"),
    ),
)

MHS002 = TableSpec(
    "MHS002GP",
    description="one row per GP registration",
    aliases=("MHS002",),
    business_key=(
        "LocalPatientID",
        "GMPReg",
        "StartDateGMPRegistration",
    ),
    parent=PERSON,
    delivery="replace-period",
    spans=(Span("StartDateGMPRegistration", "EndDateGMPRegistration"),),
    columns=(
        key("LocalPatientID", personal=True),
        text("GMPReg"),
        day("StartDateGMPRegistration"),
        day("EndDateGMPRegistration"),
    ),
)

MHS003 = TableSpec(
    "MHS003AccommStatus",
    description="one row per accommodation status recorded",
    aliases=("MHS003",),
    business_key=(
        "LocalPatientID",
        "AccommodationTypeDate",
        "AccommodationTypeStartDate",
    ),
    parent=PERSON,
    delivery="replace-period",
    spans=(Span("AccommodationTypeStartDate", "AccommodationTypeEndDate"),),
    columns=(
        key("LocalPatientID", personal=True),
        coded("AccommodationType", ACCOMMODATION_TYPES),
        coded("SettledAccommodationInd", "9 N Y Z"),
        day("AccommodationTypeDate"),
        coded("SCHPlacementType", "1 2"),
        day("AccommodationTypeStartDate"),
        day("AccommodationTypeEndDate"),
    ),
)

MHS004 = TableSpec(
    "MHS004EmpStatus",
    description="one row per employment status recorded",
    aliases=("MHS004",),
    business_key=(
        "LocalPatientID",
        "EmployStatusRecDate",
        "EmployStatusStartDate",
    ),
    parent=PERSON,
    delivery="replace-period",
    spans=(Span("EmployStatusStartDate", "EmployStatusEndDate"),),
    columns=(
        key("LocalPatientID", personal=True),
        coded("EmployStatus", "01 02 03 04 05 06 07 08 ZZ"),
        day("EmployStatusStartDate"),
        day("EmployStatusEndDate"),
        day("EmployStatusRecDate"),
        coded("PatPrimEmpContTypeMH", "01 02 03 04 05 06 07 08 97 98 99"),
        coded("WeekHoursWorked", "01 02 03 04 97 98 99"),
    ),
)

MHS006 = TableSpec(
    "MHS006MHCareCoord",
    description="one row per span for which a worker co-ordinates a person's care",
    aliases=("MHS006",),
    business_key=(
        "LocalPatientID",
        "StartDateAssCareCoord",
        "CareProfLocalID",
    ),
    parent=PERSON,
    delivery="replace-period",
    spans=(Span("StartDateAssCareCoord", "EndDateAssCareCoord"),),
    columns=(
        key("LocalPatientID", personal=True),
        key("StartDateAssCareCoord", "date"),
        key("CareProfLocalID"),
        day("EndDateAssCareCoord"),
        coded("CareProfServOrTeamTypeAssoc", TEAM_TYPES),
    ),
)

MHS008 = TableSpec(
    "MHS008CarePlanType",
    description="one row per care plan",
    aliases=("MHS008",),
    business_key=("CarePlanID",),
    parent=PERSON,
    delivery="replace-period",
    columns=(
        key("CarePlanID"),
        key("LocalPatientID", personal=True),
        coded("CarePlanTypeMH", "10 11 12 13 14"),
        day("CarePlanCreatDate"),
        clock("CarePlanCreationTime"),
        day("CarePlanLastUpdateDate"),
        clock("CarePlanLastUpdateTime"),
        day("CarePlanImplementDate", may_be_future=True),
    ),
)
