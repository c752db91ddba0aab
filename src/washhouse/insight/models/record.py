"""What is written down about a fitted outcome model, for machines and for people?

The model record says what the model is for and not for, on what it was fitted, how it did, and what only a person can
fill in. It is written by the run, never by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from washhouse.insight.models.fit import Fit
from washhouse.insight.models.groups import CAPACITY, MIN_GROUP_EVENTS
from washhouse.insight.models.linear import LinearModel
from washhouse.insight.models.plan import MIN_EVENTS
from washhouse.insight.models.points import POINT_LOG_ODDS, list_points
from washhouse.insight.outcomes.contract import Outcome

NEEDS_A_PERSON = "needs a person"

ON_THIS_HOME = "on the people of this home"
ON_INVENTED_CITY = "on the invented city"
"""On whom figures are; the settings of a home say whether its people are invented."""

ENOUGH_EPISODES = 1000
"""Distinct outcomes in the test below which the intervals must be read before the figures."""

TITLES = {"points": "points list", "logistic": "logistic regression", "boosted": "boosted trees"}

_INTERVAL = (
    "The 95 % interval of a person's risk allows for the sample of people that the model and its calibration were "
    "fitted on (points list and logistic regression: sandwich covariance clustered by person; boosted trees: the "
    "spread of models fitted on people drawn with replacement), not for what the record does not know."
)
GROUPS = (
    "Observed over expected is judged: its intervals are widened for the number of groups, 1 is parity, and groups "
    f"with fewer than {MIN_GROUP_EVENTS} expected outcomes are not judged. AUROC within the group, and what the "
    f"highest {CAPACITY:.1%} of all people on each day (25 names of a caseload of 350) find in it, have plain 95 % "
    "intervals. Localities are runs of small areas in the order of their codes."
)
_DECISIONS = (
    "Net benefit on the test: outcomes found a person-index, less those acted on in vain, weighed by the odds of the "
    "risk from which one would act. Acting for nobody is worth 0."
)
_SHIP_RULE = (
    "The candidates were first fitted on the earlier half of the time before the test and compared on the later half. "
    "The simplest ships unless another beats it, and the points list, there by a margin of AUROC whose 95 % interval "
    "excludes zero. The test chose nothing."
)


def build_model_record(
    outcome: Outcome,
    fit: Fit,
    version: str,
    *,
    inputs: str,
    sampled: float = 1.0,
    lags: Mapping[str, int] | None = None,
    record_version: str,
    today: date,
    on: str = ON_THIS_HOME,
) -> dict[str, Any]:
    """Write down a fit as plain values.

    Args:
        outcome: The declaration.
        fit: The fit.
        version: The model's version.
        inputs: Digest of what it was fitted on.
        sampled: Share of the record's people that it was fitted and tested on, above 0 to 1.
        lags: Days for which each source was silent at most when people were looked at, see `plan.longest_lags`.
        record_version: Version of the record it was fitted on.
        today: Day at whose start the first scores were made.
        on: On whom its figures are.

    Returns:
        The model record, ready for JSON.
    """
    episodes = fit.parts["test"]["events"]
    return {
        "name": outcome.name,
        "version": version,
        "on": on,
        "title": f"{outcome.title}: {TITLES[fit.shipped]}",
        **asdict(outcome.words),
        "interval": _INTERVAL,
        "ship_rule": _SHIP_RULE,
        "shipped": fit.shipped,
        "owner": NEEDS_A_PERSON,
        "clinical_safety_officer": NEEDS_A_PERSON,
        "review_date": NEEDS_A_PERSON,
        "data": {
            "parts": fit.parts,
            "horizon_days": outcome.horizon_days,
            "washout_days": outcome.washout_days,
            "events_needed": MIN_EVENTS,
            "test_episodes": episodes,
            "enough_test_episodes": isinstance(episodes, int) and episodes >= ENOUGH_EPISODES,
            "record_version": record_version,
            "inputs": inputs,
            "sampled": round(sampled, 4),
            "most_people": outcome.most_people,
            "longest_lags": dict(lags or {}),
            "fitted_for": today.isoformat(),
        },
        "performance": {
            name: {figure: asdict(estimate) for figure, estimate in each.figures.items()}
            for name, each in fit.candidates.items()
        },
        "comparisons": [asdict(each) for each in fit.comparisons],
        "calibration": {name: each.bins for name, each in fit.candidates.items()},
        "decisions": {name: each.decisions for name, each in fit.candidates.items()},
        "gates": [asdict(each) for each in fit.gates],
        "groups": [asdict(each) for each in fit.groups],
        "places": fit.places,
        "settings": {name: each.setting for name, each in fit.candidates.items()},
        "point_log_odds": POINT_LOG_ODDS,
        "points": list_points(outcome.items, points_of(fit)),
        "features": [{"name": feature.name, "theme": feature.theme.title} for feature in outcome.features],
    }


def points_of(fit: Fit) -> LinearModel:
    """The points list of a fit."""
    model = fit.candidates["points"].model
    assert isinstance(model, LinearModel)  # noqa: S101
    return model


def say_sample(data: Mapping[str, Any]) -> str:
    """On how many of the record's people a model was fitted and tested, in words; see `build_model_record`."""
    share = data.get("sampled", 1.0)
    if share == 1.0:
        return "Fitted and tested on everybody of the record whom it concerns."
    return (
        f"Fitted and tested on a sample of {share:.1%} of the record's people, about {data['most_people']:,}, by id, "
        "the same on every day; everybody whom it concerns is scored."
    )


FIGURES: dict[str, str] = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept (0 is perfect)",
    "calibration_slope": "Calibration slope (1 is perfect)",
    "expected_over_observed": "Expected over observed outcomes",
    "capture_5pct": "Share of outcomes in the top 5 %",
    "capture_10pct": "Share of outcomes in the top 10 %",
    "capture_20pct": "Share of outcomes in the top 20 %",
    "ppv_5pct": "Share with the outcome among the top 5 %",
    "ppv_10pct": "Share with the outcome among the top 10 %",
    "ppv_20pct": "Share with the outcome among the top 20 %",
}
"""What each figure is called on a page."""


GROUP_FIGURES: dict[str, str] = {
    "auroc": "AUROC",
    "ppv": "Share of the listed with the outcome (PPV)",
    "sensitivity": "Share of outcomes listed (sensitivity)",
}
"""What each figure of a group is called on a page, apart from observed over expected."""


def render_model_record(record: dict[str, Any]) -> str:
    """The model record as Markdown.

    Args:
        record: What `build_model_record` gives.

    Returns:
        A page for people.
    """
    data = record["data"]
    lines = [
        f"# {record['title']}",
        "",
        f"Version `{record['version']}`, fitted for {data['fitted_for']}. Every figure is {record['on']}.",
        "",
    ]
    lines += ["## What it is for", "", record["purpose"], "", "**Not for:**", ""]
    lines += [f"- {each}" for each in record["out_of_scope"]]
    lines += ["", "| | |", "|---|---|"]
    for name in ("owner", "clinical_safety_officer", "review_date"):
        lines.append(f"| {name.replace('_', ' ').capitalize()} | {record[name]} |")
    lines += ["", "## Whom and what it predicts", "", f"**People.** {record['population']}", ""]
    lines += [f"**Outcome.** {record['outcome']}", "", "## What it was fitted on", ""]
    lines += [
        "| Part | Index dates | First | Last | Person-indexes | People | Outcomes |",
        "|---|--:|---|---|--:|--:|--:|",
    ]
    for name, part in data["parts"].items():
        lines.append(
            f"| {name} | {part['index_dates']} | {part['first_index']} | {part['last_index']} "
            f"| {part['person_indexes']} | {part['people']} | {part['events']} |"
        )
    lines += ["", say_sample(data)]
    if not data["enough_test_episodes"]:
        few = f"The test holds {data['test_episodes']} {record['things']}, fewer than {ENOUGH_EPISODES}"
        lines += ["", f"{few}: read the intervals."]
    lines += ["", "## How it did on the test, later than all it was fitted on", "", record["ship_rule"], ""]
    for each in record["comparisons"]:
        pair = f"{TITLES[each['algorithm']]} over {TITLES[each['simpler']]}"
        lines.append(
            f"- {pair}: margin that decided {_interval(each['choice'])}; on the test {_interval(each['test'])}"
        )
    names = list(record["performance"])
    lines += ["", f"Shipped: **{TITLES[record['shipped']]}**.", ""]
    lines.append("| Figure (95 % interval) | " + " | ".join(TITLES[name].capitalize() for name in names) + " |")
    lines.append("|---|" + "---|" * len(names))
    for figure, title in FIGURES.items():
        cells = [_interval(record["performance"][name][figure]) for name in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += ["", "| Tenth of risk | People-weeks | Expected | Observed |", "|--:|--:|--:|--:|"]
    for number, each in enumerate(record["calibration"][record["shipped"]], start=1):
        lines.append(f"| {number} | {each['n']} | {each['expected']:.3f} | {each['observed']:.3f} |")
    lines += ["", _DECISIONS, "", "| Acting from a risk of | By the model | For everybody |", "|--:|--:|--:|"]
    for each in record["decisions"][record["shipped"]]:
        lines.append(f"| {each['threshold']:.1%} | {each['model']:.4f} | {each['everybody']:.4f} |")
    lines += ["", "## Gates", "", "What a model must do on the test before anybody relies on it.", ""]
    lines += [f"- {'met' if each['is_met'] else 'NOT MET'}: {each['says']}" for each in record["gates"]]
    lines += ["", "## By group, on the test", "", GROUPS, ""]
    headings = ["Group", "Person-indexes", "Outcomes", "Observed over expected", *GROUP_FIGURES.values()]
    lines += [f"| {' | '.join(headings)} |", "|---|--:|--:|---|" + "---|" * len(GROUP_FIGURES)]
    for each in record["groups"]:
        ratio = _interval(each["ratio"]) if each["is_judged"] else "too few to judge"
        figures = [_interval(each[name]) if each[name] is not None else "" for name in GROUP_FIGURES]
        cells = [f"{each['by']}: {each['name']}", str(each["n"]), str(each["events"]), ratio, *figures]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", record["interval"], "", "## The points list", ""]
    lines += [f"One point stands for {record['point_log_odds']} of log-odds.", "", "| Item | Points |", "|---|--:|"]
    lines += [f"| {item['words']} | {item['points']} |" for item in record["points"]]
    lines += ["", "## Limits", ""]
    lines += [f"- {each}" for each in record["limitations"]]
    lines += ["", f"Record version `{data['record_version']}`, inputs `{data['inputs']}`.", ""]
    return "\n".join(lines)


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['lower']:.3f} to {estimate['upper']:.3f})"
