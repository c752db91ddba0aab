"""Who was who on a past day, and what changed it? By opaque ids: no value of a record leaves the vault here.

A record's stays with people are the vault's membership; what merged, split and assigned people are its link events.
Both are in the time of the data: a stay begins when the sender first showed the record, a change when the newest data
that led to it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.reveal import VaultTables
from washhouse.lake.schemas import conform
from washhouse.linkage.decisions import find_records
from washhouse.linkage.history import state_at
from washhouse.linkage.person_ids import Key, Record, record_key
from washhouse.linkage.tables import LINK_EVENT, MEMBERSHIP

_ID = re.compile(r"[0-9a-f]{32}")


class Vault(VaultTables, Protocol):
    """The part of the vault that is needed here."""

    def hmac(self, purpose: str, value: bytes) -> bytes:
        """HMAC-SHA-256 of a value under the key of a purpose."""
        ...


@dataclass(frozen=True)
class Stay:
    """One record's stay with one person.

    Attributes:
        person_id: The person.
        since: From when on.
        until: Until when; None while it lasts.
        cause: Why it began, see `linkage.tables.MEMBERSHIP`.
    """

    person_id: str
    since: datetime
    until: datetime | None
    cause: str


@dataclass(frozen=True)
class RecordHistory:
    """One source record and everybody it ever belonged to.

    Attributes:
        record_key: Opaque key of the record.
        source: Sending system.
        then: Person on the day asked about; None if it belonged to nobody.
        now: Person now; None if the record is no more.
        stays: All stays, the earliest first.
    """

    record_key: str
    source: str
    then: str | None
    now: str | None
    stays: tuple[Stay, ...]


@dataclass(frozen=True)
class Change:
    """Something that changed who is who.

    Attributes:
        at: When it was found, UTC.
        event: `merge`, `split`, `un-merge` or `assign`.
        before: People before; none for `assign`.
        after: People after.
        actor: `run`, or the username of who decided.
        reason: Why, where somebody decided.
        records: Opaque keys of the records that changed their person.
        version: Version of the record that first shows it.
    """

    at: datetime
    event: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    actor: str
    reason: str
    records: tuple[str, ...]
    version: str


@dataclass(frozen=True)
class PersonHistory:
    """Who a person was on a day.

    Attributes:
        asked: The id asked about.
        person_id: The id that the person has now; another where `asked` gave way.
        on: The day, to its end.
        records: Records that belonged to the person then or do now.
        changes: What ever changed the person or anybody who gave way to it, the latest first.
    """

    asked: str
    person_id: str
    on: date
    records: tuple[RecordHistory, ...]
    changes: tuple[Change, ...]

    @property
    def people(self) -> frozenset[str]:
        """Everybody that is told about."""
        stays = {stay.person_id for record in self.records for stay in record.stays}
        return frozenset(stays | {self.person_id})

    def to_json(self) -> dict[str, Any]:
        """Return the history as JSON values."""
        told: dict[str, Any] = _plain(asdict(self))
        return told


class LinkHistory:
    """Memberships and link events of one version. Ask it with `read_history`; it answers nobody else.

    Args:
        membership: `vault.membership`.
        events: `vault.link_event`; None where the version has none.
        retired: Ids that gave way, with their heirs.
        key: Keyed hash that makes opaque keys of records.
    """

    def __init__(self, membership: pa.Table, events: pa.Table | None, retired: Mapping[str, str], key: Key) -> None:
        self._spans = conform(MEMBERSHIP, membership)
        self._events = [] if events is None else conform(LINK_EVENT, events).to_pylist()
        self._retired = retired
        self._key = key

    def __repr__(self) -> str:
        return f"LinkHistory({self._spans.num_rows} spans)"

    def _of_record(self, key: str, on: date) -> PersonHistory | None:
        """History of the person whose record bears an opaque key."""
        found = find_records(self._spans, [key], self._key)
        if key not in found:
            return None
        source, source_id = found[key]
        here = pc.and_(pc.equal(self._spans["source"], source), pc.equal(self._spans["source_id"], source_id))
        return self._of_person(self._spans.filter(here)["person_id"][-1].as_py(), on)

    def _of_person(self, asked: str, on: date) -> PersonHistory | None:
        """History of a person; None if nobody ever had the id."""
        person = self._retired.get(asked, asked)
        ids = {person, asked, *(old for old, new in self._retired.items() if new == person)}
        theirs = self._spans.filter(pc.is_in(self._spans["person_id"], value_set=pa.array(sorted(ids))))
        if not theirs.num_rows:
            return None
        records = [record for record in self._records(theirs, on) if record.now == person or record.then in ids]
        changes = [_change(row) for row in self._events]
        concerned = [each for each in changes if ids & {*each.before, *each.after}]
        concerned.sort(key=lambda each: (each.at, each.version), reverse=True)
        return PersonHistory(asked, person, on, tuple(records), tuple(concerned))

    def _records(self, spans: pa.Table, on: date) -> list[RecordHistory]:
        """Histories of the records of some spans."""
        whole = self._spans.filter(pc.is_in(_names(self._spans), value_set=_names(spans).unique()))
        moment = datetime.combine(on, time()) + timedelta(days=1, microseconds=-1)
        then = {_record(row): row["person_id"] for row in state_at(whole, moment).to_pylist()}
        stays: dict[Record, list[Stay]] = {}
        for row in whole.to_pylist():
            stay = Stay(row["person_id"], row["valid_from"], row["valid_to"], row["cause"])
            stays.setdefault(_record(row), []).append(stay)
        return [
            RecordHistory(
                record_key=record_key(self._key, *record),
                source=record[0],
                then=then.get(record),
                now=next((stay.person_id for stay in theirs if stay.until is None), None),
                stays=tuple(theirs),
            )
            for record, theirs in sorted(stays.items())
        ]


def read_link_history(vault: Vault, generations: Mapping[str, str]) -> LinkHistory:
    """Read the history of a published version.

    Args:
        vault: The vault.
        generations: The version's vault tables.
    """

    def read(name: str) -> pa.Table | None:
        return vault.read(name, generations[name]) if name in generations else None

    retired = read("retired")
    return LinkHistory(
        vault.read("membership", generations["membership"]),
        read("link_event"),
        {} if retired is None else {row["old"]: row["new"] for row in retired.to_pylist()},
        partial(vault.hmac, "record-key"),
    )


def read_history(
    history: LinkHistory,
    grant: Grant,
    audit: AuditTrail,
    *,
    on: date,
    now: datetime,
    person: str = "",
    record: str = "",
) -> PersonHistory:
    """Tell who a person was on a day, after the decision is safe in the audit of everybody that is told about.

    Args:
        history: The version's history.
        grant: Who asks.
        audit: Where the decision is written first.
        on: The day, to its end, in the time of the data.
        now: The present moment, UTC.
        person: The person, by an id that it has or had.
        record: Or one of the person's records, by its opaque key.

    Raises:
        RefusedError: The grant does not allow it.
        InputError: `history-unknown`: nobody ever had that id.
    """
    (decided,) = audit.decide(grant, Action.VIEW_LINK_HISTORY, at=now, detail={"on": on.isoformat()})
    found = None
    if _ID.fullmatch(person or record):
        found = history._of_person(person, on) if person else history._of_record(record, on)
    subjects: Iterable[str | None] = [None] if found is None else sorted(found.people)
    audit.record([replace(decided, subject=subject) for subject in subjects])
    if found is None:
        raise InputError(
            "history-unknown", "Nobody ever had that id.", "Give a person_id, or a record's opaque key: 32 hex digits."
        )
    return found


def parse_day(text: str) -> date:
    """Read a day, YYYY-MM-DD.

    Raises:
        InputError: `history-day`.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("history-day", "The day is no date.", "Write YYYY-MM-DD.") from None


def _change(row: Mapping[str, Any]) -> Change:
    def several(name: str) -> tuple[str, ...]:
        return tuple(filter(None, (row[name] or "").split(",")))

    plain = {name: row[name] for name in ("at", "event", "actor", "reason", "version")}
    return Change(before=several("before"), after=several("after"), records=several("records"), **plain)


def _record(row: Mapping[str, Any]) -> Record:
    return row["source"], row["source_id"]


def _names(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["source"], table["source_id"], "\x1f")


def _plain(value: Any) -> Any:
    """Return a value with its moments as text."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
