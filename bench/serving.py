"""How long do a caseload and one person's record take, raw and as a page, at rest and while a run goes on?

Everything is measured on the invented city, in a copy of a home: its immutable files are linked, not copied. The second
batch is the newest delivery of each source, sent again under a new name: as much work for a run as a new one.

Run: `.venv/bin/python bench/serving.py [--home DIR --extracts DIR --workers 2 --clients 8 --seconds 20]`
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import platform
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from washhouse.core.home import Home
from washhouse.desk.accounts import assign_people, demo_clinician
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.governance.audit import AuditEvent, AuditTrail
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.insight.outcomes.crisis import MODEL
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.coverage import newest_day
from washhouse.record.reader import Record, open_record
from washhouse.record.tables import PERSON

PERSON_PAGE = "/people/{person}"
CLI = (sys.executable, "-m", "washhouse.cli.main")
Ask = Callable[[str], None]


class Unwritten(AuditTrail):
    """An audit that is decided and not written: what the rows alone take. Nothing but this benchmark may do so."""

    def record(self, events: Sequence[AuditEvent]) -> None:
        """Write nothing."""


@dataclass(frozen=True)
class Bench:
    """The home, who is asked about, and how hard."""

    home: Home
    people: tuple[str, ...]
    clients: int
    seconds: float


def copy_home(home: Path, to: Path) -> Home:
    """Copy a home; files that are never written twice are linked where the file system allows it."""

    def copy(source: str, target: str) -> str:
        name = Path(source).name
        if not name.startswith(("desk.db", "CURRENT", "run.lock")):
            try:
                os.link(source, target)
                return target
            except OSError:
                pass
        return str(shutil.copy2(source, target))

    shutil.copytree(home, to, copy_function=copy, ignore=shutil.ignore_patterns("readers"))
    return Home(to)


def make_inbox(extracts: Path, inbox: Path) -> None:
    """Send the newest whole delivery of each source again, under a new name."""
    for source in sorted(path for path in extracts.iterdir() if path.is_dir()):
        whole = [path for path in source.iterdir() if path.is_dir() and "delta" not in path.name]
        newest = max(whole, default=None)
        if newest is not None:
            shutil.copytree(newest, inbox / source.name / f"{newest.name}-again")
            for file in (inbox / source.name).rglob("*.csv"):
                with file.open("ab") as more:
                    more.write(b"\n")


@dataclass(frozen=True)
class Asked:
    """Seconds that it took to be answered: whoever was asked for first, and all after that; what failed; how long."""

    firsts: list[float]
    waits: list[float]
    failures: list[str]
    seconds: float


def ask_all(bench: Bench, client: Callable[[], Ask], going_on: Callable[[], bool], rounds: int) -> Asked:
    """Ask from several threads: for everybody in turn, then for people at random.

    Args:
        bench: The home, who is asked about, and how hard.
        client: Makes a client.
        going_on: Whether to go on after the seconds are over.
        rounds: How often everybody is asked for before it counts: a worker that has not seen somebody sees them first.
    """
    asked = Asked([], [], [], 0.0)
    ready = threading.Barrier(bench.clients + 1)

    def timed(ask: Ask, person: str, into: list[float]) -> None:
        start = time.perf_counter()
        ask(person)
        into.append(time.perf_counter() - start)

    def work(number: int) -> None:
        ask, draw = client(), random.Random(number)  # noqa: S311
        try:
            for turn in range(rounds):
                for person in bench.people[(number + turn) % bench.clients :: bench.clients] or bench.people:
                    timed(ask, person, asked.firsts)
            ready.wait()
            ends = time.perf_counter() + bench.seconds
            while time.perf_counter() < ends or going_on():
                timed(ask, draw.choice(bench.people), asked.waits)
        except Exception as error:
            asked.failures.append(type(error).__name__)
            ready.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(bench.clients)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        ready.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return replace(asked, seconds=time.perf_counter() - start)


def measure(what: str, rounds: int, parts: Sequence[Asked]) -> None:
    """Print how long it took; of several processes together."""
    failures = [one for part in parts for one in part.failures]
    for label, times in (
        (f"{what}, first {rounds} of each", [one for part in parts for one in part.firsts]),
        (what, [one for part in parts for one in part.waits]),
    ):
        p50, p95, p99 = np.quantile(times, [0.5, 0.95, 0.99]) * 1e3 if times else (np.nan,) * 3
        rate = f"{len(times) / max(part.seconds for part in parts):>6.0f}/s" if label == what else " " * 8
        print(
            f"{label:<52} {len(times):>7,} {rate}  p50 {p50:>6.1f}  p95 {p95:>6.1f}  p99 {p99:>6.1f} ms  "
            f"{len(failures)} failures {' '.join(set(failures))}",
            flush=True,
        )


def ask_pages(
    what: str, bench: Bench, port: int, address: str, rounds: int, going_on: Callable[[], bool] = lambda: False
) -> None:
    """Ask a server for pages, and print how long they took."""
    measure(what, rounds, [ask_all(bench, page_client(port, address), going_on, rounds)])


def ask_rows(
    what: str, bench: Bench, workers: int, is_noted: bool, going_on: Callable[[], bool] = lambda: False
) -> None:
    """Ask for rows in as many processes as there are workers, as pages do, and print how long they took."""
    spawn = multiprocessing.get_context("spawn")
    results, ends = spawn.Queue(), spawn.Event()
    shared = replace(bench, clients=bench.clients // workers)
    processes = [spawn.Process(target=_ask_rows, args=(shared, is_noted, results, ends)) for _ in range(workers)]
    for process in processes:
        process.start()
    while going_on():
        time.sleep(0.2)
    ends.set()
    parts = [results.get() for _ in processes]
    for process in processes:
        process.join()
    measure(what, 1, parts)


def _ask_rows(bench: Bench, is_noted: bool, results: Any, ends: Any) -> None:
    # Threads that wait for nothing hand over to each other this often: else a client waits for the others' turns.
    sys.setswitchinterval(0.0005)
    desk = open_desk(bench.home.desk_file)
    audit = AuditTrail(desk) if is_noted else Unwritten(desk)
    results.put(ask_all(bench, raw_client(bench, audit), lambda: not ends.is_set(), 1))
    desk.close()


def raw_client(bench: Bench, audit: AuditTrail) -> Callable[[], Ask]:
    """Read what a person's page reads: the person, every event, scores, ties."""
    store = Lake(bench.home.lake)
    version = read_current(bench.home)
    assert version is not None

    def ask(person: str) -> None:
        grant = mint_grant(
            actor="bench", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=[person], now=utc_now()
        )
        record: Record = open_record(store, version, grant, audit)
        record.person(person)
        record.events(person)
        record.scores([person], MODEL)
        record.relations(person)

    return lambda: ask


def page_client(port: int, address: str) -> Callable[[], Ask]:
    """Sign in once; each client keeps one connection."""
    cookie = sign_in(port)

    def connect() -> Ask:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        last = time.monotonic()

        def ask(person: str) -> None:
            nonlocal last
            if time.monotonic() - last > 2:  # a server ends what has been idle
                connection.close()
            connection.request("GET", address.format(person=person), headers={"Cookie": cookie})
            answer = connection.getresponse()
            last = time.monotonic()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}")

        return ask

    return connect


def sign_in(port: int) -> str:
    """Sign in as the demonstration's clinician; returns the cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    visitor = str(answer.getheader("Set-Cookie")).partition(";")[0]
    page = answer.read().decode()
    token, user = (re.findall(f'name="{name}" value="([^"]+)"', page)[0] for name in ("csrf", "user"))
    connection.request(
        "POST",
        "/sign-in",
        urlencode({"user": user, "csrf": token}),
        {"Cookie": visitor, "Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = connection.getresponse()
    answer.read()
    cookies = [value.partition(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    return next(cookie for cookie in cookies if cookie.startswith("washhouse-session"))


def serve(home: Home, workers: int) -> tuple[subprocess.Popen[bytes], int]:
    """Serve the home; returns when a page is answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [*CLI, "serve", "--home", str(home.root), "--demo", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return process, port
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def wait_for_rest(server: subprocess.Popen[bytes]) -> None:
    """Return when the server's processes compute nothing: after a start each builds its indexes beside the pages."""

    def ticks() -> int:
        found = subprocess.run(["ps", "--ppid", str(server.pid), "-o", "cputimes="], capture_output=True, text=True)
        own = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, found.stdout.split())) + sum(map(int, own[11:13])) // os.sysconf("SC_CLK_TCK")

    before = -1
    while (now := ticks()) != before:
        before = now
        time.sleep(4)


def choose_people(home: Home, count: int) -> tuple[str, ...]:
    """People at random, lent to the demonstration's clinician."""
    version = read_current(home)
    assert version is not None
    held = Lake(home.lake).read(PERSON, version.tables[PERSON.name], columns=["person_id"])
    people = random.Random(1).sample(held["person_id"].to_pylist(), min(count, held.num_rows))  # noqa: S311
    desk = open_desk(home.desk_file)
    clinician = demo_clinician(desk, newest_day(version))
    assign_people(desk, clinician.username, people, newest_day(version) - timedelta(days=1))
    desk.close()
    return tuple(people)


def _is_going(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--home", type=Path, default=Path("var/demo/home"))
    asked.add_argument("--extracts", type=Path, default=Path("var/demo/city/extracts"))
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--clients", type=int, default=8)
    asked.add_argument("--seconds", type=float, default=20)
    asked.add_argument("--people", type=int, default=300, help="people of the caseload, asked at random")
    asked.add_argument("--folder", type=Path, help="where the copy lies; on the home's disk, so that files are linked")
    asked.add_argument("--without-run", action="store_true")
    given = asked.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; invented city")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home = copy_home(given.home.resolve(), Path(folder) / "home")
        server, port = serve(home, given.workers)
        try:
            own = Bench(home, ("",), given.clients, given.seconds)
            ask_pages("as it starts: caseload", own, port, "/caseload", 1)
            wait_for_rest(server)
            ask_pages("at rest: caseload", own, port, "/caseload", 10)
        finally:
            server.terminate()
            server.wait()
        bench = Bench(home, choose_people(home, given.people), given.clients, given.seconds)
        ask_rows("at rest: rows of one person", bench, given.workers, is_noted=False)
        ask_rows("at rest: audit and rows", bench, given.workers, is_noted=True)
        server, port = serve(home, given.workers)
        try:
            wait_for_rest(server)
            ask_pages(f"at rest: whole page, {given.workers} workers", bench, port, PERSON_PAGE, 3)
            if given.without_run:
                return
            make_inbox(given.extracts, Path(folder) / "inbox")
            run = [*CLI, "run", "--home", str(home.root), "--inbox", str(Path(folder) / "inbox"), "--json"]
            for what in ("rows of one person", "whole page"):
                with tempfile.TemporaryFile("w+") as said:
                    with subprocess.Popen(run, stdout=said, stderr=subprocess.DEVNULL) as going:
                        is_going = partial(_is_going, going)
                        if what == "whole page":
                            ask_pages(f"during a run: {what}", bench, port, PERSON_PAGE, 1, is_going)
                        else:
                            ask_rows(f"during a run: {what}", bench, given.workers, False, is_going)
                    said.seek(0)
                    published = going.returncode == 0 and json.load(said)["published"]
                print(f"    the run ended with {going.returncode}, published: {published}")
                for batch in (Path(folder) / "inbox").glob("*/*"):
                    batch.rename(batch.with_name(f"{batch.name}-again"))
                    for file in batch.with_name(f"{batch.name}-again").rglob("*.csv"):
                        with file.open("ab") as more:
                            more.write(b"\n")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
