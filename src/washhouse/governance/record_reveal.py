"""What do two records say of a person, so that a steward can tell whether they are one person's?

Only records that a question of the link review is about can be shown, two at a time, and each showing is in the audit
of the person it belongs to before the values leave the vault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from washhouse.core.errors import RefusedError
from washhouse.governance.audit import AuditEvent, AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, check_permission
from washhouse.governance.policies import check_active, check_reveal_records
from washhouse.governance.reveal import VaultTables

WITHHELD_PLACE = "Withheld: the address of this person is restricted."
"""What stands in place of a restricted address, postcode, property reference, phone or practice."""
PLACES = ("address", "postcode", "uprn", "phone", "practice")
"""Fields that tell where somebody is."""


@dataclass(frozen=True)
class RevealedRecord:
    """What one source record says of a person.

    Attributes:
        record_key: Opaque key of the record.
        source: Sending system.
        others: Further records of the person it belongs to now.
        values: Field to what was sent; what was not sent is None, what is withheld is absent.
        first_seen: When the sender first showed the record.
        last_seen: When it last did.
        restricted: A record of the person is restricted: fields of `PLACES` are withheld.
    """

    record_key: str
    source: str
    others: int
    values: Mapping[str, str | date | None] = field(repr=False)
    first_seen: datetime
    last_seen: datetime
    restricted: bool


class RecordIndex:
    """The records that questions are about, by opaque key. Hand it to `reveal_records`; it answers nobody else.

    Args:
        records: `vault.review_record`; None where the published version has none.
    """

    def __init__(self, records: pa.Table | None) -> None:
        rows = records.to_pylist() if records is not None else []
        self._rows: dict[str, dict[str, Any]] = {row["record_key"]: row for row in rows}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, record_key: object) -> bool:
        return record_key in self._rows

    def __repr__(self) -> str:
        return f"RecordIndex({len(self)} records)"

    def _find(self, record_keys: Collection[str]) -> list[dict[str, Any]]:
        return [self._rows[each] for each in sorted(set(record_keys)) if each in self._rows]


def read_record_index(vault: VaultTables, generations: Mapping[str, str]) -> RecordIndex:
    """Read the index of one published version; an empty one if the version holds no review."""
    generation = generations.get("review_record")
    return RecordIndex(None if generation is None else vault.read("review_record", generation))


def reveal_records(
    grant: Grant, record_keys: Collection[str], index: RecordIndex, audit: AuditTrail, now: datetime
) -> dict[str, RevealedRecord]:
    """Show what records say, after the decision is safe in the audit: one event for each record, under its person.

    Args:
        grant: Who asks.
        record_keys: The records; unknown ones are left out.
        index: Records of the published version's link review.
        audit: Where the decision is written first.
        now: The present moment, UTC.

    Raises:
        RefusedError: `record-reveal-limit`, `grant-expired` or `not-permitted`: then none is shown.
        HomeError: `audit-unwritable`: nothing is shown.
    """
    wanted = set(record_keys)
    try:
        check_reveal_records(len(wanted))
        check_active(grant, now)
        check_permission(grant, Action.REVEAL_RECORDS)
    except RefusedError as refusal:
        audit.refuse(grant, Action.REVEAL_RECORDS, refusal.code, at=now, detail={"records": len(wanted)})
        raise
    found = index._find(wanted)
    audit.record([_event(grant, now, row) for row in found])
    return {row["record_key"]: _shown(row) for row in found}


def _event(grant: Grant, now: datetime, row: Mapping[str, Any]) -> AuditEvent:
    detail = {"grant": grant.id, "record": row["record_key"]}
    return AuditEvent(
        now, grant.actor, grant.role, grant.purpose, Action.REVEAL_RECORDS, subject=row["person_id"], detail=detail
    )


_VALUES = ("nhs_number", "first_name", "surname", "birth_date", "sex", "death_date")


def _shown(row: Mapping[str, Any]) -> RevealedRecord:
    restricted = bool(row["restricted"])
    names = _VALUES if restricted else (*_VALUES, *PLACES)
    return RevealedRecord(
        record_key=row["record_key"],
        source=row["source"],
        others=row["records"] - 1,
        values={name: row[name] for name in names},
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        restricted=restricted,
    )
