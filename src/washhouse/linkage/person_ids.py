"""Which id does a person keep, from one run to the next?

A person is born with an id made from the source record that founded it, and keeps it while most of the records that
had it stay together. An id that gives way is retired and points to the person that most of its records went to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

Key = Callable[[bytes], bytes]
Record = tuple[str, str]
"""Source and the sender's own id."""


def keyed_id(key: Key, what: str, *parts: str) -> str:
    """Return 32 hex digits that only the holder of the key can make.

    Args:
        key: Keyed hash (HMAC-SHA-256) under the vault's key.
        what: What the id is for; ids for different things never coincide.
        parts: What the id is made from.
    """
    return key("\x1f".join((what, *parts)).encode()).hex()[:32]


def assign_ids(
    clusters: Sequence[Sequence[Record]],
    founders: Sequence[Record],
    held: Mapping[Record, str],
    key: Key,
) -> list[str]:
    """Give every cluster an id.

    Args:
        clusters: Records of each cluster.
        founders: Founding record of each cluster, one of its own.
        held: Id that each record had until now.
        key: Keyed hash.

    Returns:
        The id of each cluster, all different. A cluster keeps the id that most of its records had; where two claim
        one id, the one with more of its records keeps it, then the one with the lower founding record.
    """
    claims = []
    for c, records in enumerate(clusters):
        had = Counter(held[r] for r in records if r in held)
        claims += [(-count, founders[c], old, c) for old, count in had.items()]
    ids: list[str | None] = [None] * len(clusters)
    taken: set[str] = set()
    for _, _, old, c in sorted(claims):
        if ids[c] is None and old not in taken:
            ids[c] = old
            taken.add(old)
    return [known or _born(founders[c], taken, key) for c, known in enumerate(ids)]


def _born(founder: Record, taken: set[str], key: Key) -> str:
    """Make an id from a founding record; a further one where another person kept the first."""
    new = keyed_id(key, "person", *founder)
    again = 1
    while new in taken:
        again += 1
        new = keyed_id(key, "person", *founder, str(again))
    taken.add(new)
    return new


def retired_ids(spans: Sequence[tuple[Record, str]], now: Mapping[Record, str]) -> dict[str, str]:
    """Return, for every id that was ever held and is not any more, the id that took over.

    Args:
        spans: Record and id of every span there ever was.
        now: Id that each record has now.

    Returns:
        Retired id to the id that now has most of the records that ever had it (the lowest id if several do).
    """
    current = set(now.values())
    went: dict[str, Counter[str]] = {}
    for record, old in spans:
        if old not in current and record in now:
            went.setdefault(old, Counter())[now[record]] += 1
    return {old: min(to, key=lambda new: (-to[new], new)) for old, to in sorted(went.items())}
