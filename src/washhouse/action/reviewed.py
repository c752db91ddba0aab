"""Does what a clinician made of a score still stand, or is the person to be looked at again?

Scores are made anew with every batch. If each asked for a new review, the same people would be put first every
morning, and a list that empties itself every night is worked through by nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from washhouse.action.words import local_day
from washhouse.desk.reviews import Review
from washhouse.insight.features.registry import CRISIS_FEATURES

STANDS_DAYS = 7
"""Days for which a review stands: then it is asked what came of it, and the person is looked at again."""

THEMES = {feature.name: feature.theme.name for feature in CRISIS_FEATURES}
"""Theme of each feature that the crisis model gives reasons of."""


def themes_of(features: Iterable[str]) -> frozenset[str]:
    """Themes of the features that reasons name.

    Examples:
        >>> sorted(themes_of(["missed_28d", "missed_90d", "no_such_feature"]))
        ['missed-contacts']
    """
    return frozenset(THEMES[name] for name in features if name in THEMES)


def still_stands(review: Review, risk_then: str, risk_now: str, themes_now: Collection[str], today: date) -> bool:
    """Does a review of a crisis score stand?

    Args:
        review: The review.
        risk_then: The risk that it is of, in words; empty where it is not known any more.
        risk_now: The present risk in words; empty where there is none.
        themes_now: Themes of the present reasons.
        today: The present day.

    Returns:
        Whether it was given in the last `STANDS_DAYS`, and neither the risk in words moved nor a reason came since.
    """
    if today - local_day(review.at) >= timedelta(STANDS_DAYS):
        return False
    if risk_then and risk_now and risk_then != risk_now:
        return False
    return review.themes is None or set(themes_now) <= set(review.themes)
