"""Does a person share a home, as far as the visitor may know? Never with whom: the others are not in question here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Household:
    """A person's tie to a household.

    Attributes:
        evidence: What the tie rests on, in words.
        since: First day on which it is known.
    """

    evidence: str
    since: date | None


def read_household(relations: Sequence[Mapping[str, Any]]) -> Household | None:
    """Find the household that the person is in now; None if no tie is known or none may be shown.

    The linkage keeps back restricted and communal addresses, so their ties never reach a page. No extract says who is
    staff: members of staff are kept back only where they asked for restriction.
    """
    current = [row for row in relations if row["kind"] == "household" and row["until"] is None]
    if not current:
        return None
    newest = max(current, key=lambda row: row["since"] or date.min)
    words = str(newest["evidence"]).strip()
    return Household(f"{words[:1].upper()}{words[1:].removesuffix('.')}.", newest["since"])
