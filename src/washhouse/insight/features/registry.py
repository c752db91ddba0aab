"""Which features does the crisis model use?"""

from __future__ import annotations

from washhouse.insight.features import linked, mental_health, person
from washhouse.insight.features.contract import check_features

CRISIS_FEATURES = check_features((*mental_health.FEATURES, *linked.FEATURES, *person.FEATURES))
