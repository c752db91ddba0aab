"""What do the importers make of files that are not as they should be?

Every kind of fault is planted into a small clean set of every importer, and the set is taken in as a run does: found,
landed, typed, accounted for. Asked of each: no crash, the exit status of a run, every line in one place, a reason in
plain words, and no value of a row in anything that is said. Everything is of invented people.

Run: `.venv/bin/python bench/faults.py [--places 20] [--fuzz 100000] [--importer gp ...]`
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fault_kinds import BYTES, DECLARATION, IMPORTERS, LAYOUT, NUMBER, SURNAME, Importer
from washhouse.core.errors import WashhouseError
from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.store import Lake
from washhouse.pipeline.commit_points import nothing
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.declared import read_declared
from washhouse.pipeline.landing import land_batches
from washhouse.pipeline.progress import Silent

NOW = datetime(2026, 1, 1)
SECONDS = 30
"""Longest that one set may take before it counts as hanging."""
NOBODY = 65534
"""User who may read nothing of others'; whoever runs this as root becomes it where a file may not be read."""


class Hanging(BaseException):
    """A set took too long; nothing that reads it may take this for a fault of the file."""


@dataclass
class Outcome:
    """What became of one set.

    Attributes:
        status: Exit status that a run would have; None for a crash.
        lines: Lines read.
        said: Everything that is said.
        defects: What is wrong with that.
    """

    status: int | None
    lines: int = 0
    said: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def take_in(importer: Importer, path: Path, home: Home) -> Outcome:
    """Take a set in as a run does, up to its books."""
    try:
        with limited(SECONDS):
            context = _context(home)
            inbox, read = importer.find(path, context)
            books = land_batches(context, inbox.batches, read)
    except Hanging:
        return Outcome(None, defects=["it hangs"])
    except WashhouseError as error:
        return judge(Outcome(error.exit_status, said=[error.message, error.hint, error.code]))
    except Exception as crash:
        frames = [one for one in traceback.extract_tb(crash.__traceback__) if "washhouse" in one.filename]
        where = f"{type(crash).__name__} in {Path(frames[-1].filename).name}:{frames[-1].lineno}"
        return Outcome(None, defects=[f"crash: {where}"])
    files = [row for book in books for row in book.files.to_pylist()]
    reasons = [row for book in books for row in book.reasons.to_pylist()]
    turned_away = inbox.misnamed or any(row["status"] == "rejected" for row in files)
    found = Outcome(1 if turned_away else 0, sum(row["lines"] for row in files))
    found.said = [*inbox.misnamed, *inbox.unknown_sources, *inbox.stray, *(str(row) for row in (*files, *reasons))]
    parts = ("accepted", "quarantined", "duplicates", "opted_out")
    for row in files:
        if row["lines"] != sum(row[part] for part in parts):
            found.defects.append("lines are not accounted for")
        if row["status"] == "rejected" and not row["reason"]:
            found.defects.append("refused without a reason")
    aside = Counter(row["severity"] for row in reasons if row["row"])
    if aside["quarantine"] < sum(row["quarantined"] for row in files if row["status"] != "rejected"):
        found.defects.append("set aside without a reason")
    if aside["duplicate"] != sum(row["duplicates"] for row in files):
        found.defects.append("duplicates without a reason")
    return judge(found)


def judge(found: Outcome) -> Outcome:
    """Add what is said and must not be."""
    told = " ".join(found.said)
    for secret in (SURNAME, NUMBER):
        if secret.casefold() in told.casefold():
            found.defects.append("a value is repeated")
    if not any(re.search(r"[a-z]{3,} [a-z]{2,}", one) for one in found.said) and found.status:
        found.defects.append("no reason in words")
    return found


def _context(home: Home) -> RunContext:
    settings = Settings(buckets=1, threads=1)
    vault = Vault(home, load_or_create_master_key(home, settings))
    context = RunContext(home, settings, Lake(home.lake), vault, None, NOW, Silent(), nothing)
    return replace(context, declared=read_declared(context))


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Let a block take so long and no longer."""

    def stop(*_: object) -> None:
        raise Hanging

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def as_nobody(root: Path) -> Iterator[None]:
    """Let a block run without the right to read everything that root has."""
    if os.geteuid() != 0:
        yield
        return
    for folder, _, files in os.walk(root):
        os.chown(folder, NOBODY, NOBODY)
        for name in files:
            os.chown(Path(folder, name), NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@dataclass
class Plant:
    """One fault in one file of one importer's set."""

    kind: str
    target: str
    change: Callable[[Path], object]


def plants(importer: Importer, places: int, rng: random.Random) -> Iterator[Plant]:
    """Every fault of an importer's set: of bytes, of layout, cuts at random and bytes changed at random."""
    for target in importer.targets:
        for kind, change in BYTES.items():
            yield Plant(kind, target, lambda path, change=change: path.write_bytes(change(path.read_bytes())))
        for kind, lay in LAYOUT.items():
            yield Plant(kind, target, lay)
        for _ in range(places):
            share, seed = rng.random(), rng.random()
            yield Plant("cut at a random byte", target, lambda path, share=share: _cut(path, share))
            yield Plant("random bytes changed", target, lambda path, seed=seed: _scramble(path, seed))


def _cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def _scramble(path: Path, seed: float) -> None:
    rng, data = random.Random(seed), bytearray(path.read_bytes())  # noqa: S311
    for _ in range(max(1, len(data) // 100)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def try_one(importer: Importer, plant: Plant | None) -> Outcome:
    """Plant one fault into a fresh set, and take it in; no fault is the clean set."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        inbox, home = root / "inbox", Home(root / "home")
        home.sources.mkdir(parents=True)
        (home.sources / "clinic.toml").write_text(DECLARATION, encoding="utf-8")
        for name, data in importer.files().items():
            (inbox / name).parent.mkdir(parents=True, exist_ok=True)
            (inbox / name).write_bytes(data)
        if plant is not None:
            plant.change(inbox / plant.target)
        forbidden = plant is not None and plant.kind.startswith("unreadable")
        with as_nobody(root) if forbidden else nullcontext():
            return take_in(importer, inbox, home)


def fuzz(importer: Importer, lines: int, rng: random.Random) -> tuple[int, list[Outcome]]:
    """Take in files whose lines were changed at random; returns how many lines, and what went wrong."""
    done, wrong = 0, []
    target = importer.targets[-1]
    letters = b",;|\t\"'\n\r\0 -/:.09AZaz\xc3\xa9\xff{}[]\\"
    while done < lines:
        header, *rest = importer.files()[target].splitlines(keepends=True)
        many = []
        for _ in range(5000):
            line = bytearray(rng.choice(rest))
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(line))
                how = rng.randrange(3)
                line[at : at + how] = bytes([rng.choice(letters)]) * rng.choice((0, 1, 1, 1, 3))
            many.append(bytes(line))
        data = header + b"".join(many)
        found = try_one(importer, Plant("fuzzed lines", target, lambda path, data=data: path.write_bytes(data)))
        done += len(many)
        if found.defects:
            wrong.append(found)
    return done, wrong


def main() -> int:
    """Plant every fault into every importer's set, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--importer", nargs="*", choices=sorted(IMPORTERS), default=list(IMPORTERS))
    parser.add_argument("--kind", nargs="*", default=[], help="only these kinds of fault")
    parser.add_argument("--places", type=int, default=20, help="random cuts and random changes of each file")
    parser.add_argument("--fuzz", type=int, default=0, help="fuzzed lines of each importer of delimited text")
    parser.add_argument("--seed", type=int, default=1842)
    args = parser.parse_args()
    rng = random.Random(args.seed)  # noqa: S311
    print(f"{len(BYTES) + len(LAYOUT) + 2} kinds of fault, on sets of invented people\n")
    print("| Importer | Sets | Lines | Status 0 | 1 | 3 | 5 | Crashes | Other defects | Seconds |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    defects: list[str] = []
    for name in args.importer:
        importer, start = IMPORTERS[name], time.perf_counter()
        clean = try_one(importer, None)
        if clean.status != 0 or clean.defects:
            sys.exit(f"{name}: the clean set is not clean: {clean.status} {clean.defects} {clean.said}")
        outcomes = []
        for plant in plants(importer, args.places, rng):
            if args.kind and plant.kind not in args.kind:
                continue
            found = try_one(importer, plant)
            outcomes.append(found)
            defects += [f"{name}, {plant.kind}, {Path(plant.target).name}: {one}" for one in found.defects]
        by = Counter(found.status for found in outcomes)
        other = sum(bool(found.defects) and found.status is not None for found in outcomes)
        print(
            f"| {name} | {len(outcomes)} | {sum(found.lines for found in outcomes)} | {by[0]} | {by[1]} | {by[3]} "
            f"| {by[5]} | {by[None]} | {other} | {time.perf_counter() - start:.0f} |",
            flush=True,
        )
    for name in args.importer if args.fuzz else ():
        if not IMPORTERS[name].targets[-1].endswith((".csv", ".ndjson")):
            continue
        done, wrong = fuzz(IMPORTERS[name], args.fuzz, rng)
        print(f"{name}: {done:,} fuzzed lines, {len(wrong)} files with a defect", flush=True)
        defects += [f"{name}, fuzzed lines: {one}" for found in wrong for one in found.defects]
    for words, times in Counter(defects).items():
        print(f"{times} x {words}")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
