"""Whose record is it? From source records to people with ids that last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.core.tables import Table
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage import households as homes
from washhouse.linkage.cluster import CAUSES, Clusters, cluster
from washhouse.linkage.encode import Encoded, Ints, encode, with_setting
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.membership import next_spans, open_ids, read_spans, write_spans
from washhouse.linkage.model import Floats
from washhouse.linkage.person_ids import Key, Record, assign_ids, keyed_id, retired_ids
from washhouse.linkage.scoring import Progress, Scored, no_progress, score_pairs
from washhouse.linkage.summary import linkage_summary
from washhouse.linkage.tables import EDGE, HOUSEHOLD_RELATION, REFUSED, RETIRED_ID
from washhouse.linkage.threshold import Threshold, best_threshold
from washhouse.sources.identity import IDENTITY

_SOURCE_ORDER = ("gp", "mental_health", "hospital", "social_care")
"""Whose address is taken where several were seen equally lately."""
_KEPT_EDGE = 0.01
"""Pairs below this probability are not kept."""


@dataclass(frozen=True)
class People:
    """What linking people gives.

    Attributes:
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        retired: Ids that gave way, see `tables.RETIRED_ID`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        relations: Households, see `tables.HOUSEHOLD_RELATION`.
        summary: Counts and estimates for a steward; no identifiers.
    """

    membership: pa.Table
    edges: pa.Table
    retired: pa.Table
    refused: pa.Table
    relations: pa.Table
    summary: dict[str, Any]


def link_people(
    identities: pa.Table,
    *,
    previous: pa.Table | None,
    key: Key,
    progress: Progress | None = None,
    threads: int = 1,
) -> People:
    """Link the source records of people.

    Records under a clear identity are compared on what they say; a record under a pseudonym joins the person whose
    clear records carry that pseudonym, and nothing else.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`. The order of rows does not matter.
        previous: Membership that the last run gave; None at the first.
        key: Keyed hash (HMAC-SHA-256) under the vault's key, bytes to 32 bytes.
        progress: Told the step and how much of it is done.
        threads: Threads to use; the result does not depend on it.

    Returns:
        The people, with ids that carry on from `previous`.

    Raises:
        InputError: Two rows have one source and id.
    """
    tell = progress or no_progress
    table = conform(IDENTITY, identities).sort_by([("source", "ascending"), ("source_id", "ascending")])
    table = table.combine_chunks()
    records: list[Record] = list(
        zip(table.column("source").to_pylist(), table.column("source_id").to_pylist(), strict=True)
    )
    if len(set(records)) != len(records):
        raise InputError(
            "identity-duplicated", "Two identity rows have the same source and source_id; one was expected."
        )
    clear = np.flatnonzero(pc.equal(table.column("identity_kind"), "clear").to_numpy(zero_copy_only=False))
    tell("standardise", 0.0)
    encoded = _encode(table.take(pa.array(clear)))
    scored = _score(encoded, table.take(pa.array(clear)), threads, tell)
    tell("cluster", 0.0)
    chances = scored.pair_probabilities if scored else np.empty(0)
    threshold = best_threshold(chances)
    clusters, links = _cluster(encoded, table.take(pa.array(clear)), scored, chances, threshold)
    labels = _labels(table, clear, clusters)
    tell("name", 0.0)
    founders = _founders(table, labels)
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(i)
    before = read_spans(previous)
    order = sorted(groups)
    ids = assign_ids(
        [[records[i] for i in groups[g]] for g in order],
        [records[founders[g]] for g in order],
        open_ids(before),
        key,
        [(span.record, span.person_id) for span in before],
    )
    person = dict(zip(order, ids, strict=True))
    now = {records[i]: person[label] for i, label in enumerate(labels.tolist())}
    spans = next_spans(
        before,
        now,
        _causes(records, labels, founders, set(clear.tolist())),
        dict(zip(records, table.column("first_seen").to_pylist(), strict=True)),
        max(table.column("last_seen").to_pylist(), default=datetime.min),
    )
    tell("households", 0.0)
    residents = _residents(table, clear, [now[r] for r in records])
    found, kept_back = homes.households(residents)
    tell("done", 1.0)
    pairs = _Pairs(table, clear)
    return People(
        membership=write_spans(spans),
        edges=_edges(pairs, scored, chances),
        retired=_table(RETIRED_ID, _columns(retired_ids([(s.record, s.person_id) for s in spans], now).items(), 2)),
        refused=_refused(pairs, scored, chances, clusters, links),
        relations=_relations(found, key),
        summary=linkage_summary(
            table, clear, encoded, scored, threshold, clusters, links, labels, len(order), found, kept_back
        ),
    )


def _encode(table: pa.Table) -> Encoded:
    """Encode the fields that at least one record has, and the source as the setting of a pair."""
    columns = {
        name: pc.cast(table.column(name), pa.string())
        for name in FIELDS
        if table.column(name).null_count < table.num_rows
    }
    encoded = encode(columns, [FIELDS[name] for name in columns])
    sources = pc.rank(table.column("source"), tiebreaker="dense").to_numpy().astype(np.int32) - 1
    return with_setting(encoded, sources) if table.num_rows else encoded


def _score(encoded: Encoded, table: pa.Table, threads: int, tell: Progress) -> Scored | None:
    """Weigh the pairs; None where there is nothing to compare."""
    if table.num_rows < 2 or len(encoded.fields) < 2:
        return None
    settings = pc.count_distinct(table.column("source")).as_py()
    return score_pairs(encoded, settings=settings, threads=threads, progress=tell)


def _cluster(
    encoded: Encoded, table: pa.Table, scored: Scored | None, chances: Floats, threshold: Threshold
) -> tuple[Clusters, npt.NDArray[np.int64]]:
    """Put clear records together; also return which candidate pairs were links."""
    links = np.flatnonzero(chances >= threshold.probability)
    left = scored.candidates.left[links] if scored else np.empty(0, np.int32)
    right = scored.candidates.right[links] if scored else np.empty(0, np.int32)
    weights = scored.pair_weights[links] if scored else np.empty(0)
    row = encoded.row("nhs_number")
    deaths = pc.fill_null(pc.cast(table.column("death_date"), pa.int32()), -1).to_numpy().astype(np.int32)
    clusters = cluster(
        table.num_rows, left, right, weights, nhs_number=encoded.codes[row] if row >= 0 else None, death_date=deaths
    )
    return clusters, links


def _labels(table: pa.Table, clear: npt.NDArray[np.int64], clusters: Clusters) -> Ints:
    """Return for each record the lowest record of its person, pseudonymous records included."""
    labels = np.arange(table.num_rows, dtype=np.int32)
    labels[clear] = clear[clusters.label].astype(np.int32)
    pseudonyms = table.column("pseudo_nhs_number").to_pylist()
    is_clear = np.zeros(table.num_rows, dtype=bool)
    is_clear[clear] = True
    carriers: dict[str, Counter[int]] = {}
    for i in clear.tolist():
        if pseudonyms[i]:
            carriers.setdefault(pseudonyms[i], Counter())[int(labels[i])] += 1
    first: dict[str, int] = {}
    for i in np.flatnonzero(~is_clear).tolist():
        pseudonym = pseudonyms[i]
        if not pseudonym:
            continue
        if pseudonym in carriers:
            labels[i] = min(carriers[pseudonym].items(), key=lambda held: (-held[1], held[0]))[0]
        else:
            labels[i] = first.setdefault(pseudonym, i)
    return labels


def _founders(table: pa.Table, labels: Ints) -> dict[int, int]:
    """Return the founding record of each person: the first seen, a clear one before a pseudonymous one."""
    seen = table.column("first_seen").to_pylist()
    kinds = table.column("identity_kind").to_pylist()
    best: dict[int, tuple[bool, datetime, int]] = {}
    for i, label in enumerate(labels.tolist()):
        claim = (kinds[i] != "clear", seen[i], i)
        if label not in best or claim < best[label]:
            best[label] = claim
    return {label: claim[2] for label, claim in best.items()}


def _causes(records: Sequence[Record], labels: Ints, founders: Mapping[int, int], clear: set[int]) -> dict[Record, str]:
    """Say why a record seen for the first time belongs to its person."""
    return {
        record: "founded" if founders[label] == i else "linked" if i in clear else "pseudonym"
        for i, (record, label) in enumerate(zip(records, labels.tolist(), strict=True))
    }


def _residents(table: pa.Table, clear: npt.NDArray[np.int64], person: Sequence[str]) -> list[homes.Resident]:
    """Return the addresses of clear records, with whose they are."""
    rank = {name: len(_SOURCE_ORDER) - i for i, name in enumerate(_SOURCE_ORDER)}
    columns = ("source", "address", "postcode", "uprn", "surname", "restricted", "first_seen", "last_seen")
    rows = zip(clear.tolist(), *(table.column(c).take(pa.array(clear)).to_pylist() for c in columns), strict=True)
    dead = {person[i] for i, died in enumerate(table.column("death_date").to_pylist()) if died}
    withheld = {person[i] for i, restricted in enumerate(table.column("restricted").to_pylist()) if restricted}
    return [
        homes.Resident(
            person_id=person[i],
            address=address,
            postcode=postcode,
            uprn=uprn,
            surname=surname,
            restricted=restricted,
            since=_day(first),
            seen=(last, rank.get(source, 0), i),
            died=person[i] in dead,
            withheld=person[i] in withheld,
        )
        for i, source, address, postcode, uprn, surname, restricted, first, last in rows
        if address or uprn
    ]


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


class _Pairs:
    """Names the records of candidate pairs."""

    def __init__(self, table: pa.Table, clear: npt.NDArray[np.int64]) -> None:
        self._names = table.select(["source", "source_id"]).take(pa.array(clear))

    def columns(self, left: Ints, right: Ints) -> list[pa.ChunkedArray]:
        """Source and id of both sides."""
        return [
            self._names.column(column).take(pa.array(side))
            for side in (left, right)
            for column in ("source", "source_id")
        ]


def _edges(pairs: _Pairs, scored: Scored | None, chances: Floats) -> pa.Table:
    if scored is None:
        return arrow_schema(EDGE).empty_table()
    kept = np.flatnonzero(chances >= _KEPT_EDGE)
    columns = pairs.columns(scored.candidates.left[kept], scored.candidates.right[kept])
    columns += [
        pa.array(scored.patterns[scored.pattern[kept]]),
        pa.array(scored.pair_weights[kept]),
        pa.array(chances[kept]),
        pa.array([scored.model.digest] * len(kept), pa.string()),
    ]
    return _table(EDGE, columns)


def _refused(
    pairs: _Pairs, scored: Scored | None, chances: Floats, clusters: Clusters, links: npt.NDArray[np.int64]
) -> pa.Table:
    if scored is None:
        return arrow_schema(REFUSED).empty_table()
    chosen = links[clusters.refused]
    columns = pairs.columns(scored.candidates.left[chosen], scored.candidates.right[chosen])
    columns += [
        pa.array(scored.pair_weights[chosen]),
        pa.array(chances[chosen]),
        pa.array([CAUSES[c] for c in clusters.causes], pa.string()),
    ]
    return _table(REFUSED, columns)


def _relations(found: Sequence[homes.Household], key: Key) -> pa.Table:
    ids = {address: keyed_id(key, "household", address) for address in {h.key for h in found}}
    rows = [(h.person_id, ids[h.key], "household", h.since, None, h.evidence) for h in found]
    return _table(HOUSEHOLD_RELATION, _columns(rows, 6))


def _columns(rows: Any, width: int) -> list[Any]:
    columns = list(zip(*rows, strict=True))
    return [list(c) for c in columns] if columns else [[] for _ in range(width)]


def _table(contract: Table, columns: Sequence[Any]) -> pa.Table:
    schema = arrow_schema(contract)
    arrays = [
        c if isinstance(c, pa.ChunkedArray | pa.Array) else pa.array(c, f.type)
        for c, f in zip(columns, schema, strict=True)
    ]
    table = pa.table(arrays, schema=schema)
    return table.sort_by([(name, "ascending") for name in contract.order])
