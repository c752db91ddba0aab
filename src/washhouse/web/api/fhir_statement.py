"""`GET /fhir/metadata`: what can this server do? It is told from the declaration that it works by.

References:
    HL7 FHIR R4, CapabilityStatement, https://hl7.org/fhir/R4/capabilitystatement.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version as package_version
from typing import Any

from washhouse.record.fhir import MAPS, fhir_instant
from washhouse.web.api.fhir_search import HOW, parameters_of
from washhouse.web.shell.visit import Visit

_KINDS = {"patient": "reference", "subject": "reference", "_id": "token"}


def state_capabilities(visit: Visit, body: bytes) -> dict[str, Any]:
    """The CapabilityStatement; about nobody."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": fhir_instant(visit.published.published_at),
        "kind": "instance",
        "software": {"name": "washhouse", "version": package_version("washhouse")},
        "implementation": {
            "description": f"{visit.services.brand}: people in the visitor's care, read only, without identifiers",
            "url": f"{str(visit.request.base_url).rstrip('/')}/fhir",
        },
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "A program's bearer token, or a session's cookie; every read is audited."},
                "resource": [_resource("Patient"), *(_resource(kind) for kind in sorted(MAPS))],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    profile = MAPS[kind].profile if kind in MAPS else "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
    everything = {
        "name": "everything",
        "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
    }
    return {
        "type": kind,
        **({"supportedProfile": [profile]} if profile else {}),
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": list(_parameters(kind)),
        **({"operation": [everything]} if kind == "Patient" else {}),
    }


def _parameters(kind: str) -> Iterator[dict[str, str]]:
    for name in sorted(parameters_of(kind) - set(HOW)):
        by_code = kind in MAPS and name == MAPS[kind].code_search
        yield {"name": name, "type": _KINDS.get(name) or ("token" if by_code else "date")}
