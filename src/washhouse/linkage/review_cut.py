"""Where would a person come apart, if two of its records were not one person's?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from washhouse.linkage.person_ids import Record


@dataclass(frozen=True, slots=True)
class Link:
    """A compared pair of records.

    Attributes:
        left: One record.
        right: The other.
        weight: Weight of the pair, bits.
        probability: Its probability to be one person.
        pattern: Its comparison pattern.
        model: Digest of the model that weighed it.
    """

    left: Record
    right: Record
    weight: float
    probability: float = 1.0
    pattern: int = 0
    model: str = ""


@dataclass(frozen=True)
class Cut:
    """The weakest place between two records of one person.

    Attributes:
        link: The strongest of the links that hold the two sides together.
        weight: Weights of all links across, bits in all.
        affected: Records on the smaller side.
    """

    link: Link
    weight: float
    affected: int


def cut_between(links: Sequence[Link], left: Record, right: Record) -> Cut | None:
    """Return where two records of one person come apart most easily.

    Links are taken by falling weight, as clustering takes them, until the two meet: the link at which they do is the
    weakest on the strongest way from one to the other.

    Args:
        links: Links inside the person.
        left: One record.
        right: The other.

    Returns:
        The cut; None where no chain of links joins the two.
    """
    tree = spanning_tree(links)
    way = _way(tree, left, right)
    return _cut(links, tree, min(way, key=_rank)) if way else None


def weakest_cut(links: Sequence[Link]) -> Cut | None:
    """Return where a person comes apart most easily; None without links."""
    tree = spanning_tree(links)
    return _cut(links, tree, min(tree, key=_rank)) if tree else None


def spanning_tree(links: Sequence[Link]) -> list[Link]:
    """Return the links that joined something when taken by falling weight."""
    parent: dict[Record, Record] = {}

    def root(record: Record) -> Record:
        while parent.setdefault(record, record) != record:
            record = parent[record]
        return record

    tree = []
    for link in sorted(links, key=_rank, reverse=True):
        a, b = root(link.left), root(link.right)
        if a != b:
            parent[b] = a
            tree.append(link)
    return tree


def _rank(link: Link) -> tuple[float, Record, Record]:
    return link.weight, link.left, link.right


def _neighbours(tree: Sequence[Link]) -> dict[Record, list[tuple[Record, Link]]]:
    beside: dict[Record, list[tuple[Record, Link]]] = {}
    for link in tree:
        beside.setdefault(link.left, []).append((link.right, link))
        beside.setdefault(link.right, []).append((link.left, link))
    return beside


def _way(tree: Sequence[Link], left: Record, right: Record) -> list[Link]:
    """The links from one record to another; none where there is no way."""
    beside = _neighbours(tree)
    ways: dict[Record, list[Link]] = {left: []}
    waiting = [left]
    while waiting:
        here = waiting.pop()
        for there, link in beside.get(here, []):
            if there not in ways:
                ways[there] = [*ways[here], link]
                waiting.append(there)
    return ways.get(right, [])


def _reach(tree: Sequence[Link], start: Record) -> set[Record]:
    """Records that the tree joins to one."""
    beside = _neighbours(tree)
    reached, waiting = {start}, [start]
    while waiting:
        for there, _ in beside.get(waiting.pop(), []):
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    return reached


def _cut(links: Sequence[Link], tree: Sequence[Link], at: Link) -> Cut:
    rest = [link for link in tree if link is not at]
    side, other = _reach(rest, at.left), _reach(rest, at.right)
    across = sum(link.weight for link in links if (link.left in side) != (link.right in side))
    return Cut(at, across, min(len(side), len(other)))
