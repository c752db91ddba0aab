"""Does a person share a home, as far as the visitor may know? With whom, the network page says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from washhouse.governance.policies import TieKind
from washhouse.record.ties import Tie
from washhouse.web.shell.words import plural


@dataclass(frozen=True)
class Household:
    """A person's household.

    Attributes:
        words: What the tie rests on, and to how many others.
        since: First day on which all of them are known to share it.
    """

    words: str
    since: date | None


def read_household(ties: Iterable[Tie], today: date) -> Household | None:
    """Find the household that the person is in now; None if no tie is known or none may be shown.

    Restricted and communal addresses are kept back where ties are made, so they never reach a page. No extract says who
    is staff: members of staff are kept back only where they asked for restriction.
    """
    current = [tie for tie in ties if tie.kind is TieKind.HOUSEHOLD and tie.holds(today)]
    if not current:
        return None
    newest = max(current, key=lambda tie: tie.since or date.min)
    evidence = newest.evidence[:1].upper() + newest.evidence[1:]
    others = plural(len({tie.other for tie in current}), "other person", "other people")
    return Household(f"{evidence} as {others}.", newest.since)
