"""Whose record is this, asked between two runs: against the published version and whoever was recorded since?

Asked by `washhouse identify` and `POST /api/identify`. The audit is written before anything is looked up, and committed
before anything is answered. A record that is to be kept is given a person at once, under a lock, and lies sealed at the
desk until a run lands it; that run's linking starts from the person it was given.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.desk.database import Desk
from washhouse.desk.live_records import LiveRecord, Recorder, live_records, recording
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, pointer_stamp, read_current
from washhouse.linkage.finder import Finder
from washhouse.linkage.identify import KEYS, Identified, check_record
from washhouse.linkage.index import TABLES, read_index
from washhouse.linkage.person_ids import AGAIN, keyed_id, record_key
from washhouse.linkage.superseded import Superseded, follow_list
from washhouse.pipeline.live_records import open_record, seal_record

MOST = 1000
"""Records that one question may hold."""
RECORD_FIELDS = KEYS
"""What a record may say."""


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
    """One version, ready to be asked; and how far the desk's records were taken up.

    Attributes:
        version: The version.
        stamp: Stamp of the pointer when it was read.
        finder: Everybody in it, and whoever was recorded since.
        ever: Person ids that were ever handed out, sorted.
        retired: Ids that gave way, with their heirs.
        last: Number of the desk's last row that was taken up.
    """

    version: Version
    stamp: tuple[int, int] | None
    finder: Finder
    ever: npt.NDArray[np.bytes_]
    retired: Mapping[str, str]
    last: int = 0


class Identifier:
    """Answers for the version that is current. Share one per process.

    Several processes may share a home: each takes up at every question what the others have recorded, and a version
    that was published since.

    Args:
        home: The home.
        vault: Its vault.
        desk: Its open desk.
        audit: The audit trail.
    """

    def __init__(self, home: Home, vault: Vault, desk: Desk, audit: AuditTrail) -> None:
        self._home = home
        self._vault = vault
        self._desk = desk
        self._audit = audit
        self._lock = threading.Lock()
        self._held: _Held | None = None

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
        detail = {"records": len(said), "record": record}
        decided = self._audit.decide(grant, Action.IDENTIFY, at=now, detail=detail)
        if not record:
            self._audit.record(decided)
            with self._lock:
                held = self._ready()
                self._take_up(held, live_records(self._desk, held.last))
                return [Answer(found, found.person_id, False, held.version.id) for found in held.finder.find(said)]
        with self._lock:
            held = self._ready()
            try:
                # One commit for the audit and for what is recorded: nothing is answered before it.
                with recording(self._desk) as recorder:
                    self._audit.record_within(recorder.session, decided)
                    return self._record(held, recorder, said, grant.actor, now)
            except BaseException:
                self._held = None  # it may know records that the desk did not keep
                raise

    def warm(self) -> None:
        """Make ready for the version that is current, so that the first question is quick; nothing without one."""
        version = read_current(self._home)
        if version is not None and all(name in version.vault for name in TABLES):
            with self._lock:
                self._ready()

    def _ready(self) -> _Held:
        stamp = pointer_stamp(self._home)
        if self._held is not None and self._held.stamp == stamp:
            return self._held
        self._held = None
        version = read_current(self._home)
        if version is None:
            raise HomeError("nothing-published", "Nothing is published yet.", "Run `washhouse run` on an inbox first.")
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
        retired = self._vault.read("retired", names["retired"]) if "retired" in names else None
        self._held = _Held(
            version=version,
            stamp=stamp,
            finder=Finder(index, self._superseded(names)),
            ever=np.sort(np.array(pc.unique(ever).to_pylist(), dtype="S32")),
            retired={row["old"]: row["new"] for row in retired.to_pylist()} if retired else {},
        )
        return self._held

    def _superseded(self, names: Mapping[str, str]) -> Superseded | None:
        """Read the list that the version was linked by; a version of an earlier release has none."""
        return follow_list(self._vault.read("superseded", names["superseded"])) if "superseded" in names else None

    def _take_up(self, held: _Held, rows: Sequence[LiveRecord]) -> None:
        """Let records be found that were recorded since, by whatever process."""
        if not rows:
            return
        said = [open_record(self._vault, row) for row in rows]
        known = held.finder.persons_of(said)
        fresh = [i for i, person in enumerate(known) if person is None]
        # A run may have merged a person that a record was given before it landed.
        whose = [held.retired.get(row.person_id, row.person_id) for row in rows]
        held.finder.add([said[i] for i in fresh], [whose[i] for i in fresh])
        held.last = max([held.last, *(row.id for row in rows)])

    def _record(
        self, held: _Held, recorder: Recorder, said: Sequence[Mapping[str, str]], actor: str, now: datetime
    ) -> list[Answer]:
        """Answer, and give every record a person that has none yet; they follow one another, as if they came alone."""
        self._take_up(held, recorder.since(held.last))
        keys = [record_key(partial(self._vault.hmac, "record-key"), one["source"], one["source_id"]) for one in said]
        had = recorder.find(keys)
        given: dict[str, str] = {}
        for key, person in zip(keys, held.finder.persons_of(said), strict=True):
            if person or key in had:
                given[key] = person or held.retired.get(had[key], had[key])
        known = [i for i, key in enumerate(keys) if key in given]
        fresh = [i for i, key in enumerate(keys) if key not in given]
        found = dict(zip(known, held.finder.find([said[i] for i in known]), strict=True))
        taken = held.finder.take([said[i] for i in fresh], lambda place: self._born(held, said[fresh[place]]))
        adding: dict[str, tuple[str, str, bytes]] = {}
        for i, (one, person) in zip(fresh, taken, strict=True):
            found[i] = one
            if keys[i] not in given:
                given[keys[i]] = person
                adding[keys[i]] = (keys[i], person, seal_record(self._vault, keys[i], said[i]))
        if adding:
            held.last = recorder.add(list(adding.values()), actor=actor, at=now)
        return [Answer(found[i], given[key], True, held.version.id) for i, key in enumerate(keys)]

    def _born(self, held: _Held, one: Mapping[str, str]) -> str:
        """Return a new person's id: the one that linking would make, unless somebody ever had it."""
        key = partial(self._vault.hmac, "person-id")
        for again in AGAIN:
            person = keyed_id(key, "person", one["source"], one["source_id"], *again)
            place = int(np.searchsorted(held.ever, person.encode()))
            if place == len(held.ever) or held.ever[place] != person.encode():
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
