"""What do MHSDS tables say about staff, teams and wards?

Names and code sets of MHSDS 6.0; see `sources.mental_health` for where they are published.
"""

from __future__ import annotations

from washhouse.sources.columns import coded, key, text, whole
from washhouse.sources.contract import TableSpec
from washhouse.sources.mental_health_codes import TEAM_TYPES

MHS901 = TableSpec(
    "MHS901StaffDetails",
    description="one row per worker",
    aliases=("MHS901",),
    business_key=("CareProfLocalID",),
    delivery="replace-period",
    columns=(
        key("CareProfLocalID"),
        text("OrgIDCareProfLocalID"),
        coded("ProfRegBodyCode", "01 02 03 04 05 08 09 16 17 18"),
        text("ProfRegEntryID"),
        coded("CareProfStaffGpMH", "01 02 03 04 05 06 07 08 09 10 11 12 13 97 98"),
        coded("MainSpecCodeMH", "600 700 710 711 712 713 715 950 960"),
        text("OccCode"),
        text("CareProfJobRoleCode"),
    ),
)

MHS902 = TableSpec(
    "MHS902ServiceTeamDetails",
    description="one row per team; the only place of its type",
    aliases=("MHS902",),
    business_key=("CareProfTeamLocalID",),
    delivery="replace-period",
    columns=(
        key("CareProfTeamLocalID"),
        text("OrgIDCareProfTeamLocalID"),
        coded("ServTeamTypeMH", TEAM_TYPES),
        coded("ServTeamIntAgeGroup", "01 02 03 04"),
    ),
)

MHS903 = TableSpec(
    "MHS903WardDetails",
    description="one row per ward",
    aliases=("MHS903",),
    business_key=("WardCode",),
    delivery="replace-period",
    columns=(
        key("WardCode"),
        text("SiteIDOfTreat"),
        coded("WardIntendedSex", "1 2 8"),
        coded("WardIntendedClinCareMH", "51 52 53 61 62 63"),
        coded("WardAge", "10 11 12 13 14 15 99"),
        coded("WardType", "01 02 03 04 05 06"),
        coded("WardSecLevel", "0 1 2 3"),
        coded("LockedWardInd", "N Y"),
        whole("AvailBedDays"),
        whole("ClosedBedDays"),
    ),
)
