"""What several folders' tests need: the same examples and ids in every run, an application on a port, its callers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import sleep

import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import settings
from starlette.testclient import TestClient

from washhouse.core.home import Home

SCHEMATHESIS = Path(__file__).parents[1] / ".venv-outside" / "bin" / "st"
NEVER = {"checks.positive_data_acceptance.expected-statuses": "[200, 400, 401, 403, 404, 429]"}
"""A day that no calendar has fits the description, and is refused."""
KEY = "1842" * 16
"""Ids come from it, and with them who is drawn into which sample and who comes first."""

# The same examples in every run, however slow the machine; `--hypothesis-profile default` looks for new ones.
settings.load_profile("ci")

SLOW = [Path(__file__).parent / folder for folder in ("integration", "journey", "architecture/canary")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs and browsers are slow: `-m "not slow"` leaves them out."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def fresh_home() -> Callable[[Path], Home]:
    """A new home whose master key, and with it every id, is the same in every run."""

    def made(root: Path) -> Home:
        home = Home(root)
        home.vault.mkdir(parents=True, mode=0o700)
        key = home.vault / "master.key"
        key.write_text(KEY)
        key.chmod(0o600)
        return home

    return made


@pytest.fixture(scope="session")
def on_a_port() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Serve an application on a port of its own, by its address."""

    @contextmanager
    def serving(app: FastAPI) -> Iterator[str]:
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join(10)

    return serving


@pytest.fixture(scope="session")
def call_as_described(
    on_a_port: Callable[[FastAPI], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[int, str]]:
    """Let schemathesis call an application as its OpenAPI document says, and otherwise; returns status and words."""

    def called(app: FastAPI, token: str, paths: str, parameters: Mapping[str, str]) -> tuple[int, str]:
        if not SCHEMATHESIS.exists():
            pytest.skip("the outside programs are not installed: scripts/install outside")
        config = tmp_path_factory.mktemp("schemathesis") / "schemathesis.toml"
        lines = [
            *(f"{name} = {value}" for name, value in NEVER.items()),
            "[auth.openapi.program]",
            f'bearer = "{token}"',
        ]
        lines.append("[parameters]")
        config.write_text("\n".join([*lines, *(f'"{name}" = "{value}"' for name, value in parameters.items())]))
        told = TestClient(app).get("/api/openapi.json", headers={"Authorization": f"Bearer {token}"})
        document = config.with_name("openapi.json")
        document.write_bytes(told.content)
        with on_a_port(app) as url:
            done = subprocess.run(
                [str(SCHEMATHESIS), "--config-file", str(config), "run", str(document), "--url", url,
                 "--include-path-regex", paths, "--checks", "all", "--phases", "coverage,fuzzing",
                 "--max-examples", "2", "--seed", "1842", "--no-shrink", "--no-color"],
                capture_output=True, text=True, timeout=300, check=False, cwd=config.parent,
            )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return called
