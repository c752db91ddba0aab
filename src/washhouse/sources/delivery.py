"""What did a sender say about a thing, and from when until when did the record know it so?

Batches repeat themselves: a monthly return lists every open referral again, a practice sends its whole journal each
month. `resolve_history` turns the typed rows of all batches into **states**: one row per thing and state, with the
time at which that state was first sent and the time at which another state, or its absence, replaced it.

One rule serves all three ways of delivery. A batch that holds a table is a *submission* of it; it says that each of
its rows is so.

- Submissions are taken in the order of submission time, declared date, batch name (a batch that reports two periods
  is two submissions, the earlier period first).
- A *full* submission also takes the place of what it covers: every claim of an earlier submission of the same
  provider that it covers is withdrawn. `snapshot`: each covers all before it. `replace-period`: it covers submissions,
  full or delta, whose period lies within its own. `delta`: none covers any.
- A snapshot known only after one of a later declared date (June, corrected when July was there) says nothing any more.
- Of the claims about a thing that are not withdrawn, the one of the highest rank holds; if none is left the thing is
  not so any more (February, sent again without a referral, leaves what January said of it). `snapshot` and `delta`:
  the later declared date outranks the earlier; for the same day, the order above. `replace-period`: what is said as
  at a later day outranks what is said as at an earlier one (so that January, sent again in June, does not re-open
  what March closed); for the same day, the order above. A submission speaks as at the end of its period; a delta sent
  after the full submission of its period as at its declared date, and a full one as at no earlier day than anything
  that it takes the place of.
- States that follow each other unchanged are one state, whose time is its first submission's.

A rejected or absent file is no submission and withdraws nothing; nor does a file without an accepted row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.sources.contract import TableSpec
from washhouse.sources.stack import in_chunks, quote, stack_rows
from washhouse.sources.submissions import Place, Submission, order_submissions, previous_of

STATE_COLUMNS = (
    "_provider",
    "_recorded_at",
    "_superseded_at",
    "_last_seen_at",
    "_not_before",
    "_source_file",
    "_source_row",
)
"""Columns that a table of states has besides the source's own.

`_provider` is empty where the sender does not name itself. `_recorded_at` and `_superseded_at` bound the state (start
included, end excluded, null while it holds), `_last_seen_at` is the last submission that holds it so, `_not_before` is
the provider's submission before the first that showed the state (it was not known then; null if there was none),
`_source_file` is `batch/file` and `_source_row` the CSV record that first showed it.
"""


def resolve_history(
    con: Connection,
    table: TableSpec,
    typed: pa.Table | pa.RecordBatchReader | Iterable[pa.Table] | None,
    *,
    name: str = "",
    columns: Sequence[str] = (),
    sent: Iterable[Submission] = (),
) -> None:
    """Create a temporary table of states: one row per thing and state, in no order.

    Only `columns` make a state: a change in another column of the source makes no new row. Rows of one submission
    with the same key count as one, the last in the file.

    Args:
        con: The engine; a temporary table of that name is replaced.
        table: The table's contract.
        typed: Typed rows of all batches, with `TYPED_COLUMNS`: at once, or one table after another (each is let go
            before the next is taken). None: nothing was ever sent.
        name: Name of the table to create, with `columns` and `STATE_COLUMNS`; empty for the contract's name.
        columns: Columns to keep; empty for all of the contract's.
        sent: All submissions of the table, where `typed` holds all rows of some things only: what withdraws a thing
            by not holding it may then have no row at all.
    """
    name = name or table.name
    kept = tuple(columns) or table.column_names
    names = {one: quote(f"{name}__{one}") for one in ("stack", "part", "place", "thing", "claim", "fallen")}
    parts = stack_rows(con, names["stack"], table, kept, in_chunks(typed))
    known = dict.fromkeys((*sent, *(submission for submission, _ in parts)))
    places = order_submissions(list(known), table.delivery)
    con.register(f"{name}__part", _part_table(parts, places))
    con.register(f"{name}__place", _place_table(places))
    listed = {**names, "kept": ", ".join(f"s.{quote(column)}" for column in kept)}
    try:
        con.execute("DROP TABLE IF EXISTS {thing}; DROP TABLE IF EXISTS {claim}".format(**names))
        con.execute(_THING.format(**names, repeated=_repeated(places)))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(name)} AS " + _ONE_STATE.format(**listed))
        ((others,),) = con.execute("SELECT count(*) FROM {thing} WHERE NOT is_one_state".format(**names)).fetchall()
        if others:
            con.execute(_CLAIM.format(**names))
            if any(one.replaced_by is not None for one in places):
                con.execute((_FALL_BACK if table.delivery == "replace-period" else _WITHDRAW).format(**names))
            in_order = all(one.sequence == one.rank for one in places)
            con.execute(f"INSERT INTO {quote(name)} " + _STATES.format(**listed, holds="" if in_order else _HOLDS))
    finally:
        for made in ("stack", "thing", "claim"):
            con.execute(f"DROP TABLE IF EXISTS {names[made]}")
        con.unregister(f"{name}__part")
        con.unregister(f"{name}__place")


_THING = """
CREATE TEMP TABLE {thing} AS
SELECT s._key AS k, arg_min(s.rowid, p.first_row + s._row) AS stack_row, max(l.rank) AS rank,
       min(s._state) = max(s._state) AND {repeated} AS is_one_state
FROM {stack} AS s JOIN {part} AS p ON p.part = s._part JOIN {place} AS l ON l.sequence = p.sequence
WHERE l.replaced_by IS DISTINCT FROM l.sequence
GROUP BY s._key
"""
# Nearly every thing is said in one way by all that say it, and withdrawn by none: it is in one state from the first of
# them on. An aggregate tells which these are; only the others' claims are compared one after another.

_ONE_STATE = """
SELECT {kept}, coalesce(p.provider, '') AS _provider,
       began.submitted_at AS _recorded_at, CAST(NULL AS TIMESTAMP) AS _superseded_at,
       seen.submitted_at AS _last_seen_at, began.previous AS _not_before,
       p.path AS _source_file, s._row AS _source_row
FROM {thing} AS t
JOIN {stack} AS s ON s.rowid = t.stack_row
JOIN {part} AS p ON p.part = s._part
JOIN {place} AS began ON began.sequence = p.sequence
JOIN {place} AS seen ON seen.rank = t.rank
WHERE t.is_one_state
"""
# Seen last in the submission of the highest rank: of a later one with a lower rank nothing holds.

_CLAIM = """
CREATE TEMP TABLE {claim} AS
SELECT s._key AS k, p.sequence, p.sequence AS claimed, l.rank, p.file_order, s._row AS "row", s.rowid AS stack_row,
       s._state AS state
FROM {stack} AS s JOIN {part} AS p ON p.part = s._part JOIN {place} AS l ON l.sequence = p.sequence
WHERE l.replaced_by IS DISTINCT FROM l.sequence AND s._key IN (SELECT k FROM {thing} WHERE NOT is_one_state)
"""
# A claim is what one submission says of one thing.

_WITHDRAW = """
INSERT INTO {claim}
SELECT DISTINCT c.k, r.sequence, r.sequence, r.rank, 0, 0, CAST(NULL AS BIGINT), CAST(NULL AS UBIGINT)
FROM {claim} AS c
JOIN {place} AS l ON l.sequence = c.sequence
JOIN {place} AS r ON r.sequence = l.replaced_by
WHERE NOT EXISTS (SELECT 1 FROM {claim} AS again WHERE again.k = c.k AND again.sequence = r.sequence)
"""

# Enough for snapshots, of which one at a time stands: nothing is left to fall back to.

_FALL_BACK = """
CREATE OR REPLACE TEMP TABLE {fallen} AS
WITH claimed AS (
    SELECT c.*, l.replaced_by FROM {claim} AS c JOIN {place} AS l ON l.sequence = c.sequence
    WHERE c.k IN (
        SELECT c.k FROM {claim} AS c JOIN {place} AS l ON l.sequence = c.sequence
        WHERE l.replaced_by IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM {claim} AS again WHERE again.k = c.k AND again.sequence = l.replaced_by))
    QUALIFY row_number() OVER (PARTITION BY c.k, c.sequence ORDER BY file_order DESC, "row" DESC) = 1),
event AS (
    SELECT k, sequence FROM claimed UNION SELECT k, replaced_by FROM claimed WHERE replaced_by IS NOT NULL)
SELECT e.k, e.sequence, arg_max(c.claimed, c.rank) AS claimed, e.sequence AS rank, 0 AS file_order, 0 AS "row",
       arg_max(c.stack_row, c.rank) AS stack_row, arg_max(c.state, c.rank) AS state
FROM event AS e LEFT JOIN claimed AS c ON c.k = e.k AND c.sequence <= e.sequence
     AND (c.replaced_by IS NULL OR c.replaced_by > e.sequence)
GROUP BY e.k, e.sequence;
DELETE FROM {claim} WHERE k IN (SELECT k FROM {fallen});
INSERT INTO {claim} BY NAME SELECT * FROM {fallen};
DROP TABLE {fallen};
"""
# Things withdrawn without being repeated, few: what holds at each moment is worked out from the claims that stand.
# For all others the withdrawing submission speaks itself, with the higher rank.

_HOLDS = """
QUALIFY rank >= max(rank) OVER (
    PARTITION BY k ORDER BY sequence, file_order, "row" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
"""

_STATES = """
WITH held AS (SELECT * FROM {claim} {holds}),
compared AS (
    SELECT k, sequence, claimed, file_order, "row", stack_row, state,
           row_number() OVER w = 1 OR state IS DISTINCT FROM lag(state) OVER w AS starts,
           lag(claimed) OVER w AS prior_claimed,
           last_value(claimed) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_claimed
    FROM held WINDOW w AS (PARTITION BY k ORDER BY sequence, file_order, "row")),
run AS (
    SELECT stack_row, sequence,
           lead(sequence) OVER w AS next_sequence,
           coalesce(lead(prior_claimed) OVER w, last_claimed) AS seen_claimed
    FROM compared WHERE starts WINDOW w AS (PARTITION BY k ORDER BY sequence, file_order, "row"))
SELECT {kept}, coalesce(p.provider, '') AS _provider,
       began.submitted_at AS _recorded_at, ended.submitted_at AS _superseded_at,
       seen.submitted_at AS _last_seen_at, began.previous AS _not_before,
       p.path AS _source_file, s._row AS _source_row
FROM run
JOIN {stack} AS s ON s.rowid = run.stack_row
JOIN {part} AS p ON p.part = s._part
JOIN {place} AS began ON began.sequence = run.sequence
JOIN {place} AS seen ON seen.sequence = run.seen_claimed
LEFT JOIN {place} AS ended ON ended.sequence = run.next_sequence
WHERE ended.sequence IS NULL OR ended.submitted_at > began.submitted_at
"""


_MOST_ROWS = 1 << 40
"""More rows than a file has."""
_BITS = 62
"""Submissions told apart by the bits of one number."""


def _replacers(places: Sequence[Place]) -> dict[int, int]:
    """Submissions that take the place of another, by `sequence`, numbered."""
    found = {one.replaced_by for one in places if one.replaced_by is not None and one.replaced_by != one.sequence}
    return {sequence: at for at, sequence in enumerate(sorted(found))}


def _bit(replacers: Mapping[int, int], sequence: int | None, word: int) -> int:
    """The bit of a submission that takes the place of another, if it is in this number; else none."""
    at = replacers.get(sequence) if sequence is not None else None
    return 0 if at is None or at // _BITS != word else 1 << at % _BITS


def _repeated(places: Sequence[Place]) -> str:
    """SQL condition: a thing is in every submission that takes the place of one which says it."""
    words = range(len(_replacers(places)) // _BITS + 1)
    return " AND ".join(f"(bit_or(p.asks_{word}) & ~bit_or(p.says_{word})) = 0" for word in words)


def _part_table(parts: Sequence[tuple[Submission, str]], places: Sequence[Place]) -> pa.Table:
    sequence = {place.submission: place.sequence for place in places}
    order = {path: at for at, path in enumerate(sorted({path for _, path in parts}))}
    stands = [(sequence[submission], order[path]) for submission, path in parts]
    first = {one: at * _MOST_ROWS for at, one in enumerate(sorted(set(stands)))}
    numbered = {place.sequence: place for place in places}
    replacers = _replacers(places)
    words = range(len(replacers) // _BITS + 1)
    named: dict[str, list[int | None]] = {
        "says": [at for at, _ in stands],
        "asks": [numbered[at].replaced_by for at, _ in stands],
    }
    bits = {
        f"{name}_{word}": pa.array([_bit(replacers, at, word) for at in sequences], pa.int64())
        for name, sequences in named.items()
        for word in words
    }
    return pa.table(
        {
            "part": pa.array(range(len(parts)), pa.int32()),
            "sequence": pa.array([at for at, _ in stands], pa.int32()),
            "file_order": pa.array([at for _, at in stands], pa.int32()),
            "first_row": pa.array([first[one] for one in stands], pa.int64()),
            **bits,
            "path": pa.array([path for _, path in parts], pa.string()),
            "provider": pa.array([submission.provider for submission, _ in parts], pa.string()),
        }
    )


def _place_table(places: Sequence[Place]) -> pa.Table:
    return pa.table(
        {
            "sequence": pa.array([place.sequence for place in places], pa.int32()),
            "rank": pa.array([place.rank for place in places], pa.int32()),
            "replaced_by": pa.array([place.replaced_by for place in places], pa.int32()),
            "submitted_at": pa.array([place.submission.submitted_at for place in places], pa.timestamp("us")),
            "previous": pa.array(previous_of(places), pa.timestamp("us")),
        }
    )
