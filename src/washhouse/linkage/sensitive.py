"""Which people must nobody be led to from one another, because a sensitive change may lie between them?

After an adoption or a change of gender a person is given a new NHS number and registered anew; the old registration
ends. No extract says so, and no list of superseded numbers holds it. What can be known is less: two people may be one
across a sensitive change where

- each has an NHS number of its own, and they are not the same one. A number that is plainly somebody else's, because
  another person bears it on more records or on the register, is a slip of the pen and not the bearer's own;
- they have no number in common, and one of them is restricted, or their recorded sex differs.

Such a pair is never joined (`cluster`), asked about (`review`), given as a candidate (`identify`), or tied
(`households`, `shared`). For ties the old identity is recognised by its registration, which has ended, or by a birth
date that it shares with somebody registered who has the same postcode or telephone number.

References:
    docs/adr/2026-11-26-superseded-numbers.md (what it costs, measured).
    Primary Care Support England, "Gender reassignment": a deduction, then a registration under the new details.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.hashes import Hashes, hash_columns

REGISTER = "gp"
"""The source in which nearly everybody is registered, and a registration ends when it is replaced."""
SEXES = frozenset({"female", "male"})
Flags = npt.NDArray[np.bool_]


@dataclass
class Facts:
    """What the records of one person say together.

    Attributes:
        numbers: NHS numbers of their own, see `OwnNumbers`.
        borne: All NHS numbers that they bear, slips of the pen too.
        sexes: `female` and `male`, as far as they say so.
        restricted: One of them is restricted.
    """

    numbers: set[str] = field(default_factory=set)
    sexes: set[str] = field(default_factory=set)
    restricted: bool = False
    borne: set[str] = field(default_factory=set)


def is_sensitive(one: Facts, other: Facts) -> bool:
    """May a sensitive change lie between two people?

    >>> is_sensitive(Facts({"1"}), Facts({"2"})), is_sensitive(Facts({"1"}), Facts()), is_sensitive(Facts(), Facts())
    (True, False, False)
    >>> is_sensitive(Facts(sexes={"male"}), Facts({"2"}, {"female"})), is_sensitive(Facts({"2"}), Facts({"2"}))
    (True, False)
    """
    if (one.numbers | one.borne) & (other.numbers | other.borne):
        return False
    if one.numbers and other.numbers:
        return True
    return one.restricted or other.restricted or bool(one.sexes and other.sexes and not one.sexes & other.sexes)


class OwnNumbers:
    """The NHS numbers that are people's own.

    Args:
        identities: One row per source record, see `sources.identity.IDENTITY`.
        membership: Spans of every record, see `tables.MEMBERSHIP`.
    """

    def __init__(self, identities: pa.Table, membership: pa.Table) -> None:
        current = membership.filter(pc.is_null(membership.column("valid_to")))
        said = identities.select(["source", "source_id", "nhs_number"])
        said = said.filter(pc.is_valid(said.column("nhs_number")))
        persons = current.select(["source", "source_id", "person_id"])
        said = said.join(persons, ["source", "source_id"], join_type="inner")
        registered = pc.cast(pc.equal(said.column("source"), REGISTER), pa.int32())
        borne = said.append_column("registered", registered).group_by(["nhs_number", "person_id"])
        self._borne = borne.aggregate([("registered", "sum"), ("registered", "count")])
        self._slips = _slips(self._borne)

    def of(self, people: Collection[str]) -> dict[str, set[str]]:
        """Return the numbers of some people, as far as they are their own; people without one are left out."""
        own: dict[str, set[str]] = {}
        for person, numbers in self.borne_by(people).items():
            if mine := {number for number in numbers if (person, number) not in self._slips}:
                own[person] = mine
        return own

    def borne_by(self, people: Collection[str]) -> dict[str, set[str]]:
        """Return all numbers that the records of some people bear; people without one are left out."""
        wanted = pc.is_in(self._borne.column("person_id"), value_set=pa.array(sorted(people), pa.string()))
        rows = self._borne.filter(wanted)
        numbers: dict[str, set[str]] = {}
        for person, number in zip(rows["person_id"].to_pylist(), rows["nhs_number"].to_pylist(), strict=True):
            numbers.setdefault(person, set()).add(number)
        return numbers


def _slips(borne: pa.Table) -> frozenset[tuple[str, str]]:
    """Return the people and numbers of which another person has plainly more claim to the number."""
    bearers = borne.group_by("nhs_number").aggregate([("person_id", "count")])
    several = bearers.filter(pc.greater(bearers.column("person_id_count"), 1)).column("nhs_number")
    rows = borne.filter(pc.is_in(borne.column("nhs_number"), value_set=several)).to_pylist()
    claims: dict[str, list[tuple[bool, int, str]]] = {}
    for row in rows:
        claim = (row["registered_sum"] > 0, row["registered_count"], row["person_id"])
        claims.setdefault(row["nhs_number"], []).append(claim)
    return frozenset(
        (person, number)
        for number, held in claims.items()
        for registered, records, person in held
        if (registered, records) < max(claim[:2] for claim in held)
    )


def former_identities(table: pa.Table, person: npt.NDArray[np.int32]) -> Flags:
    """Say of each person whether it may be somebody's former identity, so that no tie may be told of it.

    Args:
        table: All identities, see `sources.identity.IDENTITY`.
        person: Number of each identity's person, from 0.

    Returns:
        True where every registration has ended; and where there is none, but somebody else who has one has the same
        birth date and the same postcode or telephone number. Shape (people,).
    """
    ever, now = registrations(table, person)
    alike = np.zeros(len(ever), dtype=bool)
    for numbers in meeting_points(table):
        known = np.flatnonzero(numbers)
        _, group = np.unique(numbers[known], return_inverse=True)
        beside = np.bincount(group, now[person[known]]) > 0
        alike[person[known[beside[group]]]] = True
    return ~now & (ever | alike)


def registrations(table: pa.Table, person: npt.NDArray[np.int32]) -> tuple[Flags, Flags]:
    """Say of each person whether it was ever registered, and whether it is; see `former_identities`."""
    people = int(person.max(initial=-1)) + 1
    register = pc.equal(table.column("source"), REGISTER).to_numpy(zero_copy_only=False)
    gone = pc.less_equal(table.column("left_on"), pc.cast(table.column("last_seen"), pa.date32(), safe=False))
    ended = pc.fill_null(gone, False).to_numpy(zero_copy_only=False)
    ever, now = np.zeros(people, dtype=bool), np.zeros(people, dtype=bool)
    ever[person[register]] = True
    now[person[register & ~ended]] = True
    return ever, now


def meeting_points(table: pa.Table) -> tuple[Hashes, Hashes]:
    """Return by what two identities may be alike, in 64 bits: birth date with postcode, and with telephone number.

    Args:
        table: Identities.

    Returns:
        Two numbers for each, 0 where one of the two is not known.
    """
    birth = pc.fill_null(pc.cast(table.column("birth_date"), pa.int32()), 0).to_numpy().astype(np.uint64)
    dated = pc.is_valid(table.column("birth_date"))
    points = []
    for name in ("postcode", "phone"):
        said = pc.replace_substring(pc.utf8_upper(table.column(name)), " ", "")
        numbers = hash_columns([said], name) + birth * np.uint64(0x9E3779B97F4A7C15)
        points.append(np.where(pc.and_(dated, pc.is_valid(said)).to_numpy(), numbers | np.uint64(1), np.uint64(0)))
    return points[0], points[1]
