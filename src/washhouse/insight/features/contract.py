"""What is a feature?

A feature is declared, not programmed: which events (a codelist, or events derived from one), how they are summed up,
and over which days before the index. Only what happened and was recorded before the index time can enter; a window
that reaches to the index or past it is refused when it is declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from washhouse.core.errors import InputError
from washhouse.insight.codelists import Codelist

Aggregation = Literal["days-since", "count", "latest", "open", "standing"]
"""`days-since`: whole days from the newest event to the index. `count`: events in the window. `latest`: the newest
event's value. `open`: spans begun and not ended. `standing`: a fact of the person table."""

Shape = Literal["recency", "gap", "count", "number", "age", "flag"]
"""How a linear model sees the number; see `insight.features.design`."""


@dataclass(frozen=True)
class Window:
    """Days before the index: from `first_day` (included) back to `last_day` (the index day itself would be 0)."""

    first_day: int
    last_day: int = 1


@dataclass(frozen=True)
class Events:
    """The events that a feature sums up.

    Attributes:
        name: Kebab-case name, unique.
        codelist: The codes; none for crises, which `insight.crisis.label` derives.
        derive: `each` event as it is; `change`: those whose code differs from the one before; `is`: each event with
            value
            1 if its code is in `other` and 0 if not; `total`: the sum of the values recorded at one time on one
            referral, where at least `at_least` codes have one; `crisis`.
        other: Second codelist of `is`.
        at_least: Codes with a value that a `total` needs.
    """

    name: str
    codelist: Codelist | None
    derive: Literal["each", "change", "is", "total", "crisis"] = "each"
    other: Codelist | None = None
    at_least: int = 1


@dataclass(frozen=True)
class Theme:
    """Features that tell one story; a reason is given per theme."""

    name: str
    title: str


@dataclass(frozen=True)
class Feature:
    """One number per person and index time.

    Attributes:
        name: Snake-case name, unique.
        theme: What it belongs to in reasons.
        events: What it sums up; none for `standing`.
        aggregation: How.
        shape: How a linear model sees it.
        words: The value in words, with `{value}`; after `|` the form for more than one.
        window: Days it looks at; none for all of the past.
        fact: Column of the person table (`standing` only): `age_years`, `is_female` or `deprivation_decile`.
        is_reason: Whether it may be shown as a reason.
    """

    name: str
    theme: Theme
    events: Events | None
    aggregation: Aggregation
    shape: Shape
    words: str
    window: Window | None = None
    fact: str = ""
    is_reason: bool = True

    def describe(self, value: float) -> str:
        """The value in words.

        Args:
            value: Value of the feature, not missing.

        Returns:
            One phrase, e.g. `"Missed 2 contacts in the last 28 days"`.
        """
        one, _, many = self.words.partition("|")
        text = (many or one) if value != 1 else one
        whole = self.shape == "age" or float(value).is_integer()
        return text.format(value=int(value) if whole else round(value, 1))


def check_features(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Check a list of declarations.

    Args:
        features: The declarations.

    Returns:
        The same features.

    Raises:
        InputError: `feature-after-index`: a window reaches to the index or past it. `feature-not-valid`: a name occurs
            twice, or a declaration lacks what its aggregation needs.
    """
    checked = tuple(features)
    names: set[str] = set()
    for feature in checked:
        window = feature.window
        if window is not None and (window.last_day < 1 or window.first_day < window.last_day):
            raise InputError(
                "feature-after-index",
                f"Feature {feature.name} looks at days {window.first_day} to {window.last_day} before the index.",
                "A window ends one day before the index or earlier, and begins no later than it ends.",
            )
        wants_window = feature.aggregation == "count"
        if feature.name in names or wants_window != (window is not None) or bool(feature.fact) == bool(feature.events):
            raise InputError(
                "feature-not-valid",
                f"Feature {feature.name} occurs twice, or lacks or repeats what {feature.aggregation} needs.",
                "Give each feature its own name, counts a window, and every feature either events or a fact.",
            )
        names.add(feature.name)
    return checked
