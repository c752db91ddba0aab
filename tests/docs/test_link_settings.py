"""Do the pages about linking tables say what the code does? Settings are read, the reference is whole and current."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from washhouse.core.errors import InputError
from washhouse.linkage.config import FREE_SECTIONS, parse_config
from washhouse.linkage.fields import LEVELS
from washhouse.linkage.reference import KEYS, render_link_settings

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "docs" / name
    for name in ("how-to/link-two-files.md", "how-to/choose-blocking.md", "tutorials/link-two-tables.md")
]
SNIPPETS = [
    pytest.param(text, id=f"{page.stem}-{i}")
    for page in PAGES
    for i, text in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]
BASE = {"columns": {"first_name": "a", "surname": "b", "birth_date": "c"}, "categories": {"suburb": "d"}}


@pytest.mark.parametrize("text", SNIPPETS)
def test_every_configuration_shown_can_be_read(text: str) -> None:
    raw = tomllib.loads(text)
    config = parse_config(raw if raw.keys() & {"columns", "left"} else BASE | raw)
    assert config.fields


@pytest.mark.parametrize(
    ("where", "raw"),
    [
        ("the top", {"nokey": 1}),
        ("[blocking]", BASE | {"blocking": {"nokey": 1}}),
        ("[model]", BASE | {"model": {"nokey": 1}}),
        ("a mapping", BASE | {"numbers": {"height": {"near": 2, "nokey": 1}}}),
    ],
)
def test_the_reference_knows_every_key(where: str, raw: dict[str, object]) -> None:
    """A key that is not known is refused by naming those that are."""
    with pytest.raises(InputError) as caught:
        parse_config(raw)
    known = set(caught.value.hint.removeprefix("Known: ").removesuffix(".").split(", "))
    sections = {"columns", *FREE_SECTIONS, "blocking", "model"} if where == "the top" else set()
    assert known - sections == {key for key, _ in KEYS[where]}


def test_the_reference_tells_every_outcome() -> None:
    page = render_link_settings()
    assert not [level.words for levels in LEVELS.values() for level in levels if level.words not in page]
