"""What may a sender say about its people beside the national tables, which hold no names?"""

from __future__ import annotations

from washhouse.sources.columns import coded, day, key
from washhouse.sources.contract import ColumnSpec, Delivery, TableSpec


def demographics(delivery: Delivery) -> TableSpec:
    """Return the optional companion table: an export of the sender's patient index, or a trace of it.

    Args:
        delivery: How this sender delivers it.
    """
    return TableSpec(
        "demographics",
        description="one row per person in the sender's patient index",
        business_key=("local_patient_id",),
        delivery=delivery,
        identity="clear",
        birth="birth_date",
        columns=(
            key("local_patient_id", "text", "patient_id", personal=True),
            ColumnSpec("nhs_number", "nhs_number", personal=True),
            ColumnSpec("first_name", aliases=("forename", "given_name"), personal=True),
            ColumnSpec("surname", aliases=("last_name", "family_name"), personal=True),
            day("birth_date", "date_of_birth", "dob", personal=True),
            coded("sex", "M F I U", "gender"),
            ColumnSpec("address", personal=True),
            ColumnSpec("postcode", personal=True),
            ColumnSpec("uprn", personal=True, description="unique property reference number"),
            ColumnSpec("phone", aliases=("telephone", "mobile"), personal=True),
            ColumnSpec("restricted", "flag", description="the address must not be shown"),
        ),
    )
