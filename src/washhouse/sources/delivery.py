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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.engine import Connection
from washhouse.sources.contract import ColumnType, Delivery, TableSpec

TYPED_COLUMNS = (
    "_row",
    "_file",
    "_batch",
    "_submitted_at",
    "_as_of",
    "_period_start",
    "_period_end",
    "_provider",
    "_kind",
)
"""Columns that a typed table has besides the source's own: where each row came from."""

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

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "datetime": "TIMESTAMP",
    "int": "BIGINT",
    "float": "DOUBLE",
    "code": "VARCHAR",
    "flag": "BOOLEAN",
    "nhs_number": "VARCHAR",
    "pseudonym": "VARCHAR",
}


@dataclass(frozen=True)
class Submission:
    """One batch's rows of one table, for one period and provider.

    Attributes:
        batch: Batch id; the last tie-break.
        submitted_at: When the sender made it, UTC.
        as_of: Declared date.
        period_start: First day it reports on, if it says.
        period_end: Last day it reports on, if it says.
        provider: Who sent it; submissions of different providers never touch each other.
        is_full: Whether it states everything it covers, and not changes only.
    """

    batch: str
    submitted_at: datetime
    as_of: date
    period_start: date | None
    period_end: date | None
    provider: str | None
    is_full: bool


@dataclass(frozen=True)
class Place:
    """Where a submission stands among the others.

    Attributes:
        submission: The submission.
        sequence: Order of knowing, from 0.
        rank: Order of holding, from 0; the higher holds.
        replaced_by: `sequence` of the first later submission that covers it; its own if it came too late to count.
    """

    submission: Submission
    sequence: int
    rank: int
    replaced_by: int | None


def order_submissions(submissions: Sequence[Submission], delivery: Delivery) -> list[Place]:
    """Put submissions in order, rank them and find what each one withdraws.

    Args:
        submissions: All submissions of one table.
        delivery: How the source delivers it.

    Returns:
        One place per submission, by `sequence`.

    >>> from datetime import date, datetime
    >>> def january(batch, day):
    ...     return Submission(batch, datetime(2025, 6, day), date(2025, 6, day), date(2025, 1, 1), date(2025, 1, 31),
    ...                       "RXX", True)
    >>> places = order_submissions([january("a", 9), january("b", 2)], "replace-period")
    >>> [(place.submission.batch, place.rank, place.replaced_by) for place in places]
    [('b', 0, 1), ('a', 1, None)]
    """
    known = sorted(submissions, key=_order)
    as_at = _as_at(known) if delivery == "replace-period" else [one.as_of for one in known]
    held = sorted(range(len(known)), key=lambda at: (as_at[at], at))
    rank = {at: position for position, at in enumerate(held)}
    return [Place(one, at, rank[at], _replacer(at, known, delivery)) for at, one in enumerate(known)]


@dataclass(frozen=True)
class Standing:
    """How a submission counts among the others.

    Attributes:
        rank: Order of holding among them.
        effect: What takes its place, if anything, and when its provider last submitted before it.
    """

    rank: int
    effect: tuple[Submission | None, datetime | None]


def standing_of(submissions: Sequence[Submission], delivery: Delivery) -> dict[Submission, Standing]:
    """How each submission counts, in the order of knowing.

    Where two versions hold submissions of the same standing and in the same order, whatever only these tell of is the
    same in both.
    """
    places = order_submissions(list(dict.fromkeys(submissions)), delivery)
    replaced = [None if one.replaced_by is None else places[one.replaced_by].submission for one in places]
    effects = zip(replaced, _previous(places), strict=True)
    return {one.submission: Standing(one.rank, effect) for one, effect in zip(places, effects, strict=True)}


def _order(one: Submission) -> tuple[object, ...]:
    never = date.min
    periods = (one.period_end or never, one.period_start or never)
    return (one.submitted_at, one.as_of, one.batch, *periods, one.provider or "")


def _as_at(known: Sequence[Submission]) -> list[date]:
    """The day as at which each submission, in order of knowing, says what it says."""
    days: list[date] = []
    for at, one in enumerate(known):
        day = one.as_of if one.period_end is None else one.period_end
        if one.is_full:
            replaced = (days[before] for before in range(at) if _covers(one, known[before], "replace-period"))
            day = max(day, *replaced, day)
        elif any(_covers(earlier, one, "replace-period") for earlier in known[:at]):
            day = one.as_of
        days.append(day)
    return days


def _replacer(at: int, known: Sequence[Submission], delivery: Delivery) -> int | None:
    if delivery == "snapshot" and any(_is_outdated_by(known[at], earlier) for earlier in known[:at]):
        return at
    later = range(at + 1, len(known))
    return next((other for other in later if _covers(known[other], known[at], delivery)), None)


def _is_outdated_by(one: Submission, earlier: Submission) -> bool:
    return earlier.is_full and earlier.provider == one.provider and earlier.as_of > one.as_of


def _covers(later: Submission, earlier: Submission, delivery: Delivery) -> bool:
    if not later.is_full or later.provider != earlier.provider or delivery == "delta":
        return False
    if delivery == "snapshot":
        return later.as_of >= earlier.as_of
    if None in (later.period_start, later.period_end, earlier.period_start, earlier.period_end):
        return False
    return later.period_start <= earlier.period_start and earlier.period_end <= later.period_end  # type: ignore[operator]


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
    names = {part: _quote(f"{name}__{part}") for part in ("stack", "part", "place", "claim", "fallen")}
    stack, part, place, claim = (names[part] for part in ("stack", "part", "place", "claim"))
    parts = _stack(con, stack, table, kept, in_chunks(typed))
    known = dict.fromkeys((*sent, *(submission for submission, _ in parts)))
    places = order_submissions(list(known), table.delivery)
    con.register(part.strip('"'), _part_table(parts, places))
    con.register(place.strip('"'), _place_table(places))
    key = _key_sql(table.business_key or kept)
    state = ", ".join(f"s.{_quote(column)}" for column in kept)
    try:
        con.execute(f"DROP TABLE IF EXISTS {claim}; DROP TABLE IF EXISTS {_quote(name)}")
        con.execute(_CLAIM.format(**names, key=key, state=state))
        if any(one.replaced_by is not None for one in places):
            con.execute((_FALL_BACK if table.delivery == "replace-period" else _WITHDRAW).format(**names))
        in_order = all(one.sequence == one.rank for one in places)
        holds = "" if in_order else _HOLDS
        con.execute(f"CREATE TEMP TABLE {_quote(name)} AS " + _STATES.format(**names, holds=holds, kept=state))
    finally:
        con.execute(f"DROP TABLE IF EXISTS {stack}; DROP TABLE IF EXISTS {claim}")
        con.unregister(part.strip('"'))
        con.unregister(place.strip('"'))


_CLAIM = """
CREATE TEMP TABLE {claim} AS
SELECT {key} AS k, p.sequence, p.sequence AS claimed, l.rank, p.file_order, s._row AS "row", s.rowid AS stack_row,
       hash({state}) AS state
FROM {stack} AS s JOIN {part} AS p ON p.part = s._part JOIN {place} AS l ON l.sequence = p.sequence
WHERE l.replaced_by IS DISTINCT FROM l.sequence
"""
# A claim is what one submission says of one thing. Two 64-bit digests, in and against the order of the columns, make
# the key of a thing, so that two things never meet; one compares states of the same thing. None outlives this function.

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


def _stack(
    con: Connection,
    stack: str,
    table: TableSpec,
    kept: Sequence[str],
    chunks: Iterable[pa.Table],
) -> list[tuple[Submission, str]]:
    """Gather the columns wanted of all batches; returns the submission and path of each `_part`."""
    wanted = tuple(dict.fromkeys((*kept, *table.business_key)))
    types = {name: SQL_TYPES[table.column(name).type] for name in wanted}
    declared = ", ".join(f"{_quote(name)} {kind}" for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {stack} ({declared}, _row BIGINT, _part INTEGER)")
    parts: list[tuple[Submission, str]] = []
    for chunk in chunks:
        present = set(chunk.column_names)
        source = ", ".join(
            f"CAST({f't.{_quote(name)}' if name in present else 'NULL'} AS {kind})" for name, kind in types.items()
        )
        part = _only_part(chunk)
        con.register("delivery__chunk", chunk)
        del chunk  # the engine's view is the last to hold it, so that it is gone before the next is read
        try:
            parts += _insert(con, stack, source, part, len(parts))
        finally:
            con.unregister("delivery__chunk")
    return parts


def _insert(
    con: Connection, stack: str, source: str, part: tuple[Any, ...] | None, first: int
) -> list[tuple[Submission, str]]:
    """Put one chunk into the stack; its parts are numbered from `first`."""
    if part is not None:
        con.execute(f"INSERT INTO {stack} SELECT {source}, t._row, {first} FROM delivery__chunk AS t")
        return [submission_of(part)]
    found = con.execute(_PARTS).fetchall()
    numbered = {name: [row[at] for row in found] for at, name in enumerate(PART_COLUMNS)}
    con.register(
        "delivery__numbered", pa.table({"part": pa.array(range(first, first + len(found)), pa.int32()), **numbered})
    )
    same = " AND ".join(f"t.{name} IS NOT DISTINCT FROM n.{name}" for name in PART_COLUMNS)
    try:
        con.execute(
            f"INSERT INTO {stack} SELECT {source}, t._row, n.part FROM delivery__chunk AS t "
            f"JOIN delivery__numbered AS n ON {same}"
        )
    finally:
        con.unregister("delivery__numbered")
    return [submission_of(row) for row in found]


def _only_part(chunk: pa.Table) -> tuple[Any, ...] | None:
    """What `PART_COLUMNS` say in all rows; None where they differ, as those of several batches or files do."""
    found = [pc.unique(chunk.column(name)) for name in PART_COLUMNS]
    if any(len(values) != 1 for values in found):
        return None
    return tuple(values[0].as_py() for values in found)


def submission_of(row: Sequence[Any]) -> tuple[Submission, str]:
    """The submission and the file, as `batch/file`, that a row's `PART_COLUMNS` name."""
    file, batch, submitted_at, as_of, start, end, provider, kind = row
    return Submission(batch, submitted_at, as_of, start, end, provider, kind != "delta"), f"{batch}/{file}"


PART_COLUMNS = ("_file", "_batch", "_submitted_at", "_as_of", "_period_start", "_period_end", "_provider", "_kind")
"""Columns of typed rows that say in which file of which submission a row came."""
_PARTS = f"SELECT DISTINCT {', '.join(PART_COLUMNS)} FROM delivery__chunk ORDER BY ALL"


CHUNK_ROWS = 500_000
"""Rows gathered before the engine takes them: sixty small batches cost as much as one."""


def in_chunks(typed: pa.Table | pa.RecordBatchReader | Iterable[pa.Table] | None) -> Iterator[pa.Table]:
    """Typed rows some `CHUNK_ROWS` at a time, however they come; what was handed on is not held here."""
    held: list[pa.Table] = []
    rows = 0
    for chunk in [typed] if isinstance(typed, pa.Table) else typed or ():
        held.append(pa.Table.from_batches([chunk]) if isinstance(chunk, pa.RecordBatch) else chunk)
        rows += chunk.num_rows
        del chunk
        if rows >= CHUNK_ROWS:
            yield _joined(held)
            rows = 0
    if held:
        yield _joined(held)


def _joined(held: list[pa.Table]) -> pa.Table:
    """Make one table of several and forget them."""
    table = pa.concat_tables(held, promote_options="permissive")
    held.clear()
    return table


def _part_table(parts: Sequence[tuple[Submission, str]], places: Sequence[Place]) -> pa.Table:
    sequence = {place.submission: place.sequence for place in places}
    order = {path: at for at, path in enumerate(sorted({path for _, path in parts}))}
    return pa.table(
        {
            "part": pa.array(range(len(parts)), pa.int32()),
            "sequence": pa.array([sequence[submission] for submission, _ in parts], pa.int32()),
            "file_order": pa.array([order[path] for _, path in parts], pa.int32()),
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
            "previous": pa.array(_previous(places), pa.timestamp("us")),
        }
    )


def _previous(places: Sequence[Place]) -> list[datetime | None]:
    """When each submission's provider last submitted before it."""
    latest: dict[str | None, datetime] = {}
    found = []
    for place in places:
        found.append(latest.get(place.submission.provider))
        if place.replaced_by != place.sequence:
            latest[place.submission.provider] = place.submission.submitted_at
    return found


def _key_sql(key: Sequence[str]) -> str:
    """Digest of the business key inside a provider, 128 bits; an absent part differs from an empty one."""
    parts = ["p.provider", *(f"s.{_quote(column)}" for column in key)]
    forward, backward = ", ".join(parts), ", ".join(["17", *reversed(parts)])
    return f"CAST(hash({forward}) AS UHUGEINT) * 18446744073709551616 + hash({backward})"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
