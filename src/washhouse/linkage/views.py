"""Who is one person to whom: strictly for care, in balance for planning, leniently for research?

All views come from one clustering in stages (`cluster.nested_clusters`) over one set of pairs. The person of the strict
view has the id; in another view several of them may be one. That one bears the id of the first founded of them, which
needs no memory: who comes later changes nothing, and a rebuild comes to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.views import View
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.cluster import Clusters, Pairs, nested_clusters
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.expected_errors import Totals, change_of_errors, pairs_to_judge
from washhouse.linkage.model import Floats, probability
from washhouse.linkage.scoring import Scored
from washhouse.linkage.tables import PERSON_VIEW

Indices = npt.NDArray[np.int64]
WIDER = tuple(view for view in View if view is not View.STRICT)
"""Views in which several people of the strict one may be one."""


@dataclass(frozen=True)
class Views:
    """Clusters of the records under a clear identity, in every view.

    Attributes:
        cuts: Probability from which on a pair is a link.
        links: Candidate pairs that are links in a view, but in none that is stricter.
        clusters: Who belongs together; refused and joining links are indices into `links`.
    """

    cuts: Mapping[View, float]
    links: Mapping[View, Indices]
    clusters: Mapping[View, Clusters]


def cluster_views(
    encoded: Encoded, table: pa.Table, scored: Scored | None, cuts: Mapping[View, float], must: Pairs, cannot: Pairs
) -> Views:
    """Put records together, in every view.

    Beyond the strict view nobody is joined to somebody restricted or recorded of the other sex: a sensitive change may
    lie between them, and what is too weak for care is too weak to lead from one to the other.

    Args:
        encoded: The records.
        table: The same, see `sources.identity.IDENTITY`.
        scored: Their candidate pairs; None where there is nothing to compare.
        cuts: Probability from which on a pair is a link; a stricter view's is not the lower.
        must: Pairs that a steward put together, shape (2, pairs).
        cannot: Pairs that a steward keeps apart, shape (2, pairs).
    """
    chances = scored.pair_probabilities if scored else np.empty(0)
    links, taken = {}, np.inf
    for view in View:
        links[view] = np.flatnonzero((chances >= cuts[view]) & (chances < taken))
        taken = min(taken, cuts[view])
    row = encoded.row("nhs_number")
    found = nested_clusters(
        table.num_rows,
        [_sides(scored, links[view]) for view in View],
        nhs_number=encoded.codes[row] if row >= 0 else None,
        death_date=pc.fill_null(pc.cast(table.column("death_date"), pa.int32()), -1).to_numpy().astype(np.int32),
        sex=pc.fill_null(pc.index_in(table.column("sex"), value_set=pa.array(["female", "male"])), -1).to_numpy(),
        restricted=table.column("restricted").to_numpy(zero_copy_only=False).astype(bool),
        must=must,
        cannot=cannot,
    )
    return Views(cuts, links, dict(zip(View, found, strict=True)))


def _sides(scored: Scored | None, links: Indices) -> tuple[Ints, Ints, Floats]:
    if scored is None:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    return scored.candidates.left[links], scored.candidates.right[links], scored.pair_weights[links]


def person_views(
    views: Views, scored: Scored | None, person: Ints, seniority: Indices, ids: pa.StringArray
) -> tuple[pa.Table, Indices]:
    """Say who is one with whom in the views beside the strict one.

    Args:
        views: Clusters of the records.
        scored: Their candidate pairs.
        person: Number of each record's person. Shape (records,).
        seniority: Place of each person in the order of founding, 0 the first. Shape (people,).
        ids: Id of each person.

    Returns:
        See `tables.PERSON_VIEW`; and the number of each row's person. A person who is alone in a view has no row there.
    """
    chances = scored.pair_probabilities if scored else np.empty(0)
    left, right, held_by = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    parts, whose = [arrow_schema(PERSON_VIEW).empty_table()], [np.empty(0, dtype=np.int64)]
    for view in WIDER:
        joining = views.links[view][views.clusters[view].joining]
        if scored is not None:
            left = np.concatenate([left, person[scored.candidates.left[joining]]])
            right = np.concatenate([right, person[scored.candidates.right[joining]]])
            held_by = np.concatenate([held_by, chances[joining]])
        chosen, core = _groups(views.clusters[view].label, person, seniority)
        tree = _rooted(left, right, held_by, core)
        columns = [
            pa.array([view.value] * len(chosen), pa.string()),
            ids.take(pa.array(chosen)),
            ids.take(pa.array(core[chosen])),
            ids.take(pa.array(tree.joined_to[chosen], mask=tree.joined_to[chosen] < 0)),
            pa.array(tree.link[chosen]),
            pa.array(tree.weakest[chosen]),
        ]
        parts.append(pa.table(columns, schema=arrow_schema(PERSON_VIEW)))
        whose.append(chosen)
    return sorted_views(pa.concat_tables(parts), np.concatenate(whose))


def sorted_views(table: pa.Table, whose: Indices) -> tuple[pa.Table, Indices]:
    """Put rows of `tables.PERSON_VIEW`, and a number for each, into the table's order."""
    order = pc.sort_indices(table, [(name, "ascending") for name in PERSON_VIEW.order])
    return table.take(order), whose[order.to_numpy()]


def _groups(label: Ints, person: Ints, seniority: Indices) -> tuple[Indices, Indices]:
    """Return the people who are one with others, and for each person the first founded of those it is one with."""
    core = np.arange(len(seniority))
    first = np.full(int(label.max(initial=-1)) + 1, len(seniority))
    np.minimum.at(first, label, seniority[person])
    by_seniority = np.empty(len(seniority), dtype=np.int64)
    by_seniority[seniority] = np.arange(len(seniority))
    core[person] = by_seniority[first[label]]
    return np.flatnonzero(np.bincount(core, minlength=len(core))[core] > 1), core


@dataclass(frozen=True)
class _Tree:
    """For each person the one it is joined to (-1: none), by what probability, and the weakest on the way to the core.

    Links that joined something leave one way from anyone to anyone, and there is none with a stronger weakest link.
    """

    joined_to: Indices
    link: Floats
    weakest: Floats


def _rooted(left: Ints, right: Ints, held_by: Floats, core: Indices) -> _Tree:
    joined_to = np.full(len(core), -1, dtype=np.int64)
    link, weakest = np.ones(len(core)), np.ones(len(core))
    reached = core == np.arange(len(core))
    one, other = np.concatenate([left, right]), np.concatenate([right, left])
    chance = np.concatenate([held_by, held_by])
    while len(step := np.flatnonzero(reached[one] & ~reached[other])):
        here, there = one[step], other[step]
        joined_to[there], link[there] = here, chance[step]
        weakest[there] = np.minimum(weakest[here], chance[step])
        reached[there] = True
    return _Tree(joined_to, link, weakest)


def count_links(scored: Scored | None, cuts: Mapping[View, float]) -> dict[View, int]:
    """Return how many pairs are links in each view, but in none that is stricter."""
    chances = probability(scored.weights) if scored else np.empty(0)
    seen = np.bincount(scored.pattern, minlength=len(chances)) if scored else np.empty(0)
    counts, taken = {}, np.inf
    for view in View:
        counts[view] = int(seen[(chances >= cuts[view]) & (chances < taken)].sum())
        taken = min(taken, cuts[view])
    return counts


def view_figures(
    cuts: Mapping[View, float],
    labels: Mapping[View, Ints],
    scored: Scored | None,
    table: pa.Table,
    people: int,
    strict: Totals,
    decided: tuple[Pairs, Pairs],
) -> dict[str, dict[str, Any]]:
    """Return what each view comes to: counts and expected errors, ready for JSON.

    Args:
        cuts: Probability from which on a pair is a link.
        labels: For each view the lowest record of each record's cluster.
        scored: Their candidate pairs.
        table: What `person_views` gave.
        people: Number of people of the strict view.
        strict: What is expected of the strict view.
        decided: Pairs that a steward put together, and pairs kept apart.
    """
    judged = pairs_to_judge(scored, decided) if scored else None
    rows, links = {}, 0
    for view, count in count_links(scored, cuts).items():
        links += count
        mine = table.filter(pc.equal(table.column("view"), view.value))
        found = strict
        if judged and view is not View.STRICT:
            found += change_of_errors(labels[View.STRICT], labels[view], *judged)
        right, missed = max(found.linked - found.false, 0.0), max(found.missed, 0.0)
        rows[view.value] = {
            "threshold": round(cuts[view], 6),
            "links": links,
            "people": people - mine.num_rows + len(pc.unique(mine.column("view_id"))),
            "people_joined": mine.num_rows,
            "linked_pairs": round(found.linked),
            "estimated_false_links": round(max(found.false, 0.0), 1),
            "estimated_missed_links": round(missed, 1),
            "estimated_f1": round(2 * right / (found.linked + right + missed), 4) if found.linked + missed else 1.0,
        }
    return rows
