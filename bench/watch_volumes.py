"""How often does the watch over deliveries raise an alarm where nothing changed?

    python bench/watch_volumes.py --home HOME [--builds 36]

Holds a home's deliveries back four weeks at a time, as if each build had ended there, and asks the watch each time.
Printed: series judged and those outside their limits, and how many would be without the rule that what comes every year
is no change. Every figure is on the invented city if the home is of one.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from functools import partial
from pathlib import Path

from published import open_published
from washhouse.insight.models.history import read_submitted, together
from washhouse.insight.outcomes.registry import watched_codelists
from washhouse.insight.watch.volumes import WINDOW_DAYS, watch_volumes


def main() -> None:
    """Print one line a build, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--builds", type=int, default=36)
    args = parser.parse_args()
    _, _, compute = open_published(args.home)
    submitted = read_submitted(compute)
    newest = max(days[-1] for days in submitted.values())
    alarms, without_season = 0, 0
    for build in range(args.builds):
        end = newest - timedelta(WINDOW_DAYS * build)
        kept = {source: [day for day in days if day <= end] for source, days in submitted.items()}
        known = {source: days for source, days in kept.items() if days}
        volumes = watch_volumes(partial(together, compute), known, watched_codelists())
        judged = [each for each in volumes if each.limits is not None]
        outside = [f"{each.source} {each.codelist or 'people'}" for each in judged if each.is_outside]
        alarms += len(outside)
        without_season += sum(each.limits is not None and not each.limits.holds(each.points[-1][1]) for each in judged)
        print(f"{end}: {len(judged)} series judged; outside: {', '.join(outside) or 'none'}")
    print(f"{args.builds} builds: {alarms} alarms; without the rule of the season {without_season}")


if __name__ == "__main__":
    main()
