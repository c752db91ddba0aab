"""What is a person called on a page, and where is their page?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from washhouse.governance.policies import REVEAL_LIMIT
from washhouse.governance.reveal import RevealedIdentity, reveal
from washhouse.web.shell.visit import Visit


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


def reveal_people(visit: Visit, person_ids: Collection[str]) -> dict[str, RevealedIdentity]:
    """Reveal who some people are, as many at once as one reveal may cover."""
    people, services = sorted(set(person_ids)), visit.services
    found: dict[str, RevealedIdentity] = {}
    for start in range(0, len(people), REVEAL_LIMIT):
        some = people[start : start + REVEAL_LIMIT]
        found |= reveal(visit.grant, some, visit.published.identities, services.audit, services.now())
    return found


def reveal_names(visit: Visit, person_ids: Collection[str]) -> dict[str, str]:
    """Names of some people, in the order of their surnames, which says nothing else about them."""
    named = reveal_people(visit, person_ids)
    return in_order({person: name_of(person, named.get(person)) for person in person_ids})


def in_order(names: Mapping[str, str]) -> dict[str, str]:
    """Names in the order of surnames.

    >>> list(in_order({"1": "Anna Zed", "2": "Zoe Able"}))
    ['2', '1']
    """
    return dict(sorted(names.items(), key=lambda each: (each[1].casefold().split()[-1:], each[1].casefold(), each[0])))
