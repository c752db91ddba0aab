"""Which features do the outcome models use?"""

from __future__ import annotations

from washhouse.insight.features import linked, mental_health, person
from washhouse.insight.features.contract import check_features
from washhouse.insight.features.wide import FAMILIES, widen

CORE_FEATURES = check_features((*mental_health.FEATURES, *linked.FEATURES, *person.FEATURES))
"""What a linear model of crisis care sees."""

CRISIS_FEATURES = check_features((*CORE_FEATURES, *widen(CORE_FEATURES)))
"""What all candidates of the crisis model may see."""

PLAIN_FEATURES = check_features(
    feature
    for feature in (*CORE_FEATURES, *widen(CORE_FEATURES, (each for each in FAMILIES if each.events.derive == "each")))
    if feature.events is None or (feature.events.derive == "each" and not feature.name.startswith("honos"))
)
"""Events as they are, for outcomes that concern everybody: the shortest way through the record."""

_CORE_NAMES = {feature.name for feature in CORE_FEATURES}
PLAIN_CORE_FEATURES = tuple(feature for feature in PLAIN_FEATURES if feature.name in _CORE_NAMES)
"""What a linear model of them sees."""
