"""What may be told of a person's ties to the one who asks?

Which kinds, the purpose decides (`governance.policies.TIES_SEEN`). Who the other end is, is told only of people whose
own ties the grant lets be read. Anybody else is a number that holds for one opened record: one person who is tied twice
is seen to be one, and nothing can be carried to another page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, may
from washhouse.governance.policies import TIES_TO_PEOPLE, TieKind, may_see_tie


@dataclass(frozen=True)
class Tie:
    """A tie of one person, as far as it may be told.

    Attributes:
        kind: What kind of tie.
        other: The other end: a person_id, a worker, a team, a practice, a service (a code of an event), or
            `unnamed-<number>` for a person who may not be told.
        is_told: False for such a person.
        since: First day known.
        until: Day after the last, None while it holds.
        evidence: What it rests on, in words.
        source: Sending system that says so.
    """

    kind: TieKind
    other: str
    is_told: bool
    since: date | None
    until: date | None
    evidence: str
    source: str

    @property
    def is_to_person(self) -> bool:
        """Is the other end a person of the record?"""
        return self.kind in TIES_TO_PEOPLE

    def holds(self, today: date) -> bool:
        """Does the tie hold on a day, as far as is known?"""
        return self.until is None or self.until > today


def tell_ties(rows: Iterable[Mapping[str, Any]], grant: Grant, unnamed: dict[str, str]) -> tuple[Tie, ...]:
    """Tell of ties what the grant lets be told.

    Args:
        rows: Rows of `record.relation` of people whose ties the grant lets be read.
        grant: Who asks.
        unnamed: Numbers given so far to people who may not be told; added to.
    """
    seen = (row for row in rows if may_see_tie(grant.purpose, row["kind"]) and _is_whole(row))
    return tuple(_tell(row, grant, unnamed) for row in seen)


def _tell(row: Mapping[str, Any], grant: Grant, unnamed: dict[str, str]) -> Tie:
    kind, other = TieKind(row["kind"]), row["other"]
    is_told = kind not in TIES_TO_PEOPLE or may(grant, Action.READ_RELATIONS, other)
    if not is_told:
        other = unnamed.setdefault(other, f"unnamed-{len(unnamed) + 1}")
    return Tie(kind, other, is_told, row["since"], row["until"], row["evidence"], row["source"] or "")


def _is_whole(row: Mapping[str, Any]) -> bool:
    """A version from before ties had two people names the home alone."""
    return row["via"] is not None or row["kind"] not in (TieKind.HOUSEHOLD, TieKind.PHONE, TieKind.ADDRESS)
