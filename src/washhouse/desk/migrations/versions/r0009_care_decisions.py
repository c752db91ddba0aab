"""Decisions about a person's care, and the supervision sessions in which they are taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from washhouse.desk.migrations.append_only import refuse_changes

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SESSIONS = "supervision_sessions"
DECISIONS = "care_decisions"
KINDS = "'step-down', 'seen', 'action', 'done', 'allocation', 'retraction'"


def upgrade() -> None:
    """Make the tables; their rows are never changed or removed."""
    op.create_table(
        SESSIONS,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _user(SESSIONS, "username", nullable=False),
        _user(SESSIONS, "worker", nullable=False),
        sa.Column("record_version", sa.String(40), nullable=False),
        sa.Column("token", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=f"pk_{SESSIONS}"),
        sa.UniqueConstraint("token", name=f"uq_{SESSIONS}_token"),
    )
    op.create_index(f"ix_{SESSIONS}_worker", SESSIONS, ["worker"])
    op.create_table(
        DECISIONS,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _user(DECISIONS, "username", nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.Integer(), sa.ForeignKey(f"{SESSIONS}.id", name=f"fk_{DECISIONS}_session_id")),
        sa.Column("choice", sa.String(40)),
        _user(DECISIONS, "worker"),
        _user(DECISIONS, "worker_before"),
        sa.Column("due", sa.Date()),
        sa.Column("note", sa.Text()),
        sa.Column("about", sa.Integer(), sa.ForeignKey(f"{DECISIONS}.id", name=f"fk_{DECISIONS}_about")),
        sa.Column("token", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=f"pk_{DECISIONS}"),
        sa.UniqueConstraint("token", name=f"uq_{DECISIONS}_token"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f(f"ck_{DECISIONS}_kind")),
        sa.CheckConstraint(
            "(kind IN ('done', 'retraction')) = (about IS NOT NULL)", name=op.f(f"ck_{DECISIONS}_about")
        ),
        sa.CheckConstraint("kind <> 'action' OR due IS NOT NULL", name=op.f(f"ck_{DECISIONS}_due")),
    )
    for columns in (["person_id", "kind"], ["session_id"], ["about"]):
        op.create_index(f"ix_{DECISIONS}_{'_'.join(columns)}", DECISIONS, columns)
    refuse_changes(SESSIONS)
    refuse_changes(DECISIONS)


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table(DECISIONS)
    op.drop_table(SESSIONS)


def _user(table: str, name: str, nullable: bool = True) -> sa.Column[str]:
    key = sa.ForeignKey("users.username", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.String(64), key, nullable=nullable)
