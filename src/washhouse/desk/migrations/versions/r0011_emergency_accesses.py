"""Emergency access to one record: who opened it and why, how it ended, what the review came to, whom to tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from washhouse.desk.migrations.append_only import refuse_changes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ACCESSES = "emergency_accesses"
STEPS = "emergency_access_steps"
NOTICES = "resident_notices"
OUTCOMES = "'appropriate', 'not-appropriate', 'needs-enquiry'"


def upgrade() -> None:
    """Make the tables; their rows are never changed or removed."""
    op.create_table(
        ACCESSES,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _user(ACCESSES),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("token", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=f"pk_{ACCESSES}"),
        sa.UniqueConstraint("token", name=f"uq_{ACCESSES}_token"),
    )
    op.create_index(f"ix_{ACCESSES}_username_at", ACCESSES, ["username", "at"])
    op.create_index(f"ix_{ACCESSES}_person_id", ACCESSES, ["person_id"])
    op.create_table(
        STEPS,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _user(STEPS),
        _access(STEPS),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("note", sa.Text()),
        sa.Column("token", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=f"pk_{STEPS}"),
        sa.UniqueConstraint("token", name=f"uq_{STEPS}_token"),
        sa.CheckConstraint("kind IN ('closed', 'review')", name=op.f(f"ck_{STEPS}_kind")),
        sa.CheckConstraint("(kind = 'review') = (outcome IS NOT NULL)", name=op.f(f"ck_{STEPS}_row")),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f(f"ck_{STEPS}_outcome")),
    )
    op.create_index(f"ix_{STEPS}_access_id", STEPS, ["access_id"])
    op.create_table(
        NOTICES,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        _access(NOTICES),
        sa.PrimaryKeyConstraint("id", name=f"pk_{NOTICES}"),
        sa.UniqueConstraint("access_id", name=f"uq_{NOTICES}_access_id"),
    )
    op.create_index(f"ix_{NOTICES}_person_id", NOTICES, ["person_id"])
    for table in (ACCESSES, STEPS, NOTICES):
        refuse_changes(table)


def downgrade() -> None:
    """Remove the tables."""
    for table in (NOTICES, STEPS, ACCESSES):
        op.drop_table(table)


def _user(table: str) -> sa.Column[str]:
    key = sa.ForeignKey("users.username", name=f"fk_{table}_username")
    return sa.Column("username", sa.String(64), key, nullable=False)


def _access(table: str) -> sa.Column[int]:
    key = sa.ForeignKey(f"{ACCESSES}.id", name=f"fk_{table}_access_id")
    return sa.Column("access_id", sa.Integer(), key, nullable=False)
