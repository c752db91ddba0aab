"""Which mapping belongs to which sending system?"""

from __future__ import annotations

from washhouse.sources import community as community_contract
from washhouse.sources import gp as gp_contract
from washhouse.sources import hospital as hospital_contract
from washhouse.sources import meds as meds_contract
from washhouse.sources import mental_health as mental_health_contract
from washhouse.sources import social_care as social_care_contract
from washhouse.sources import superseded_nhs_numbers as superseded_contract
from washhouse.sources.contract import SourceSpec
from washhouse.sources.fhir import contract as fhir_contract
from washhouse.sources.mappings import (
    community,
    fhir,
    gp,
    hospital,
    meds,
    mental_health,
    omop,
    social_care,
    superseded_nhs_numbers,
)
from washhouse.sources.mappings.contract import Mapping
from washhouse.sources.omop import contract as omop_contract
from washhouse.sources.registry import SPECS

SYSTEMS: dict[str, tuple[SourceSpec, Mapping]] = {
    mapping.source: (contract.SPEC, mapping)
    for contract, mapping in (
        (community_contract, community.MAPPING),
        (gp_contract, gp.MAPPING),
        (hospital_contract, hospital.MAPPING),
        (mental_health_contract, mental_health.MAPPING),
        (social_care_contract, social_care.MAPPING),
        (superseded_contract, superseded_nhs_numbers.MAPPING),
        (meds_contract, meds.MAPPING),
        (fhir_contract, fhir.MAPPING),
        (omop_contract, omop.MAPPING),
    )
}
"""Contract and mapping of every sending system and kind of import, by its name."""

IMPORTED = frozenset(SYSTEMS.keys() - SPECS.keys())
"""Kinds of import: they come by command, and no folder of the inbox is theirs."""

WHOLE = frozenset(one for one in IMPORTED if all(table.delivery == "snapshot" for table in SYSTEMS[one][0].tables))
"""Kinds of import of which a later one takes the place of the one before."""
