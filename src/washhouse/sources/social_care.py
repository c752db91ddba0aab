"""What does a council send? Adult Social Care Client Level Data, release 1."""

from __future__ import annotations

from washhouse.sources.columns import coded, day, key, number, numbered, text, whole
from washhouse.sources.contract import ColumnSpec, PeriodSpec, SourceSpec, Span, TableSpec

EVENT_TYPES = ("Request", "Assessment", "Service", "Review", "Referral")
CLIENT_TYPES = ("Service User", "Carer", "Carer known by association")
SERVICE_TYPES = (
    "Long Term Support: Nursing Care",
    "Long Term Support: Residential Care",
    "Long Term Support: Community",
    "Long Term Support: Prison",
    "Short Term Support: ST-Max",
    "Short Term Support: Ongoing Low Level",
    "Short Term Support: Other Short Term",
    "Carer Support: Direct to Carer",
    "Carer Support: Support involving the person cared-for",
)
EVENT_OUTCOMES = (
    "Progress to Reablement/ST-Max",
    "Progress to Assessment",
    "Progress to Re-assessment / Unplanned Review",
    "Progress to Support Planning / Services",
    "Progress to financial assessment",
    "Progress to End of Life Care",
    "Admitted to hospital",
    "No change in package",
    "Service ended as planned",
    "Provision of service",
    "NFA - Deceased",
    "NFA - Moved to another LA",
    "NFA - Self-funded client (Inc. 12wk disregard)",
    "NFA - 100% NHS funded care",
    "NFA - Information & Advice / Signposting only",
    "NFA - Support declined",
    "NFA - No services offered: Other reason",
    "NFA - Support ended: Other reason",
    "NFA - Other",
)
REVIEW_REASONS = (
    "Planned",
    "Unplanned - Hospital (Planned and unplanned episodes)",
    "Unplanned - Carer related",
    "Unplanned - Safeguarding concern",
    "Unplanned - Other Reason",
    "Unplanned - Provider Failure",
    "Unplanned - Change in Commissioning arrangements",
)

CLD = TableSpec(
    "cld",
    description="one row per request, assessment, service or review of a person",
    aliases=("client_level_data",),
    business_key=(
        "LA_Person_Unique_Identifier",
        "Event_Type",
        "Event_Reference",
        "Event_Start_Date",
        "Assessment_Type",
        "Service_Type",
        "Service_Component",
        "Delivery_Mechanism",
        "Review_Reason",
    ),
    submission=("LA_Code", "Reporting_Period_Start_Date", "Reporting_Period_End_Date"),
    delivery="replace-period",
    identity="clear",
    required=True,
    spans=(
        Span("Event_Start_Date", "Event_End_Date"),
        Span("Reporting_Period_Start_Date", "Reporting_Period_End_Date"),
    ),
    birth="Date_of_Birth",
    events=("Event_Start_Date", "Date_of_Death"),
    columns=(
        key("LA_Code"),
        text("LA_Name"),
        key("Reporting_Period_Start_Date", "date"),
        key("Reporting_Period_End_Date", "date", may_be_future=True),
        ColumnSpec("NHS_Number", "nhs_number", personal=True),
        key("LA_Person_Unique_Identifier", personal=True),
        text("GP_Practice_Code"),
        text("GP_Practice_Name"),
        text("Gender"),
        text("Ethnicity"),
        day("Date_of_Birth", personal=True),
        day("Date_of_Death"),
        coded("Client_Type", CLIENT_TYPES),
        text("Primary_Support_Reason"),
        text("Postcode", personal=True),
        text("Accommodation_Status"),
        text("Employment_Status"),
        text("Has_Unpaid_Carer"),
        text("Autism_Spectrum_Disorder_ASD"),
        text("Visual_Impairment"),
        text("Hearing_Impairment"),
        text("Dementia"),
        text("Client_Funding_Status"),
        text("Total_Hrs_Caring_per_week"),
        whole("No_of_adults_being_cared_for"),
        *(
            ColumnSpec(one.name, one.type, personal=True, description="person who is cared for")
            for one in numbered("Adult_{:d}_Linked_Person_ID", 1, 3)
        ),
        key("Event_Type", "code", allowed=EVENT_TYPES),
        text("Event_Reference"),
        key("Event_Start_Date", "date"),
        day("Event_End_Date", may_be_future=True),
        text("Event_Description"),
        coded("Event_Outcome", EVENT_OUTCOMES),
        text("Request_Route_of_Access"),
        text("Assessment_Type"),
        text("Eligible_Needs_Identified"),
        text("Method_of_Assessment"),
        coded("Service_Type", SERVICE_TYPES),
        text("Service_Component"),
        text("Delivery_Mechanism"),
        text("Provider_CQC_Location_ID"),
        text("Provider_CQC_Location_Name"),
        coded("Review_Reason", REVIEW_REASONS),
        text("Review_Outcomes_Achieved"),
        text("Method_of_Review"),
        number("Unit_Cost"),
        text("Cost_Frequency_Unit_Type"),
        number("Planned_units_per_week"),
    ),
)

SPEC = SourceSpec(
    "social_care",
    "Adult social care (Client Level Data 1)",
    description="A council's quarterly return of requests, assessments, services and reviews.",
    references=(
        "NHSDigital/ASC-Client-Level-Data-SALT-ASCOF-transformations",
        "DHSC Client Level Data data quality queries (columns, mandatory flags)",
    ),
    period=PeriodSpec(
        table="cld",
        start="Reporting_Period_Start_Date",
        end="Reporting_Period_End_Date",
        provider="LA_Code",
    ),
    tables=(CLD,),
)
