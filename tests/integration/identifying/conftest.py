"""A published version of a few people, made straight from their records, so that single records can be asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from washhouse.core.home import Home, Settings
from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.database import Desk, open_desk
from washhouse.governance.audit import AuditTrail
from washhouse.governance.keys import load_or_create_master_key
from washhouse.governance.reveal import IdentityIndex
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, publish
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.linkage.people import People, link_people
from washhouse.pipeline.commit_points import nothing
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.identifying import Identifier
from washhouse.pipeline.link_model import index_tables
from washhouse.pipeline.progress import Silent
from washhouse.record.link_history import read_link_history
from washhouse.sources.identity import IDENTITY
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import Published, Services

NOW = datetime(2026, 7, 1, 9, 0)
FIRST = "Olivia Amelia Jack Mohammed Elizabeth Thomas Wren Kai Priya Sean Ada Leo Grace Noor Harvey".split()  # noqa: SIM905
LAST = "Smith Jones Khan Brien Walker Nowak Brown Patel Lee Okafor Doyle Hill Ward Price Evans Kaur".split()  # noqa: SIM905


def identities() -> pa.Table:
    rng = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for i in range(60):
        who = {
            "identity_kind": "clear",
            "first_name": FIRST[rng.integers(len(FIRST))],
            "surname": LAST[rng.integers(len(LAST))],
            "birth_date": date(1940, 1, 2) + timedelta(days=int(rng.integers(0, 25000))),
            "sex": ["female", "male"][i % 2],
            "postcode": f"WH{i % 7 + 1} {i % 9}{chr(65 + i % 20)}B",
            "address": f"{i + 100} {['Dock', 'Park', 'Hope'][i % 3]} Street",
            "restricted": False,
            "first_seen": datetime(2025, 1, 1),
            "last_seen": datetime(2026, 6, 1),
        }
        rows.append(who | {"source": "gp", "source_id": f"r{i:02}"})
        if i % 2:
            rows.append(who | {"source": "hospital", "source_id": f"r{i:02}"})
    return as_table(rows)


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    schema = arrow_schema(IDENTITY)
    return pa.table({f.name: pa.array([r.get(f.name) for r in rows], f.type) for f in schema}, schema=schema)


@dataclass
class Stage:
    home: Home
    vault: Vault
    desk: Desk
    audit: AuditTrail
    table: pa.Table
    people: People
    version: Version

    @property
    def context(self) -> RunContext:
        return RunContext(self.home, Settings(), Lake(self.home.lake), self.vault, self.version, NOW, Silent(), nothing)

    def identifier(self) -> Identifier:
        return Identifier(self.home, self.vault, self.desk, self.audit)

    def published(self) -> Published:
        """What the pages see of the version."""
        return Published(
            id="v1",
            published_at=NOW,
            as_of={},
            models={},
            summary={},
            open_record=lambda grant: pytest.fail("no record is read"),
            identities=IdentityIndex(self.table, self.people.membership),
            link_history=lambda: read_link_history(self.vault, self.version.vault),
        )

    def said(self, row: int, **other: str) -> dict[str, str]:
        names = ("first_name", "surname", "birth_date", "sex", "postcode", "address")
        return {name: str(self.table.column(name)[row].as_py()) for name in names} | other

    def person(self, row: int) -> str:
        source, source_id = (self.table.column(name)[row].as_py() for name in ("source", "source_id"))
        spans = self.people.membership.to_pylist()
        (found,) = [s["person_id"] for s in spans if (s["source"], s["source_id"]) == (source, source_id)]
        return str(found)


@pytest.fixture
def stage(tmp_path: Path, fresh_home: Callable[[Path], Home]) -> Iterator[Stage]:
    home = fresh_home(tmp_path)
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    table = identities()
    people = link_people(table, previous=None, key=partial(vault.hmac, "person-id"))
    tables = {"identity": table, "membership": people.membership} | index_tables(people.index)
    for name, content in tables.items():
        vault.write(name, "v1", content)
    version = Version(1, "v1", NOW, {}, dict.fromkeys(tables, "v1"), (), {}, {}, 2, {})
    publish(home, version)
    desk = open_desk(home.desk_file)
    yield Stage(home, vault, desk, AuditTrail(desk), table, people, version)
    desk.close()


@pytest.fixture
def services(stage: Stage) -> Services:
    return Services(
        home=stage.home,
        settings=Settings(),
        desk=stage.desk,
        audit=stage.audit,
        published=lambda: None,
        session_secret=b"s" * 32,
        today=lambda: date(2026, 7, 1),
        now=lambda: NOW,
        demo=True,
        demo_users=ensure_demo_users(stage.desk, date(2026, 7, 1)),
        identifier=stage.identifier(),
    )


@pytest.fixture
def open_client(services: Services) -> Callable[..., TestClient]:
    def opened(role: str = "", **changes: Any) -> TestClient:
        client = TestClient(create_app(replace(services, **changes)), follow_redirects=False)
        if role:
            (user,) = [account.username for account in services.demo_users if account.role == role]
            token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
            assert token
            assert client.post("/sign-in", data={"user": user, "csrf": token.group(1)}).status_code == 303
        return client

    return opened
