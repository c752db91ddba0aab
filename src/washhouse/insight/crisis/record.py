"""What is written down about a fitted crisis model, for machines and for people?

The model record says what the model is for and not for, on what it was fitted, how it did, and what only a person can
fill in. It is written by the run, never by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from washhouse.insight.crisis.fit import CANDIDATES, CrisisFit
from washhouse.insight.crisis.label import HORIZON_DAYS
from washhouse.insight.crisis.plan import MIN_EVENTS, WASHOUT_DAYS
from washhouse.insight.crisis.points import POINT_LOG_ODDS, list_points
from washhouse.insight.features.contract import Feature

NEEDS_A_PERSON = "needs a person"

ENOUGH_EPISODES = 1000
"""Distinct crises in the test below which the intervals must be read before the figures."""

_TITLES = {"points": "points list", "logistic": "logistic regression"}

_WORDS = {
    "purpose": (
        "To order a care team's weekly review of its own caseload by the probability that a person will need crisis "
        f"care in the next {HORIZON_DAYS} days. A clinician decides what to do."
    ),
    "out_of_scope": [
        "Denying, ending or stepping down care; a low score is not safety.",
        "Predicting suicide or self-harm, or any statement about them.",
        "Grounds for a treatment decision (NICE NG225).",
        "Bands such as low, medium or high.",
        "People who are not on a community mental-health caseload, children, and people in crisis care now.",
        "Any use with real patients before clinical safety (DCB0129, DCB0160) and medical-device rules are met.",
    ],
    "population": (
        "Adults, alive, with an open referral to a community mental-health team (A05-A10, A12-A14, A16), not on a "
        "mental-health ward and not with a crisis team, as known at the start of the index day."
    ),
    "outcome": (
        f"Within {HORIZON_DAYS} days from the start of the index day, the first of: an unplanned admission to an "
        "acute, older adult or psychiatric intensive care ward that is no transfer; a first attended contact with a "
        "crisis resolution or home treatment team on an unrejected referral (referrals at most 5 days apart count "
        "once)."
    ),
    "interval": (
        "The 95 % interval of a person's risk allows for the sample of people that the model and its calibration "
        "were fitted on (sandwich covariance clustered by person), not for what the record does not know."
    ),
    "ship_rule": (
        "Both candidates were first fitted on the earlier half of the time before the test and compared on the later "
        "half. The logistic regression ships only if its AUROC there exceeds that of the points list by a margin whose "
        "95 % interval excludes zero; else the points list ships. The test chose nothing."
    ),
    "limitations": [
        "Fitted once on one record; refitting, drift and subgroup figures are not part of this version.",
        "Index dates in the past rest on monthly submissions and are two to nine days staler than today's list.",
        "Deprivation is that of the present address, also for past index dates.",
        "Acceptance by a crisis team is not in the national data: the first attended contact stands for it.",
    ],
}


def build_model_record(
    fit: CrisisFit, version: str, features: Sequence[Feature], *, inputs: str, record_version: str, today: date
) -> dict[str, Any]:
    """Write down a fit as plain values.

    Args:
        fit: The fit.
        version: The model's version.
        features: Declarations of its features.
        inputs: Digest of what it was fitted on.
        record_version: Version of the record it was fitted on.
        today: Day at whose start the first scores were made.

    Returns:
        The model record, ready for JSON.
    """
    episodes = fit.parts["test"]["crises"]
    return {
        "name": "crisis",
        "version": version,
        "title": f"Crisis care within {HORIZON_DAYS} days: {_TITLES[fit.shipped]}",
        **_WORDS,
        "shipped": fit.shipped,
        "owner": NEEDS_A_PERSON,
        "clinical_safety_officer": NEEDS_A_PERSON,
        "review_date": NEEDS_A_PERSON,
        "data": {
            "parts": fit.parts,
            "washout_days": WASHOUT_DAYS,
            "crises_needed": MIN_EVENTS,
            "test_episodes": episodes,
            "enough_test_episodes": isinstance(episodes, int) and episodes >= ENOUGH_EPISODES,
            "record_version": record_version,
            "inputs": inputs,
            "fitted_for": today.isoformat(),
        },
        "performance": {
            name: {figure: asdict(estimate) for figure, estimate in fit.candidates[name].figures.items()}
            for name in CANDIDATES
        },
        "auroc_margin": asdict(fit.margin),
        "auroc_margin_of_choice": asdict(fit.choice),
        "calibration": {name: fit.candidates[name].bins for name in CANDIDATES},
        "penalty": fit.penalty,
        "point_log_odds": POINT_LOG_ODDS,
        "points": list_points(fit.candidates["points"].model),
        "features": [{"name": feature.name, "theme": feature.theme.title} for feature in features],
    }


_FIGURES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept (0 is perfect)",
    "calibration_slope": "Calibration slope (1 is perfect)",
    "expected_over_observed": "Expected over observed crises",
    "capture_5pct": "Share of crises in the top 5 %",
    "capture_10pct": "Share of crises in the top 10 %",
    "capture_20pct": "Share of crises in the top 20 %",
    "ppv_5pct": "Share with a crisis among the top 5 %",
    "ppv_10pct": "Share with a crisis among the top 10 %",
    "ppv_20pct": "Share with a crisis among the top 20 %",
}


def render_model_record(record: dict[str, Any]) -> str:
    """The model record as Markdown.

    Args:
        record: What `build_model_record` gives.

    Returns:
        A page for people.
    """
    data = record["data"]
    lines = [f"# {record['title']}", "", f"Version `{record['version']}`, fitted for {data['fitted_for']}.", ""]
    lines += ["## What it is for", "", record["purpose"], "", "**Not for:**", ""]
    lines += [f"- {each}" for each in record["out_of_scope"]]
    lines += ["", "| | |", "|---|---|"]
    for name in ("owner", "clinical_safety_officer", "review_date"):
        lines.append(f"| {name.replace('_', ' ').capitalize()} | {record[name]} |")
    lines += ["", "## Whom and what it predicts", "", f"**People.** {record['population']}", ""]
    lines += [f"**Outcome.** {record['outcome']}", "", "## What it was fitted on", ""]
    lines += [
        "| Part | Index dates | First | Last | Person-indexes | People | Crises |",
        "|---|--:|---|---|--:|--:|--:|",
    ]
    for name, part in data["parts"].items():
        lines.append(
            f"| {name} | {part['index_dates']} | {part['first_index']} | {part['last_index']} "
            f"| {part['person_indexes']} | {part['people']} | {part['crises']} |"
        )
    if not data["enough_test_episodes"]:
        few = f"The test holds {data['test_episodes']} distinct crises, fewer than {ENOUGH_EPISODES}"
        lines += ["", f"{few}: read the intervals."]
    lines += ["", "## How it did on the test, later than all it was fitted on", "", record["ship_rule"], ""]
    lines += [f"Margin that decided: {_interval(record['auroc_margin_of_choice'])}. "]
    lines[-1] += f"Shipped: **{_TITLES[record['shipped']]}**. On the test: {_interval(record['auroc_margin'])}."
    lines += [""]
    lines += ["| Figure (95 % interval) | Points list | Logistic regression |", "|---|---|---|"]
    for figure, title in _FIGURES.items():
        cells = [_interval(record["performance"][name][figure]) for name in CANDIDATES]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} |")
    lines += ["", "| Tenth of risk | People-weeks | Expected | Observed |", "|--:|--:|--:|--:|"]
    for number, each in enumerate(record["calibration"][record["shipped"]], start=1):
        lines.append(f"| {number} | {each['n']} | {each['expected']:.3f} | {each['observed']:.3f} |")
    lines += ["", record["interval"], "", "## The points list", ""]
    lines += [f"One point stands for {record['point_log_odds']} of log-odds.", "", "| Item | Points |", "|---|--:|"]
    lines += [f"| {item['words']} | {item['points']} |" for item in record["points"]]
    lines += ["", "## Limits", ""]
    lines += [f"- {each}" for each in record["limitations"]]
    lines += ["", f"Record version `{data['record_version']}`, inputs `{data['inputs']}`.", ""]
    return "\n".join(lines)


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['lower']:.3f} to {estimate['upper']:.3f})"
