"""How does a model do for the people of one age, sex, ethnic group, deprivation fifth or locality?

Groups are judged together by observed over expected: their intervals are widened for their number, since of twenty
groups a perfect model misses one by chance. Ranking, and what a list of the length that a team can review finds among
them, stand beside it with plain 95 % intervals, to be read and not judged.

References:
    Intervals of several groups: Bonferroni, in Dunn 1961, doi:10.1080/01621459.1961.10482090. Interval of observed over
    expected: Byar's approximation, in Breslow and Day 1987, IARC Scientific Publications 82, 69; made wider by a design
    effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.stats import norm

from washhouse.insight.models.evaluation import Estimate, Ranking, bootstrap, flag_top

MIN_GROUP_EVENTS = 10
"""Expected outcomes below which a group is shown and not judged."""

AGES_YEARS = (0, 25, 45, 65, 80, 200)

CAPACITY = 25 / 350
"""Share of a list that a team reviews: 25 names of a caseload of 350, on each index date."""

MOST_LOCALITIES = 10

MIN_LOCALITY_EVENTS = 2 * MIN_GROUP_EVENTS
"""Expected outcomes that a locality is made to hold; runs of small areas with fewer are merged."""

_REPLICATES = 200
_SEED = 20260102


@dataclass(frozen=True)
class Group:
    """How a model does for some people.

    Attributes:
        by: What they have in common: `sex`, `age`, `deprivation`, `ethnicity` or `locality`.
        name: Which.
        n: Person-indexes.
        events: Outcomes.
        expected: Sum of the risks.
        ratio: Observed over expected, with an interval widened for the number of groups judged; parity is 1.
        auroc: Within the group; none where nobody or everybody had the outcome.
        is_judged: Whether enough outcomes are expected.
        listed: Person-indexes of theirs among the highest `CAPACITY` of all people on their day.
        found: Outcomes among these.
        ppv: Share of the listed with the outcome; none where nobody is listed.
        sensitivity: Share of their outcomes that are listed; none where nobody had the outcome.
    """

    by: str
    name: str
    n: int
    events: int
    expected: float
    ratio: Estimate
    auroc: Estimate | None
    is_judged: bool
    listed: int
    found: int
    ppv: Estimate | None
    sensitivity: Estimate | None


def judge_groups(
    risk: NDArray[np.float64],
    outcome: NDArray[np.bool_],
    person: NDArray[np.int64],
    index_date: NDArray[np.datetime64],
    people: pa.Table,
) -> tuple[Group, ...]:
    """Figures by sex, age band, deprivation fifth, ethnic group and locality.

    Args:
        risk: Calibrated risks, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
        person: Number of the person of each row; intervals allow for people who occur often.
        index_date: Shape (rows,).
        people: Row by row `sex`, `birth_month`, `deprivation_decile`, `ethnic_category`, `small_area`.

    Returns:
        The groups, those of one kind together.
    """
    members = [*_members(index_date, people), *_localities(people["small_area"], risk)]
    members = [(by, name, rows) for by, name, rows in members if rows.any()]
    judged = [risk[rows].sum() >= MIN_GROUP_EVENTS for _, _, rows in members]
    half = float(norm.ppf(1 - 0.025 / max(sum(judged), 1)))
    month = np.unique(index_date.astype("datetime64[M]"), return_inverse=True)[1]
    listed = flag_top(risk, month.astype(np.int64), share=CAPACITY)
    rng, groups = np.random.default_rng(_SEED), []
    for (by, name, rows), is_judged in zip(members, judged, strict=True):
        happened, on_list = outcome[rows], listed[rows]
        figures = _figures(risk[rows], happened, on_list, person[rows], rng)
        groups.append(
            Group(
                by=by,
                name=name,
                n=int(rows.sum()),
                events=int(happened.sum()),
                expected=float(risk[rows].sum()),
                ratio=compare_counts(happened, risk[rows], person[rows], half),
                auroc=figures.get("auroc"),
                is_judged=bool(is_judged),
                listed=int(on_list.sum()),
                found=int((happened & on_list).sum()),
                ppv=figures.get("ppv"),
                sensitivity=figures.get("sensitivity"),
            )
        )
    return tuple(groups)


def _figures(
    risk: NDArray[np.float64],
    happened: NDArray[np.bool_],
    listed: NDArray[np.bool_],
    person: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, Estimate]:
    """Those of a group that can be told."""
    told: dict[str, Callable[[NDArray[np.float64]], float]] = {}
    found, listings, events = (each.astype(np.float64) for each in (happened & listed, listed, happened))
    if 0 < happened.sum() < len(happened):
        told["auroc"] = Ranking(risk, happened).auroc
    if listed.any():
        told["ppv"] = lambda weight: float((weight @ found) / (weight @ listings))
    if happened.any():
        told["sensitivity"] = lambda weight: float((weight @ found) / (weight @ events))
    if not told:
        return {}
    _, number = np.unique(person, return_inverse=True)
    return bootstrap(
        lambda weight: {name: figure(weight) for name, figure in told.items()},
        number.astype(np.int64),
        rng,
        _REPLICATES,
    )


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
        name = f"{first} and over" if last == AGES_YEARS[-1] else f"{first} to {last - 1}"
        yield "age", name, (age >= first) & (age < last)
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


def _localities(small_area: pa.ChunkedArray, risk: NDArray[np.float64]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Runs of small areas in the order of their codes, of about as many expected outcomes each.

    Codes follow each other within a district, so that neighbours mostly lie in one run; the record holds no wards. None
    where there are too few outcomes for two.
    """
    areas = np.array(small_area.fill_null("").to_pylist())
    is_known = areas != ""
    codes, place = np.unique(areas[is_known], return_inverse=True)
    expected = np.bincount(place, risk[is_known], minlength=len(codes))
    runs = min(MOST_LOCALITIES, int(expected.sum() / MIN_LOCALITY_EVENTS))
    if runs < 2:
        return
    # A small area belongs to the run that its middle falls into.
    middle = np.cumsum(expected) - expected / 2
    run = np.minimum((middle / expected.sum() * runs).astype(np.int64), runs - 1)
    for number in np.unique(run):
        mine = codes[run == number]
        name = str(mine[0]) if len(mine) == 1 else f"{mine[0]} to {mine[-1]}"
        yield "locality", name, np.isin(areas, mine)
    yield "locality", "not known", ~is_known
