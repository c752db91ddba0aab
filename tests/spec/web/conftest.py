"""The application over a desk of its own, without a browser and without a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from washhouse.core.home import Home, Settings
from washhouse.desk.database import Desk, open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import Services


class Clock:
    """The present moment, which a test can move on."""

    def __init__(self) -> None:
        self.now = datetime(2025, 7, 1, 9, 0)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    yield opened
    opened.close()


@pytest.fixture
def services(tmp_path: Path, desk: Desk, clock: Clock) -> Services:
    return Services(
        home=Home(tmp_path),
        settings=Settings(session_minutes=30),
        desk=desk,
        audit=AuditTrail(desk, clock),
        published=lambda: None,
        session_secret=b"s" * 32,
        today=lambda: date(2025, 7, 1),
        now=clock,
        demo=True,
    )


@pytest.fixture
def open_client(services: Services) -> Callable[..., TestClient]:
    """Open a browser-like client on the application, with services changed as asked."""

    def opened(scheme: str = "http", **changes: object) -> TestClient:
        app = create_app(replace(services, **changes))
        return TestClient(app, base_url=f"{scheme}://washhouse.test", follow_redirects=False)

    return opened


@pytest.fixture
def form_token() -> Callable[[str], str]:
    """Find the token of the first form of a page."""

    def found(page: str) -> str:
        match = re.search(r'name="csrf" value="([^"]+)"', page)
        assert match, "the page holds no form token"
        return match.group(1)

    return found


@pytest.fixture
def sign_in(form_token: Callable[[str], str]) -> Callable[..., None]:
    """Sign in as a demonstration user."""

    def signed(client: TestClient, user: str, **fields: str) -> None:
        token = form_token(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"user": user, "csrf": token, **fields})
        assert answer.status_code == 303, answer.text

    return signed
