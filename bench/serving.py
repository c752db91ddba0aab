"""How long do a caseload and one person's record take, raw and as a page, at rest and while a run goes on?

Everything is measured on the invented city, in a copy of a home: its immutable files are linked, not copied. The second
batch is the newest delivery of each source, sent again under a new name: as much work for a run as a new one.

Run: `.venv/bin/python bench/serving.py [--home DIR --extracts DIR --workers 2 --clients 8 --seconds 20]`
"""

from __future__ import annotations

import argparse
import http.client
import json
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
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
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


def measure(bench: Bench, what: str, client: Callable[[], Ask], going_on: Callable[[], bool]) -> None:
    """Ask for people at random from several threads and print how long it took; first once each, unmeasured."""
    waits: list[float] = []
    failures: list[str] = []
    ends = time.perf_counter() + bench.seconds

    def work(seed: int) -> None:
        ask, draw = client(), random.Random(seed)  # noqa: S311
        try:
            ask(draw.choice(bench.people))
            while time.perf_counter() < ends or going_on():
                start = time.perf_counter()
                ask(draw.choice(bench.people))
                waits.append(time.perf_counter() - start)
        except Exception as error:
            failures.append(type(error).__name__)

    start = time.perf_counter()
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(bench.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    p50, p95, p99 = np.quantile(waits, [0.5, 0.95, 0.99]) * 1e3 if waits else (np.nan,) * 3
    print(
        f"{what:<44} {len(waits):>7,} in {seconds:>5.0f} s, {len(waits) / seconds:>6.0f}/s  "
        f"p50 {p50:>6.1f}  p95 {p95:>6.1f}  p99 {p99:>6.1f} ms  {len(failures)} failures {' '.join(set(failures))}",
        flush=True,
    )


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


def page_client(port: int, address: str = "/people/{person}") -> Callable[[], Ask]:
    """Sign in once; each client keeps one connection."""
    cookie = sign_in(port)

    def connect() -> Ask:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

        def ask(person: str) -> None:
            connection.request("GET", address.format(person=person), headers={"Cookie": cookie})
            answer = connection.getresponse()
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
        # Threads that wait for nothing hand over to each other this often: else a client waits for seven others' turns.
        sys.setswitchinterval(0.0005)
        server, port = serve(home, given.workers)
        try:
            own = Bench(home, ("",), given.clients, given.seconds)
            measure(own, "at rest: caseload", page_client(port, "/caseload"), lambda: False)
        finally:
            server.terminate()
            server.wait()
        bench = Bench(home, choose_people(home, given.people), given.clients, given.seconds)
        desk = open_desk(home.desk_file)
        rows, noted = raw_client(bench, Unwritten(desk)), raw_client(bench, AuditTrail(desk))
        measure(bench, "at rest: rows of one person", rows, lambda: False)
        measure(bench, "at rest: audit and rows", noted, lambda: False)
        server, port = serve(home, given.workers)
        try:
            pages = page_client(port)
            measure(bench, f"at rest: whole page, {given.workers} workers", pages, lambda: False)
            if not given.without_run:
                make_inbox(given.extracts, Path(folder) / "inbox")
                for what, client in (("rows of one person", rows), ("whole page", pages)):
                    run = [*CLI, "run", "--home", str(home.root), "--inbox", str(Path(folder) / "inbox"), "--json"]
                    with tempfile.TemporaryFile("w+") as said:
                        with subprocess.Popen(run, stdout=said, stderr=subprocess.DEVNULL) as going:
                            measure(bench, f"during a run: {what}", client, lambda going=going: going.poll() is None)
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
            desk.close()


if __name__ == "__main__":
    main()
