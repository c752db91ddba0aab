"""What of the record must be made anew, given an earlier version, and how is the rest taken over?

A rebuild stays the definition: the same stages and the same finish run on the rows of those concerned, and what comes
out takes the place of what was there. Concerned is, part by part of a source,

- whoever a changed batch tells of, by its rows or by no longer holding them (`record.changes`);
- whoever has a record of the source that joined, left or changed person, or lies in another bucket: in all its parts;
- with the two feeds that return the same stays, whoever is concerned in one is so in the other (`record.twins`).

Where rows tell by themselves (`Stage.is_by_row`) and a batch only adds, nobody is: a new key's event is made from its
own row, and is an event more. Only who was told the same before, at that time and with that code, is made anew.

References:
    docs/adr/2026-11-26-incremental-record.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from washhouse.lake.engine import Connection
from washhouse.record.changes import KeptRows, SourceChange, Whom
from washhouse.record.facts import FACTS, add_facts, create_facts, drop_facts, fact_stages
from washhouse.record.members import create_member
from washhouse.record.merging import MergedEvents, MergedSlice
from washhouse.record.staging import Progress, Rows, Staging, literal, read_sql, slices_of
from washhouse.record.twins import TOLD_BY_TWO
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.contract import Stage
from washhouse.sources.mappings.run import SmallHeld, run_stage


@dataclass(frozen=True)
class Before:
    """The version that an increment starts from, and the typed rows of both.

    Attributes:
        now: Typed rows of now.
        typed: Typed rows of the earlier version.
        membership: Which person each source record belonged to.
        views: Who was one with whom in other views.
        facts: Its facts, by kind.
        buckets: Number of its buckets; the same as now.
        files: Files of its events, by bucket.
        new_sources: Sources that were read or mapped otherwise then.
        changes: Files of what came and went since its events were written whole, by bucket.
    """

    now: KeptRows
    typed: KeptRows
    membership: pa.Table
    views: pa.Table
    facts: Mapping[str, pa.Table]
    buckets: int
    files: Callable[[int], list[str]]
    new_sources: frozenset[str]
    changes: Callable[[int], list[str]] = lambda bucket: []


@dataclass(frozen=True)
class Part:
    """Stages of one source whose events are told apart from those of its other parts by the file they came in."""

    number: int
    spec: SourceSpec
    stages: tuple[Stage, ...]

    @property
    def tables(self) -> list[str]:
        """Tables that the stages read."""
        return sorted({states.table for stage in self.stages for states in stage.states})

    @property
    def is_by_row(self) -> bool:
        """Whether each of its rows tells an event by itself."""
        return all(stage.is_by_row for stage in self.stages)

    @property
    def is_told_by_two(self) -> bool:
        """Whether it gives stays that another feed returns too."""
        code = TOLD_BY_TWO.get(self.spec.name)
        return code is not None and any(code in query for stage in self.stages for query in stage.queries)


def stage_increment(
    con: Connection,
    pairs: Sequence[tuple[SourceSpec, SystemMapping]],
    typed: SmallHeld,
    before: Before,
    folder: Path,
    digits: int,
    progress: Progress,
) -> MergedEvents:
    """Stage the events that are made anew and leave today's facts in their tables.

    Args:
        con: The engine, with the macros of the mappings and the table `member`.
        pairs: Contract and mapping of each system that sent something.
        typed: Typed rows of now.
        before: What the increment starts from.
        folder: The staging area.
        digits: Leading hex digits of `person_id` by which a bucket is cut.
        progress: Told the part and how much of it is done.

    Returns:
        Events to be written in the place of those that they replace.
    """
    create_member(con, before.membership, before.views, before.buckets, "member_before")
    con.execute(_MOVED)
    create_facts(con, before.facts)
    for table in FACTS.values():
        sent = {"sent": [spec.name for spec, _ in pairs]}
        con.execute(f"DELETE FROM {table.name} WHERE NOT list_contains($sent, source)", sent)
    parts = _parts(pairs)
    con.execute("CREATE OR REPLACE TEMP TABLE concerned_once (person_id VARCHAR, part INTEGER)")
    changes = {
        spec.name: SourceChange(con, spec, mapping, typed, before.now, before.typed, spec.name in before.new_sources)
        for spec, mapping in pairs
    }
    try:
        for spec, mapping in pairs:
            for kind, stage in fact_stages(mapping):
                _replace_facts(con, changes[spec.name], spec, kind, stage)
        added: dict[Part, Rows] = {}
        for part in parts:
            change = changes[part.spec.name]
            rows = change.added(part.stages) if part.is_by_row else None
            if rows is None:
                _concern(con, part, change.whom(part.stages))
            else:
                added[part] = rows
        if added:
            _concern_told_before(con, added, changes, before)
        _close(con, parts)
        staging = Staging(con, folder, digits, sum(len(one.queries) for part in parts for one in part.stages))
        for part in parts:
            _restage(con, staging, part, changes[part.spec.name], progress)
        for part, rows in added.items():
            _stage_added(con, staging, part, rows, progress)
    finally:
        for change in changes.values():
            change.close()
    return _merged(con, parts, before, folder, digits)


# A record that moved is there with its person and bucket of before, and with those of now.
_MOVED = """
CREATE OR REPLACE TEMP TABLE moved AS
SELECT DISTINCT source, person_id FROM (
    (SELECT source, source_id, person_id, bucket FROM member EXCEPT FROM member_before)
    UNION ALL (SELECT source, source_id, person_id, bucket FROM member_before EXCEPT FROM member))
"""


def _parts(pairs: Sequence[tuple[SourceSpec, SystemMapping]]) -> list[Part]:
    """Cut each source's stages into parts that share no table; of a source without traces, all are one."""
    parts: list[Part] = []
    for spec, mapping in pairs:
        groups: list[tuple[set[str], list[Stage]]] = []
        for stage in mapping.events:
            tables = {states.table for states in stage.states}
            joined = [one for one in groups if not mapping.traces or one[0] & tables]
            groups = [one for one in groups if one not in joined]
            groups.append((tables.union(*(one[0] for one in joined)), [*(s for one in joined for s in one[1]), stage]))
        parts += [Part(len(parts) + at, spec, tuple(stages)) for at, (_, stages) in enumerate(groups)]
    return parts


def _replace_facts(con: Connection, change: SourceChange, spec: SourceSpec, kind: str, stage: Stage) -> None:
    whom = change.whom([stage])
    if whom is None:
        return
    drop_facts(con, kind, spec.name, whom.people)
    rows = change.rows(whom)
    for sql in run_stage(con, spec, stage, rows.typed, rows.sent):
        add_facts(con, kind, spec.name, sql, whom.people)


def _concern(con: Connection, part: Part, whom: Whom | None) -> None:
    """Note the people whom a change in a part concerns."""
    if whom is None:
        return
    some = f" AND source_id IN (SELECT source_id FROM {whom.people})" if whom.people is not None else ""
    con.execute(
        f"INSERT INTO concerned_once SELECT DISTINCT person_id, {part.number} FROM member WHERE source = $source{some}",
        {"source": part.spec.name},
    )


def _concern_told_before(
    con: Connection, added: Mapping[Part, Rows], changes: Mapping[str, SourceChange], before: Before
) -> None:
    """Note of whom a row that came perhaps says what was said before: its key may be no new one.

    The events are looked through once for all parts.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE told_now (
               part INTEGER, source VARCHAR, source_id VARCHAR, person_id VARCHAR, bucket INTEGER, time TIMESTAMP,
               code VARCHAR)"""
    )
    for part, rows in added.items():
        for stage in part.stages:
            for sql in run_stage(con, part.spec, stage, rows.typed, rows.sent):
                con.execute(
                    f"""INSERT INTO told_now
                        SELECT DISTINCT {part.number}, m.source, source_id, m.person_id, m.bucket, e.time, e.code
                        FROM ({sql}) AS e JOIN member AS m USING (source_id) WHERE m.source = $source""",
                    {"source": part.spec.name},
                )
    con.execute("CREATE OR REPLACE TEMP TABLE told_before (part INTEGER, source_id VARCHAR)")
    for bucket in range(before.buckets):
        files = [*before.files(bucket), *before.changes(bucket)]
        if files:
            con.execute(
                f"""INSERT INTO told_before SELECT DISTINCT n.part, n.source_id
                    FROM {read_sql(files, union_by_name=True)} AS e JOIN told_now AS n
                      ON n.person_id = e.person_id AND n.code = e.code AND n.time IS NOT DISTINCT FROM e.time
                         AND n.source = e.source
                    WHERE n.bucket = $bucket""",
                {"bucket": bucket},
            )
    for part in added:
        told = f"SELECT source_id FROM told_before WHERE part = {part.number}"
        _concern(con, part, changes[part.spec.name].people(told))
    con.execute("DROP TABLE told_now; DROP TABLE told_before")


def _close(con: Connection, parts: Sequence[Part]) -> None:
    """Whoever moved is concerned in every part of the source, and in both feeds of a stay whoever is so in one."""
    twins = [part.number for part in parts if part.is_told_by_two]
    for part in parts:
        con.execute(
            f"INSERT INTO concerned_once SELECT person_id, {part.number} FROM moved WHERE source = $source",
            {"source": part.spec.name},
        )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE concerned AS
           SELECT person_id, part FROM concerned_once
           UNION SELECT person_id, unnest($twins) FROM concerned_once WHERE list_contains($twins, part)""",
        {"twins": twins},
    )
    con.execute("DROP TABLE concerned_once")


def _restage(con: Connection, staging: Staging, part: Part, change: SourceChange, progress: Progress) -> None:
    """Stage a part's events of the people concerned, with all that their records of the source say."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE member_of_part AS
           SELECT m.* FROM member AS m SEMI JOIN (FROM concerned WHERE part = $part) AS c USING (person_id)
           WHERE m.source = $source""",
        {"part": part.number, "source": part.spec.name},
    )
    whom = change.people("SELECT source_id FROM member_of_part")
    if whom is not None:
        staging.add(part.spec, part.stages, change.rows(whom), progress, member="member_of_part")
    con.execute("DROP TABLE member_of_part")


def _stage_added(con: Connection, staging: Staging, part: Part, rows: Rows, progress: Progress) -> None:
    """Stage the events that a part has more, of whom nothing else of the part is made anew."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE member_of_part AS
           SELECT m.* FROM member AS m ANTI JOIN (FROM concerned WHERE part = $part) AS c USING (person_id)
           WHERE m.source = $source""",
        {"part": part.number, "source": part.spec.name},
    )
    staging.add(part.spec, part.stages, rows, progress, member="member_of_part")
    con.execute("DROP TABLE member_of_part")


def _merged(con: Connection, parts: Sequence[Part], before: Before, folder: Path, digits: int) -> MergedEvents:
    """Write down which old events go, and say what each slice is made of."""
    paths: set[tuple[str, str, int]] = set()
    for part in parts:
        for table in part.tables:
            for rows in (before.now, before.typed):
                paths |= {(part.spec.name, path, part.number) for _, _, path in rows.submissions(part.spec.name, table)}
    columns = list(zip(*sorted(paths), strict=True)) or [(), (), ()]
    named = pa.table(
        {
            "source": pa.array(columns[0], pa.string()),
            "source_file": pa.array(columns[1], pa.string()),
            "part": pa.array(columns[2], pa.int32()),
        }
    )
    con.register("increment__file", named)
    con.execute(f"COPY increment__file TO '{literal(folder / 'files.parquet')}' (FORMAT parquet)")
    con.unregister("increment__file")
    con.execute(
        f"""COPY (SELECT DISTINCT b.bucket, person_id, c.part
                  FROM member_before AS b JOIN concerned AS c USING (person_id))
            TO '{literal(folder / "gone")}' (FORMAT parquet, PARTITION_BY (bucket))"""
    )
    staged = slices_of(folder)
    prefixes = [f"{number:0{digits}x}" if digits else "" for number in range(16**digits)]
    slices = []
    for bucket in range(before.buckets):
        gone = tuple(sorted(str(file) for file in (folder / "gone" / f"bucket={bucket}").glob("*.parquet")))
        old, changes = tuple(before.files(bucket)), tuple(before.changes(bucket))
        for prefix in prefixes:
            fresh = staged.get((bucket, f"s{prefix}"), ())
            if old or fresh or changes:
                slices.append(MergedSlice(bucket, prefix, old, fresh, gone, changes))
    return MergedEvents(folder, tuple(slices))
