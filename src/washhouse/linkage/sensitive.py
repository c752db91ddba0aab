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
        numbers: NHS numbers of their own, see `own_numbers`.
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
