"""What does a mental health provider send? The Mental Health Services Data Set, version 6.0."""

from __future__ import annotations

from washhouse.sources.contract import PeriodSpec, SourceSpec
from washhouse.sources.demographics import demographics
from washhouse.sources.mental_health_inpatient import MHS401, MHS404, MHS405, MHS501, MHS502
from washhouse.sources.mental_health_person import MHS000, MHS001, MHS002, MHS003, MHS004, MHS006, MHS008
from washhouse.sources.mental_health_reference import MHS901, MHS902, MHS903
from washhouse.sources.mental_health_referral import (
    MHS101,
    MHS102,
    MHS201,
    MHS202,
    MHS205,
    MHS604,
    MHS605,
    MHS606,
    MHS607,
)

SPEC = SourceSpec(
    "mental_health",
    "Mental health services (MHSDS 6.0)",
    description="A provider's monthly return of all its open records, one file a table; nightly changes between.",
    references=(
        "nhsengland/Reusable-Code-Library, src/dsp/datasets/models/mhsds_v6_base.py (names, types)",
        "nhsengland/Reusable-Code-Library, src/dsp/validations/mhsds_v6/validations.py (code sets, severities)",
    ),
    period=PeriodSpec(
        table="MHS000Header",
        start="ReportingPeriodStartDate",
        end="ReportingPeriodEndDate",
        provider="OrgIDProvider",
        created="DateTimeDatSetCreate",
        version="DatSetVer",
        versions=("6.0", "6"),
        header=True,
    ),
    tables=(
        MHS000,
        MHS001,
        MHS002,
        MHS003,
        MHS004,
        MHS006,
        MHS008,
        MHS101,
        MHS102,
        MHS201,
        MHS202,
        MHS205,
        MHS401,
        MHS404,
        MHS405,
        MHS501,
        MHS502,
        MHS604,
        MHS605,
        MHS606,
        MHS607,
        MHS901,
        MHS902,
        MHS903,
        demographics("delta"),
    ),
)
