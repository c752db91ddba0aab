"""Can anybody be chosen, left out or put first by a score where step-down, discharge or eligibility is talked of?

Every such page is asked for in two worlds that differ in their scores alone, with every parameter that any page reads
and those that a list is commonly sorted and filtered by; what it says must not differ.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import washhouse.web
from washhouse.record.tables import EVENT, SCORE
from washhouse.web.shell.app import PAGES
from washhouse.web.shell.pages import Page

from .conftest import ANNA, CARLA, DORA, ROWS, TODAY, World, contact_score, event, score, table_of

Opener = Callable[..., TestClient]
WEB = Path(washhouse.web.__file__).parent
TALKS_OF_IT = re.compile(r"step.?down|discharge|eligib", re.IGNORECASE)
OFFERED = re.compile(r'<div data-about="offer">.*?</div>|<form[^>]*/reviews".*?</form>', re.DOTALL)
MARKED = re.compile(r'<(\w+)[^>]*data-about="step-down".*?</\1>', re.DOTALL)
COMMON = ("sort", "order", "by", "filter", "risk", "score", "rank", "min_risk", "max_risk", "band")
VALUES = ("risk", "-risk", "score", "rank", "0.1", "low", "5", "all", "changed")


def parameters() -> set[str]:
    """Every name that a page asks the address or a form for, as the code and the templates have it."""
    found: set[str] = set()
    for file in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("query", "get")
            ):
                found |= {str(given.value) for given in node.args[:1] if isinstance(given, ast.Constant)}
    for file in WEB.rglob("*.html"):
        for names in re.findall(r'\bname="(\w+)"|[?;](\w+)=', file.read_text(encoding="utf-8")):
            found |= {name for name in names if name}
    return {name for name in found if name.isidentifier()}


def talks(page: Page) -> bool:
    """Is a page, by its address or its view, about stepping down, discharge or eligibility?"""
    return bool(TALKS_OF_IT.search(page.path) or TALKS_OF_IT.search(f"{page.view.__module__}.{page.view.__name__}"))


@pytest.fixture
def stable(world: World) -> World:
    """The same people, of whom one meets every criterion of stability."""
    seen = [
        ("MHS_REFERRAL//A06", datetime(2023, 3, 1), "r3"),
        ("MHS_ACCOMMODATION//01", datetime(2024, 3, 1), None),
        ("MHS_CONTACT//5", datetime(2025, 3, 5, 10), "c5"),
        ("MHS_CONTACT//5", datetime(2025, 5, 5, 10), "c6"),
    ]
    rows = [*ROWS[EVENT.name], *(event(CARLA, time, code, ref=ref) for code, time, ref in seen)]
    number = world.lake.write(EVENT, table_of(EVENT, rows))
    return replace(world, version=replace(world.version, tables={**world.version.tables, EVENT.name: number}))


@pytest.fixture
def other_scores(stable: World) -> World:
    """The same world, its scores turned round."""
    rows = [
        *(score(CARLA, 0.9, TODAY, rank=1), score(ANNA, 0.001, TODAY, rank=2)),
        *(contact_score(CARLA, 0.9, rank=1), contact_score(ANNA, 0.001, rank=2)),
    ]
    number = stable.lake.write(SCORE, table_of(SCORE, rows))
    return replace(stable, version=replace(stable.version, tables={**stable.version.tables, SCORE.name: number}))


def told(client: TestClient, address: str) -> str:
    """What a page says, but for the tokens of its forms."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r'name="(csrf|token)" value="[^"]*"', "", answer.text)


def test_there_are_such_pages_and_parameters() -> None:
    assert {page.path for page in PAGES if talks(page)} >= {"/step-down", "/people/{person_id}/step-down"}
    assert {"n", "show", "done", "reason"} <= parameters()


@pytest.mark.parametrize("page", [page for page in PAGES if talks(page) and page.method == "GET"], ids=lambda p: p.path)
def test_no_parameter_and_no_score_changes_what_such_a_page_says(
    open_client: Opener, stable: World, other_scores: World, page: Page
) -> None:
    client, other = (open_client("clinician", published=each.publish) for each in (stable, other_scores))
    address = page.path.replace("{person_id}", CARLA)
    plain = told(client, address)
    assert "Carla Cropper" in plain or "in your care" in plain
    assert told(other, address) == plain, "another score"
    names = sorted(parameters() | set(COMMON))
    every = [f"{address}?{'&'.join(f'{name}={value}' for name in names)}" for value in VALUES]
    for asked, opened in product(every, (client, other)):
        assert told(opened, asked) == plain, asked


def test_no_score_decides_who_is_talked_over(
    open_client: Opener, post: Callable[..., Any], stable: World, other_scores: World
) -> None:
    client, other = (open_client("team-manager", published=each.publish) for each in (stable, other_scores))
    post(client, "/team/supervision/CP0")
    post(client, f"/team/supervision/CP0/1/people/{DORA}", do="seen")
    assert "Not on this list last week" in client.get("/team/supervision/CP0").text, "a score moved in one world alone"
    for worker in ("CP0", "CP1"):
        groups = [each.get(f"/team/supervision/{worker}").text.split("Everybody else") for each in (client, other)]
        first, second = ([re.findall(r'id="p-(\w+)"', group) for group in found] for found in groups)
        assert first == second, worker


def test_what_other_pages_say_of_it_hangs_on_no_score(open_client: Opener, stable: World, other_scores: World) -> None:
    found: dict[str, list[str]] = {}
    for role in ("clinician", "team-manager"):
        first, second = (open_client(role, published=each.publish) for each in (stable, other_scores))
        for page in PAGES:
            address = page.path.replace("{worker}", "CP1").replace("{person_id}", CARLA)
            if page.method != "GET" or "{" in address or address.startswith("/sign"):
                continue
            one, two = (
                [mark.group(0) for mark in MARKED.finditer(client.get(address).text)] for client in (first, second)
            )
            assert one == two, address
            found[page.path] = found.get(page.path, []) + one
    assert len(found["/team/supervision/{worker}"]) == 1, "whoever is stable is marked, and nobody else"


def test_what_is_offered_before_a_contact_hangs_on_no_score(
    open_client: Opener, stable: World, other_scores: World
) -> None:
    first, second = (open_client("clinician", published=each.publish) for each in (stable, other_scores))
    for address in (f"/people/{ANNA}", f"/people/{CARLA}"):
        one, two = (OFFERED.findall(told(client, address)) for client in (first, second))
        assert one == two and len(one) == 3, "what the record says, and what can be said of either score"
    lists = [told(client, "/next-contact") for client in (first, second)]
    one, two = (OFFERED.findall(each) for each in lists)
    assert sorted(one) == sorted(two) and one != two, "the same of the same people, in another order"
    # There is nothing to press but the length of the list and the way out.
    for page in lists:
        assert set(re.findall(r'<form[^>]*action="([^"]*)"', page)) == {"/next-contact", "/sign-out"}
