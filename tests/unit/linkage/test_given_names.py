"""Given names among strangers: counted by cohort, one person's pairs taken out, swaps seen once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from washhouse.linkage.encode import Encoded, encode
from washhouse.linkage.fields import FIELDS, SWAPPED
from washhouse.linkage.given_names import GivenNames, context_of, count_names
from washhouse.linkage.model import fit, probability
from washhouse.linkage.scoring import all_pairs, score_pairs

NAMES = ("first_name", "surname", "birth_date", "sex")


def encoded(rows: list[tuple[str | None, ...]]) -> Encoded:
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(NAMES)}
    return encode(columns, [FIELDS[name] for name in NAMES])


def test_counts_are_those_of_all_pairs() -> None:
    rng = np.random.default_rng(5)
    first, last = ("ANNA", "BEN", "CARA", "DEV"), ("HILL", "MOSS", "DALE")
    rows = [
        (first[rng.integers(4)], last[rng.integers(3)], f"{rng.integers(1950, 1953)}-05-17", "fm"[rng.integers(2)])
        for _ in range(40)
    ]
    told = encoded([(a, b, c, {"f": "female", "m": "male"}[d]) for a, b, c, d in rows])
    counts = count_names(told, 40 * 39 / 2)
    assert counts is not None
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    for surname in (0, 1):
        for year in (0, 1):
            for sex in (0, 1):
                agree = [
                    p for p in pairs
                    if (p[0][1] == p[1][1] or not surname) and (p[0][2][:4] == p[1][2][:4] or not year)
                    and (p[0][3] == p[1][3] or not sex)
                ]  # fmt: skip
                assert counts.pairs[surname, year, sex] == pytest.approx(len(agree))
                same = sum(a[0] == b[0] for a, b in agree)
                assert counts.equal[surname, year, sex].sum() == pytest.approx(same)


@pytest.mark.parametrize("side", [None, np.array([0, 0, 1, 1], dtype=np.int32)])
def test_swapped_names_are_counted_exactly(side: np.ndarray | None) -> None:
    rows = [("JAMES", "RYAN"), ("ADAM", "LEE"), ("RYAN", "JAMES"), ("LEE", "LEE")]
    told = encoded([(a, b, "1980-03-04", "male") for a, b in rows])
    counts = count_names(told, 6 if side is None else 4, side)
    assert counts is not None
    assert counts.swapped == pytest.approx(1)


def test_a_name_of_the_cohort_says_less() -> None:
    """Susans were all born in one year: two Susans of that year are hardly more alike than their year makes them."""
    rng = np.random.default_rng(11)
    rows: list[tuple[str | None, ...]] = []
    for i in range(6000):
        year = 1940 + i % 40
        day = f"{year}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"
        name = "SUSAN" if year == 1954 and rng.random() < 0.5 else f"N{chr(65 + i % 26)}{chr(65 + i // 26 % 26)}EL"
        rows.append((name, f"S{chr(65 + rng.integers(26))}{chr(65 + rng.integers(26))}ON", day, "female"))
    told = encoded(rows)
    sizes = [len(f.levels) + 1 for f in told.fields]
    random = all_pairs(told, sizes)
    assert random.names is not None
    levels = np.array([[3, 11, 1, 1], [3, 11, 10, 1], [3, 11, 8, 1]], dtype=np.int8)
    shares = GivenNames(random.names, told.fields, levels).shares(np.zeros(3), random.shares[0])
    assert np.allclose(shares.sum(axis=1), 1.0)
    context = context_of(told.fields, levels)
    inside, outside = shares[context[0], 1:5].sum(), shares[context[1], 1:5].sum()
    same_year = 150 * 149 / 2 * 0.25 / (40 * 150 * 149 / 2)
    assert inside == pytest.approx(same_year, rel=0.4)
    assert inside > 3 * outside


def test_names_that_changed_places_count_once() -> None:
    rng = np.random.default_rng(2)
    people = [
        (f"F{chr(65 + i % 26)}{chr(65 + i // 26 % 26)}A", f"L{chr(65 + rng.integers(26))}{chr(65 + rng.integers(26))}E",
         f"{rng.integers(1940, 2000)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}", "female")
        for i in range(1500)
    ]  # fmt: skip
    rows: list[tuple[str | None, ...]] = [*people, *people[:700]]
    rows += [(b, a, c, d) for a, b, c, d in people[700:730]]
    scored = score_pairs(encoded(rows))
    first, last = (next(i for i, f in enumerate(scored.model.fields) if f.name == n) for n in ("first_name", "surname"))
    turned = (scored.levels[:, first] == SWAPPED) & (scored.levels[:, last] == SWAPPED)
    assert turned.any()
    assert np.abs(scored.parts[turned, first]).max() < 1e-9
    assert (scored.parts[turned, last] > 3).all()
    assert (probability(scored.weights[turned & (scored.levels[:, 2] == 1)]) > 0.9).all()


def test_a_model_without_birth_dates_still_fits() -> None:
    rows: list[tuple[str | None, ...]] = [(f"A{chr(65 + i % 26)}E", "HILL", None, "male") for i in range(60)]
    told = encoded(rows)
    sizes = [len(f.levels) + 1 for f in told.fields]
    levels = np.array([[1, 1, 0, 1], [11, 1, 0, 1]], dtype=np.int8)
    model = fit(told.fields, levels, np.array([5, 50]), all_pairs(told, sizes), 60)
    assert model.given is not None
    assert np.isfinite(model.weights(levels)[0]).all()
