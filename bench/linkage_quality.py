"""Does the quality report of a linkage tell the truth? Expected beside true errors of invented cities.

    python bench/linkage_quality.py --people 5000 --years 3 --seeds 1 2 3
    python bench/linkage_quality.py --people 5000 --years 3 --seeds 1 2 3 --no-names

For every seed: how many linked pairs are two people's and how many pairs of one person are kept apart, by the sealed
truth; what the report expects (`rules`); and what the pairs' own probabilities would have said (`plain`). Then, over
groups and figures, how often the 95 % interval of a rate holds the true rate. Only this script opens the truth.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))
from linkage_identities import read_city
from washhouse.linkage.expected_errors import LEAST_PROBABILITY, expected_errors
from washhouse.linkage.model import Floats, probability
from washhouse.linkage.pairs import Paired, pair_records
from washhouse.linkage.people import link_people
from washhouse.linkage.quality_groups import dimensions
from washhouse.linkage.scoring import no_progress

Rows = npt.NDArray[np.int64]


def linked(table: pa.Table) -> tuple[Paired, Rows, dict[str, Any]]:
    """Link; return the weighed pairs, for each record the lowest record of its person, and the quality report."""
    people = link_people(table, previous=None, key=lambda data: hmac.new(b"bench", data, hashlib.sha256).digest())
    rows = people.membership.select(["source", "source_id", "person_id"]).to_pylist()
    whose = {(r["source"], r["source_id"]): r["person_id"] for r in rows}
    names = zip(table["source"].to_pylist(), table["source_id"].to_pylist(), strict=True)
    _, first, number = np.unique([whose[n] for n in names], return_index=True, return_inverse=True)
    return pair_records(table, None, None, 1, no_progress), first[number], people.summary["quality"]


def pairs_of(label: Rows) -> Rows:
    """Return the pairs of records that share a label, packed as low * records + high, ascending."""
    order = np.argsort(label, kind="stable")
    held, found, step = label[order], [], 1
    while (same := np.flatnonzero(held[step:] == held[:-step])).size:
        a, b = order[same], order[same + step]
        found.append(np.minimum(a, b) * len(label) + np.maximum(a, b))
        step += 1
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)


def errors(table: pa.Table, truth: Rows) -> tuple[dict[str, float], list[tuple[str, float, float, float]]]:
    """Count true and expected errors, and list by group the true rate beside the limits of the report."""
    paired, label, report = linked(table)
    scored = paired.scored
    assert scored is not None
    records = len(label)
    made, wanted = pairs_of(label), pairs_of(truth)
    false, missed = np.setdiff1d(made, wanted), np.setdiff1d(wanted, made)
    left, right = scored.candidates.left.astype(np.int64), scored.candidates.right.astype(np.int64)
    compared = np.minimum(left, right) * records + np.maximum(left, right)
    chance = scored.pair_probabilities
    kept = np.flatnonzero(probability(scored.weights)[scored.pattern] >= LEAST_PROBABILITY)
    found = expected_errors(label, left[kept], right[kept], scored.pair_weights[kept])
    together = label[left] == label[right]
    figures = {
        "linked pairs": len(made),
        "false, true": len(false),
        "false, rules": float(found.false.sum() / 2),
        "false, plain": float((1 - chance[together]).sum()),
        "missed, true": int(np.isin(missed, compared).sum()),
        "missed, rules": float(found.probability[found.apart].sum()),
        "missed, plain": float(chance[~together].sum()),
        "never compared, true": int((~np.isin(missed, compared)).sum()),
        "never compared, rules": report["expected_never_compared"],
    }
    return figures, list(_by_group(table, label, report, made, wanted, false, missed))


def _by_group(
    table: pa.Table, label: Rows, report: dict[str, Any], made: Rows, wanted: Rows, false: Rows, missed: Rows
) -> Iterator[tuple[str, float, float, float]]:
    """Yield figure, true rate and limits of each group that the report tells of."""
    records = len(label)
    _, person = np.unique(label, return_inverse=True)
    told = {(r["dimension"], r["group"]): r for r in report["groups"]}
    for dimension in dimensions(table, person):
        half = {
            name: np.bincount(dimension.of_person[np.concatenate(np.divmod(pairs, records))], minlength=32) / 2
            for name, pairs in (("made", made), ("wanted", wanted), ("false", false), ("missed", missed))
        }
        for code, group in enumerate(dimension.groups):
            row = told.get((dimension.name, group), {})
            for name, base in (("false", "made"), ("missed", "wanted")):
                if row.get(name):
                    yield name, half[name][code] / half[base][code], row[name]["low"], row[name]["high"]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--no-names", action="store_true", help="without the companion demographics files")
    given = parser.parse_args()
    every: list[tuple[str, float, float, float]] = []
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            city = [str(Path(sys.executable).with_name("washhouse")), "city", "--seed", str(seed), "--out", folder]
            shape = ["--people", str(given.people), "--years", str(given.years)]
            subprocess.run([*city, *shape], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            table, whose = read_city(Path(folder), names=not given.no_names)
        table = table.sort_by([("source", "ascending"), ("source_id", "ascending")]).combine_chunks()
        names = zip(table["source"].to_pylist(), table["source_id"].to_pylist(), strict=True)
        truth = np.unique([whose[name] for name in names], return_inverse=True)[1]
        figures, groups = errors(table, truth)
        print(f"seed {seed}: " + "; ".join(f"{name} {value:,.0f}" for name, value in figures.items()))
        every += groups
    for figure in ("false", "missed"):
        mine = [(rate, low, high) for name, rate, low, high in every if name == figure]
        held: Floats = np.array([low <= rate <= high for rate, low, high in mine])
        below = sum(rate > high for rate, low, high in mine)
        print(f"{figure}: {held.sum():.0f} of {len(mine)} intervals hold the true rate; {below} lie below it")


if __name__ == "__main__":
    main()
