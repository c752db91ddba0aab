"""A data engineer's first hour: a file, a proposal, one line edited, a check, a run, a person's page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.cli.serve import build_services, lend_people
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.core.nhs_number import check_digit
from washhouse.web.shell.app import create_app

HEADER = (
    "Visit Ref|Client No|NHS No.|Forename|Surname|D.O.B.|Gender|Post Code|Visit Date|Visit Time|Type|Status|Mins|Notes"
)
PEOPLE, VISITS = 30, 400
SECRETS = ("Quillfeather", "Zebedee", "LS2 4AP", "999000107", "café")


def invented_file() -> str:
    draw = np.random.default_rng(7)
    numbers = [nine for at in range(60) if check_digit(nine := f"9990001{at:02}") is not None][:PEOPLE]
    people = [
        (
            f"P{at}",
            f"{nine}{check_digit(nine)}",
            "Zebedee",
            "Quillfeather",
            f"{at % 27 + 1:02}/02/1950",
            "MF"[at % 2],
            "LS2 4AP",
        )
        for at, nine in enumerate(numbers)
    ]
    lines = [HEADER]
    for at in range(VISITS):
        day = f"{draw.integers(1, 29):02}/{draw.integers(1, 7):02}/2026"
        status, kind = ("Attended", "Cancelled")[at // PEOPLE % 3 == 0], ("Home visit", "Clinic")[at % 2]
        lines.append("|".join([f"V{at}", *people[at % PEOPLE], day, "09:30", kind, status, "30", '"café|\nquiet"']))
    lines.append(lines[1])
    lines.append("|".join([f"V{VISITS}", *people[0], "31/02/2026", "09:30", "Clinic", "Attended", "30", ""]))
    return "\n".join(lines) + "\n||||||\n"


def call(*arguments: str, status: int = 0) -> Any:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == status, done.output
    for secret in SECRETS:
        assert secret not in done.output
    return done


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> dict[str, Any]:
    """The folder after the hour, and what the commands said."""
    root = tmp_path_factory.mktemp("hour")
    file, declaration, home = root / "DN Visits 2026-07.csv", root / "dn_visits.toml", fresh_home(root / "home").root
    file.write_text(invented_file(), encoding="cp1252")
    proposed = call("source", "new", str(file), "--out", str(declaration)).output
    text = declaration.read_text(encoding="utf-8")
    edited = re.sub(r"(?m)^# where = .*$", 'where = { Status = ["Attended"] }', text)
    assert edited != text
    declaration.write_text(edited, encoding="utf-8")
    checked = json.loads(call("source", "check", str(declaration), str(file), "--date", "2026-07-01", "--json").stdout)
    (home / "sources").mkdir(parents=True)
    (home / "sources" / "dn_visits.toml").write_text(edited, encoding="utf-8")
    batch = root / "inbox" / "dn_visits" / "2026-07-01"
    batch.mkdir(parents=True)
    (batch / file.name.replace(" 2026-07", "")).write_bytes(file.read_bytes())
    ran = json.loads(call("run", "--home", str(home), "--inbox", str(root / "inbox"), "--json").stdout)
    return {"root": root, "home": home, "proposed": proposed, "text": text, "checked": checked, "ran": ran}


def test_the_proposal_needs_one_edited_line_and_quotes_nobody(desk: dict[str, Any]) -> None:
    assert "cp1252, bar, quoted" in desk["proposed"]
    for line in (
        'name = "dn_visits"',
        'key = ["Visit_Ref"]',
        'NHS_No = "nhs_number"',
        'Type = { codes = ["Clinic", "Home visit"] }',
        'person = "Client_No"',
        'birth_date = "D_O_B"',
        'time = ["Visit_Date", "Visit_Time"]',
        'unit = "min"',
    ):
        assert re.search(f"(?m)^{re.escape(line)}", desk["text"]), line
    for secret in SECRETS:
        assert secret not in desk["text"]


def test_the_check_foretells_the_run(desk: dict[str, Any]) -> None:
    [tried] = desk["checked"]["files"].values()
    counts = {name: tried[name] for name in ("lines", "accepted", "quarantined", "duplicates")}
    assert counts == {"lines": VISITS + 2, "accepted": VISITS, "quarantined": 1, "duplicates": 1}
    assert {name: desk["ran"]["sources"]["dn_visits"][name] for name in counts} == counts
    assert [one["rule"] for one in tried["reasons"]] == ["duplicate-row", "impossible-date"]
    assert desk["checked"]["people"] == PEOPLE == desk["ran"]["record"]["people"]
    assert desk["checked"]["events"] == desk["ran"]["record"]["events"]
    assert set(desk["checked"]["events_by_code"]) == {"DN_VISITS//home-visit", "DN_VISITS//clinic"}
    assert desk["checked"]["known_of_people"]["nhs_number"] == PEOPLE


@pytest.fixture
def clinician(desk: dict[str, Any]) -> Iterator[TestClient]:
    home = Home(desk["home"])
    services = build_services(home, read_settings(home), demo=True)
    lend_people(services)
    client = TestClient(create_app(services))
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    users = [name for name in re.findall(r'name="user" value="([^"]+)"', page) if name != "demo-steward"]
    assert token is not None
    client.post("/sign-in", data={"user": users[0], "csrf": token.group(1)})
    yield client
    services.desk.close()


def test_the_events_are_on_the_person_s_page(clinician: TestClient) -> None:
    people = sorted(set(re.findall(r'href="(/people/[0-9a-f]{32})"', clinician.get("/caseload").text)))
    assert people
    page = clinician.get(people[0]).text
    assert re.search("DN VISITS: (home visit|clinic): 30 min", page)
    assert "Dn visits" in page


def test_a_rejected_file_and_a_senseless_declaration_have_their_status(desk: dict[str, Any], tmp_path: Path) -> None:
    declaration = desk["home"] / "sources" / "dn_visits.toml"
    other = tmp_path / "dn_visits.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    assert (
        "rejected: dn_visits.csv: The header lacks"
        in call("source", "check", str(declaration), str(other), status=1).output
    )
    broken = tmp_path / "broken.toml"
    broken.write_text(desk["text"].replace('delivery = "snapshot"', 'delivery = "often"'), encoding="utf-8")
    said = call("source", "check", str(broken), str(other), status=3).output
    assert "broken.toml, line 7, key delivery" in said
    assert (
        "There is a file broken.toml already"
        in call("source", "new", str(other), "--out", str(broken), status=2).output
    )
    call("source", "check", str(declaration), str(tmp_path / "none.csv"), status=3)
    call("source", "check", str(declaration), str(other), "--table", "none", status=3)
    call("source", "check", str(declaration), str(other), "--date", "soon", status=2)
    call("source", "new", str(tmp_path / "none.csv"), status=3)
    assert (
        "none.toml cannot be written"
        in call("source", "new", str(other), "--out", str(tmp_path / "none" / "none.toml"), status=3).output
    )
    headless = tmp_path / "headless.csv"
    headless.write_text("1,2025-01-02,3\n4,2025-01-03,6\n", encoding="utf-8")
    assert "does not look like a header" in call("source", "new", str(headless), status=3).output
