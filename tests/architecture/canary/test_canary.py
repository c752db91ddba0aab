"""Are planted identities in no file outside the vault, no log, no message, and no response but a reveal?"""

from __future__ import annotations

import gzip
import html
import re
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from washhouse.cli.serve import build_services
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.desk.accounts import assigned_people, demo_clinician, demo_steward
from washhouse.desk.clock import utc_now
from washhouse.desk.reviews import list_reviews
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.governance.reveal import RevealedIdentity, reveal
from washhouse.web.care.risk import Score, draw_risk
from washhouse.web.shell.app import create_app
from washhouse.web.shell.services import Services

Place = Any  # conftest.Place, which tests cannot import
MOST_PAGES = 120
PAIR = re.compile(r"/link-review/[0-9a-f]{32}-[0-9a-f]{32}")
"""Pages that show a steward what two records say."""


@pytest.fixture(scope="module")
def services(place: Place) -> Iterator[Services]:
    home = Home(place.home)
    built = build_services(home, read_settings(home), demo=True)
    yield built
    built.desk.close()


@pytest.fixture(scope="module")
def caseload(services: Services) -> dict[str, RevealedIdentity]:
    """Who the demo clinician may see by name."""
    user = demo_clinician(services.desk, services.today())
    people = assigned_people(services.desk, user.username, services.today())
    now = utc_now()
    grant = mint_grant(actor="canary", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=people, now=now)
    published = services.published()
    assert published is not None
    return reveal(grant, people, published.identities, services.audit, now)


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services), base_url="https://testserver", raise_server_exceptions=False) as browser:
        yield browser


def sign_in(client: TestClient, username: str) -> None:
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    answer = client.post("/sign-in", data={"csrf": token[1], "user": username, "next": "/"}, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def crawl(client: TestClient, *starts: str) -> dict[str, str]:
    """Every page that can be reached by links, and what it says, with its headers."""
    waiting, pages = list(starts), {}
    while waiting and len(pages) < MOST_PAGES:
        address = waiting.pop(0)
        if address in pages:
            continue
        answer = client.get(address)
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        pages[address] = f"{answer.url}\n{headers}\n{html.unescape(answer.text)}"
        for link in re.findall(r'(?:href|action)="([^"]+)"', answer.text):
            target = urlsplit(urljoin(str(answer.url), html.unescape(link)))
            if target.netloc == "testserver" and not target.path.startswith(("/static", "/sign-out")):
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return pages


def leaks(pages: dict[str, str], place: Place, allowed: Iterable[str] = ()) -> dict[str, set[str]]:
    """Pages that show a mark which they may not, and the marks."""
    found = {address: place.marks.found(text) - set(allowed) for address, text in pages.items()}
    return {address: marks for address, marks in found.items() if marks}


def test_the_eye_finds_marks_in_every_format(tmp_path: Path, place: Place) -> None:
    word = place.marks.word("seen")
    number = next(value for value in sorted(place.marks.values) if re.fullmatch(r"9\d{9}", value))
    table = pa.table({"code": pa.array([f"SNOMED//{word}"] * 1000).dictionary_encode()})
    pq.write_table(table, tmp_path / "zstd.parquet", compression="zstd")
    pq.write_table(pa.table({word: [1]}), tmp_path / "column.parquet")
    connection = sqlite3.connect(tmp_path / "desk.db")
    connection.execute("CREATE TABLE notes (note TEXT)")
    connection.execute("INSERT INTO notes VALUES (?)", (f"{number[:3]} {number[3:6]} {number[6:]}",))
    connection.commit()
    connection.close()
    (tmp_path / "old.log.gz").write_bytes(gzip.compress(f"failed on {number}".encode()))
    (tmp_path / "utf16.txt").write_bytes(b"x" + word.encode("utf-16-le"))
    (tmp_path / f"{word}.txt").write_text("")
    (tmp_path / "clean.txt").write_text("nothing here, 1234567890, abcd, WH99 9ZZ")
    expected = {"zstd.parquet", "column.parquet", "desk.db", "old.log.gz", "utf16.txt", f"{word}.txt"}
    assert set(place.scan(tmp_path)) == expected


def test_the_inbox_is_full_of_marks(place: Place) -> None:
    assert len(place.marks.values) > 5_000
    assert len(place.scan(place.extracts)) > 15


def test_no_file_outside_the_vault_holds_an_identity(place: Place) -> None:
    assert (place.home / "CURRENT").exists()
    assert place.scan(place.home, leave_out=place.home / "vault") == {}


def test_no_export_holds_an_identity(place: Place) -> None:
    exports = place.home.parent / "exports"
    assert {folder.name for folder in exports.iterdir()} == {"fhir", "meds", "omop"}
    assert place.scan(exports) == {}


def test_the_vault_is_unreadable_without_its_key(place: Place) -> None:
    vault = place.home / "vault"
    assert sum(path.stat().st_size for path in vault.rglob("*") if path.is_file()) > 100_000
    assert place.scan(vault) == {}
    assert not [path for path in (vault / "spill").glob("**/*") if path.is_file()]


def test_nothing_that_was_said_names_anybody(place: Place) -> None:
    assert "published" in place.said
    assert place.marks.found(place.said) == set()


def test_nothing_is_left_in_the_folder_for_temporary_files(place: Place) -> None:
    assert place.scan(place.scratch) == {}


def test_the_signed_out_see_nobody(client: TestClient, place: Place, caseload: dict[str, RevealedIdentity]) -> None:
    person = next(iter(caseload))
    pages = crawl(client, "/", "/help", "/healthz", "/caseload", f"/people/{person}", "/feeds", "/quarantine")
    assert leaks(pages, place) == {}


def test_the_steward_sees_nobody(
    client: TestClient, services: Services, place: Place, caseload: dict[str, RevealedIdentity]
) -> None:
    sign_in(client, demo_steward(services.desk).username)
    person = next(iter(caseload))
    pages = crawl(client, "/", "/feeds", "/quarantine", f"/people/{person}", f"/people/{person}/viewers")
    assert len(pages) > 10
    assert leaks({address: text for address, text in pages.items() if not PAIR.match(address)}, place) == {}


def test_link_review_shows_the_two_records_of_a_pair_and_nobody_else(
    client: TestClient, services: Services, place: Place
) -> None:
    sign_in(client, demo_steward(services.desk).username)
    published = services.published()
    assert published is not None and published.link_review is not None and published.review_records is not None
    questions = published.link_review.questions[:20]
    assert questions, "something is in doubt in every city"
    seen = set()
    for question in questions:
        held = published.review_records._find(question.pair)
        allowed = place.marks.found("\n".join(str(value) for row in held for value in row.values()))
        pages = {"pair": client.get(f"/link-review/{'-'.join(question.pair)}").text}
        seen |= place.marks.found(html.unescape(pages["pair"]))
        assert leaks(pages, place, allowed) == {}
    assert seen, "a pair shows what its records say"


def test_the_clinician_sees_only_who_is_in_their_care(
    client: TestClient, services: Services, place: Place, caseload: dict[str, RevealedIdentity]
) -> None:
    sign_in(client, demo_clinician(services.desk, services.today()).username)
    shown = "\n".join(str(value) for identity in caseload.values() for value in vars(identity).values())
    pages = crawl(client, "/", "/caseload", *(f"/people/{person}" for person in caseload))
    assert len(pages) > 10
    seen = set().union(*(place.marks.found(text) for text in pages.values()))
    assert seen, "a reveal shows names"
    assert leaks(pages, place, place.marks.found(shown)) == {}


def test_what_programs_are_told_of_people_in_care_names_nobody(
    client: TestClient, services: Services, place: Place, caseload: dict[str, RevealedIdentity]
) -> None:
    sign_in(client, demo_clinician(services.desk, services.today()).username)
    addresses = ("/fhir/metadata", "/fhir/Patient", *(f"/fhir/Patient/{person}/$everything" for person in caseload))
    pages = {address: client.get(address).text for address in addresses}
    assert all('"resourceType":"Patient"' in text for address, text in pages.items() if address != "/fhir/metadata")
    assert leaks(pages, place) == {}


def test_what_a_clinician_types_names_nobody_afterwards(
    client: TestClient,
    services: Services,
    place: Place,
    caseload: dict[str, RevealedIdentity],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So small a city has too few crises for a model; a review needs a score.
    score = Score(services.today(), "crisis-1", False, draw_risk(0.1, 0.05, 0.2), 0.1, ())
    monkeypatch.setattr(
        "washhouse.web.care.person.choose_scores",
        lambda visit, person, model="crisis": (score if model == "crisis" else None, None),
    )
    sign_in(client, demo_clinician(services.desk, services.today()).username)
    saved = 0
    for person, identity in caseload.items():
        page = client.get(f"/people/{person}").text
        fields = dict(re.findall(r'name="(csrf|token|index_date)"[^>]*value="([^"]*)"', page))
        who = f"{identity.name} ({identity.nhs_number}), {identity.address}, {identity.phone}, {identity.birth_date}"
        form = {**fields, "agree": "yes", "action": "no-change", "note": f"Spoke to {who}."}
        saved += client.post(f"/people/{person}/reviews", data=form, follow_redirects=False).status_code == 303
        form = {"csrf": fields["csrf"], "choice": "not-now", "reason": f"Spoke to {who}."}
        saved += client.post(f"/people/{person}/step-down", data=form, follow_redirects=False).status_code == 303
        client.get(f"/people/{identity.nhs_number}")
        client.get("/caseload", params={"q": identity.name})
    assert saved == 2 * len(caseload) > 0
    assert "[removed]" in list_reviews(services.desk)[0].note
    assert place.scan(place.home, leave_out=place.home / "vault") == {}


def test_the_audit_of_all_this_is_whole(place: Place, services: Services) -> None:
    assert services.audit.verify().bad_seq is None
    assert services.audit.verify().rows > 20
    assert isinstance(services.now(), datetime)
