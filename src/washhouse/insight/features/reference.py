"""What does the page about features say? It is written from the declarations, so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Sequence

from washhouse.insight.codelists import CRISIS_CODELISTS, Codelist
from washhouse.insight.features.contract import Events, Feature
from washhouse.insight.features.registry import CRISIS_FEATURES
from washhouse.insight.outcomes.crisis import ITEMS

_AGGREGATIONS = {
    "days-since": "days since the newest",
    "count": "count",
    "latest": "newest value",
    "open": "begun and not ended",
    "standing": "fact of the person",
}
_UNITS = {"days-since": "days", "count": "events", "latest": "the value's own", "open": "spans", "standing": ""}
_FACT_UNITS = {"age_years": "years", "is_female": "0 or 1", "deprivation_decile": "1 (most deprived) to 10"}
_DERIVED = {
    "each": "",
    "change": "changes of code within ",
    "total": "totals of ",
    "is": "whether the newest of ",
    "crisis": "crises, as `insight.crisis.label` derives them",
}


def render_features(features: Sequence[Feature] = CRISIS_FEATURES) -> str:
    """The page `docs/reference/features.md`.

    Args:
        features: The features to describe.

    Returns:
        Markdown.
    """
    lines = [
        "# Features of the outcome models",
        "",
        "Made by `make reference` from the declarations in `insight/features` and `insight/codelists.py`.",
        "Everything is known strictly before the index time: it happened before, it was recorded before, and it was",
        "not replaced by then. A window of 28 days ends on the day before the index.",
        "One exception: `deprivation_decile` is the person's present value, at past index dates too, since the record",
        "keeps no earlier one.",
        "",
        "| Feature | Theme | Of what | How | Unit | Days before the index | In words (value 2) |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(feature) for feature in features]
    lines += ["", "## Points list", "", "The items; what each is worth is fitted and stands in the model record.", ""]
    lines += [f"- {item.words} (`{item.column.name}`)" for item in ITEMS]
    lines += ["", "## Codelists", "", "| Codelist | Meaning | Codes | Source |", "|---|---|---|---|"]
    lines += [_codelist_row(each) for each in _codelists(features)]
    return "\n".join([*lines, ""])


def _row(feature: Feature) -> str:
    window = feature.window
    days = f"{window.last_day} to {window.first_day}" if window else "all" if feature.events else "-"
    of = _describe(feature.events) if feature.events else feature.fact
    how = _AGGREGATIONS[feature.aggregation]
    unit = _FACT_UNITS.get(feature.fact) or _UNITS[feature.aggregation]
    return f"| `{feature.name}` | {feature.theme.title} | {of} | {how} | {unit} | {days} | {feature.describe(2)} |"


def _describe(events: Events) -> str:
    if events.codelist is None:
        return _DERIVED[events.derive]
    words = f"{_DERIVED[events.derive]}`{events.codelist.name}`"
    if events.derive == "is" and events.other is not None:
        words += f" is `{events.other.name}`"
    return words + (f" with at least {events.at_least} values" if events.derive == "total" else "")


def _codelists(features: Sequence[Feature]) -> list[Codelist]:
    used = [
        each
        for feature in features
        if feature.events is not None
        for each in (feature.events.codelist, feature.events.other)
        if each is not None
    ]
    return sorted(dict.fromkeys([*CRISIS_CODELISTS, *used]), key=lambda each: each.name)


def _codelist_row(codelist: Codelist) -> str:
    codes = ", ".join([f"`{code}`" for code in codelist.codes] + [f"`{prefix}...`" for prefix in codelist.prefixes])
    without = f" without {', '.join(f'`{code}`' for code in codelist.without)}" if codelist.without else ""
    return f"| `{codelist.name}` | {codelist.meaning} | {codes}{without} | {codelist.source} |"
