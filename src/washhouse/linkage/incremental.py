"""Which pairs have to be looked at when a few records are new, changed or gone? Everything else stays as it was.

New and changed records are compared with all that share a block with them. A block that grows past the limit takes
its pairs with it, unless another block still holds them; one that shrinks below it gives its pairs back. What comes out
is the set of pairs that a rebuild under the same trained model would come to (property test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from washhouse.linkage.blocking import Candidates, block_keys
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.fields import Kind
from washhouse.linkage.hashes import Hashes, name_records, places
from washhouse.linkage.index import LinkIndex, encode_under, fingerprints
from washhouse.linkage.kernel import compare, distinct, levels_of
from washhouse.linkage.lookup import BlockKeys, Rows, among
from washhouse.linkage.model import probability
from washhouse.linkage.scoring import KEPT_EDGE, Scored
from washhouse.linkage.similarity import compiled
from washhouse.linkage.splice import order_by_numbers
from washhouse.linkage.threads import spread
from washhouse.linkage.trained import TrainedModel

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Update:
    """What a batch did to an index.

    Attributes:
        encoded: All records, encoded.
        scored: All pairs worth keeping.
        fresh: Records that are new or changed.
        gone: Earlier records that changed or are no more.
        compared: Pairs compared.
        numbers: Names and prints of all records, see `index.LinkIndex`.
        lost: Which of the index's pairs are no more, or were compared anew. Shape (pairs of the index,).
        order: Where each pair comes from: its place among the index's pairs and then those compared anew.
        caught: How many rules give each pair; None where it is not known of the index's.
    """

    encoded: Encoded
    scored: Scored
    fresh: int
    gone: int
    compared: int
    numbers: tuple[Hashes, Hashes]
    lost: npt.NDArray[np.bool_]
    order: Rows
    caught: npt.NDArray[np.int8] | None


def update(index: LinkIndex, table: pa.Table, threads: int = 1, from_old: Rows | None = None) -> Update:
    """Compare what is new in some records with everything.

    Args:
        index: The records as they were.
        table: All records under a clear identity as they are, in the order of source and id.
        threads: Threads to use; the result does not depend on it.
        from_old: For each record its row in the index if it says the same there, else -1; found out if left out.

    Returns:
        The records encoded and their pairs, as a rebuild under the index's model would give them from `KEPT_EDGE` on.
    """
    trained = index.trained
    names, prints, from_old = _numbers(index, table, from_old, threads)
    fresh = np.flatnonzero(from_old < 0)
    gone = np.ones(index.records, dtype=bool)
    gone[from_old[from_old >= 0]] = False
    encoded = _merged(index.encoded, encode_under(table.take(pa.array(fresh)), trained), from_old, fresh)
    keys = BlockKeys(encoded.parts, trained.rules)
    old_parts = {name: numbers[gone] for name, numbers in index.encoded.parts.items()}
    old = replace(index.encoded, parts=old_parts, codes=index.encoded.codes[:, gone])
    news = _new_pairs(keys, block_keys(old, trained.rules), encoded.records, fresh, trained.max_block_pairs, threads)
    left, right = np.divmod(news.pairs, max(encoded.records, 1))
    left, right = left.astype(np.int32), right.astype(np.int32)
    compared = compare(encoded, left, right, trained.counts, threads)
    now = np.full(index.records, -1, dtype=np.int32)
    now[from_old[from_old >= 0]] = np.flatnonzero(from_old >= 0)
    kept_left, kept_right = now[index.left], now[index.right]
    stays = (kept_left >= 0) & (kept_right >= 0)
    # A block that closed or opened may take a pair's last rule away, and changes how many rules give it.
    turned = np.flatnonzero(stays)[_in_turned_blocks(keys, news, encoded.records, kept_left[stays], kept_right[stays])]
    caught_again = _times_caught(keys, news, kept_left[turned], kept_right[turned], trained.max_block_pairs)
    stays[turned[caught_again == 0]] = False
    again = kept_left[stays].astype(np.int64) * encoded.records + kept_right[stays]
    stays[np.flatnonzero(stays)[among(again, news.pairs)]] = False
    worth = _worth_keeping(index, compared)
    key = kept_left.astype(np.int64) * encoded.records + kept_right
    order = order_by_numbers(key, stays, news.pairs[worth])
    caught = None
    if index.earlier is not None and index.earlier.caught is not None:
        before = index.earlier.caught.copy()
        before[turned] = caught_again
        first = _times_caught(keys, news, left[worth], right[worth], trained.max_block_pairs)
        caught = np.concatenate([before, first])[order]
    return Update(
        encoded=encoded,
        scored=weighed(
            index.trained,
            np.concatenate([kept_left, left[worth]])[order],
            np.concatenate([kept_right, right[worth]])[order],
            np.concatenate([index.pattern, compared[worth]])[order],
        ),
        fresh=len(fresh),
        gone=int(gone.sum()),
        compared=len(left),
        numbers=(names, prints),
        lost=~stays,
        order=order,
        caught=caught,
    )


def _numbers(index: LinkIndex, table: pa.Table, from_old: Rows | None, threads: int) -> tuple[Hashes, Hashes, Rows]:
    """Return the names and prints of records, and the row of each in the index if it says the same there."""
    if from_old is None:
        names, prints = name_records(table, threads), fingerprints(table, index.trained, threads)
        return names, prints, _unchanged(index, names, prints)
    fresh = np.flatnonzero(from_old < 0)
    rows = table.take(pa.array(fresh))
    numbers = []
    for known, new in ((index.names, name_records(rows)), (index.prints, fingerprints(rows, index.trained))):
        both = known[from_old] if len(known) else np.empty(len(from_old), dtype=np.uint64)
        both[fresh] = new
        numbers.append(both)
    return numbers[0], numbers[1], from_old


def _unchanged(index: LinkIndex, names: Hashes, prints: Hashes) -> Rows:
    """Return for each record its row in the index if it says the same there, else -1."""
    row = places(names, index.names)
    known = np.flatnonzero(row >= 0)
    row[known[index.prints[row[known]] != prints[known]]] = -1
    return row


def _merged(base: Encoded, fresh: Encoded, from_old: Rows, rows: Rows) -> Encoded:
    """Put unchanged and fresh records together under one dictionary."""
    added, number = _numbered_in(base.hashes, fresh.hashes)
    features = fresh.features[added].copy()
    for f, field in enumerate(fresh.fields):
        if field.kind is Kind.ADDRESS:
            # An address points at the value that holds its numbers.
            mine = np.isin(added, fresh.codes[f])
            held = features[mine, 0]
            features[mine, 0] = np.where(held >= 0, number[held], -1)
    lengths = np.diff(fresh.offsets)[added]
    offsets = np.concatenate([base.offsets, base.offsets[-1] + np.cumsum(lengths)])
    starts = np.repeat(fresh.offsets[:-1][added] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    points = fresh.points[np.arange(len(starts)) + starts.astype(np.int64)]
    codes = np.stack([_gathered(own, from_old) for own in base.codes])
    for f, field in enumerate(fresh.fields):
        own = fresh.codes[f]
        codes[f, rows] = (
            own if field.kind is Kind.SETTING else np.where(own >= 0, number[own] if len(number) else -1, -1)
        )
    parts = {}
    for name, numbers in base.parts.items():
        parts[name] = _gathered(numbers, from_old)
        parts[name][rows] = fresh.parts[name]
    return replace(
        base,
        codes=codes,
        features=np.concatenate([base.features, features]),
        offsets=offsets,
        points=np.concatenate([base.points, points]),
        hashes=np.concatenate([base.hashes, fresh.hashes[added]]),
        parts=parts,
        unusable=fresh.unusable,
    )


def _gathered(numbers: Ints, rows: Rows) -> Ints:
    """Return the numbers of some rows; row -1 may give any."""
    return numbers[rows] if len(numbers) else np.full(len(rows), -1, dtype=np.int32)


def _numbered_in(base: Array, fresh: Array) -> tuple[Rows, Ints]:
    """Return which fresh values a dictionary lacks, and each fresh value's number once they are added to it."""
    order = np.argsort(fresh)
    where = among(base, fresh[order])
    number = np.full(len(fresh), -1, dtype=np.int32)
    number[order[np.searchsorted(fresh[order], base[where])]] = where
    added = np.flatnonzero(number < 0)
    number[added] = len(base) + np.arange(len(added))
    return added, number


@compiled
def _emit(members: Array, starts: Array, ends: Array, whole: Array, fresh: Array, records: int, out: Array) -> int:
    """Write the pairs of blocks that a fresh record has a part in, or all of a block; with empty output count them."""
    found = 0
    write = len(out) > 0
    for b in range(len(starts)):
        for x in range(starts[b], ends[b]):
            i = members[x]
            for y in range(x + 1, ends[b]):
                j = members[y]
                if whole[b] or fresh[i] or fresh[j]:
                    if write:
                        out[found] = min(i, j) * records + max(i, j)
                    found += 1
    return found


@dataclass(frozen=True)
class _News:
    """Pairs to compare (packed), and for each rule the keys that fresh records have or had.

    Attributes:
        pairs: The pairs.
        touched: For each rule the keys, ascending.
        large: Whether the block of each is too large.
        turned: The keys of blocks that grew past the limit, or shrank below it.
    """

    pairs: Rows
    touched: Sequence[Array]
    large: Sequence[Array]
    turned: Sequence[Array]


def _new_pairs(keys: BlockKeys, old_keys: Array, records: int, fresh: Rows, limit: int, threads: int) -> _News:
    """Find the pairs that were no candidates before and are now."""
    is_fresh = np.zeros(records, dtype=bool)
    is_fresh[fresh] = True
    nothing = np.empty(0, dtype=np.int64)

    def under(r: int) -> tuple[Array, Array, Array, Array]:
        touched = np.unique(np.concatenate([keys.of(r, fresh), old_keys[r]]))
        touched = touched[touched >= 0]
        members = keys.among(r, touched)
        key = keys.of(r, members)
        by_key = np.argsort(key, kind="stable")
        members, block = members[by_key], np.searchsorted(touched, key[by_key])
        size = np.bincount(block, minlength=len(touched))
        left_it = np.bincount(np.searchsorted(touched, old_keys[r][old_keys[r] >= 0]), minlength=len(touched))
        before = np.bincount(block[~is_fresh[members]], minlength=len(touched)) + left_it
        was_large, is_large = before * (before - 1) // 2 > limit, size * (size - 1) // 2 > limit
        ends = np.cumsum(size)
        chosen = ~is_large & (size > 1)
        args = (members, (ends - size)[chosen], ends[chosen], was_large[chosen], is_fresh, records)
        out = np.empty(_emit(*args, nothing), dtype=np.int64)
        if len(out):
            _emit(*args, out)
        return out, touched, is_large, touched[is_large != was_large]

    found = list(spread(under, range(len(keys.rules)), threads))
    pairs, touches, large, turned = ([each[k] for each in found] for k in range(4))
    return _News(np.unique(np.concatenate([nothing, *pairs])), touches, large, turned)


@compiled
def _inside(inside: Array, left: Array, right: Array, out: Array) -> int:
    """Write which pairs have both records inside."""
    found = 0
    for p in range(len(left)):
        if inside[left[p]] and inside[right[p]]:
            out[found] = p
            found += 1
    return found


def _in_turned_blocks(keys: BlockKeys, news: _News, records: int, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Say which pairs share a block that grew past the limit, or shrank below it."""
    found = np.zeros(len(left), dtype=bool)
    room = np.empty(len(left), dtype=np.int64)
    for r, blocks in enumerate(news.turned):
        if len(blocks):
            inside = np.zeros(records, dtype=bool)
            inside[keys.among(r, blocks)] = True
            pairs = room[: _inside(inside, left, right, room)]
            found[pairs[keys.of(r, left[pairs]) == keys.of(r, right[pairs])]] = True
    return found


def _times_caught(keys: BlockKeys, news: _News, left: Ints, right: Ints, limit: int) -> npt.NDArray[np.int8]:
    """Return how many rules give each of some pairs: their two records share a block that is not too large."""
    caught = np.zeros(len(left), dtype=np.int8)
    for r in range(len(keys.rules) if len(left) else 0):
        mine = keys.of(r, left)
        shared = np.flatnonzero((mine == keys.of(r, right)) & (mine >= 0))
        blocks, block = np.unique(mine[shared], return_inverse=True)
        small = np.ones(len(blocks), dtype=bool)
        place = np.searchsorted(news.touched[r], blocks)
        known = place < len(news.touched[r])
        known[known] = news.touched[r][place[known]] == blocks[known]
        small[known] = ~news.large[r][place[known]]
        asked = blocks[~known]
        if len(asked):
            theirs = keys.of(r, keys.among(r, asked))
            size = np.bincount(np.searchsorted(asked, theirs), minlength=len(asked))
            small[~known] = size * (size - 1) // 2 <= limit
        caught[shared] += small[block]
    return caught


def _worth_keeping(index: LinkIndex, compared: npt.NDArray[np.int64]) -> Rows:
    """Return the compared pairs that are worth keeping."""
    pattern, patterns, _ = distinct(compared)
    weights, _ = index.trained.model.weights(levels_of(patterns, index.trained.counts))
    return np.flatnonzero((probability(weights) >= KEPT_EDGE)[pattern])


def weighed(trained: TrainedModel, left: Ints, right: Ints, compared: npt.NDArray[np.int64]) -> Scored:
    """Weigh pairs that were compared under a trained model.

    Args:
        trained: The model.
        left: One record of each pair.
        right: The other.
        compared: How they compare, see `kernel.compare`.
    """
    model = trained.model
    pattern, patterns, _ = distinct(compared)
    levels = levels_of(patterns, trained.counts)
    weights, parts = model.weights(levels)
    return Scored(Candidates(left, right, ()), pattern, patterns, levels, weights, parts, model)
