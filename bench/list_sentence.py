"""Is "this list of N is expected to find k of m crises (95 % range a to b)" true, week by week?

    python bench/list_sentence.py --home HOME

Takes the crisis model of a home and every Monday from the first index of its test to the last whose 28 days are known:
days later than all it was fitted and calibrated on. On each, everybody at risk then is scored with what was known then,
lists of several lengths are taken from the top, and the range that the caseload page says is held against the crises
that came. A right range holds at least 95 % of the weeks (a count cannot be cut finer); the goal is 90 %. Weeks
overlap, as a crisis counts in four of them, so the share is of fewer independent weeks than it looks.

Every figure is on the invented city if the home is of one.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from published import open_published
from washhouse.action.words import count_range
from washhouse.insight.models.history import (
    build_cohort,
    compute_features,
    find_population,
    number_rows,
    read_submitted,
)
from washhouse.insight.models.plan import choose_index_dates
from washhouse.insight.models.registry import find_challenger, find_model
from washhouse.insight.models.store import load_model
from washhouse.insight.outcomes.crisis import CRISIS

LISTS = (25, 50, 0.05, 0.1, 0.2)
"""People, or a share of those at risk."""


def main() -> None:
    """Print one line for each length of list."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--home", type=Path, required=True)
    args = parser.parse_args()
    home, version, compute = open_published(args.home)
    stored = find_model(home.models, CRISIS) or find_challenger(home.models, CRISIS)
    assert stored is not None, "the home has no model of crises"
    today = version.as_of[CRISIS.source] + timedelta(1)
    last = choose_index_dates(CRISIS, read_submitted(compute)[CRISIS.source], today)[-1]
    monday = date.fromisoformat(stored["record"]["data"]["parts"]["test"]["first_index"])
    days = []
    while monday <= last:
        days.append(monday)
        monday += timedelta(7)
    population = find_population(compute, CRISIS, days)
    rows = number_rows(population.filter(pc.equal(population["status"], "at-risk")))
    cohort = build_cohort(rows, compute_features(compute, CRISIS, rows))
    model, calibration = load_model(stored["models"][stored["shipped"]])
    risk = calibration.risk(model.log_odds(cohort.matrix))
    print(f"{len(days)} Mondays from {days[0]} to {days[-1]}, {len(risk)} person-weeks, model {stored['version']}\n")
    print("| list | weeks within the range | expected, a week | came, a week |\n|---|--:|--:|--:|")
    for length in LISTS:
        within, expected, came = [], [], []
        for day in days:
            at = cohort.index_date == np.datetime64(day)
            said, outcome = risk[at], cohort.outcome[at]
            listed = np.argsort(-said, kind="stable")[: length if length >= 1 else round(length * len(said))]
            low, high = count_range([float(each) for each in said[listed]])
            count = int(outcome[listed].sum())
            within.append(low <= count <= high)
            expected.append(float(said[listed].sum()))
            came.append(count)
        name = f"{length} people" if length >= 1 else f"top {length:.0%}"
        print(f"| {name} | {np.mean(within):.0%} | {np.mean(expected):.2f} | {np.mean(came):.2f} |")


if __name__ == "__main__":
    main()
