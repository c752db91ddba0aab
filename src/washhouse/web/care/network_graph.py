"""Which ties does the network page show, in which order, and how many?

From the person outwards: a person's ties in the order of `rank`, then those of the people who were opened, the nearest
first. Every other end is shown once; where it turns up again, it is said to be shown above. At most `MOST_NODES` are
shown, and each person says how many of theirs are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from washhouse.governance.policies import TieKind
from washhouse.record.ties import Tie

MOST_NODES = 50
"""People, teams, services and practices on one page, the person included."""

ORDER = (
    TieKind.CARER,
    TieKind.HOUSEHOLD,
    TieKind.PRACTITIONER,
    TieKind.TEAM,
    TieKind.SERVICE,
    TieKind.PRACTICE,
    TieKind.PHONE,
    TieKind.ADDRESS,
)
"""Kinds from what says most of a person's present life to what says least."""

ReadTies = Callable[[str], Sequence[Tie]]


@dataclass(frozen=True)
class Branch:
    """Somebody or something at the other end of a person's ties.

    Attributes:
        key: The other end, as `Tie.other`.
        ties: Why, by rank; at least one.
        is_again: It is shown above already.
    """

    key: str
    ties: tuple[Tie, ...]
    is_again: bool

    @property
    def is_person(self) -> bool:
        """Is it a person of the record?"""
        return self.ties[0].is_to_person

    @property
    def is_told(self) -> bool:
        """May it be said who or what it is?"""
        return self.ties[0].is_told


@dataclass(frozen=True)
class Spread:
    """A person whose ties are shown.

    Attributes:
        key: The person.
        hop: Steps from the person of the page, who is 0.
        branches: The other ends, by rank.
        hidden: Other ends that are not shown, for want of room.
    """

    key: str
    hop: int
    branches: tuple[Branch, ...]
    hidden: int


@dataclass(frozen=True)
class Network:
    """What the page shows: the person's spread first, then those of the people who were opened.

    Attributes:
        spreads: Each person whose ties are shown.
        ends: Other ends of the person by kind, before the filter.
    """

    spreads: tuple[Spread, ...]
    ends: dict[TieKind, frozenset[str]]

    @property
    def opened(self) -> frozenset[str]:
        """People whose ties are shown."""
        return frozenset(spread.key for spread in self.spreads)

    @property
    def told_people(self) -> frozenset[str]:
        """People on the page who may be named."""
        ends = (branch for spread in self.spreads for branch in spread.branches)
        return self.opened | {branch.key for branch in ends if branch.is_person and branch.is_told}


def rank(tie: Tie, today: date) -> tuple[bool, int, int, str]:
    """Place of a tie: those that hold first, then by kind, then the newest."""
    since = tie.since or date.min
    return not tie.holds(today), ORDER.index(tie.kind), -since.toordinal(), tie.other


def build_network(
    person: str,
    opened: Collection[str],
    kinds: Collection[TieKind],
    read: ReadTies,
    today: date,
    most: int = MOST_NODES,
) -> Network:
    """Follow a person's ties, and those of the people who were opened, as far as they are reached.

    Args:
        person: The person of the page.
        opened: People whose ties are asked for too; who is not reached, or may not be told, is left out.
        kinds: Kinds of tie to follow.
        read: Gives the ties of a person, and writes down that they were read.
        today: The day that ties are ranked on.
        most: Most ends on the page, the person included.
    """
    first: dict[TieKind, frozenset[str]] = {}
    spreads: list[Spread] = []
    shown = {person}
    waiting = [(person, 0, "")]
    while waiting:
        key, hop, parent = waiting.pop(0)
        ties = [tie for tie in read(key) if tie.other != parent]
        if not spreads:
            first = {kind: frozenset(tie.other for tie in ties if tie.kind is kind) for kind in ORDER}
        ranked = _ends((tie for tie in ties if tie.kind in kinds), today)
        branches: list[Branch] = []
        for other, whys in ranked.items():
            again = other in shown
            if not again and len(shown) >= most:
                continue
            shown.add(other)
            branches.append(Branch(other, whys, again))
            if other in opened and not again and branches[-1].is_person and branches[-1].is_told:
                waiting.append((other, hop + 1, key))
        spreads.append(Spread(key, hop, tuple(branches), len(ranked) - len(branches)))
    return Network(tuple(spreads), first)


def _ends(ties: Iterable[Tie], today: date) -> dict[str, tuple[Tie, ...]]:
    """Other ends by rank, each with its ties by rank."""
    ends: dict[str, tuple[Tie, ...]] = {}
    for tie in sorted(ties, key=lambda tie: rank(tie, today)):
        ends[tie.other] = (*ends.get(tie.other, ()), tie)
    return ends
