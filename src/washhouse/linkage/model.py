"""How likely is it that two records belong to one person, given how they compare?

A Fellegi-Sunter model with **named kinds of pair**. The classical model knows matches and random non-matches, and so
takes a brother at the same address for the same person with a mistake in the first name: nearly all of its false
links lie inside households. Here a pair that is not one person may be of strangers, neighbours, family or twins; one
person may be met where they were or after a move. Inside a kind, fields agree independently. Kinds that are not one
person compare in what identifies a person exactly as strangers do, which is known from random pairs; that is what
keeps the kinds apart when they are estimated, by EM, on the counts of distinct patterns.

A pair's weight is log2 of how much likelier its pattern is for one person than for two. It is told field by field,
each given the fields before it (the place first, then the family name, then the person): the parts sum to the whole,
and a surname shared in one household earns next to nothing, because housemates share it anyway.

References:
    Fellegi, Sunter 1969, "A theory for record linkage", doi:10.1080/01621459.1969.10501049.
    Winkler 2000, "Using the EM algorithm for weight computation in the Fellegi-Sunter model of record linkage".
    docs/adr/2026-11-22-linkage-core.md (kinds of pair, priors, floors).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from washhouse.linkage.fields import EQUAL_LEVELS, SWAPPED, About, Field, Kind
from washhouse.linkage.given_names import GivenNames, NameCounts, context_of

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]

_SAME_PRIOR = 5.0
"""Pairs that the expected shares of `Level.same` count for."""
_STRANGERS_PRIOR = 200.0
"""Pairs that the expected shares of `Level.strangers` count for."""
_FLOOR = 0.005
"""Least share of the pairs at a level that is left to strangers (an NHS number is another's in about 0.5 %)."""
_TWINS = 0.03
"""Twins among pairs of one family at most; about 3 % of children are one of twins (ONS, Birth characteristics)."""
_ROUNDS = 300
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class PairKind:
    """A kind of pair.

    Attributes:
        name: Its name.
        same: True where both records are one person's.
        shared: What such pairs may share more than strangers do.
        start: Pairs of this kind for each record, before any data is seen.
        same_birth_date: The birth date agrees as it does for one person (twins).
    """

    name: str
    same: bool
    shared: frozenset[About]
    start: float
    same_birth_date: bool = False


KINDS = (
    PairKind("strangers", False, frozenset(), 0.0),
    PairKind("neighbours", False, frozenset({"where", "contact"}), 0.5),
    PairKind("family", False, frozenset({"where", "contact", "family", "number"}), 0.5),
    PairKind("twins", False, frozenset({"where", "contact", "family", "number"}), 0.01, same_birth_date=True),
    PairKind("one person", True, frozenset({"where", "contact", "family", "number", "who", "setting"}), 0.3),
    PairKind("one person, moved", True, frozenset({"contact", "family", "number", "who", "setting"}), 0.1),
)


@dataclass(frozen=True)
class Random:
    """How all pairs of records compare, matched or not.

    Attributes:
        pairs: Number of pairs that could be formed.
        shares: Share of those pairs at each level, of the pairs where the field is present on both sides; by field.
        present: Share of the pairs where the field is present on both sides, by field.
        names: How often given names agree by chance, given what else does; None without names.
    """

    pairs: float
    shares: tuple[Floats, ...]
    present: tuple[float, ...]
    names: NameCounts | None = None


@dataclass(frozen=True)
class Model:
    """A fitted model.

    Attributes:
        fields: The fields.
        kinds: The kinds of pair.
        sizes: Estimated number of pairs of each kind among all pairs. Shape (kinds,).
        shares: Share of each level where the field is present, by kind and field.
        rounds: Rounds of EM taken.
        given: Share of each level of the given name among pairs that are not one person, given what else agrees; see
            `given_names`. None where `shares` say all.
    """

    fields: tuple[Field, ...]
    kinds: tuple[PairKind, ...]
    sizes: Floats
    shares: tuple[tuple[Floats, ...], ...]
    rounds: int
    given: Floats | None = None

    @property
    def prior(self) -> float:
        """Weight of a pair before any field is compared, bits."""
        same = np.array([k.same for k in self.kinds])
        return float(np.log2(self.sizes[same].sum()) - np.log2(self.sizes[~same].sum()))

    def weights(self, levels: Levels) -> tuple[Floats, Floats]:
        """Return the weight of each pattern and its parts, in bits.

        Args:
            levels: Level of each pattern in each field. Shape (patterns, fields).

        Returns:
            The weight, prior included; and the part of each field, which sum to the weight minus the prior.
            Shapes (patterns,) and (patterns, fields).
        """
        parts = np.zeros(levels.shape)
        same = np.array([k.same for k in self.kinds])
        log = np.log2(self.sizes)[:, None] + np.zeros((1, len(levels)))
        before = _log2_sum(log[same]) - _log2_sum(log[~same])
        for f in telling_order(self.fields):
            for k, kind in enumerate(self.kinds):
                log[k] += _log2_likelihood(self.fields, f, kind, self.shares[k][f], self.given, levels)
            after = _log2_sum(log[same]) - _log2_sum(log[~same])
            parts[:, f] = after - before
            before = after
        return before, parts

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that name the model: equal for equal parameters."""
        told = [f"{size:.6g}" for size in self.sizes]
        told += [f"{share:.9f}" for row in self.shares for shares in row for share in shares]
        told += [f"{share:.9f}" for share in (self.given.ravel() if self.given is not None else ())]
        return hashlib.sha256(" ".join(told).encode()).hexdigest()[:12]

    def table(self) -> list[dict[str, str | float]]:
        """Return the weight of each level of each field taken alone, against strangers, as rows for a reader."""
        one = next(i for i, k in enumerate(self.kinds) if k.same)
        return [
            {
                "field": field.name,
                "level": level.words,
                "same_person": float(self.shares[one][f][i + 1]),
                "strangers": float(self.shares[0][f][i + 1]),
                "weight": float(np.log2(self.shares[one][f][i + 1] / self.shares[0][f][i + 1])),
            }
            for f, field in enumerate(self.fields)
            if field.kind is not Kind.SETTING
            for i, level in enumerate(field.levels)
        ]


def probability(weight: Floats) -> Floats:
    """Return the probability that goes with a weight (prior included).

    >>> [round(float(p), 4) for p in probability(np.array([0.0, 10.0]))]
    [0.5, 0.999]
    """
    return 1.0 / (1.0 + np.exp2(-np.clip(weight, -1000, 1000)))


def telling_order(fields: Sequence[Field]) -> list[int]:
    """Place before family before person: the order in which the parts of a weight are told.

    The given name comes last, since what its agreement is worth depends on the surname, the birth year and the sex.
    """
    rank = {"setting": 0, "where": 1, "contact": 2, "family": 3, "number": 4, "who": 5}
    return sorted(range(len(fields)), key=lambda f: (rank[fields[f].about], fields[f].name == "first_name", f))


def _log2_likelihood(
    fields: Sequence[Field], f: int, kind: PairKind, shares: Floats, given: Floats | None, levels: Levels
) -> Floats:
    """Return the log of the share of each pattern's level of one field in a kind of pair."""
    level = levels[:, f]
    found: Floats = _log2_shares(shares)[level]
    if given is not None and fields[f].name == "first_name":
        if not kind.same:
            conditional = np.log2(np.maximum(given, 1e-15))
            conditional[:, 0] = 0.0
            found = conditional[context_of(fields, levels), level]
        # Names that changed places did so together: that is one piece of evidence, and the surname has told it.
        found = np.where(level == SWAPPED, 0.0, found)
    return found


def _log2_shares(shares: Floats) -> Floats:
    """Missing fields say nothing, whatever the kind."""
    out: Floats = np.log2(np.maximum(shares, 1e-15))
    out[0] = 0.0
    return out


def _log2_sum(log: Floats) -> Floats:
    top = log.max(axis=0)
    result: Floats = top + np.log2(np.exp2(log - top).sum(axis=0))
    return result


def _kinds_for(fields: Sequence[Field]) -> tuple[PairKind, ...]:
    """Leave out the kinds that the fields cannot tell apart."""
    about = {f.about for f in fields}
    names = {f.name for f in fields}
    kept = []
    for kind in KINDS:
        needs_place = kind.name in ("neighbours", "one person, moved")
        if needs_place and "where" not in about:
            continue
        if kind.name == "family" and "family" not in about:
            continue
        if kind.same_birth_date and not ("birth_date" in names and about & {"where", "family"}):
            continue
        kept.append(kind)
    return tuple(kept)


def _same_prior(field: Field, random: Floats) -> Floats:
    """Return the expected shares of one person's pairs; a setting's are those of all pairs."""
    if field.kind is Kind.SETTING:
        return random.copy()
    prior: Floats = np.array([0.0, *(level.same for level in field.levels)])
    prior /= prior.sum()
    return prior


def fit(fields: Sequence[Field], levels: Levels, counts: npt.NDArray[np.int64], random: Random, records: int) -> Model:
    """Estimate a model from the counts of patterns among candidate pairs.

    Args:
        fields: The fields.
        levels: Level of each distinct pattern in each field. Shape (patterns, fields).
        counts: Candidate pairs with each pattern. Shape (patterns,).
        random: How all pairs compare.
        records: Number of records; only sets where the estimate starts.

    Returns:
        The model. It depends on the counts only, not on the order of records or pairs.
    """
    kinds = _kinds_for(fields)
    prior = [_same_prior(f, random.shares[i]) for i, f in enumerate(fields)]
    strangers = [share.copy() for share in random.shares]
    shares = [[_start(kind, f, prior[i], strangers[i]) for i, f in enumerate(fields)] for kind in kinds]
    everyone = max(random.pairs, 1.0)
    sizes = np.array([everyone, *(max(kind.start * records, 1e-3) for kind in kinds[1:])])
    names = None if random.names is None else GivenNames(random.names, fields, levels)
    first = next((f for f, field in enumerate(fields) if field.name == "first_name"), -1)
    person = np.array([kind.same for kind in kinds])
    given = None if names is None else names.shares(np.zeros(len(levels)), strangers[first])
    rounds = 0
    for rounds in range(1, _ROUNDS + 1):  # noqa: B007
        log = np.log2(sizes)[:, None] + np.stack(
            [
                sum(_log2_likelihood(fields, f, kinds[k], row[f], given, levels) for f in range(len(fields)))
                + np.zeros(len(levels))
                for k, row in enumerate(shares)
            ]
        )
        expected = np.exp2(log - _log2_sum(log)) * counts
        reach = np.exp2(log - np.log2(sizes)[:, None]).sum(axis=1)
        new = np.maximum(expected.sum(axis=1), 1e-3)
        new[0] = everyone
        for k, kind in enumerate(kinds):
            # Only pairs that blocking reaches are seen; the rest of a kind is inferred from its own pattern shares.
            if k and not kind.same:
                new[k] /= np.clip(reach[k], 0.05, 1.0)
        _cap_twins(kinds, new)
        for f, field in enumerate(fields):
            _refit(field, f, kinds, shares, levels, expected, prior[f], strangers, random)
        _tie_twins(fields, kinds, shares)
        if names is not None:
            given = names.shares(expected[person].sum(axis=0), strangers[first])
        # Neighbours and family go on trading pairs for hundreds of rounds; no weight depends on which of them it is.
        moved = float(np.abs(np.log(new[person] + 1.0) - np.log(sizes[person] + 1.0)).max(initial=0.0))
        sizes = new
        if moved < _TOLERANCE:
            break
    return Model(tuple(fields), kinds, sizes, tuple(tuple(row) for row in shares), rounds, given)


def _cap_twins(kinds: Sequence[PairKind], sizes: Floats) -> None:
    """Keep twins rare among family pairs, so that the kind cannot swallow one person's pairs with a wrong name."""
    index = {kind.name: k for k, kind in enumerate(kinds)}
    if "twins" in index and "family" in index:
        sizes[index["twins"]] = min(sizes[index["twins"]], max(_TWINS * sizes[index["family"]], 1e-3))


def _tie_twins(fields: Sequence[Field], kinds: Sequence[PairKind], shares: list[list[Floats]]) -> None:
    """Let twins share what a family does; few as they are, the kind would else drift to whatever fits it better."""
    index = {kind.name: k for k, kind in enumerate(kinds)}
    if "twins" in index and "family" in index:
        for f, field in enumerate(fields):
            if field.about in kinds[index["family"]].shared:
                shares[index["twins"]][f] = shares[index["family"]][f]


def _start(kind: PairKind, field: Field, prior: Floats, strangers: Floats) -> Floats:
    twin_date = kind.same_birth_date and field.name == "birth_date"
    return prior.copy() if field.about in kind.shared or twin_date else strangers.copy()


def _refit(
    field: Field,
    f: int,
    kinds: Sequence[PairKind],
    shares: list[list[Floats]],
    levels: Levels,
    expected: Floats,
    prior: Floats,
    strangers: list[Floats],
    random: Random,
) -> None:
    """Re-estimate one field's shares in every kind, from the pairs expected of each kind."""
    size = len(prior)
    seen = np.stack([np.bincount(levels[:, f], weights=row, minlength=size) for row in expected])
    seen[:, 0] = 0.0
    person = np.array([k.same for k in kinds])
    known = seen[person].sum(axis=0)
    apart = np.zeros(size)
    for k, kind in enumerate(kinds):
        if field.about not in kind.shared:
            continue
        pooled = person[k] and field.about != "where"
        found = known if pooled else seen[k]
        shares[k][f] = (found + _SAME_PRIOR * prior) / (found.sum() + _SAME_PRIOR)
        apart += seen[k]
    total = random.pairs * random.present[f]
    if field.kind is not Kind.SETTING:
        left = np.maximum(random.shares[f] * total - apart, _FLOOR * random.shares[f] * total)
        expectation = np.array([0.0, *(level.strangers for level in field.levels)])
        left = left + _STRANGERS_PRIOR * expectation / expectation.sum()
        strangers[f] = left / left.sum()
    same = int(np.flatnonzero(person)[0])
    for k, kind in enumerate(kinds):
        if kind.same_birth_date and field.name == "birth_date":
            shares[k][f] = shares[same][f]
        elif field.about not in kind.shared:
            shares[k][f] = strangers[f]


def random_shares(
    fields: Sequence[Field],
    sampled: Levels,
    equal: Sequence[tuple[Floats, float]],
    pairs: float,
    level_counts: Sequence[int],
    names: NameCounts | None = None,
) -> Random:
    """Put together how all pairs compare: equality counted exactly, the other levels from a sample.

    Args:
        fields: The fields.
        sampled: Levels of randomly drawn pairs. Shape (pairs, fields).
        equal: By field: number of pairs at each level of equality, counted over all pairs, and of pairs where the
            field is present on both sides.
        pairs: Number of pairs that could be formed.
        level_counts: Levels of each field, "missing" included.
        names: How often given names agree by chance, given what else does.

    Returns:
        The shares.
    """
    shares, present = [], []
    for f, field in enumerate(fields):
        counted, total = equal[f]
        size = level_counts[f]
        seen = np.bincount(sampled[:, f], minlength=size).astype(np.float64)
        seen[0] = 0.0
        if field.kind is Kind.SETTING:
            share = counted / max(counted.sum(), 1.0)
        else:
            exact = np.array(EQUAL_LEVELS[field.kind], dtype=np.int64)
            share = np.zeros(size)
            share[exact] = counted[exact] / max(total, 1.0)
            rest = np.setdiff1d(np.arange(1, size), exact)
            expectation = np.array([level.strangers for level in field.levels])[rest - 1]
            weighted = seen[rest] + expectation / expectation.sum()
            share[rest] = weighted / weighted.sum() * (1.0 - share.sum())
            if field.name == "surname" and names is not None:
                share[SWAPPED] = names.swapped / max(total, 1.0)
        shares.append(share)
        present.append(float(total / pairs) if pairs else 0.0)
    return Random(float(pairs), tuple(shares), tuple(present), names)
