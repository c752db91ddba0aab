"""An invented city, prepared once and served to a real browser."""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from washhouse.cli.serve import build_services
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.desk.clock import utc_now
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import Services

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--no-first-run"),
]
PEOPLE, YEARS, SEED = "8000", "5", "14"
"""Small, but with the crises that a model needs: its gates are met by a margin."""
PATIENCE_MILLISECONDS = 15_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)
Serve = Callable[[FastAPI], AbstractContextManager[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a journey; without a browser it is skipped with the reason."""
    missing = pytest.mark.skip(reason="needs Debian's chromium at /usr/bin/chromium")
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.journey)
            if not CHROMIUM.exists():
                item.add_marker(missing)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock: test processes that run side by side prepare the city once."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def washhouse(*arguments: str) -> None:
    """Run a command as a user would."""
    subprocess.run([sys.executable, "-m", "washhouse.cli.main", *arguments], check=True, capture_output=True, text=True)


def plant_faults(extracts: Path) -> None:
    """Give the steward something to see: an impossible date, a repeated line and an unknown code."""

    def spoil(file: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        change(rows)
        with file.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def impossible_and_repeated(rows: list[dict[str, str]]) -> None:
        rows[0]["Event_Start_Date"] = "2026-02-31"
        rows.append(rows[2])

    spoil(max((extracts / "social_care").iterdir()) / "cld.csv", impossible_and_repeated)
    spoil(max((extracts / "hospital").iterdir()) / "apc.csv", lambda rows: rows[0].update(ADMIMETH="ZZ"))


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str, fresh_home: Callable[[Path], Home]) -> Path:
    """The home of a small invented city after its first run; shared, so not to be changed.

    While writing journeys, name one in `WASHHOUSE_JOURNEY_HOME` to spare the run.
    """
    if "WASHHOUSE_JOURNEY_HOME" in os.environ:
        return Path(os.environ["WASHHOUSE_JOURNEY_HOME"])
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "journeys"
    root.mkdir(exist_ok=True)
    with locked(root / "lock"):
        if not (root / "ready").exists():
            washhouse("city", "--people", PEOPLE, "--years", YEARS, "--seed", SEED, "--out", str(root / "city"))
            plant_faults(root / "city" / "extracts")
            fresh_home(root / "home")
            washhouse("run", "--home", str(root / "home"), "--inbox", str(root / "city" / "extracts"), "--json")
            (root / "ready").touch()
    return root / "home"


@pytest.fixture(scope="session")
def home(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """This process's own copy of the home: its desk is written to."""
    copy = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(prepared_home, copy)
    return Home(copy)


@dataclass
class Clock:
    """The present moment, which a test can move on."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> Any:
        return utc_now() + self.ahead


@dataclass
class Site:
    """A served application."""

    address: str
    services: Services
    clock: Clock = field(default_factory=Clock)


@pytest.fixture(scope="session")
def site(home: Home, on_a_port: Serve) -> Iterator[Site]:
    """The demonstration, served."""
    clock = Clock()
    services = replace(build_services(home, read_settings(home), demo=True), now=clock)
    with on_a_port(create_app(services)) as address:
        yield Site(address, services, clock)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_browser(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Open a fresh browser window; the test fails if it ever asks another site for anything, or logs an error."""
    contexts: list[BrowserContext] = []
    elsewhere: list[str] = []
    complaints: list[str] = []

    def opened(width: int = 1280, height: int = 900, address: str = "", **options: Any) -> Page:
        base = address or site.address
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=base, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("request", lambda request: request.url.startswith(base) or elsewhere.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: _note(line.type, line.text, complaints))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert elsewhere == [], "a page asked another site for something"
    assert complaints == [], "the browser complained"


def _note(kind: str, text: str, complaints: list[str]) -> None:
    """Keep what the browser complains of; that a refused page has an error status is no complaint."""
    if kind == "error" and "the server responded with a status of" not in text:
        complaints.append(text)


@pytest.fixture(scope="session")
def closed_address(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory, on_a_port: Serve) -> Iterator[str]:
    """The same home served without the demonstration: a copy, because serving it so ends a demonstration."""
    home = Home(shutil.copytree(prepared_home, tmp_path_factory.mktemp("closed") / "home"))
    with on_a_port(create_app(build_services(home, read_settings(home)))) as address:
        yield address


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> Callable[[str], Any]:
    """The cookies of somebody who is signed in, by role; the same session for every test until it has ended."""
    states: dict[str, Any] = {}

    def cookies(role: str) -> Any:
        context = browser.new_context(base_url=site.address, storage_state=states.get(role))
        if role not in states or context.request.get("/instructions", max_redirects=0).status != 200:
            sign_in(context.new_page(), role)
            states[role] = context.storage_state()
        context.close()
        return states[role]

    return cookies


@pytest.fixture
def clinician(open_browser: Callable[..., Page], signed_in: Callable[[str], Any]) -> Page:
    """A browser in which the demonstration's clinician is signed in, at the home page."""
    page = open_browser(storage_state=signed_in("clinician"))
    page.goto("/")
    return page


@pytest.fixture
def steward(open_browser: Callable[..., Page], signed_in: Callable[[str], Any]) -> Page:
    """A browser in which the demonstration's steward is signed in, at the home page."""
    page = open_browser(storage_state=signed_in("steward"))
    page.goto("/")
    return page


def sign_in(page: Page, role: str) -> Page:
    """Sign in through the page, as a person does."""
    page.goto("/sign-in")
    page.get_by_role("button", name=f"Sign in as {role}").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)
    return page


@pytest.fixture(scope="session")
def check_accessible() -> Callable[[Page], None]:
    """Run axe on a page and fail on any violation."""
    axe = Axe()

    def check(page: Page) -> None:
        results = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"

    return check


@pytest.fixture(scope="session")
def check_fits() -> Callable[[Page], None]:
    """Fail if the page itself scrolls sideways."""

    def check(page: Page) -> None:
        width = page.viewport_size["width"] if page.viewport_size else 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url

    return check


@pytest.fixture(scope="session")
def enter() -> Callable[[Page, str], Page]:
    """Sign in through the page, as a person does."""
    return sign_in
