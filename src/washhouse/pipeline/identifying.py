"""Whose record is this, asked between two runs: against the published version and whoever was recorded since?

Asked by `washhouse identify` and `POST /api/identify`. The audit is written before anything is looked up. A record that
is to be kept is given a person at once, under a lock, and lies sealed at the desk until a run lands it; that run's
linking starts from the person it was given.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.desk.database import Desk
from washhouse.desk.live_records import LiveRecord, Recorder, live_records, recording
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, read_current
from washhouse.linkage.identify import Finder, Identified, check_record
from washhouse.linkage.index import TABLES, read_index
from washhouse.linkage.person_ids import AGAIN, keyed_id, record_key
from washhouse.pipeline.live_records import open_record, seal_record

MOST = 1000
"""Records that one question may hold."""


@dataclass(frozen=True)
class Answer:
    """What is told of one record.

    Attributes:
        identified: Who it may be.
        person_id: The person it has: of the strongest candidate, or that it was given; None where neither.
        recorded: It was given that person now, or had it before.
        version: Version of the record that it was compared with.
    """

    identified: Identified
    person_id: str | None
    recorded: bool
    version: str

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain values; people are named by `person_id` alone."""
        return {
            "decision": self.identified.decision,
            "person_id": self.person_id,
            "recorded": self.recorded,
            "candidates": [
                {
                    "person_id": c.person_id,
                    "weight": round(c.weight, 6),
                    "probability": round(c.probability, 9),
                    "steps": [
                        {
                            "field": step.field,
                            "title": step.title,
                            "outcome": step.outcome,
                            "agreement": step.agreement.value,
                            "words": step.words,
                            "bits": round(step.bits, 6),
                            "total": round(step.total, 6),
                        }
                        for step in c.steps
                    ],
                }
                for c in self.identified.candidates
            ],
        }


@dataclass
class _Held:
    """One version, ready to be asked; and how far the desk's records were taken up."""

    version: Version
    finder: Finder
    ever: pa.Array
    last: int = 0


class Identifier:
    """Answers for the version that is current. Share one per process.

    Args:
        home: The home.
        vault: Its vault.
        desk: The open desk.
        audit: The audit trail.
    """

    def __init__(self, home: Home, vault: Vault, desk: Desk, audit: AuditTrail) -> None:
        self._home, self._vault, self._desk, self._audit = home, vault, desk, audit
        self._held: _Held | None = None
        self._lock = threading.Lock()

    def ask(
        self, grant: Grant, records: Sequence[Mapping[str, Any]], *, record: bool = False, now: datetime
    ) -> list[Answer]:
        """Say who each of some records may be.

        Args:
            grant: Who asks; must allow `identify`.
            records: Texts by field name, see `linkage.identify.KEYS`.
            record: Give each record a person now; it must say its `source` and `source_id`.
            now: The present moment, UTC.

        Returns:
            An answer for each, in order.

        Raises:
            InputError: `record-invalid`: a record makes no sense, or there are more than `MOST`.
            RefusedError: The grant does not allow it.
            HomeError: `nothing-published`, or `link-index-missing` where the version keeps no index.
        """
        said = check_records(records, record=record)
        version = read_current(self._home)
        detail = {"records": len(said), "record": record, "version": version.id if version else None}
        self._audit.authorise(grant, Action.IDENTIFY, at=now, detail=detail)
        if version is None:
            raise HomeError("nothing-published", "Nothing is published yet.", "Run `washhouse run` on an inbox first.")
        with self._lock:
            held = self._ready(version)
            if record:
                with recording(self._desk) as recorder:
                    return self._record(held, recorder, said, grant.actor, now)
            self._take_up(held, live_records(self._desk, held.last))
            return [Answer(found, found.person_id, False, version.id) for found in held.finder.find(said)]

    def warm(self) -> None:
        """Make ready for the version that is current, so that the first question is quick; nothing without one."""
        version = read_current(self._home)
        if version is not None and all(name in version.vault for name in TABLES):
            with self._lock:
                self._ready(version)

    def _ready(self, version: Version) -> _Held:
        if self._held is None or self._held.version != version:
            self._held = None
            names = version.vault
            index = None
            if all(name in names for name in TABLES):
                index = read_index(lambda name: self._vault.read(name, names[name]))
            if index is None or index.persons is None:
                raise HomeError(
                    "link-index-missing",
                    "The published version keeps no index of its records.",
                    "Run `washhouse run` with a new batch: it makes one.",
                )
            ever = self._vault.read("membership", names["membership"], columns=["person_id"]).column("person_id")
            self._held = _Held(version, Finder(index), pc.unique(ever))
        return self._held

    def _take_up(self, held: _Held, rows: Sequence[LiveRecord]) -> None:
        """Let records be found that were recorded since, by whatever process."""
        said = [open_record(self._vault, row) for row in rows]
        known = held.finder.persons_of(said) if said else []
        fresh = [i for i, person in enumerate(known) if person is None]
        held.finder.add([said[i] for i in fresh], [rows[i].person_id for i in fresh])
        held.last = max([held.last, *(row.id for row in rows)])

    def _record(
        self, held: _Held, recorder: Recorder, said: Sequence[Mapping[str, str]], actor: str, now: datetime
    ) -> list[Answer]:
        """Answer, and give every record a person that has none yet; they follow one another, as if they came alone."""
        self._take_up(held, recorder.since(held.last))
        keys = [record_key(partial(self._vault.hmac, "record-key"), one["source"], one["source_id"]) for one in said]
        given: dict[str, str] = {}
        had = recorder.find(keys)
        for key, person in zip(keys, held.finder.persons_of(said), strict=True):
            if person or key in had:
                given[key] = person or had[key]
        found = dict(enumerate(held.finder.find(said)))
        sharing = held.finder.sharing(said)
        answers: dict[int, Answer] = {}
        # Those that share no block with an earlier one are not touched by it: all at once. The others one by one.
        for group in (
            [i for i, shares in enumerate(sharing) if not shares],
            *([i] for i, s in enumerate(sharing) if s),
        ):
            adding: list[tuple[str, str, int]] = []
            for i in group:
                if sharing[i]:
                    found[i] = held.finder.find([said[i]])[0]
                person = given.get(keys[i]) or found[i].person_id or self._born(held, said[i])
                if keys[i] not in given:
                    adding.append((keys[i], person, i))
                    given[keys[i]] = person
                answers[i] = Answer(found[i], person, True, held.version.id)
            held.finder.add([said[i] for _, _, i in adding], [person for _, person, _ in adding])
            if adding:
                sealed = [(key, person, seal_record(self._vault, key, said[i])) for key, person, i in adding]
                held.last = recorder.add(sealed, actor=actor, at=now)
        return [answers[i] for i in range(len(said))]

    def _born(self, held: _Held, one: Mapping[str, str]) -> str:
        """Return a new person's id: the one that linking would make, unless somebody ever had it."""
        key = partial(self._vault.hmac, "person-id")
        for again in AGAIN:
            person = keyed_id(key, "person", one["source"], one["source_id"], *again)
            if pc.index(held.ever, person).as_py() < 0:
                return person
        raise InputError("record-invalid", "The record had too many persons already.")


def check_records(records: Sequence[Mapping[str, Any]], *, record: bool) -> list[dict[str, str]]:
    """Return what some records say, see `linkage.identify.check_record`.

    Args:
        records: The records.
        record: They are to be recorded, and must say whose they are.

    Raises:
        InputError: `record-invalid`.
    """
    if not 1 <= len(records) <= MOST:
        raise InputError("record-invalid", f"1 to {MOST} records may be asked about at once.")
    said = [check_record(one) for one in records]
    if record and not all("source" in one and "source_id" in one for one in said):
        raise InputError("record-invalid", "A record that is to be recorded says its source and source_id.")
    return said
