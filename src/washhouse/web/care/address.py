"""Whose page does an address name?"""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException

from washhouse.web.shell.visit import Visit

_PERSON_ID = re.compile(r"[0-9a-f]{32}")


def person_of(visit: Visit) -> str:
    """Return the person that the address names, a retired id followed to the present one.

    Raises:
        HTTPException: 404: the address holds no id.
    """
    asked = visit.parameter("person_id")
    if not _PERSON_ID.fullmatch(asked):
        raise HTTPException(404)
    return visit.record.resolve(asked)
