"""`GET /api/link-history`: who was who on a past day?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from washhouse.core.errors import InputError
from washhouse.record.link_history import parse_day, read_history
from washhouse.web.shell.visit import Visit


def tell_history(visit: Visit, body: bytes) -> Mapping[str, Any]:
    """Tell a person's history; parameters `person` or `record`, an opaque id, and `on`, a day.

    Raises:
        InputError: `history-unknown`, `history-day`.
        RefusedError: The grant does not allow it.
        HomeError: `nothing-published`.
    """
    version = visit.published
    if version.link_history is None:
        raise InputError("history-unknown", "The published version keeps no history.")
    services, on = visit.services, visit.query("on")
    found = read_history(
        version.link_history(),
        visit.grant,
        services.audit,
        on=parse_day(on) if on else services.today(),
        now=services.now(),
        person=visit.query("person"),
        record=visit.query("record"),
    )
    return {"version": version.id, **found.to_json()}
