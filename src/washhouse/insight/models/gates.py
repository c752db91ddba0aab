"""May a fitted model be relied on? Gates that can be judged without knowing the truth.

They are judged on the test, on the candidate that ships. A figure with too few outcomes behind it to be known is judged
by its 95 % interval: it fails only if the interval lies outside what is allowed. The verdict stands in the model record
and in the message of the run; nothing is withheld for it yet. Groups of people are judged together:
their intervals are widened for their number, since of twenty groups a perfect model misses one by chance.

References:
    Calibration-in-the-large and slope: Van Calster 2019, doi:10.1186/s12916-019-1466-7. Intervals of several groups:
    Bonferroni, in Dunn 1961, doi:10.1080/01621459.1961.10482090. Interval of observed over expected: Byar's
    approximation, in Breslow and Day 1987, IARC Scientific Publications 82, 69; made wider by a design effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import norm

from washhouse.insight.models.evaluation import Estimate, measure_auroc

ENOUGH_EVENTS = 1000
"""Distinct outcomes in the test from which a figure is judged by itself, not by its interval."""

SLOPE = (0.9, 1.1)
EXPECTED_OVER_OBSERVED = (1 / 1.1, 1.1)

MIN_GROUP_EVENTS = 10
"""Expected outcomes below which a group is shown and not judged."""

AGES_YEARS = (0, 25, 45, 65, 80, 200)


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


@dataclass(frozen=True)
class Group:
    """How a model does for some people.

    Attributes:
        by: What they have in common: `sex`, `age`, `deprivation` or `ethnicity`.
        name: Which.
        n: Person-indexes.
        events: Outcomes.
        expected: Sum of the risks.
        ratio: Observed over expected, with an interval widened for the number of groups judged; parity is 1.
        auroc: Within the group; none where nobody or everybody had the outcome.
        is_judged: Whether enough outcomes are expected.
    """

    by: str
    name: str
    n: int
    events: int
    expected: float
    ratio: Estimate
    auroc: float | None
    is_judged: bool


def judge_groups(
    risk: NDArray[np.float64],
    outcome: NDArray[np.bool_],
    person: NDArray[np.int64],
    index_date: NDArray[np.datetime64],
    people: pa.Table,
) -> tuple[Group, ...]:
    """Figures by deprivation fifth, sex, age band and ethnic group.

    Args:
        risk: Calibrated risks, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
        person: Number of the person of each row; the interval allows for people who occur often.
        index_date: Shape (rows,).
        people: Row by row `sex`, `birth_month`, `deprivation_decile`, `ethnic_category`.

    Returns:
        The groups, those of one kind together.
    """
    members = [(by, name, rows) for by, name, rows in _members(index_date, people) if rows.any()]
    judged = [risk[rows].sum() >= MIN_GROUP_EVENTS for _, _, rows in members]
    half = float(norm.ppf(1 - 0.025 / max(sum(judged), 1)))
    groups = []
    for (by, name, rows), is_judged in zip(members, judged, strict=True):
        happened, expected = outcome[rows], float(risk[rows].sum())
        groups.append(
            Group(
                by=by,
                name=name,
                n=int(rows.sum()),
                events=int(happened.sum()),
                expected=expected,
                ratio=compare_counts(happened, risk[rows], person[rows], half),
                auroc=measure_auroc(risk[rows], happened) if 0 < happened.sum() < len(happened) else None,
                is_judged=bool(is_judged),
            )
        )
    return tuple(groups)


def compare_counts(
    happened: NDArray[np.bool_], risk: NDArray[np.float64], person: NDArray[np.int64], half: float
) -> Estimate:
    """Observed over expected, with an interval that holds where few outcomes are observed.

    Args:
        happened: Whether the outcome happened, shape (rows,).
        risk: Calibrated risks, shape (rows,).
        person: Number of the person of each row; who occurs often makes the interval wider.
        half: Half-width in standard errors.

    Returns:
        The ratio; its interval begins at 0 where nothing was observed.
    """
    observed, expected = float(happened.sum()), float(risk.sum())
    excess = np.bincount(person, happened - risk)
    effect = max(1.0, float((excess**2).sum() / np.maximum((risk * (1 - risk)).sum(), 1e-12)))
    lower, upper = _byar(observed / effect, half)
    return Estimate(observed / expected, lower * effect / expected, upper * effect / expected)


def _byar(count: float, half: float) -> tuple[float, float]:
    """Interval of a Poisson mean from a count, which need not be whole."""
    above = count + 1
    lower = count * max(0.0, 1 - 1 / (9 * count) - half / (3 * np.sqrt(count))) ** 3 if count > 0 else 0.0
    return float(lower), float(above * (1 - 1 / (9 * above) + half / (3 * np.sqrt(above))) ** 3)


def _members(index_date: NDArray[np.datetime64], people: pa.Table) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    sex = np.array(people["sex"].fill_null("unknown").to_pylist())
    yield from (("sex", str(name), sex == name) for name in np.unique(sex))
    born = people["birth_month"].cast(pa.int32()).fill_null(np.iinfo(np.int32).max).to_numpy()
    age = (index_date.astype("datetime64[D]").astype(np.int64) - born) / 365.25
    for first, last in pairwise(AGES_YEARS):
        yield "age", f"{first} to {last - 1}", (age >= first) & (age < last)
    decile = pc.fill_null(people["deprivation_decile"], 0).to_numpy()
    for fifth in range(1, 6):
        yield "deprivation", f"fifth {fifth}", (decile + 1) // 2 == fifth
    letter = np.array([(text or "Z")[:1] for text in people["ethnic_category"].to_pylist()])
    for name, letters in _ETHNIC_GROUPS.items():
        yield "ethnicity", name, np.isin(letter, list(letters))


_ETHNIC_GROUPS = {
    "white": "ABC",
    "mixed": "DEFG",
    "asian": "HJKL",
    "black": "MNP",
    "other": "RS",
    "not stated or not known": "Z9",
}
"""NHS Data Dictionary, ethnic category code 2001, in its own groups."""


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
    unfair = "; ".join(
        f"{each.by} {each.name}: {each.ratio.value:.2f} ({each.ratio.lower:.2f} to {each.ratio.upper:.2f})"
        for each in off
    )
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
        Gate(
            "calibration-by-group",
            not off,
            f"Observed over expected must reach 1 in each of {judged} groups"
            + (f", and does not in {unfair}." if off else "; it does."),
        ),
    )


def _within(name: str, title: str, found: Estimate, allowed: tuple[float, float], events: int) -> Gate:
    least, most = allowed
    is_sure = events >= ENOUGH_EVENTS
    is_met = least <= found.value <= most if is_sure else found.lower <= most and found.upper >= least
    rule = "" if is_sure else f" With fewer than {ENOUGH_EVENTS} outcomes the interval must reach it."
    return Gate(name, bool(is_met), f"{title} {say(found)}; {least:.2f} to {most:.2f} is allowed.{rule}")


def say(found: Estimate) -> str:
    """A figure with its interval."""
    return f"{found.value:.2f} ({found.lower:.2f} to {found.upper:.2f})"
