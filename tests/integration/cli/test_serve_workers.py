"""Several processes serve one home: a session holds in each, whichever of them dies; a new version reaches all."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from washhouse.core.home import Home, Settings
from washhouse.lake.pointer import read_current
from washhouse.pipeline.run import run_inbox
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city

PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("city")
    make_city(200, 1, 3, root, DEFAULT_END)
    return root / "extracts"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, inbox: Path, fresh_home: Callable[[Path], Home]) -> Home:
    home = fresh_home(tmp_path_factory.mktemp("home"))
    run_inbox(home, Settings(threads=1), inbox)
    return home


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def children(process: int) -> set[int]:
    """Processes that answer; the one that tracks what they share is none."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return {int(pid) for pid in found if b"spawn_main" in command_of(pid)}


def command_of(pid: str) -> bytes:
    """The command of a process; none once it has ended, which it may at any moment."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[tuple[str, int]]:
    command = [sys.executable, "-m", "washhouse.cli.main", "serve", "--home", str(home.root), "--demo"]
    with subprocess.Popen(
        [*command, "--port", "0", "--workers", "2"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            until(lambda: answers(address))
            until(lambda: len(children(process.pid)) == 2)
            yield address, process.pid
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False


class Browser:
    """Signs in and asks, over a new connection each time, so that any of the processes may answer."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = httpx.Cookies()

    def ask(self, path: str, **form: str) -> httpx.Response:
        with httpx.Client(base_url=self.address, cookies=self.cookies, timeout=PATIENCE_SECONDS) as client:
            answer = client.post(path, data=form) if form else client.get(path)
            self.cookies = client.cookies
            return answer

    def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.ask(path).text)
        assert found
        return found[1]

    def sign_in(self) -> None:
        answer = self.ask("/sign-in", user="demo-steward", csrf=self.csrf("/sign-in"), next="/")
        assert answer.status_code == 303, answer.text


def test_a_session_outlives_every_process_that_answered_it(server: tuple[str, int]) -> None:
    address, parent = server
    browser = Browser(address)
    browser.sign_in()
    first = children(parent)
    for worker in sorted(first):
        os.kill(worker, signal.SIGKILL)
        until(lambda: len(children(parent)) == 2 and answers(address))
        until(lambda gone=worker: gone not in children(parent))
        assert browser.ask("/feeds").status_code == 200
    assert children(parent) & first == set()
    assert browser.ask("/sign-out", csrf=browser.csrf("/help")).status_code == 303
    assert [browser.ask("/feeds").status_code for _ in range(6)] == [303] * 6


def test_two_visitors_may_sign_in_whichever_process_showed_the_form(server: tuple[str, int]) -> None:
    for _ in range(6):
        browser = Browser(server[0])
        browser.sign_in()
        assert browser.ask("/").status_code == 200


def test_each_process_shows_a_new_version(server: tuple[str, int], home: Home, inbox: Path, tmp_path: Path) -> None:
    browser = Browser(server[0])
    browser.sign_in()
    old = read_current(home)
    newest = max(path for path in (inbox / "gp").iterdir() if not path.name.endswith("-delta"))
    shutil.copytree(newest, tmp_path / "gp" / f"{newest.name}-again")
    for path in (tmp_path / "gp").rglob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")
    run_inbox(home, Settings(threads=1, keep_versions=1), tmp_path)
    new = read_current(home)
    assert old and new and new.id != old.id
    # Whichever process answers: one that is still making ready for the new version shows the old one until it has.
    until(lambda: all(new.id in browser.ask("/help").text for _ in range(8)))
