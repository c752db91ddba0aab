"""What programs may ask."""

from __future__ import annotations

from washhouse.governance.permissions import Action
from washhouse.pipeline.asked_records import LARGEST_BYTES
from washhouse.web.api.description import describe_api
from washhouse.web.api.endpoint import Endpoint
from washhouse.web.api.identify import identify_records
from washhouse.web.api.link_history import tell_history
from washhouse.web.api.quality import tell_quality
from washhouse.web.shell.pages import Open

ENDPOINTS = (
    Endpoint("POST", "/api/identify", identify_records, Action.IDENTIFY, LARGEST_BYTES),
    Endpoint("GET", "/api/link-history", tell_history, Action.VIEW_LINK_HISTORY, reads_version=True),
    Endpoint("GET", "/api/quality", tell_quality, Action.READ_QUALITY, reads_version=True),
    Endpoint("GET", "/api/openapi.json", describe_api, Open.SIGNED_IN),
)
