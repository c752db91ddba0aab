"""Who is this, who presents out of hours? Found by what they say of themselves: a number, or name and birth date.

Names leave the vault here before anybody is in the finder's care, so it is kept narrow: one whole number or one whole
name with its birth date, a handful of people at most, nobody restricted, and each of them written down first.

References:
    docs/adr/2026-11-26-crisis-clinician.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from washhouse.core.errors import InputError
from washhouse.core.nhs_number import parse_nhs_number
from washhouse.governance.audit import AuditTrail, Detail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, Relation, relation_of
from washhouse.governance.reveal import IdentityIndex, fold

MOST_FOUND = 5
"""People that one question may find; where there are more, none is shown."""


@dataclass(frozen=True)
class Asked:
    """What is said of a person: a number, or surname, first name and birth date."""

    nhs_number: str = field(default="", repr=False)
    surname: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)


@dataclass(frozen=True)
class FoundPerson:
    """Somebody whom a question found: enough to tell that it is them.

    Attributes:
        person_id: The person.
        name: First name and surname; None where no service sends one.
        birth_date: Day of birth; None where no service sends one.
        number_ends: The last three digits of the NHS number; empty where none is known.
        relation: How the finder's grant stands to them.
    """

    person_id: str
    name: str | None = field(repr=False)
    birth_date: date | None = field(repr=False)
    number_ends: str = field(repr=False)
    relation: Relation


@dataclass(frozen=True)
class Found:
    """What a question came to: people, or too many of them."""

    people: tuple[FoundPerson, ...] = ()
    too_many: bool = False


def find_person(grant: Grant, asked: Asked, identities: IdentityIndex, audit: AuditTrail, now: datetime) -> Found:
    """Find people by what is said of them, after the decision is safe in the audit: one event for each of them.

    A whole NHS number finds who has it. Otherwise the birth date and the surname are the same and the first name begins
    with the same letter, whatever case and accents are: Kate may be registered as Katherine. Restricted people are
    found by their own care alone; to others it is as if they were not there.

    Args:
        grant: Who asks.
        asked: What is said of the person; never kept.
        identities: Identities of the published version.
        audit: Where the decision is written first.
        now: The present moment, UTC.

    Raises:
        InputError: `find-person-invalid`: neither a valid number nor surname, first name and birth date.
        RefusedError: `grant-expired` or `not-permitted`.
        HomeError: `audit-unwritable`: nobody is shown.
    """
    number = parse_nhs_number(asked.nhs_number)
    if asked.nhs_number.strip() and number is None:
        raise InputError(
            "find-person-invalid", "That is no NHS number: it has ten digits, the last of which checks it."
        )
    if number is not None:
        found = identities._with_number(number)
    elif asked.birth_date is not None and fold(asked.surname) and fold(asked.first_name):
        found = identities._born(asked.birth_date, asked.surname, asked.first_name)
    else:
        raise InputError("find-person-invalid", "Give an NHS number, or surname, first name and birth date.")
    shown = [one for one in found if not one.restricted or relation_of(grant, one.person_id) is Relation.CARE]
    too_many = len(shown) > MOST_FOUND
    shown = [] if too_many else shown
    by = "name-and-birth-date" if number is None else "nhs-number"
    detail: Detail = {"by": by, "too_many": too_many}
    audit.authorise(grant, Action.FIND_PERSON, [one.person_id for one in shown] or None, at=now, detail=detail)
    return Found(
        tuple(
            FoundPerson(
                one.person_id,
                one.name,
                one.birth_date,
                (one.nhs_number or "")[-3:],
                relation_of(grant, one.person_id),
            )
            for one in shown
        ),
        too_many,
    )
