"""How are hundreds of features declared at once: for each group of codes, how often, how lately and what value?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from washhouse.insight.codelists import Codelist
from washhouse.insight.features.contract import Events, Feature, Theme, Window, check_features

WINDOWS = (28, 90, 365)
"""Days that counts reach back, the day before the index being the first."""


def windowed_features(groups: Iterable[Codelist], windows: Sequence[int] = WINDOWS) -> tuple[Feature, ...]:
    """Declare counts in windows, days since the newest event, and the newest value of groups of codes.

    They sum up events as they are, so that `insight.features.compile` reads a bucket once for all of them.

    Args:
        groups: Groups of codes; one code may be in several.
        windows: Days that the counts reach back.

    Returns:
        For each group one feature a window, then `<group>_days` and `<group>_latest`.

    Raises:
        InputError: `feature-not-valid`: two groups have one name. `feature-after-index`: a window holds no day.

    >>> from washhouse.insight.codelists import MISSED_CONTACT
    >>> [feature.name for feature in windowed_features([MISSED_CONTACT], [28])]
    ['missed_contact_28d', 'missed_contact_days', 'missed_contact_latest']
    """
    declared = []
    for group in groups:
        name, theme, events = group.name.replace("-", "_"), Theme(group.name, group.meaning), Events(group.name, group)
        for days in windows:
            words = f"{group.meaning}: {{value}} in the last {days} days"
            declared.append(Feature(f"{name}_{days}d", theme, events, "count", "count", words, Window(days)))
        since = f"{group.meaning}: {{value}} day ago|{group.meaning}: {{value}} days ago"
        declared.append(Feature(f"{name}_days", theme, events, "days-since", "recency", since))
        declared.append(Feature(f"{name}_latest", theme, events, "latest", "number", f"{group.meaning}: {{value}}"))
    return check_features(declared)
