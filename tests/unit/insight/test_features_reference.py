"""Does the page about features say what the declarations say?"""

from __future__ import annotations

from pathlib import Path

from washhouse.insight.features.reference import render_features
from washhouse.insight.features.registry import CRISIS_FEATURES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "features.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_features(), "stale: run `make reference`"


def test_every_feature_and_codelist_stands_on_it() -> None:
    page = render_features()
    assert len(CRISIS_FEATURES) >= 40
    for feature in CRISIS_FEATURES:
        assert f"| `{feature.name}` |" in page
        for each in (feature.events.codelist, feature.events.other) if feature.events else ():
            assert each is None or f"| `{each.name}` |" in page
