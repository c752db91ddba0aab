"""What was decided, for whom, about whom: written before anything is shown, and shown to those who ask."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from washhouse.core.errors import RefusedError
from washhouse.desk.audit_log import AuditLog, Entry, Verification
from washhouse.desk.clock import to_utc, utc_now
from washhouse.desk.database import Desk
from washhouse.desk.models import AuditRow, User
from washhouse.desk.score_exposures import ScoreExposure
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action, Relation, check_permission, relation_of
from washhouse.governance.policies import check_active

Detail = Mapping[str, str | int | float | bool | None]
"""Facts about a decision (page, counts, version, cohort hash): never a value from the record."""

_PERSON_ID = re.compile(r"[0-9a-f]{32}")
_ACTOR = re.compile(r"[A-Za-z0-9][^\s\x00-\x1f\x7f]{0,63}")


@dataclass(frozen=True)
class AuditEvent:
    """One decision, about one person or none.

    Attributes:
        at: When, UTC.
        actor: Username, or `system`.
        role: What the actor is.
        purpose: What was asked for.
        action: What was asked; an action of `permissions`, or a plain one such as `sign-in`.
        subject: The person, or None.
        outcome: `allow` or `deny`.
        detail: Facts about the decision, without values from the record.
    """

    at: datetime
    actor: str
    role: str
    purpose: str
    action: str
    subject: str | None = None
    outcome: str = "allow"
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True)
class Viewing:
    """One line of "who looked at this person"; `is_emergency` where they were not in the viewer's care."""

    seq: int
    at: datetime
    actor: str
    display_name: str
    role: str
    purpose: str
    action: str
    is_emergency: bool = False


class AuditTrail:
    """The audit of one desk. Share one per process: it gathers concurrent writes into one commit.

    Args:
        desk: The open desk.
        clock: Gives the present moment, UTC.
    """

    def __init__(self, desk: Desk, clock: Callable[[], datetime] = utc_now) -> None:
        self._desk = desk
        self._log = AuditLog(desk)
        self._clock = clock

    def record(self, events: Sequence[AuditEvent]) -> None:
        """Commit events. When this returns they are safe; only then may rows be handed out.

        Raises:
            HomeError: `audit-unwritable`: nothing may be shown.
        """
        self._log.append([_entry(event) for event in events])

    def record_within(self, session: Session, events: Sequence[AuditEvent]) -> None:
        """Write events into a transaction that is open for writing: one commit for them and for what they allow.

        Nothing may be handed out before that transaction is committed. Raises what the engine raises.
        """
        self._log.append_within(session.connection(), [_entry(event) for event in events])

    def record_shown(self, exposures: Sequence[ScoreExposure]) -> None:
        """Commit which scores a page shows, with whatever else is waiting. Only then may the page go out.

        Raises:
            HomeError: `audit-unwritable`: nothing may be shown.
        """
        self._log.append((), exposures)

    def authorise(
        self,
        grant: Grant,
        action: str,
        person_ids: Collection[str] | None = None,
        *,
        at: datetime | None = None,
        detail: Detail | None = None,
    ) -> None:
        """Check that the grant holds and allows the action, and commit the decision: one event a person.

        Args:
            grant: Who asks.
            action: What is asked.
            person_ids: The people whose rows will be shown; None where no person is shown. With a grant for the
                population they are written as one event with the hash of the cohort.
            at: The present moment, UTC; the trail's clock if left out.
            detail: Facts to keep beside the decision.

        Raises:
            RefusedError: `grant-expired`, or `not-permitted` if the action is refused for any of the people;
                the refusals are in the audit.
            HomeError: `audit-unwritable`: nothing may be shown.
        """
        self.record(self.decide(grant, action, person_ids, at=at, detail=detail))

    def decide(
        self,
        grant: Grant,
        action: str,
        person_ids: Collection[str] | None = None,
        *,
        at: datetime | None = None,
        detail: Detail | None = None,
    ) -> list[AuditEvent]:
        """Check as `authorise` does. A refusal is committed and raised; what is allowed comes back as events.

        For who writes them into a transaction of their own (`record_within`); anybody else asks `authorise`.

        Raises:
            RefusedError: As `authorise`.
            HomeError: `audit-unwritable`.
        """
        moment = to_utc(at or self._clock())
        people = None if person_ids is None else sorted(set(person_ids))
        facts = dict(detail or {})
        subjects: Sequence[str | None] = people or [None]
        if people is not None and grant.persons is None:
            facts |= {"people": len(people), "cohort_sha256": cohort_hash(people)}
            subjects = [None]
        refused: list[tuple[str | None, RefusedError]] = []
        for subject in subjects:
            try:
                check_active(grant, moment)
                check_permission(grant, action, subject)
            except RefusedError as error:
                refused.append((subject, error))
        shown = [subject for subject, _ in refused] if refused else subjects
        outcome = "deny" if refused else "allow"
        if refused:
            facts["code"] = refused[0][1].code
        events = [_of_grant(grant, moment, action, subject, outcome, facts) for subject in shown]
        if refused:
            self.record(events)
            raise refused[0][1]
        return events

    def refuse(
        self,
        grant: Grant,
        action: str,
        code: str,
        *,
        person_id: str | None = None,
        at: datetime | None = None,
        detail: Detail | None = None,
    ) -> None:
        """Commit a refusal that another rule than permission decided, e.g. a policy; `code` is the error's."""
        facts = {**(detail or {}), "code": code}
        self.record([_of_grant(grant, to_utc(at or self._clock()), action, person_id, "deny", facts)])

    def together(self) -> Together:
        """Begin decisions that one commit keeps."""
        return Together(self)

    def viewers(
        self, person_id: str, *, aliases: Collection[str] = (), actor: str | None = None, limit: int = 500
    ) -> list[Viewing]:
        """Who was shown rows of a person, the latest first.

        Asked under `view-audit-of-person`, or of one actor under `review-emergency-access`.

        Args:
            person_id: The person.
            aliases: Retired ids of the same person.
            actor: Only what this user was shown.
            limit: Most lines wanted.
        """
        query = (
            select(AuditRow, User.display_name)
            .join(User, User.username == AuditRow.actor, isouter=True)
            .where(AuditRow.subject.in_([person_id, *aliases]), AuditRow.outcome == "allow")
            .order_by(AuditRow.seq.desc())
            .limit(limit)
        )
        if actor is not None:
            query = query.where(AuditRow.actor == actor)
        with self._desk.reading() as session:
            rows = session.execute(query).all()
        return [
            Viewing(
                seq=row.seq,
                at=datetime.fromisoformat(row.at).replace(tzinfo=None),
                actor=row.actor,
                display_name=name or row.actor,
                role=row.role,
                purpose=row.purpose,
                action=row.action,
                is_emergency=row.action == Action.BREAK_GLASS
                or json.loads(row.detail).get("relation") == Relation.EMERGENCY,
            )
            for row, name in rows
        ]

    def verify(self) -> Verification:
        """Walk the chain; see `desk.audit_log.Verification`."""
        return self._log.verify()

    def holds(self, head: str) -> bool:
        """Does the chain still contain a head (`seq:hash`) that was noted earlier? Shows truncation and rewriting."""
        seq, _, digest = head.partition(":")
        return seq.isdigit() and self._log.hash_at(int(seq)) == digest


class Together:
    """Decisions about one page, kept by one commit: what they allow is handed out after it, and never before.

    Args:
        trail: Where they are written.
    """

    def __init__(self, trail: AuditTrail) -> None:
        self.trail = trail
        self._events: list[AuditEvent] = []
        self._then: list[Callable[[], None]] = []

    def decide(
        self,
        grant: Grant,
        action: str,
        person_ids: Collection[str] | None = None,
        *,
        then: Callable[[], None],
        at: datetime | None = None,
        detail: Detail | None = None,
    ) -> None:
        """Check as `AuditTrail.decide`; a refusal is committed and raised at once.

        Args:
            grant: Who asks.
            action: What is asked.
            person_ids: The people whose rows will be shown.
            then: Hands out what is allowed; called when the decision is safe.
            at: The present moment, UTC.
            detail: Facts to keep beside the decision.
        """
        self._events += self.trail.decide(grant, action, person_ids, at=at, detail=detail)
        self._then.append(then)

    def commit(self) -> None:
        """Commit all decisions, then hand out what they allow.

        Raises:
            HomeError: `audit-unwritable`: nothing is handed out.
        """
        events, self._events = self._events, []
        waiting, self._then = self._then, []
        self.trail.record(events)
        for then in waiting:
            then()


def cohort_hash(person_ids: Collection[str]) -> str:
    """SHA-256 of a cohort, whatever its order.

    >>> cohort_hash(["b", "a"]) == cohort_hash(["a", "b", "a"])
    True
    """
    return hashlib.sha256("\n".join(sorted(set(person_ids))).encode()).hexdigest()


def _of_grant(grant: Grant, at: datetime, action: str, subject: str | None, outcome: str, detail: Detail) -> AuditEvent:
    relation: Relation = relation_of(grant, subject)
    return AuditEvent(
        at=at,
        actor=grant.actor,
        role=grant.role,
        purpose=grant.purpose,
        action=action,
        subject=subject,
        outcome=outcome,
        detail={**detail, "grant": grant.id, "relation": relation.value},
    )


def _entry(event: AuditEvent) -> Entry:
    """Write an event as text. What is not shaped like an id is not kept: it could be a number or a name.

    Rows of several requests are committed together, so one that the table would refuse is refused here, alone.
    """
    if event.outcome not in ("allow", "deny"):
        raise ValueError("the outcome of an audit event is allow or deny")
    detail = dict(event.detail)
    subject, actor = event.subject, event.actor
    if subject is not None and not _PERSON_ID.fullmatch(subject):
        subject, detail["subject"] = None, "malformed"
    if not _ACTOR.fullmatch(actor):
        actor = "unknown"
    return Entry(
        at=to_utc(event.at).isoformat(timespec="microseconds") + "Z",
        actor=actor,
        role=str(event.role)[:16],
        purpose=str(event.purpose)[:24],
        action=str(event.action)[:40],
        subject=subject,
        outcome=event.outcome,
        detail=json.dumps(detail, separators=(",", ":"), sort_keys=True),
    )
