"""Does the documentation tell the truth about links, make targets, error codes, and what is declared in code?"""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md")])
GENERATED = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["PAGES"]


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", _text(page))
        if not target.startswith(("http", "mailto:")) and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    prose = set(re.findall(r"`make ([a-z-]+)", _text(page)))
    blocks = set(re.findall(r"^ +make ([a-z-]+)", _text(page), re.MULTILINE))
    assert (prose | blocks) - targets == set()


def test_every_error_code_is_explained() -> None:
    source = "\n".join(_text(file) for file in (ROOT / "src").rglob("*.py"))
    raised = set(re.findall(r"(?:Usage|Input|Refused|Home)Error\(\s*\"([a-z0-9-]+)\"", source))
    explained = set(re.findall(r"^#+ `([a-z0-9-]+)`", _text(ROOT / "docs/reference/errors.md"), re.MULTILINE))
    assert raised
    assert raised - explained == set(), "raised, not explained"
    assert explained - raised == set(), "explained, never raised"


@pytest.mark.parametrize(("name", "render"), GENERATED.items(), ids=GENERATED)
def test_generated_pages_are_fresh(name: str, render: Callable[[], str]) -> None:
    assert _text(ROOT / "docs/reference" / name) == render(), "write it anew with `make reference`"


def test_decisions_fit_a_page() -> None:
    long = [page.name for page in (ROOT / "docs/adr").glob("*.md") if len(_text(page).splitlines()) > 60]
    assert long == []
