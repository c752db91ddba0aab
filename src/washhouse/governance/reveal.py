"""Whose record is it, by name? The only way by which an identity leaves the vault.

An index is built once per published version and held in memory: one row per person, sorted by `person_id`, as Arrow
columns (about 150 bytes a person), because opening encrypted files for every page is too slow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import HomeError
from washhouse.governance.audit import AuditTrail, Together
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.policies import REVEAL_LIMIT, check_reveal_count, may_reveal_count

PREFERENCE = ("gp", "mental_health", "hospital", "social_care")
"""Whose word about a person is shown first; others follow by name."""

WITHHELD = "Withheld: the address of this person is restricted. Ask the care co-ordinator's team."
"""What stands beside a name whose address and phone must not be shown."""

_GROUPS = (("first_name", "surname"), ("birth_date",), ("nhs_number",), ("address", "postcode"), ("phone",))
_COLUMNS = [name for group in _GROUPS for name in group]
_KEY = ["source", "source_id"]


class VaultTables(Protocol):
    """The part of the vault that is needed here."""

    def read(self, table: str, generation: str, columns: list[str] | None = None) -> pa.Table:
        """Read and decrypt one table."""
        ...


@dataclass(frozen=True)
class RevealedIdentity:
    """Who a person is. Fields that no source sends are None; `note` says why a field is withheld."""

    person_id: str
    name: str | None
    birth_date: date | None
    nhs_number: str | None
    address: str | None
    phone: str | None
    restricted: bool
    note: str = ""

    def __repr__(self) -> str:
        return f"RevealedIdentity({self.person_id})"


class IdentityIndex:
    """The identity shown for each person, by `person_id`. Hand it to `reveal`; it answers nobody else.

    Args:
        identity: `vault.identity`: one row per source record.
        membership: `vault.membership`: `source, source_id, person_id, valid_to`; rows with `valid_to` are past.
    """

    def __init__(self, identity: pa.Table, membership: pa.Table) -> None:
        rows = _joined(identity, membership)
        person = np.asarray(rows["person_id"].to_numpy(zero_copy_only=False), dtype="S32")
        starts = np.flatnonzero(np.r_[True, person[1:] != person[:-1]]) if len(person) else np.empty(0, dtype=np.int64)
        self._person = person[starts]
        restricted = rows["restricted"].fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
        self._restricted = np.logical_or.reduceat(restricted, starts) if len(starts) else restricted
        self._fields = pa.table({name: column for group in _GROUPS for name, column in _first(rows, group, starts)})

    def __len__(self) -> int:
        return len(self._person)

    def __repr__(self) -> str:
        return f"IdentityIndex({len(self)} people)"

    def __contains__(self, person_id: object) -> bool:
        return isinstance(person_id, str) and self._place(person_id) is not None

    def is_restricted(self, person_id: str) -> bool:
        """Does any source mark the person as restricted? A fact for policies, to be shown to nobody."""
        at = self._place(person_id)
        return at is not None and bool(self._restricted[at])

    def _place(self, person_id: str) -> int | None:
        wanted = np.bytes_(person_id.encode())
        at = int(np.searchsorted(self._person, wanted))
        return at if at < len(self._person) and self._person[at] == wanted else None

    def _find(self, person_ids: Collection[str]) -> list[RevealedIdentity]:
        wanted = np.asarray(sorted(set(person_ids)), dtype="S")
        if not len(wanted) or not len(self._person):
            return []
        at = np.minimum(np.searchsorted(self._person, wanted), len(self._person) - 1)
        at = at[self._person[at] == wanted]
        return self._rows(at)

    def _with_number(self, nhs_number: str) -> list[RevealedIdentity]:
        has = pc.equal(self._fields["nhs_number"], nhs_number).fill_null(False)
        return self._rows(np.flatnonzero(has.to_numpy(zero_copy_only=False)))

    def _born(self, birth_date: date, surname: str, first_name: str) -> list[RevealedIdentity]:
        born = pc.equal(self._fields["birth_date"], pa.scalar(birth_date, pa.date32())).fill_null(False)
        at = np.flatnonzero(born.to_numpy(zero_copy_only=False))
        wanted = fold(surname), fold(first_name)[:1]
        names = self._fields.select(["surname", "first_name"]).take(pa.array(at)).to_pylist()
        said = [(fold(row["surname"] or ""), fold(row["first_name"] or "")[:1]) for row in names]
        return self._rows(at[[each == wanted for each in said]] if len(at) else at)

    def _rows(self, at: np.ndarray) -> list[RevealedIdentity]:
        rows = self._fields.take(pa.array(at)).to_pylist()
        return [
            _shown(self._person[i].decode(), row, bool(self._restricted[i])) for i, row in zip(at, rows, strict=True)
        ]


def fold(name: str) -> str:
    """A name without case, accents, spaces and signs, as names are compared that people say or write.

    >>> fold("O'Brien-M\u00fcller"), fold(" - ")
    ('obrienmuller', '')
    """
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).casefold() if letter.isalnum())


def read_index(vault: VaultTables, generations: Mapping[str, str]) -> IdentityIndex:
    """Build the index of one published version from its vault generations.

    Raises:
        HomeError: `vault-generation-missing`: the version names no identity or membership table.
    """
    if not {"identity", "membership"} <= generations.keys():
        raise HomeError("vault-generation-missing", "The published version names no identities.", "Run again.")
    return IdentityIndex(
        vault.read("identity", generations["identity"], [*_KEY, *_COLUMNS, "restricted"]),
        vault.read("membership", generations["membership"], [*_KEY, "person_id", "valid_to"]),
    )


def reveal(
    grant: Grant,
    person_ids: Collection[str],
    index: IdentityIndex,
    audit: AuditTrail,
    now: datetime,
    limit: int = REVEAL_LIMIT,
) -> dict[str, RevealedIdentity]:
    """Name people, after the decision is safe in the audit. People without an identity are left out.

    Args:
        grant: Who asks.
        person_ids: The people; one audit event each.
        index: Identities of the published version.
        audit: Where the decision is written first.
        now: The present moment, UTC.
        limit: Most people one reveal may cover.

    Raises:
        RefusedError: `reveal-limit`, `grant-expired` or `not-permitted` (for any of the people: then none is shown).
        HomeError: `audit-unwritable`: nothing is shown.
    """
    together = audit.together()
    named = reveal_together(together, grant, person_ids, index, now, limit)
    together.commit()
    return named


def reveal_together(
    together: Together,
    grant: Grant,
    person_ids: Collection[str],
    index: IdentityIndex,
    now: datetime,
    limit: int = REVEAL_LIMIT,
) -> dict[str, RevealedIdentity]:
    """Name people beside what else a page shows of them.

    Args:
        together: The page's decisions.
        grant: Who asks.
        person_ids: The people; one audit event each.
        index: Identities of the published version.
        now: The present moment, UTC.
        limit: Most people one reveal may cover.

    Returns:
        Empty; holds the names once the decisions are committed.

    Raises:
        RefusedError: As `reveal`.
        HomeError: `audit-unwritable`.
    """
    wanted = set(person_ids)
    if not may_reveal_count(len(wanted), limit):
        together.trail.refuse(grant, Action.REVEAL, "reveal-limit", at=now, detail={"people": len(wanted)})
    check_reveal_count(len(wanted), limit)
    named: dict[str, RevealedIdentity] = {}

    def hand_out() -> None:
        named.update({found.person_id: found for found in index._find(wanted)})

    together.decide(grant, Action.REVEAL, wanted, at=now, then=hand_out)
    return named


def _joined(identity: pa.Table, membership: pa.Table) -> pa.Table:
    """One row per current source record, by person and preference."""
    current = membership.filter(pc.is_null(membership["valid_to"])).select([*_KEY, "person_id"])
    rows = identity.select([*_KEY, *_COLUMNS, "restricted"]).join(current, _KEY, join_type="inner")
    place = pc.index_in(rows["source"], value_set=pa.array(PREFERENCE)).fill_null(len(PREFERENCE))
    order = [(name, "ascending") for name in ("person_id", "place", *_KEY)]
    return rows.append_column("place", place).sort_by(order).combine_chunks()


def _first(rows: pa.Table, group: tuple[str, ...], starts: np.ndarray) -> list[tuple[str, pa.Array]]:
    """Per person, the group's fields from the first record that has any of them; null where none has."""
    if not len(starts):
        return [(name, rows[name].slice(0, 0)) for name in group]
    known = np.zeros(rows.num_rows, dtype=bool)
    for name in group:
        known |= rows[name].is_valid().to_numpy()
    none = rows.num_rows
    at = np.minimum.reduceat(np.where(known, np.arange(none), none), starts)
    take = pa.array(at, mask=at == none)
    return [(name, rows[name].take(take)) for name in group]


def _shown(person_id: str, row: Mapping[str, Any], restricted: bool) -> RevealedIdentity:
    def joined(separator: str, *names: str) -> str | None:
        return separator.join(row[name] for name in names if row[name]) or None

    return RevealedIdentity(
        person_id=person_id,
        name=joined(" ", "first_name", "surname"),
        birth_date=row["birth_date"],
        nhs_number=row["nhs_number"],
        address=None if restricted else joined(", ", "address", "postcode"),
        phone=None if restricted else row["phone"],
        restricted=restricted,
        note=WITHHELD if restricted else "",
    )
