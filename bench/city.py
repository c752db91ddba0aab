"""How fast and how large is a city, and does its planted truth hold?

    python bench/city.py --people 100000 --years 5 --seed 1 --seed 2

Prints one JSON object a seed: seconds, peak memory, rows and bytes of every kind of file, and the oracle: AUROC of the
true 28-day probability at Mondays four weeks apart, base rate, mean probability, distinct crises.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from washhouse.synthetic.city import make_city
from washhouse.synthetic.reading import auroc, read_crises, read_oracle


def measure(people: int, years: int, seed: int, out: Path) -> dict[str, object]:
    """Return the figures of one city."""
    begun = time.perf_counter()
    counts = make_city(people, years, seed, out)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    rows: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for file in (out / "extracts").rglob("*.csv"):
        name = f"{file.parent.parent.name}/{file.name}"
        with file.open("rb") as handle:
            rows[name] += sum(chunk.count(b"\n") for chunk in iter(lambda: handle.read(1 << 20), b"")) - 1
        size[name] += file.stat().st_size
    hazard, outcome = read_oracle(out)
    return {
        "people": people,
        "years": years,
        "seed": seed,
        "seconds": round(seconds, 1),
        "peak_gb": round(peak, 2),
        "counts": counts,
        "rows": dict(sorted(rows.items())),
        "megabytes": {name: round(n / 1e6, 1) for name, n in sorted(size.items())},
        "oracle": {
            "auroc": round(auroc(hazard, outcome), 4),
            "base_rate": round(float(outcome.mean()), 4),
            "mean_probability": round(float(hazard.mean()), 4),
            "person_mondays": len(hazard),
            "crises": sum(len(days) for days in read_crises(out).values()),
        },
    }


def main() -> None:
    """Measure cities."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--seed", type=int, action="append")
    options = parser.parse_args()
    for seed in options.seed or [1]:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(options.people, options.years, seed, Path(folder) / "city"), indent=2))


if __name__ == "__main__":
    main()
