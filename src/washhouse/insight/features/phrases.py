"""How are the commonest kinds of feature declared and put into words?"""

from __future__ import annotations

from washhouse.insight.features.contract import Events, Feature, Shape, Theme, Window

EVER = Window(36525)
"""A hundred years."""

_SPANS = {365: "12 months", 730: "2 years", 1095: "3 years"}


def days_feature(
    name: str, theme: Theme, events: Events, words: str, *, shape: Shape = "recency", is_reason: bool = True
) -> Feature:
    """Days since the newest event.

    Examples:
        >>> from washhouse.insight.codelists import MISSED_CONTACT
        >>> missed = Events("missed-contact", MISSED_CONTACT)
        >>> days_feature("days_since_missed", Theme("missed", "Missed"), missed, "Last missed a contact").describe(12)
        'Last missed a contact 12 days ago'
    """
    text = f"{words} {{value}} day ago|{words} {{value}} days ago"
    return Feature(name, theme, events, "days-since", shape, text, is_reason=is_reason)


def count_feature(
    name: str, theme: Theme, events: Events, window: Window, one: str, many: str, *, is_reason: bool = True
) -> Feature:
    """Events in a window.

    Examples:
        >>> from washhouse.insight.codelists import MISSED_CONTACT
        >>> missed = Events("missed-contact", MISSED_CONTACT)
        >>> theme, words = Theme("missed", "Missed"), ("Missed {value} contact", "Missed {value} contacts")
        >>> count_feature("missed_28d", theme, missed, Window(28), *words).describe(2)
        'Missed 2 contacts in the last 28 days'
    """
    span = f"the last {_SPANS.get(window.first_day, f'{window.first_day} days')}"
    if window.last_day > 1:
        span = f"the time from {window.first_day} to {window.last_day} days ago"
    text = f"{one} in {span}|{many} in {span}"
    return Feature(name, theme, events, "count", "count", text, window, is_reason=is_reason)


def ever_feature(name: str, theme: Theme, events: Events, words: str) -> Feature:
    """Whether, and how often, something was ever recorded."""
    return Feature(name, theme, events, "count", "count", words, EVER)
