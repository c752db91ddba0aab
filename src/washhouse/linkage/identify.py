"""What may be asked about a single record, and what is answered? `linkage.finder` finds the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from washhouse.core.errors import InputError
from washhouse.linkage.explain import Step
from washhouse.linkage.fields import FIELDS

POSSIBLE = 0.1
"""From this probability on a candidate is worth a look; below it the record is taken for somebody new."""
SHOWN = 5
"""Candidates given at most."""
KEYS = ("source", "source_id", *FIELDS)
"""What a record may say."""
LONGEST = 500
"""Longest value, in characters."""

Decision = Literal["same", "possible", "new"]


@dataclass(frozen=True)
class Candidate:
    """A person whose record may be this one.

    Attributes:
        person_id: The person.
        weight: Weight of the strongest pair, bits.
        probability: Its probability to be one person, 0 to 1.
        pattern: How that pair compares.
        steps: The weight told field by field.
    """

    person_id: str
    weight: float
    probability: float
    pattern: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Identified:
    """Who a record may be.

    Attributes:
        decision: `same`: the strongest candidate, from the strict threshold on; `possible`: somebody should look;
            `new`: nobody known.
        candidates: People, the strongest first; nobody with another valid NHS number than the record's,
            nor anybody else from whom a sensitive change may part it.
        person_id: The person, where the decision is `same`.
    """

    decision: Decision
    candidates: tuple[Candidate, ...]
    person_id: str | None


def check_record(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what a record says, blanks left out.

    Args:
        record: Texts by field name, see `KEYS`; null or blank for what is not known.

    Raises:
        InputError: `record-invalid`: an unknown field, a value that is no text or too long, or nothing to compare.
    """
    if not isinstance(record, Mapping):
        raise InputError("record-invalid", "A record is an object of fields and texts.", f"Fields: {', '.join(KEYS)}.")
    unknown = sorted(str(name)[:40] for name in record if name not in KEYS)
    if unknown:
        raise InputError(
            "record-invalid", "The record has a field that is not known.", f"Known fields: {', '.join(KEYS)}."
        )
    said = {}
    for name, value in record.items():
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value or not _is_text(value):
            raise InputError("record-invalid", f"{name} is no text of at most {LONGEST} characters.")
        if value.strip():
            said[name] = value
    if not any(name in FIELDS for name in said):
        raise InputError("record-invalid", "The record says nothing to compare.", f"Fields: {', '.join(FIELDS)}.")
    return said


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
