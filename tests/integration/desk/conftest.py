"""A desk on each engine: SQLite in a file, and a throwaway PostgreSQL cluster behind a Unix socket."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from washhouse.desk.database import Desk, open_desk

_names = itertools.count()


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return folders[-1] if folders else None


def _as_server_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand the folder to its own user and run as that."""
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        shutil.chown(folder, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    pytest.skip("PostgreSQL cannot run as root and there is no other user")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Query string of a running cluster's socket."""
    pytest.importorskip("pg8000", reason="the PostgreSQL driver (extra `postgres`) is not installed")
    binaries = _binaries()
    if binaries is None or not (binaries / "pg_ctl").exists():
        pytest.skip("PostgreSQL's server binaries are not installed")
    folder = Path(tempfile.mkdtemp(prefix="wh-pg-", dir="/tmp"))
    run = _as_server_user(folder)

    def call(program: str, *arguments: str) -> None:
        command = [*run, str(binaries / program), *arguments]
        subprocess.run(
            command,
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=120,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "washhouse", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", data, "-w", "-s", "-l", str(folder / "log"), "-o", options, "start")
        yield f"unix_sock={folder}/.s.PGSQL.5432"
        call("pg_ctl", "-D", data, "-w", "-s", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.db'}"
    from sqlalchemy import create_engine, text

    socket = request.getfixturevalue("postgres_server")
    name = f"desk_{os.getpid()}_{next(_names)}"
    engine = create_engine(f"postgresql+pg8000://washhouse@/postgres?{socket}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"postgresql://washhouse@/{name}?{socket}"


@pytest.fixture
def desk(desk_url: str) -> Iterator[Desk]:
    """An open desk, brought to the newest revision."""
    opened = open_desk(desk_url)
    yield opened
    opened.close()
