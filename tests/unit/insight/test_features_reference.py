"""Does the page about features say what the declarations say?"""

from __future__ import annotations

from washhouse.insight.features.reference import render_features
from washhouse.insight.features.registry import CRISIS_FEATURES


def test_every_feature_and_codelist_stands_on_it() -> None:
    page = render_features()
    assert len(CRISIS_FEATURES) >= 40
    for feature in CRISIS_FEATURES:
        assert f"| `{feature.name}` |" in page
        for each in (feature.events.codelist, feature.events.other) if feature.events else ():
            assert each is None or f"| `{each.name}` |" in page
