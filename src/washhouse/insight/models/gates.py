"""May a fitted model be relied on? Gates that can be judged without knowing the truth.

They are judged on the test, on the candidate that ships. A figure with too few outcomes behind it to be known is judged
by its 95 % interval: it fails only if the interval lies outside what is allowed. The verdict stands in the model record
and in the message of the run; a model that fails one scores nobody.

References:
    Calibration-in-the-large and slope: Van Calster 2019, doi:10.1186/s12916-019-1466-7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from washhouse.governance.disclosure import tell_count
from washhouse.insight.models.evaluation import Estimate
from washhouse.insight.models.groups import Group

ENOUGH_EVENTS = 1000
"""Distinct outcomes in the test from which a figure is judged by itself, not by its interval."""

SLOPE = (0.9, 1.1)
EXPECTED_OVER_OBSERVED = (1 / 1.1, 1.1)


@dataclass(frozen=True)
class Gate:
    """One thing that a model must do.

    Attributes:
        name: Kebab-case name.
        is_met: Whether it does.
        says: What was found and what was allowed, in words.
    """

    name: str
    is_met: bool
    says: str


def judge(figures: Mapping[str, Estimate], events: int, groups: tuple[Group, ...]) -> tuple[Gate, ...]:
    """Judge a model by its figures on the test.

    Args:
        figures: What `figures_of_risk` names, with intervals.
        events: Distinct outcomes in the test.
        groups: What `judge_groups` gives.

    Returns:
        Every gate.
    """
    auroc = figures["auroc"]
    off = [each for each in groups if each.is_judged and not each.ratio.lower <= 1 <= each.ratio.upper]
    judged = sum(each.is_judged for each in groups)
    return (
        Gate(
            "ranks-better-than-chance",
            auroc.lower > 0.5,
            f"AUROC {say(auroc)}; the interval must lie above 0.5.",
        ),
        _within("calibration-slope", "Calibration slope", figures["calibration_slope"], SLOPE, events),
        _within(
            "calibration-in-the-large",
            "Expected over observed",
            figures["expected_over_observed"],
            EXPECTED_OVER_OBSERVED,
            events,
        ),
        Gate("calibration-by-group", not off, _say_groups(judged, off)),
    )


def _say_groups(judged: int, off: Sequence[Group]) -> str:
    if not judged:
        return "Observed over expected must reach 1 in each group that is large enough to judge; none was."
    # Everybody reads what a gate says, and a ratio of a few outcomes would tell how many they are.
    unfair = "; ".join(
        f"{each.by} {each.name}: {'few outcomes' if tell_count(each.events) is None else say(each.ratio)}"
        for each in off
    )
    found = f", and does not in {unfair}." if off else "; it does."
    return f"Observed over expected must reach 1 in each of {judged} groups{found}"


def judge_places(figures: Mapping[str, Estimate]) -> Gate:
    """Judge a model of half of the practices by its figures in the other half, by their intervals.

    Args:
        figures: What `figures_of_risk` names, with intervals.

    Returns:
        The gate.
    """
    auroc, slope, level = (figures[name] for name in ("auroc", "calibration_slope", "expected_over_observed"))
    is_met = auroc.lower > 0.5 and _reaches(slope, SLOPE) and _reaches(level, EXPECTED_OVER_OBSERVED)
    return Gate(
        "holds-in-other-practices",
        bool(is_met),
        f"Fitted on half of the practices, in the other half: AUROC {say(auroc)}, whose interval must lie above 0.5; "
        f"calibration slope {say(slope)} and expected over observed {say(level)}, whose intervals must reach "
        f"{SLOPE[0]:.2f} to {SLOPE[1]:.2f} and {EXPECTED_OVER_OBSERVED[0]:.2f} to {EXPECTED_OVER_OBSERVED[1]:.2f}.",
    )


def _reaches(found: Estimate, allowed: tuple[float, float]) -> bool:
    return found.lower <= allowed[1] and found.upper >= allowed[0]


def _within(name: str, title: str, found: Estimate, allowed: tuple[float, float], events: int) -> Gate:
    least, most = allowed
    is_sure = events >= ENOUGH_EVENTS
    is_met = least <= found.value <= most if is_sure else _reaches(found, allowed)
    rule = "" if is_sure else f" With fewer than {ENOUGH_EVENTS} outcomes the interval must reach it."
    return Gate(name, bool(is_met), f"{title} {say(found)}; {least:.2f} to {most:.2f} is allowed.{rule}")


def say(found: Estimate) -> str:
    """A figure with its interval."""
    return f"{found.value:.2f} ({found.lower:.2f} to {found.upper:.2f})"
