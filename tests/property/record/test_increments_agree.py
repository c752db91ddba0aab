"""Does a record that is brought up to date batch by batch hold what one built at once holds?

A small invented city, whose batches come in any order and in any number of steps: late ones, corrected ones, some that
are taken out again, with people who are linked otherwise from one step to the next.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from washhouse.lake.engine import LocalEngine, Resources, connect
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.shares import Chosen, Share
from washhouse.lake.store import Lake
from washhouse.pipeline.identities import Before as Identities
from washhouse.pipeline.identities import identities_since
from washhouse.record.adding import add_events
from washhouse.record.build import build
from washhouse.record.increment import Before
from washhouse.record.increment import _restage as restage
from washhouse.record.tables import EVENT, EVENT_CHANGE, PERSON_VIEW
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import read_identities
from washhouse.sources.origin import with_origin
from washhouse.sources.reader import read_batch
from washhouse.sources.registry import SPECS
from washhouse.sources.submissions import PART_COLUMNS, Submission, submission_of
from washhouse.synthetic.city import make_city

SECRET = "5e" * 32
BUCKETS = 3

City = dict[tuple[str, str], dict[str, pa.Table]]
"""Typed rows by table, of each source and batch."""


@dataclass
class Rows:
    """Typed rows of some batches."""

    city: City
    batches: tuple[tuple[str, str], ...]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, source: str, table: str) -> list[pa.Table] | None:
        found = list(self.rows(source, table, self.generations(source, table)))
        return found or None

    def rows(
        self, source: str, table: str, generations: Iterable[str], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        for one in generations:
            rows = self.city[source, one][table]
            yield rows.select([name for name in columns if name in rows.column_names]) if columns else rows

    def of_share(self, source: str, table: str, share: Share) -> list[pa.Table] | None:
        found = self(source, table)
        return found and [share.select(rows) for rows in found]

    def of_people(self, source: str, table: str, people: Chosen) -> list[pa.Table] | None:
        found = self(source, table)
        return found and [people.select(rows) for rows in found]

    def generations(self, source: str, table: str) -> tuple[str, ...]:
        return tuple(one for sender, one in self.batches if sender == source and table in self.city[sender, one])

    def submissions(self, source: str, table: str) -> list[tuple[str, Submission, str]]:
        found = []
        for one in self.generations(source, table):
            rows = self.city[source, one][table].select(PART_COLUMNS).to_pylist()
            found += [(one, *submission_of(row)) for row in dict.fromkeys(tuple(row.values()) for row in rows)]
        return found


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("city")
    make_city(200, 1, 5, folder)
    found: City = {}
    for source, spec in SPECS.items():
        for batch in sorted((folder / "extracts" / source).glob("*")):
            result = read_batch(spec, {file.name: file.read_bytes() for file in batch.iterdir()}, batch.name)
            found[source, batch.name] = {name: with_origin(read, result) for name, read in result.tables.items()}
    assert any(len(rows) > 1 for rows in found.values())
    return found


@dataclass(frozen=True)
class Version:
    """What a build came to, and what the next may start from."""

    rows: Rows
    identities: pa.Table
    membership: pa.Table
    views: pa.Table
    tables: dict[str, pa.Table]
    facts: dict[str, pa.Table]
    lake: Lake
    number: int
    changes: int | None = None

    def before(self, now: Rows) -> Before:
        files = self.lake.files
        return Before(
            now=now,
            typed=self.rows,
            membership=self.membership,
            views=self.views,
            facts=self.facts,
            buckets=BUCKETS,
            files=lambda bucket: files(EVENT.name, self.number, bucket),
            new_sources=frozenset(),
            changes=lambda bucket: files(EVENT_CHANGE.name, self.changes, bucket) if self.changes is not None else [],
        )


def build_version(folder: Path, rows: Rows, linked: int, earlier: Version | None, *, beside: bool = False) -> Version:
    with connect(spill=folder / "spill", threads=1) as con:
        create_macros(con, SECRET)
        identities = read_identities(con, list(SYSTEMS.values()), rows)
        if earlier:
            was = Identities(earlier.identities, earlier.rows)
            assert identities_since(con, list(SYSTEMS.values()), rows, was).equals(identities)
        membership, views = link(identities, linked)
        built = build(
            con,
            rows,
            membership,
            identities,
            buckets=BUCKETS,
            secret=SECRET,
            views=views,
            before=earlier.before(rows) if earlier else None,
        )
        lake = earlier.lake if earlier else Lake(folder / uuid4().hex)
        engine, changes = LocalEngine(Resources(threads=1)), None
        if beside and earlier is not None:
            number, changes = earlier.number, add_events(built.events, lake, engine)
        else:
            number = built.events.write(lake, engine)
    tables = {**built.tables, "event": read_all(lake, number, changes)}
    return Version(rows, identities, membership, views, tables, built.facts, lake, number, changes)


def read_all(lake: Lake, number: int, changes: int | None) -> pa.Table:
    """All events as a reader of each bucket sees them, by place."""
    parts = [arrow_schema(EVENT).empty_table()]
    with connect(threads=1) as con:
        for bucket in range(BUCKETS):
            told = None if changes is None else (EVENT_CHANGE, changes)
            lake.create_view(con, EVENT, number, bucket=bucket, place=True, changes=told)
            parts.append(conform(EVENT, con.sql("SELECT * EXCLUDE place FROM event ORDER BY place").to_arrow_table()))
    return pa.concat_tables(parts)


def link(identities: pa.Table, seed: int) -> tuple[pa.Table, pa.Table]:
    """Link by NHS number, then by chance take a few records elsewhere and a few people into another bucket."""
    people = []
    for source, source_id, number in zip(
        *(identities[name].to_pylist() for name in ("source", "source_id", "nhs_number")), strict=True
    ):
        name = number or f"{source}{source_id}"
        chance = hashlib.sha256(f"{seed}{source}{source_id}".encode()).digest()
        founder = f"{name}{seed}" if chance[0] < 8 else name
        people.append(hashlib.sha256(founder.encode()).hexdigest()[:32])
    membership = pa.table(
        {
            "source": identities["source"],
            "source_id": identities["source_id"],
            "person_id": pa.array(people, pa.string()),
            "valid_to": pa.nulls(len(people), pa.timestamp("us")),
        }
    )
    names = sorted(set(people), key=lambda person: hashlib.sha256(f"{seed}{person}".encode()).digest())
    chosen = names[: min(6, len(names) // 2 * 2)]
    rows = [
        {"view": "lenient", "person_id": person, "view_id": first, "link_probability": 0.5, "probability": 0.5}
        for first, other in zip(chosen[::2], chosen[1::2], strict=True)
        for person in (first, other)
    ]
    return membership, pa.Table.from_pylist(rows, schema=arrow_schema(PERSON_VIEW).remove(0))


def differing(left: Version, right: Version) -> list[str]:
    """Names of the tables that are not the same rows in the same order."""
    mine, yours = {**left.tables, **left.facts}, {**right.tables, **right.facts}
    return [name for name in mine.keys() | yours.keys() if not mine[name].equals(yours[name])]


# Shrinking would build hundreds of cities.
@settings(max_examples=2, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(st.data())
def test_steps_come_to_what_one_build_comes_to(city: City, tmp_path_factory: pytest.TempPathFactory, data):
    folder = tmp_path_factory.mktemp("steps")
    order = sorted(city, key=lambda one: one[1])
    late = data.draw(st.lists(st.sampled_from(order), max_size=6, unique=True), "late")
    taken_out = data.draw(st.lists(st.sampled_from(order), max_size=2, unique=True), "taken out")
    first = data.draw(st.integers(len(order) // 2, len(order) - 3), "batches at first")
    linked = data.draw(st.lists(st.integers(0, 3), min_size=3, max_size=3), "linked")
    early = [one for one in order if one not in late]
    steps = [early[:first], [*early, *late[:2]], [one for one in (*early, *late) if one not in taken_out]]
    # Where everybody of a source is concerned, some or all of them are taken at a time.
    at_once = data.draw(st.sampled_from([60, 150_000]), "people at a time")
    beside = data.draw(st.sampled_from([(True, True), (True, False), (False, True)]), "written beside")
    version = None
    for batches, seed, is_beside in zip(steps, linked, (False, *beside), strict=True):
        rows = Rows(city, tuple(batches))
        with patch("washhouse.record.staging.MOST_RECORDS_READ", at_once):
            version = build_version(folder, rows, seed, version, beside=is_beside)
        assert differing(version, build_version(folder, rows, seed, None)) == []


def test_only_the_events_of_those_concerned_are_made_anew(city: City, tmp_path, monkeypatch):
    last = max(one for one in city if one[0] == "hospital" and city[one]["ecds"].num_rows)
    others = tuple(one for one in city if one != last)
    earlier = build_version(tmp_path, Rows(city, others), 0, None)
    staged: defaultdict[str, set[str]] = defaultdict(set)

    def note(con, spec, *_args, **_how):
        people = con.sql("SELECT person_id FROM member_of_part").to_arrow_table()["person_id"].to_pylist()
        staged[spec.name] |= set(people)

    monkeypatch.setattr("washhouse.record.staging.Staging.add", lambda self, spec, *args, **how: note(self._con, spec))
    now = build_version(tmp_path, Rows(city, (*others, last)), 0, earlier)
    of_source = {
        source: now.membership.filter(pc.equal(now.membership["source"], source)) for source in ("hospital", "gp")
    }
    here = pc.is_in(of_source["hospital"]["source_id"], pc.unique(city[last]["ecds"]["Der_Pseudo_NHS_Number"]))
    told = set(of_source["hospital"].filter(here)["person_id"].to_pylist())
    assert told
    assert staged["hospital"] >= told
    for source, known in of_source.items():
        assert len(staged[source]) < len(set(known["person_id"].to_pylist())) / 2


def test_new_journal_rows_are_told_by_themselves(city: City, tmp_path, monkeypatch):
    """A night's new rows make nobody's journal anew but of whom a row says what was said before."""
    *_, last = sorted(batch for source, batch in city if source == "gp")
    journal = city["gp", last]["journal"]
    told = journal.slice(0, 40)
    night, before = ("gp", "2099-01-01-delta"), tuple(city)
    origin = {
        "_batch": "2099-01-01-delta",
        "_submitted_at": datetime(2099, 1, 1),
        "_as_of": date(2099, 1, 1),
        "_kind": "delta",
    }
    for name, value in origin.items():
        kind = told.schema.field(name).type
        is_coded = pa.types.is_dictionary(kind)
        column = pa.repeat(pa.scalar(value, kind.value_type if is_coded else kind), told.num_rows)
        column = column.dictionary_encode() if is_coded else column
        told = told.set_column(told.schema.get_field_index(name), name, column)
    # All but the first ten happened on a day of which nothing was said.
    days = pa.concat_arrays([*told["event_date"].slice(0, 10).chunks, pa.repeat(pa.scalar(date(2098, 12, 31)), 30)])
    told = told.set_column(told.schema.get_field_index("event_date"), "event_date", days)
    grown = {**city, night: {"journal": told}}
    earlier = build_version(tmp_path, Rows(grown, before), 0, None)
    restaged: set[str] = set()

    def note(con, staging, part, *others):
        if part.is_by_row:
            found = con.execute(
                "SELECT source_id FROM member SEMI JOIN (FROM concerned WHERE part = $part) AS c USING (person_id) "
                "WHERE source = 'gp'",
                {"part": part.number},
            )
            restaged.update(source_id for (source_id,) in found.fetchall())
        restage(con, staging, part, *others)

    monkeypatch.setattr("washhouse.record.increment._restage", note)
    rows = Rows(grown, (*before, night))
    now = build_version(tmp_path, rows, 0, earlier, beside=True)
    assert restaged == set(told["patient_id"].slice(0, 10).to_pylist())
    assert now.tables["event"].num_rows == earlier.tables["event"].num_rows + 30
    assert differing(now, build_version(tmp_path, rows, 0, None)) == []
