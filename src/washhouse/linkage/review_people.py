"""Who holds the records that review is about, and which links hold each of those people together?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.own_numbers import OwnNumbers
from washhouse.linkage.person_ids import Record
from washhouse.linkage.review_cut import Link
from washhouse.linkage.sensitive import SEXES, Facts

_BETWEEN = "\x1f"
_EDGE = ("left_source", "left_id", "right_source", "right_id", "weight", "probability", "pattern", "model")
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class People:
    """People that questions are about.

    Attributes:
        person: Person of each of their records.
        size: Records of each of them.
        links: Links inside each of them.
        large: Those with so many records that their weakest link is asked about.
    """

    person: dict[Record, str]
    size: Counter[str]
    links: dict[str, list[Link]]
    large: tuple[str, ...]


def gather_facts(identities: pa.Table, people: People, numbers: OwnNumbers) -> dict[str, Facts]:
    """Gather what the records of each person say together.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        people: The people.
        numbers: Whose number is whose.
    """
    ids = pa.array(sorted({source_id for _, source_id in people.person}), pa.string())
    rows = identities.filter(pc.is_in(identities.column("source_id"), value_set=ids))
    own, borne = numbers.of(people.size), numbers.borne_by(people.size)
    facts = {person: Facts(own.get(person, set()), borne=borne.get(person, set())) for person in people.size}
    for row in rows.select(["source", "source_id", "sex", "restricted"]).to_pylist():
        person = people.person.get((row["source"], row["source_id"]))
        if person is None:
            continue
        held = facts[person]
        held.restricted |= bool(row["restricted"])
        if row["sex"] in SEXES:
            held.sexes.add(row["sex"])
    return facts


def gather_people(membership: pa.Table, edges: pa.Table, threshold: float, asked: Sequence[Link], large: int) -> People:
    """Gather the people whose records are asked about, and those with many records.

    Args:
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        threshold: Probability from which a pair is a link.
        asked: The pairs.
        large: Records from which a person counts as large.

    Returns:
        The people with all their records.
    """
    current = membership.filter(pc.is_null(membership.column("valid_to")))
    sizes = current.group_by("person_id").aggregate([([], "count_all")])
    many = sizes.filter(pc.greater_equal(sizes.column("count_all"), large)).column("person_id")
    names = {_BETWEEN.join(record) for link in asked for record in (link.left, link.right)}
    held = current_people(membership, pa.array(sorted(names), pa.string()))
    concerned = pa.array(sorted({*held.values(), *many.to_pylist()}), pa.string())
    members = current.filter(pc.is_in(current.column("person_id"), value_set=concerned))
    records = zip(members.column("source").to_pylist(), members.column("source_id").to_pylist(), strict=True)
    person = dict(zip(records, members.column("person_id").to_pylist(), strict=True))
    near = pc.and_(
        pc.greater_equal(edges.column("probability"), threshold),
        pc.is_in(edges.column("left_id"), value_set=pc.unique(members.column("source_id"))),
    )
    links: dict[str, list[Link]] = {}
    for link in links_at(edges, np.flatnonzero(near.to_numpy())):
        who = person.get(link.left)
        if who is not None and who == person.get(link.right):
            links.setdefault(who, []).append(link)
    return People(person, Counter(person.values()), links, tuple(sorted(many.to_pylist())))


def current_people(membership: pa.Table, names: pa.Array) -> dict[str, str]:
    """Return the person that each named record belongs to now; a name is source and id with `_BETWEEN`."""
    current = membership.filter(pc.is_null(membership.column("valid_to")))
    ids = pa.array(sorted({name.partition(_BETWEEN)[2] for name in names.to_pylist()}), pa.string())
    maybe = current.filter(pc.is_in(current.column("source_id"), value_set=ids))
    told = pc.binary_join_element_wise(maybe.column("source"), maybe.column("source_id"), _BETWEEN)
    wanted = set(names.to_pylist())
    rows = zip(told.to_pylist(), maybe.column("person_id").to_pylist(), strict=True)
    return {name: person for name, person in rows if name in wanted}


def links_at(edges: pa.Table, places: Places) -> list[Link]:
    """Return some edges as links, in their order."""
    rows = edges.select(list(_EDGE)).take(pa.array(places)).to_pylist()
    return [
        Link(
            (row["left_source"], row["left_id"]),
            (row["right_source"], row["right_id"]),
            row["weight"],
            row["probability"],
            row["pattern"],
            row["model"],
        )
        for row in rows
    ]
