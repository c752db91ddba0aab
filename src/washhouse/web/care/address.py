"""Whose page does an address name, and what is a person called there?"""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException

from washhouse.governance.reveal import RevealedIdentity
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


def person_address(person_id: str) -> str:
    """Return the address of a person's page."""
    return f"/people/{person_id}"


def name_of(person_id: str, identity: RevealedIdentity | None) -> str:
    """Return the person's name; where no service sends one, the beginning of the pseudonymous id tells people apart.

    >>> name_of("02bb6608" + "0" * 24, None)
    'Person 02bb6608, name not known'
    """
    if identity is not None and identity.name:
        return identity.name
    return f"Person {person_id[:8]}, name not known"
