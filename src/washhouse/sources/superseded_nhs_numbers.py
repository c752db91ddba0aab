"""Which NHS numbers were retired, and which ones count instead? The list that a site gets from its own trace.

One person was given two numbers; when that is found out, one is merged into the other and a trace of the old number
answers with the one that counts. New numbers after an adoption or a change of gender are *not* superseded numbers, and
must never be on this list: only the reasons below join two numbers (docs/adr/2026-11-26-superseded-numbers.md).
"""

from __future__ import annotations

from washhouse.sources.columns import day, key
from washhouse.sources.contract import SourceSpec, TableSpec

JOINING_REASONS = ("duplicate", "replaced")
"""Reasons for which two numbers are one person's: two registrations of one person were merged; a number issued in
error was replaced. A line with any other reason is kept with a warning, and joins nothing."""

SUPERSEDED = TableSpec(
    "superseded",
    description="one row per NHS number that was retired",
    aliases=("superseded_nhs_numbers",),
    business_key=("old_nhs_number",),
    required=True,
    columns=(
        key("old_nhs_number", "nhs_number", "superseded_nhs_number", personal=True, description="the number retired"),
        key("nhs_number", "nhs_number", "current_nhs_number", personal=True, description="the number that counts"),
        day("superseded_on", "effective_date"),
        key("reason", "code", allowed=JOINING_REASONS, description="why; only these reasons join two numbers"),
    ),
)

SPEC = SourceSpec(
    "superseded_nhs_numbers",
    "Superseded NHS numbers",
    description="A full list of NHS numbers that were retired, each with the number that counts instead.",
    references=(
        "NHS England, Personal Demographics Service FHIR API: a superseded number answers with its replacement",
    ),
    tables=(SUPERSEDED,),
)
