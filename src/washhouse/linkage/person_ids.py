"""Which id does a person keep, from one run to the next?

A person is born with an id made from the source record that founded it, and keeps it while most of the records that
had it stay together. An id that gives way is retired and points to the person that most of its records went to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Key = Callable[[bytes], bytes]
Record = tuple[str, str]
"""Source and the sender's own id."""
AGAIN = ((), *((str(time),) for time in range(2, 65)))
"""What is added to a founding record for its first id, and for further ones where that is another person's."""


def keyed_id(key: Key, what: str, *parts: str) -> str:
    """Return 32 hex digits that only the holder of the key can make.

    Args:
        key: Keyed hash (HMAC-SHA-256) under the vault's key.
        what: What the id is for; ids for different things never coincide.
        parts: What the id is made from.
    """
    return key("\x1f".join((what, *parts)).encode()).hex()[:32]


def keyed_ids(key: Key, what: str, *parts: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Return what `keyed_id` makes of each row of some columns of text."""
    said = pc.binary_join_element_wise(what, *parts, "\x1f")
    digits = b"".join([key(message)[:16] for message in pc.cast(said, pa.binary()).to_pylist()]).hex().encode()
    ends = np.arange(0, len(digits) + 1, 32, dtype=np.int64)
    texts = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(digits))
    return pc.cast(texts, pa.string())


def born_ids(key: Key, founders: pa.Table) -> pa.StringArray:
    """Return the id that each founding record makes.

    Args:
        key: Keyed hash.
        founders: Records, with `source` and `source_id`.
    """
    return keyed_ids(key, "person", founders.column("source"), founders.column("source_id"))


def assign_ids(
    clusters: Sequence[Sequence[Record]],
    founders: Sequence[Record],
    held: Mapping[Record, str],
    key: Key,
    ever: Iterable[tuple[Record, str]] = (),
) -> list[str]:
    """Give every cluster an id.

    Args:
        clusters: Records of each cluster.
        founders: Founding record of each cluster, one of its own.
        held: Id that each record had until now.
        key: Keyed hash.
        ever: Record and id of every span there ever was.

    Returns:
        The id of each cluster, all different; a new one is one that no record outside the cluster ever had. A cluster
        keeps the id that most of its records had; where two claim one id, the one with more of its records keeps it,
        then the one with the lower founding record.
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
    holders: dict[str, set[Record]] = {}
    for record, old in ever:
        holders.setdefault(old, set()).add(record)
    return [known or _born(clusters[c], founders[c], taken, holders, key) for c, known in enumerate(ids)]


def _born(
    records: Sequence[Record], founder: Record, taken: set[str], holders: Mapping[str, set[Record]], key: Key
) -> str:
    """Make an id from a founding record; a further one where another person has or ever had the first."""
    new = keyed_id(key, "person", *founder)
    again = 1
    while new in taken or not holders.get(new, set()).issubset(records):
        again += 1
        new = keyed_id(key, "person", *founder, str(again))
    taken.add(new)
    return new


def retired_ids(
    spans: Sequence[tuple[Record, str]], now: Mapping[Record, str], current: Set[str] | None = None
) -> dict[str, str]:
    """Return, for every id that was ever held and is not any more, the id that took over.

    Args:
        spans: Record and id of every span there ever was, each record's in order of time.
        now: Id that each record has now.
        current: Ids of all people there are; those of `now` if not given.

    Returns:
        Retired id to the id that now has most of the records that ever had it (the lowest id if several do). Where all
        its records are gone, the person they last belonged to takes over, or whoever took over from that one; an id
        whose records are gone and never belonged to anybody else has no heir.
    """
    current = set(now.values()) if current is None else current
    last = dict(spans)
    living: dict[str, Counter[str]] = {}
    gone: dict[str, Counter[str]] = {}
    for record, old in spans:
        if old in current:
            continue
        if record in now:
            living.setdefault(old, Counter())[now[record]] += 1
        else:
            gone.setdefault(old, Counter())[last[record]] += 1
    heirs = {old: _most(to) for old, to in living.items()}
    waiting = {old: to for old, to in gone.items() if old not in heirs}
    while found := {old: heir for old, to in waiting.items() if (heir := _most(_followed(to, heirs, current)))}:
        heirs |= found
        waiting = {old: to for old, to in waiting.items() if old not in found}
    return dict(sorted(heirs.items()))


def _followed(went: Mapping[str, int], heirs: Mapping[str, str], current: Set[str]) -> Counter[str]:
    """Count records by the person of today that their last one leads to, as far as that is known."""
    now: Counter[str] = Counter()
    for last, count in went.items():
        if last in current or last in heirs:
            now[heirs.get(last, last)] += count
    return now


def _most(counts: Mapping[str, int]) -> str:
    """Return the id with the highest count, the lowest of several; nothing for none."""
    return min(counts, key=lambda new: (-counts[new], new), default="")


def record_key(key: Key, source: str, source_id: str) -> str:
    """Return the opaque key of a source record, 32 hex digits: decisions, labels and review queues name it by no other.

    Args:
        key: Keyed hash (HMAC-SHA-256) under the vault's key for the purpose `record-key`.
        source: Sending system.
        source_id: Sender's own id of the person.
    """
    return key(f"{source}\x1f{source_id}".encode()).hex()[:32]
