"""Does the model find what was planted, and do its parts add up?"""

from __future__ import annotations

import numpy as np

from washhouse.linkage.fields import FIELDS
from washhouse.linkage.kernel import level_counts
from washhouse.linkage.model import Random, fit, probability
from washhouse.linkage.threshold import at_threshold, best_threshold

NAMES = ("first_name", "surname", "birth_date", "postcode")
LISTED = [FIELDS[name] for name in NAMES]


def planted(rng: np.random.Generator, pairs: int, kind: str) -> np.ndarray:
    """Levels of pairs of one kind: equal (common name, equal date, equal postcode) or different."""
    worst = [len(f.levels) for f in LISTED]
    chance = {"one": (0.9, 0.95, 0.97, 0.8), "family": (0.01, 0.98, 0.0, 1.0), "other": (0.01, 0.01, 0.0, 0.01)}[kind]
    equal = (4, 4, 1, 1)
    return np.stack([np.where(rng.random(pairs) < chance[f], equal[f], worst[f]) for f in range(4)], axis=1).astype(
        np.int8
    )


def test_kinds_of_pair_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    ones, family, other = (planted(rng, n, k) for n, k in ((4000, "one"), (6000, "family"), (3000, "other")))
    levels, counts = np.unique(np.concatenate([ones, family, other]), axis=0, return_counts=True)
    sizes = level_counts(LISTED)
    shares = tuple(np.zeros(n) for n in sizes)
    for share, equal, chance in zip(shares, (4, 4, 1, 1), (0.01, 0.01, 1e-5, 0.001), strict=True):
        share[equal], share[-1] = chance, 1 - chance
    model = fit(LISTED, levels, counts, Random(5e7, shares, (1.0,) * 4), 10_000)

    found = dict(zip((k.name for k in model.kinds), model.sizes, strict=True))
    assert abs(found["one person"] + found["one person, moved"] - 4000) < 4 * np.sqrt(4000)
    assert abs(found["family"] + found["neighbours"] - 6000) < 0.1 * 6000
    weights, parts = model.weights(levels)
    assert np.allclose(parts.sum(axis=1) + model.prior, weights, atol=1e-9)
    chances = probability(weights)
    brother = (levels == [11, 4, 10, 1]).all(axis=1)
    same = (levels == [4, 4, 1, 1]).all(axis=1)
    assert chances[brother][0] < 0.01
    assert chances[same][0] > 0.999
    surname = parts[same][0][1]
    alone = next(r["weight"] for r in model.table() if r["field"] == "surname" and r["level"] == "the same, but common")
    assert surname < float(alone) / 2, "a surname shared at one address earns less than one shared by strangers"


def test_the_threshold_maximises_the_expected_f1() -> None:
    rng = np.random.default_rng(2)
    chances = np.concatenate([rng.uniform(0.9, 1.0, 300), rng.uniform(0, 0.3, 2000)])
    best = best_threshold(chances)
    assert best.links == 300
    assert best.f1 >= max(at_threshold(chances, cut).f1 for cut in np.linspace(0.5, 1, 51)) - 1e-12
    assert abs(best.false_links - (1 - chances[:300]).sum()) < 1e-9


def test_no_pairs_no_links() -> None:
    assert best_threshold(np.empty(0)).links == 0
    assert best_threshold(np.array([0.2, 0.1])).links == 0
