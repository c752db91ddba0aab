"""Who lives with whom?

References:
    Household types: shares of an English city after the 2021 census (one person about 30 %, couples with children about
    a quarter, lone parents about a tenth), rounded. Twin maternities: about 15 in 1,000 (ONS birth characteristics).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from washhouse.synthetic.columns import Array

HEAD, PARTNER, CHILD, GRANDPARENT, SHARER, RESIDENT = range(6)
"""Roles in a household."""

_KINDS = ("young", "older", "couple", "older_couple", "family", "lone", "generations", "grown", "share")
_SHARES = np.array([0.20, 0.125, 0.15, 0.105, 0.205, 0.085, 0.025, 0.055, 0.05])
TWIN_RATE = 0.016
"""Share of births that are followed by a twin."""


@dataclass
class Members:
    """People of households before they have names: one entry per person.

    Attributes:
        household: Number of the household.
        role: Role in it.
        age: Age in years on the last day, below 0 never occurs.
        sex: 0 female, 1 male.
        twin: True where born with the person before.
    """

    household: Array
    role: Array
    age: Array
    sex: Array
    twin: Array


@dataclass
class _Builder:
    parts: list[tuple[Array, ...]] = field(default_factory=list)

    def add(self, household: Array, role: int, age: Array, sex: Array, twin: Array | None = None) -> None:
        """Add one person to each of the households."""
        count = len(household)
        twin = np.zeros(count, bool) if twin is None else twin
        self.parts.append((household, np.full(count, role, np.int8), age, sex.astype(np.int8), twin))

    def members(self) -> Members:
        household, role, age, sex, twin = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.argsort(household, kind="stable")
        return Members(household[order], role[order], age[order], sex[order], twin[order])


def _coin(count: int, chance: float, rng: np.random.Generator) -> Array:
    return (rng.random(count) < chance).astype(np.int8)


def within(values: Array, low: float, high: float) -> Array:
    """Return values mirrored at the bounds, so that none pile up there.

    Example:
        >>> within(np.array([1.0, 5.0, 11.5]), 2, 10).tolist()
        [3.0, 5.0, 8.5]
    """
    mirrored: Array = np.where(values < low, 2 * low - values, np.where(values > high, 2 * high - values, values))
    return mirrored.clip(low, high)


def _add_children(
    build: _Builder, household: Array, parent_age: Array, rng: np.random.Generator, *, grown: bool
) -> None:
    """Add one to four children, the eldest first; a twin has the same age as the child before."""
    count = len(household)
    number = np.searchsorted([0.40, 0.78, 0.93], rng.random(count)) + 1
    if grown:
        number = np.minimum(number, 2)
    age = parent_age - within(rng.normal(28.5, 5.0, count), 17, 42)
    # Whose first child would not be born yet has one of any age that the parent's allows, so that no years stand out.
    age = np.where(age > 0, age, rng.random(count) * np.clip(parent_age - 17, 0.5, 17))
    for nth in range(4):
        rows = np.flatnonzero(number > nth)
        twin = np.zeros(len(rows), bool)
        if nth:
            twin = rng.random(len(rows)) < TWIN_RATE * 1.6
            gap = np.where(twin, 0.0, 1.1 + rng.gamma(2.0, 0.9, len(rows)))
            age[rows] -= gap
        alive = age[rows] > 0
        rows, twin = rows[alive], twin[alive]
        build.add(household[rows], CHILD, age[rows].copy(), _coin(len(rows), 0.513, rng), twin)


def make_members(people: int, rng: np.random.Generator) -> Members:
    """Return exactly that many people in private households."""
    households = int(people / 2.2) + 40
    kind = rng.choice(len(_KINDS), households, p=_SHARES / _SHARES.sum())
    build = _Builder()
    for number, name in enumerate(_KINDS):
        h = np.flatnonzero(kind == number)
        n = len(h)
        if name == "young":
            build.add(h, HEAD, 21 + 44 * rng.beta(1.3, 1.1, n), _coin(n, 0.58, rng))
        elif name == "older":
            build.add(h, HEAD, 65 + 34 * rng.beta(1.5, 2.0, n), _coin(n, 0.36, rng))
        elif name == "share":
            for nth in range(5):
                rows = h[rng.random(n) < (1.0, 1.0, 0.8, 0.5, 0.3)[nth]]
                build.add(rows, SHARER, 19 + 20 * rng.beta(1.2, 2.6, len(rows)), _coin(len(rows), 0.53, rng))
        elif name == "lone":
            age = within(rng.normal(38, 8.5, n), 18, 60)
            sex = _coin(n, 0.12, rng)
            build.add(h, HEAD, age, sex)
            _add_children(build, h, age, rng, grown=False)
        else:
            middle = {"couple": 43.0, "older_couple": 73.5, "family": 40.0, "generations": 43.0, "grown": 55.0}[name]
            spread = {"couple": 13.0, "older_couple": 6.5, "family": 8.0, "generations": 7.5, "grown": 5.5}[name]
            age = within(rng.normal(middle, spread, n), 63 if name == "older_couple" else 20, 99)
            sex = _coin(n, 0.5, rng)
            build.add(h, HEAD, age, sex)
            same = rng.random(n) < 0.03
            other = np.where(same, sex, 1 - sex)
            partner_age = within(age + np.where(sex == 1, -2.2, 2.2) + rng.normal(0, 3.2, n), 18, 100)
            build.add(h, PARTNER, partner_age, other)
            if name in ("family", "generations", "grown"):
                mother = np.where(sex == 0, age, partner_age)
                _add_children(build, h, mother, rng, grown=name == "grown")
            if name == "generations":
                build.add(h, GRANDPARENT, within(age + rng.normal(27, 4, n), 45, 100), _coin(n, 0.28, rng))
    members = build.members()
    keep = slice(0, people)
    return Members(*(getattr(members, name)[keep] for name in ("household", "role", "age", "sex", "twin")))
