"""What are invented people called?

Lists of given names and surnames that are common in English cities, by community and period of birth, each ordered
from the most to the least frequent. Frequencies fall with the rank as in a census. Only the mixture is realistic:
nobody here exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.synthetic import names_given, names_surnames
from washhouse.synthetic.columns import Array

COMMUNITIES = ("british", "irish", "european", "muslim_asian", "indian", "african", "caribbean", "chinese", "arab")
"""Naming communities; an ethnic category maps to one or a mixture of them."""

_BY_CATEGORY: dict[str, dict[str, float]] = {
    "A": {"british": 1.0},
    "B": {"irish": 0.8, "british": 0.2},
    "C": {"european": 0.85, "british": 0.15},
    "D": {"british": 0.6, "caribbean": 0.4},
    "E": {"african": 0.5, "british": 0.5},
    "F": {"muslim_asian": 0.3, "indian": 0.2, "british": 0.5},
    "G": {"british": 0.6, "arab": 0.2, "european": 0.2},
    "H": {"indian": 0.85, "muslim_asian": 0.15},
    "J": {"muslim_asian": 1.0},
    "K": {"muslim_asian": 1.0},
    "L": {"indian": 0.5, "muslim_asian": 0.5},
    "M": {"caribbean": 0.9, "british": 0.1},
    "N": {"african": 0.85, "arab": 0.15},
    "P": {"caribbean": 0.6, "african": 0.4},
    "R": {"chinese": 0.9, "british": 0.1},
    "S": {"arab": 0.8, "indian": 0.2},
}
CATEGORIES = tuple(_BY_CATEGORY)
"""Ethnic categories A to S, as the NHS Data Dictionary codes them."""

ERAS = (1945, 1965, 1985, 2003)
"""Years of birth that part the periods."""


@dataclass(frozen=True)
class Names:
    """Vocabulary of names; people hold indexes into it.

    Attributes:
        given: Given names.
        surnames: Surnames.
        pools: Index and cumulative frequency by (community, sex, era) for given names, by community for surnames.
    """

    given: tuple[str, ...]
    surnames: tuple[str, ...]
    given_pools: dict[tuple[str, int, int], tuple[Array, Array]]
    surname_pools: dict[str, tuple[Array, Array]]

    def draw_given(self, community: Array, sex: Array, birth_year: Array, rng: np.random.Generator) -> Array:
        """Return indexes of given names (sex 0 female, 1 male)."""
        era = np.searchsorted(ERAS, birth_year, side="right")
        uniform = rng.random(len(community))
        result = np.zeros(len(community), dtype=np.int32)
        for (name, who, period), (index, cumulative) in self.given_pools.items():
            rows = np.flatnonzero((community == COMMUNITIES.index(name)) & (sex == who) & (era == period))
            result[rows] = index[np.searchsorted(cumulative, uniform[rows], side="right").clip(0, len(index) - 1)]
        return result

    def draw_surnames(self, community: Array, rng: np.random.Generator) -> Array:
        """Return indexes of surnames."""
        uniform = rng.random(len(community))
        result = np.zeros(len(community), dtype=np.int32)
        for name, (index, cumulative) in self.surname_pools.items():
            rows = np.flatnonzero(community == COMMUNITIES.index(name))
            result[rows] = index[np.searchsorted(cumulative, uniform[rows], side="right").clip(0, len(index) - 1)]
        return result


def draw_communities(category: Array, rng: np.random.Generator) -> Array:
    """Return the naming community of people of the given ethnic categories (index into `CATEGORIES`)."""
    uniform = rng.random(len(category))
    result = np.zeros(len(category), dtype=np.int8)
    for number, mixture in enumerate(_BY_CATEGORY.values()):
        rows = np.flatnonzero(category == number)
        shares = np.cumsum(list(mixture.values()))
        codes = np.array([COMMUNITIES.index(name) for name in mixture])
        result[rows] = codes[np.searchsorted(shares, uniform[rows], side="right").clip(0, len(codes) - 1)]
    return result


def _pool(words: list[str], vocabulary: dict[str, int], exponent: float) -> tuple[Array, Array]:
    index = np.array([vocabulary.setdefault(word, len(vocabulary)) for word in dict.fromkeys(words)], dtype=np.int32)
    weights = (np.arange(len(index)) + 4.0) ** -exponent
    return index, np.cumsum(weights / weights.sum())


def load_names() -> Names:
    """Return the vocabulary with its frequencies."""
    given: dict[str, int] = {}
    surnames: dict[str, int] = {}
    given_pools = {}
    for community in COMMUNITIES:
        for sex, lists in enumerate(names_given.lists(community)):
            for era in range(len(ERAS) + 1):
                words = lists[min(era, len(lists) - 1)]
                given_pools[community, sex, era] = _pool(words, given, 0.75)
    surname_pools = {c: _pool(names_surnames.words(c), surnames, 0.62) for c in COMMUNITIES}
    return Names(tuple(given), tuple(surnames), given_pools, surname_pools)
