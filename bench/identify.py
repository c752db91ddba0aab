"""How long does it take to say whose record one is, and to give it a person, against a city's records?

Run: `.venv/bin/python bench/identify.py [--records 1000000] [--single 1000]`

The records are invented here, column by column, so that a million take a minute and not an hour: about half as many
people as records, in four sources, with the names and NHS numbers of the invented city, and every tenth record with a
slip. A model is fitted to a sample of them, all are encoded under it, and a home is published with that index. Asked is
the product's own `Identifier`: permission, audit committed, candidates, weights, decision, the record sealed and
committed to the desk. One in five of those asked about is nobody known.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import resource
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.home import Home, Settings
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import system_grant
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, publish
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.linkage.hashes import name_records
from washhouse.linkage.index import LinkIndex, encode_under, fingerprints
from washhouse.linkage.people import link_people
from washhouse.linkage.tables import MEMBERSHIP, RETIRED_ID
from washhouse.pipeline.identifying import Identifier
from washhouse.pipeline.link_model import index_tables
from washhouse.sources.identity import IDENTITY
from washhouse.synthetic.name_errors import misspell
from washhouse.synthetic.names import CATEGORIES, draw_communities, load_names
from washhouse.synthetic.nhs_numbers import draw_nhs_numbers

WARM = 20
"""Questions before those that count."""
SAMPLE = 30_000
"""Records that the model is fitted to."""
SOURCES = ("gp", "hospital", "mental_health", "social_care")
SEEN = datetime(2026, 6, 1)


def make_records(count: int, rng: np.random.Generator) -> tuple[pa.Table, np.ndarray]:
    """Invent records, in the order of source and id, and the person of each."""
    people = count // 2
    names = load_names()
    category = rng.choice(
        len(CATEGORIES), people, p=np.r_[0.8, np.full(len(CATEGORIES) - 1, 0.2 / (len(CATEGORIES) - 1))]
    )
    community = draw_communities(category, rng)
    sex = rng.integers(0, 2, people)
    born = rng.integers(-15_000, 20_000, people).astype("int32")
    given = names.draw_given(community, sex, 1970 + born // 365, rng)
    # As many different surnames as a city has: the list's are only the common ones.
    family = names.draw_surnames(community, rng)
    rare = np.flatnonzero(rng.random(people) < 0.4)
    surnames = np.array(names.surnames)[family].astype(object)
    suffixes = np.array(["son", "ley", "ton", "worth", "field", "man", "wick", "by", "ham", "shaw"])
    surnames[rare] = [a + b for a, b in zip(surnames[rare], suffixes[rng.integers(0, 10, len(rare))], strict=True)]
    home = rng.integers(0, max(people // 2, 1), people)
    number = draw_nhs_numbers(people, rng)
    who = np.concatenate([np.arange(people), rng.integers(0, people, count - people)])
    source = np.where(np.arange(count) < people, 0, rng.integers(1, len(SOURCES), count))
    first = np.array(names.given)[given].astype(object)[who]
    last = surnames[who]
    slips = np.flatnonzero(rng.random(count) < 0.1)
    first[slips] = [
        misspell(word, int(draw)) for word, draw in zip(first[slips], rng.integers(0, 2**31, len(slips)), strict=True)
    ]
    known = rng.random(count) < np.array([0.98, 0.85, 0.8, 0.5])[source]
    house = home[who]
    streets = np.array([f"{a} {b}" for a in names.surnames[:400] for b in ("Street", "Road", "Avenue", "Close")])
    table = pa.table(
        {
            "source": pa.array(np.array(SOURCES)[source]),
            "source_id": pa.array(np.char.mod("r%08d", np.arange(count))),
            "identity_kind": pa.array(["clear"] * count),
            "first_name": pa.array(first, pa.string()),
            "surname": pa.array(last, pa.string()),
            "birth_date": pa.array(born[who], pa.date32()),
            "sex": pa.array(np.array(["female", "male"])[sex[who]]),
            "nhs_number": pa.array(number[who].astype(str), pa.string(), mask=~known),
            "postcode": pa.array(
                [
                    f"WH{h % 40 + 1} {h // 40 % 10}{chr(65 + h // 400 % 26)}{chr(65 + h // 10_400 % 26)}"
                    for h in (house // 15).tolist()
                ]
            ),
            "address": pa.array([f"{h % 190 + 1} {streets[h // 190 % len(streets)]}" for h in house.tolist()]),
            "restricted": pa.array(np.zeros(count, dtype=bool)),
            "first_seen": pa.array([SEEN] * count, pa.timestamp("us")),
            "last_seen": pa.array([SEEN] * count, pa.timestamp("us")),
        }
    )
    for field in arrow_schema(IDENTITY):
        if field.name not in table.column_names:
            table = table.append_column(field.name, pa.nulls(count, field.type))
    order = pc.sort_indices(table, [("source", "ascending"), ("source_id", "ascending")])
    return conform(IDENTITY, table.take(order)).combine_chunks(), who[order.to_numpy()]


def postcode(number: int) -> str:
    """An invented postcode."""
    letters = chr(65 + number // 400 % 26) + chr(65 + number // 10_400 % 26)
    return f"WH{number % 40 + 1} {number // 40 % 10}{letters}"


def make_home(home: Home, records: int, rng: np.random.Generator) -> tuple[Vault, pa.Table]:
    """Publish a home that holds an index of invented records."""
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    table, who = make_records(records, rng)
    told = time.perf_counter()
    near = np.flatnonzero(who < SAMPLE // 2)
    fitted = link_people(table.take(pa.array(near)), previous=None, key=partial(vault.hmac, "person-id"), threads=2)
    assert fitted.index is not None
    trained = replace(fitted.index.trained, records=records)
    print(f"model fitted to {len(near):,} records: {time.perf_counter() - told:.1f} s")
    told = time.perf_counter()
    nothing = np.empty(0, dtype=np.int32)
    people = pa.array([f"{n:032x}" for n in rng.permutation(int(who.max()) + 1).tolist()])
    index = LinkIndex(
        trained=trained,
        names=name_records(table),
        prints=fingerprints(table, trained),
        encoded=replace(encode_under(table, trained), standard={}),
        left=nothing,
        right=nothing,
        pattern=nothing.astype(np.int64),
        persons=people.take(pa.array(who)),
    )
    print(f"{records:,} records encoded: {time.perf_counter() - told:.1f} s")
    member = {
        "source": table.column("source"),
        "source_id": table.column("source_id"),
        "person_id": index.persons,
        "valid_from": table.column("first_seen"),
        "valid_to": pa.nulls(records, pa.timestamp("us")),
        "cause": pa.array(["linked"] * records),
    }
    tables = {
        "membership": pa.table(member, schema=arrow_schema(MEMBERSHIP)),
        "retired": arrow_schema(RETIRED_ID).empty_table(),
        **index_tables(index),
    }
    for name, content in tables.items():
        vault.write(name, "v1", content)
    publish(home, Version(1, "v1", utc_now(), {}, dict.fromkeys(tables, "v1"), (), {}, {}, 2, {}))
    return vault, table


@dataclass
class Questions:
    """Records to ask about: four in five of somebody known, half of those with a slip; the others of strangers.

    Attributes:
        known: Records that are in the index.
        strangers: Records of other people.
        rng: Draws.
        asked: Made so far; each has an id of its own.
    """

    known: pa.Table
    strangers: pa.Table
    rng: np.random.Generator
    asked: int = 0

    def make(self, count: int) -> list[dict[str, str]]:
        """Make records to ask about."""
        names = ["first_name", "surname", "birth_date", "sex", "nhs_number", "postcode", "address"]
        new = count // 5
        rows = []
        for table, some in ((self.known, count - new), (self.strangers, new)):
            rows += table.take(pa.array(self.rng.integers(0, table.num_rows, some))).select(names).to_pylist()
        made = []
        for i in self.rng.permutation(count).tolist():
            said = {name: str(value) for name, value in rows[i].items() if value is not None}
            if i % 2:
                said["surname"] = misspell(said["surname"], int(self.rng.integers(0, 2**31)))
            if i % 3 == 0:
                said.pop("nhs_number", None)
            self.asked += 1
            made.append({"source": "hospital", "source_id": f"q{self.asked}", **said})
        return made


def measure(identifier: Identifier, questions: Questions, single: int, watch: AbstractContextManager[object]) -> None:
    """Ask one by one, then a thousand at once; print figures."""
    for record, what in ((False, "asked"), (True, "asked and recorded")):
        waits, busy = [], []
        for said in questions.make(single + WARM):
            now = utc_now()
            start, used = time.perf_counter(), time.process_time()
            with watch if record else nullcontext():
                identifier.ask(system_grant(now), [said], record=record, now=now)
            waits.append(time.perf_counter() - start)
            busy.append(time.process_time() - used)
        p50, p90, p99 = np.quantile(waits[WARM:], [0.5, 0.9, 0.99]) * 1e3
        print(
            f"one {what}: p50 {p50:.1f} ms, p90 {p90:.1f} ms, p99 {p99:.1f} ms, max {max(waits[WARM:]) * 1e3:.1f} ms "
            f"(processor p50 {np.median(busy[WARM:]) * 1e3:.1f} ms)"
        )
    for record, what in ((False, "asked"), (True, "asked and recorded")):
        took = []
        for _ in range(5):
            said = questions.make(1000)
            now = utc_now()
            start = time.perf_counter()
            found = identifier.ask(system_grant(now), said, record=record, now=now)
            took.append(time.perf_counter() - start)
        kinds = {kind: sum(a.identified.decision == kind for a in found) for kind in ("same", "possible", "new")}
        print(f"1,000 {what} at once: {', '.join(f'{t:.2f}' for t in sorted(took))} s; the last {kinds}")


def disk_sync(folder: Path) -> float:
    """Median milliseconds of a write that the disk confirms: a commit can be no quicker."""
    waits = []
    with (folder / "probe").open("wb") as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            waits.append(time.perf_counter() - start)
    return float(np.median(waits) * 1e3)


def main() -> None:
    """Make a home, ask it, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--single", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    rng = np.random.default_rng(chosen.seed)
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        print(f"a write that the disk confirms: {disk_sync(home.root):.1f} ms")
        vault, known = make_home(home, chosen.records, rng)
        questions = Questions(known, make_records(20_000, rng)[0], rng)
        desk = open_desk(home.desk_file)
        identifier = Identifier(home, vault, desk, AuditTrail(desk))
        start = time.perf_counter()
        identifier.warm()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"index loaded: {time.perf_counter() - start:.1f} s, peak memory with the making {peak:.1f} GB")
        watch = cProfile.Profile() if chosen.profile else nullcontext()
        measure(identifier, questions, chosen.single, watch)
        if isinstance(watch, cProfile.Profile):
            pstats.Stats(watch).sort_stats("tottime").print_stats(25)
        desk.close()


if __name__ == "__main__":
    main()
