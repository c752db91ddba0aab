"""Which systems send data?"""

from __future__ import annotations

from washhouse.sources import community, gp, hospital, mental_health, social_care, superseded_nhs_numbers
from washhouse.sources.contract import SourceSpec

SPECS: dict[str, SourceSpec] = {
    spec.name: spec
    for spec in (
        community.SPEC,
        gp.SPEC,
        hospital.SPEC,
        mental_health.SPEC,
        social_care.SPEC,
        superseded_nhs_numbers.SPEC,
    )
}
"""Contract of every sending system, by the name of its folder in the inbox."""
