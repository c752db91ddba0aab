"""What programs may ask."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.pipeline.asked_records import LARGEST_BYTES
from washhouse.web.api.description import describe_api
from washhouse.web.api.endpoint import Endpoint
from washhouse.web.api.fhir import FHIR, read_everything, read_one, search
from washhouse.web.api.fhir_statement import state_capabilities
from washhouse.web.api.identify import identify_records
from washhouse.web.api.link_history import tell_history
from washhouse.web.api.quality import tell_quality
from washhouse.web.shell.pages import Open

ENDPOINTS = (
    Endpoint("POST", "/api/identify", identify_records, Action.IDENTIFY, LARGEST_BYTES),
    Endpoint("GET", "/api/link-history", tell_history, Action.VIEW_LINK_HISTORY, reads_version=True),
    Endpoint("GET", "/api/quality", tell_quality, Action.READ_QUALITY, reads_version=True),
    Endpoint("GET", "/api/openapi.json", describe_api, Open.SIGNED_IN),
    Endpoint("GET", "/fhir/metadata", state_capabilities, Open.SIGNED_IN, reads_version=True, form=FHIR),
    Endpoint(
        "GET",
        "/fhir/Patient/{id}/$everything",
        read_everything,
        Action.READ_PERSON,
        reads_version=True,
        form=FHIR,
    ),
    Endpoint("GET", "/fhir/{type}/{id}", read_one, Action.READ_PERSON, reads_version=True, form=FHIR),
    Endpoint("GET", "/fhir/{type}", search, Action.READ_PERSON, reads_version=True, form=FHIR),
)
