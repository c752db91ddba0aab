"""How is the record of somebody not in one's care opened in an emergency (break-glass), closed again, and reviewed?

Opening it, the audit of it and the notice to the resident are one commit: there is no access that nobody will see. The
access opens one person's record to one user for an hour; which pages that is, the permission table says
(`Relation.EMERGENCY`).

References:
    docs/adr/2026-11-26-emergency-access.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.emergency_accesses import (
    OUTCOMES,
    REASONS,
    EmergencyAccess,
    add_access,
    add_step,
    check_choice,
    check_words,
    count_accesses,
    list_accesses,
    same_form,
)
from washhouse.desk.models import EmergencyAccessRow, EmergencyAccessStepRow
from washhouse.governance.audit import AuditTrail, Detail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.governance.policies import (
    EMERGENCY_LIMIT_HOURS,
    EMERGENCY_MINUTES,
    EMERGENCY_REVIEW_HOURS,
    check_open_emergency,
    check_review_emergency,
)
from washhouse.governance.redaction import redact
from washhouse.governance.reveal import IdentityIndex, RevealedIdentity


def open_in_emergency(
    grant: Grant,
    person_id: str,
    *,
    reason: str,
    note: str,
    identities: IdentityIndex,
    desk: Desk,
    audit: AuditTrail,
    now: datetime,
    token: str | None = None,
) -> None:
    """Open one person's record to the grant's actor for `EMERGENCY_MINUTES`.

    Args:
        grant: Who asks.
        person_id: Whose record.
        reason: A key of `REASONS`.
        note: What happened, in words; what could name the person is taken out of it.
        identities: Identities of the published version. Nothing of them comes back.
        desk: Where the access is kept.
        audit: Where the decision is written, in the same transaction.
        now: The present moment, UTC.
        token: Opaque id of the form that was sent; the same form sent twice opens once.

    Raises:
        RefusedError: `grant-expired`, `not-permitted`, `emergency-access-closed` or `emergency-access-limit`; the
            refusal is in the audit.
        InputError: `emergency-access-invalid`, or `no-such-person`: the published version holds nobody of that id.
        HomeError: `audit-unwritable`: nothing was opened.
    """
    moment = to_utc(now)
    check_choice(reason, REASONS)
    words = check_words(note)
    events = audit.decide(grant, Action.BREAK_GLASS, [person_id], at=moment, detail={"reason": reason})
    if person_id not in identities:
        audit.refuse(grant, Action.BREAK_GLASS, "no-such-person", person_id=person_id, at=moment)
        raise InputError("no-such-person", "The record holds nobody of that id.", "It may have been retired.")
    since = moment - timedelta(hours=EMERGENCY_LIMIT_HOURS)
    try:
        with desk.writing() as session:
            check_open_emergency(
                restricted=identities.is_restricted(person_id),
                opened_lately=count_accesses(session, grant.actor, since),
            )
            add_access(
                session,
                user=grant.actor,
                person_id=person_id,
                reason=reason,
                note=redact(words, _known(identities, person_id)),
                at=moment,
                until=moment + timedelta(minutes=EMERGENCY_MINUTES),
                due=moment + timedelta(hours=EMERGENCY_REVIEW_HOURS),
                token=token,
            )
            audit.record_within(session, events)
    except RefusedError as refusal:
        audit.refuse(grant, Action.BREAK_GLASS, refusal.code, person_id=person_id, at=moment)
        raise
    except IntegrityError as error:
        if not same_form(desk, EmergencyAccessRow, token, grant.actor):
            raise _not_kept() from error
    except SQLAlchemyError as error:
        raise _unwritable() from error


def close_emergency(grant: Grant, person_id: str, *, desk: Desk, audit: AuditTrail, now: datetime) -> None:
    """Close every access that is open to the grant's actor on one person; none open is as good as closed.

    Raises:
        HomeError: `audit-unwritable`.
    """
    moment = to_utc(now)
    mine = list_accesses(desk, person_ids=[person_id], users=[grant.actor])
    opened = [access for access in mine if access.is_open(moment)]
    if not opened:
        return
    events = audit.decide(grant, Action.BREAK_GLASS, [person_id], at=moment, detail={"step": "close"})
    try:
        with desk.writing() as session:
            for access in opened:
                add_step(session, access.id, user=grant.actor, at=moment)
            audit.record_within(session, events)
    except SQLAlchemyError as error:
        raise _unwritable() from error


def review_emergency(
    grant: Grant,
    access: EmergencyAccess,
    *,
    person_id: str,
    outcome: str,
    note: str,
    identities: IdentityIndex,
    desk: Desk,
    audit: AuditTrail,
    now: datetime,
    token: str | None = None,
) -> None:
    """Keep what the grant's actor makes of an emergency access; whose they answer for is the caller's to check.

    Args:
        grant: Who reviews.
        access: The access.
        person_id: Whose record it opened, under the id that the person has now.
        outcome: A key of `OUTCOMES`.
        note: Why, in words; what could name the person is taken out of it.
        identities: Identities of the published version. Nothing of them comes back.
        desk: Where it is kept.
        audit: Where it is noted, in the same transaction.
        now: The present moment, UTC.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        RefusedError: `grant-expired`, `not-permitted`, or `own-emergency-access`; the refusal is in the audit.
        InputError: `emergency-access-invalid`, or `emergency-access-settled`: somebody said already whether it was
            right.
        HomeError: `audit-unwritable`.
    """
    moment = to_utc(now)
    check_choice(outcome, OUTCOMES)
    words = check_words(note)
    detail: Detail = {"access": access.id, "outcome": outcome}
    events = audit.decide(grant, Action.REVIEW_EMERGENCY_ACCESS, at=moment, detail=detail)
    try:
        check_review_emergency(access.username, grant.actor)
    except RefusedError as refusal:
        audit.refuse(grant, Action.REVIEW_EMERGENCY_ACCESS, refusal.code, at=moment, detail={"access": access.id})
        raise
    if access.is_settled:
        if same_form(desk, EmergencyAccessStepRow, token, grant.actor):
            return
        raise InputError(
            "emergency-access-settled", "Somebody has reviewed this access already.", "See what they said."
        )
    told = redact(words, _known(identities, person_id))
    try:
        with desk.writing() as session:
            add_step(session, access.id, user=grant.actor, at=moment, outcome=outcome, note=told, token=token)
            audit.record_within(session, events)
    except IntegrityError as error:
        if not same_form(desk, EmergencyAccessStepRow, token, grant.actor):
            raise _not_kept() from error
    except SQLAlchemyError as error:
        raise _unwritable() from error


def _known(identities: IdentityIndex, person_id: str) -> RevealedIdentity | None:
    """What is known of a person, to be taken out of a text; it is shown to nobody."""
    return next(iter(identities._find([person_id])), None)


def _not_kept() -> InputError:
    return InputError("emergency-access-invalid", "The desk does not know the user, or the form was sent by another.")


def _unwritable() -> HomeError:
    return HomeError(
        "audit-unwritable", "The audit could not be written, so nothing is shown.", "Check the desk's disk."
    )
