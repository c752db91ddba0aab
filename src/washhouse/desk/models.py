"""Which tables does the desk hold? What people do; never a name, number or address of a resident."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of the desk's tables. Constraints are named, so that migrations can find them on every engine."""

    metadata = MetaData(naming_convention=NAMING)


class User(Base):
    """One row per user."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "role IN ('clinician', 'steward', 'planner', 'researcher', 'team-manager', 'crisis-clinician')", name="role"
        ),
        CheckConstraint("origin IN ('source', 'demo')", name="origin"),
    )

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    display_name: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool]
    origin: Mapped[str] = mapped_column(String(8))


class Team(Base):
    """One row per team of a sending service."""

    __tablename__ = "teams"

    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    team_type: Mapped[str | None] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(160))
    active: Mapped[bool]


class Membership(Base):
    """One row per user and team."""

    __tablename__ = "memberships"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    team: Mapped[str] = mapped_column(ForeignKey("teams.team"), primary_key=True, index=True)


class Assignment(Base):
    """One row per user, person and origin: whose care somebody co-ordinates now, or is lent for a demonstration."""

    __tablename__ = "assignments"
    __table_args__ = (CheckConstraint("origin IN ('source', 'demo')", name="origin"),)

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    origin: Mapped[str] = mapped_column(String(8), primary_key=True)
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)


class ReviewRow(Base):
    """One row per review of a score, or per retraction of one; nothing is edited or deleted."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("(retracts IS NULL) = (agree IS NOT NULL)", name="kind"),
        CheckConstraint("agree IN ('yes', 'partly', 'no')", name="agree"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    index_date: Mapped[date | None] = mapped_column(Date)
    model: Mapped[str | None] = mapped_column(String(40))
    model_version: Mapped[str | None] = mapped_column(String(64))
    themes: Mapped[str | None] = mapped_column(Text)
    agree: Mapped[str | None] = mapped_column(String(8))
    action: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    retracts: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"), unique=True)


class FollowUpRow(Base):
    """One row per answer to what came of a review, or per retraction of one."""

    __tablename__ = "review_follow_ups"
    __table_args__ = (
        CheckConstraint("(retracts IS NULL) = (done IS NOT NULL)", name="row"),
        CheckConstraint("done IN ('yes', 'partly', 'no')", name="done"),
        CheckConstraint("changed IN ('better', 'no', 'worse', 'unsure')", name="changed"),
        CheckConstraint("useful IN ('yes', 'partly', 'no')", name="useful"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    done: Mapped[str | None] = mapped_column(String(8))
    changed: Mapped[str | None] = mapped_column(String(8))
    useful: Mapped[str | None] = mapped_column(String(8))
    note: Mapped[str | None] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    retracts: Mapped[int | None] = mapped_column(ForeignKey("review_follow_ups.id"), unique=True)


class SupervisionRow(Base):
    """One row per supervision session: a manager and a worker went through the worker's people."""

    __tablename__ = "supervision_sessions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    worker: Mapped[str] = mapped_column(ForeignKey("users.username"), index=True)
    record_version: Mapped[str] = mapped_column(String(40))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)


class CareDecisionRow(Base):
    """One row per decision about a person's care, per answer to one, or per retraction; nothing is edited."""

    __tablename__ = "care_decisions"
    __table_args__ = (
        CheckConstraint("kind IN ('step-down', 'seen', 'action', 'done', 'allocation', 'retraction')", name="kind"),
        CheckConstraint("(kind IN ('done', 'retraction')) = (about IS NOT NULL)", name="about"),
        CheckConstraint("kind <> 'action' OR due IS NOT NULL", name="due"),
        Index(None, "person_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(32))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("supervision_sessions.id"), index=True)
    choice: Mapped[str | None] = mapped_column(String(40))
    worker: Mapped[str | None] = mapped_column(ForeignKey("users.username"))
    worker_before: Mapped[str | None] = mapped_column(ForeignKey("users.username"))
    due: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(Text)
    about: Mapped[int | None] = mapped_column(ForeignKey("care_decisions.id"), index=True)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)


class SavedViewRow(Base):
    """One row per state of a list that a user keeps at hand, by the filters that stand in its address; no free text."""

    __tablename__ = "saved_views"

    username: Mapped[str] = mapped_column(ForeignKey("users.username"), primary_key=True)
    filters: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime)


class EmergencyAccessRow(Base):
    """One row per time that somebody opened the record of a person not in their care; nothing is edited or deleted."""

    __tablename__ = "emergency_accesses"
    __table_args__ = (Index(None, "username", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    reason: Mapped[str] = mapped_column(String(24))
    note: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column(DateTime)
    due: Mapped[datetime] = mapped_column(DateTime)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)


class EmergencyAccessStepRow(Base):
    """One row per emergency access closed before its time, or per review of one; nothing is edited or deleted."""

    __tablename__ = "emergency_access_steps"
    __table_args__ = (
        CheckConstraint("kind IN ('closed', 'review')", name="kind"),
        CheckConstraint("(kind = 'review') = (outcome IS NOT NULL)", name="row"),
        CheckConstraint("outcome IN ('appropriate', 'not-appropriate', 'needs-enquiry')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    access_id: Mapped[int] = mapped_column(ForeignKey("emergency_accesses.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)


class ResidentNoticeRow(Base):
    """One row per thing that a resident has to be told: that their record was opened in an emergency."""

    __tablename__ = "resident_notices"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    access_id: Mapped[int] = mapped_column(ForeignKey("emergency_accesses.id"), unique=True)


class LinkDecisionRow(Base):
    """One row per decision on two records, or per retraction of one; records are known by opaque keys."""

    __tablename__ = "link_decisions"
    __table_args__ = (
        CheckConstraint("(retracts IS NULL) = (kind IS NOT NULL)", name="row"),
        CheckConstraint("kind IN ('must', 'cannot')", name="kind"),
        CheckConstraint("left_key < right_key", name="pair"),
        Index(None, "left_key", "right_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    left_key: Mapped[str] = mapped_column(String(32))
    right_key: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str | None] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime)
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    retracts: Mapped[int | None] = mapped_column(ForeignKey("link_decisions.id"), unique=True)


class LinkLabelRow(Base):
    """One row per answer whether two records are one person's, or per retraction of one."""

    __tablename__ = "link_labels"
    __table_args__ = (
        CheckConstraint("(retracts IS NULL) = (answer IS NOT NULL)", name="row"),
        CheckConstraint("answer IN ('same', 'different', 'unsure')", name="answer"),
        CheckConstraint("left_key < right_key", name="pair"),
        Index(None, "left_key", "right_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"))
    left_key: Mapped[str] = mapped_column(String(32))
    right_key: Mapped[str] = mapped_column(String(32))
    answer: Mapped[str | None] = mapped_column(String(8))
    probability: Mapped[float | None] = mapped_column(Float)
    queue_cause: Mapped[str | None] = mapped_column(String(64))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    retracts: Mapped[int | None] = mapped_column(ForeignKey("link_labels.id"), unique=True)


class LiveRecordRow(Base):
    """One row per record that was given a person between two runs; what it says is sealed, and gone once it landed."""

    __tablename__ = "live_records"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[str] = mapped_column(String(32))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(DateTime)
    landed_at: Mapped[datetime | None] = mapped_column(DateTime, index=True)


class PersonChangeRow(Base):
    """One row per person whose desk rows wait for a steward, since a run gave the person's records to several."""

    __tablename__ = "person_changes"
    __table_args__ = (
        CheckConstraint("kind IN ('split', 'un-merge')", name="kind"),
        CheckConstraint("(handled_at IS NULL) = (handled_by IS NULL)", name="handled"),
        Index(None, "version", "person_before", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    version: Mapped[str] = mapped_column(String(40))
    person_before: Mapped[str] = mapped_column(String(32))
    persons_after: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(8))
    reviews: Mapped[int] = mapped_column(Integer)
    handled_at: Mapped[datetime | None] = mapped_column(DateTime)
    handled_by: Mapped[str | None] = mapped_column(ForeignKey("users.username"))


class SessionRow(Base):
    """One row per signed-in session, by the digest of its token."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    actor: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(24))
    started_at: Mapped[datetime] = mapped_column(DateTime)
    seen_at: Mapped[datetime] = mapped_column(DateTime)


class ProgramRow(Base):
    """One row per program that was ever given a token, by its digest."""

    __tablename__ = "programs"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(24))
    worker: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(DateTime)
    expires_at: Mapped[datetime] = mapped_column(DateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime)


class ScoreExposureRow(Base):
    """One row per person and page on which somebody was shown the person's score; nothing is edited or deleted."""

    __tablename__ = "score_exposures"
    __table_args__ = (Index(None, "model", "week", "person_id"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime)
    week: Mapped[date] = mapped_column(Date)
    username: Mapped[str] = mapped_column(String(64))
    page: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    model: Mapped[str] = mapped_column(String(40))
    model_version: Mapped[str] = mapped_column(String(64))
    index_date: Mapped[date] = mapped_column(Date)
    place: Mapped[int | None] = mapped_column(Integer)
    listed: Mapped[int] = mapped_column(Integer)
    record_version: Mapped[str] = mapped_column(String(40))


class AuditRow(Base):
    """One row per decision and person shown, chained by hash; triggers refuse edits and deletions."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject", "seq"), CheckConstraint("outcome IN ('allow', 'deny')", name="outcome"))

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(24))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(8))
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
