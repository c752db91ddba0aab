"""Users, teams, memberships, assignments, reviews and the audit, with the triggers that keep rows as written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit", "reviews")

_POSTGRES_FUNCTION = """
CREATE FUNCTION washhouse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
END $$
"""


def upgrade() -> None:
    """Make the tables and their triggers."""
    _directory()
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column(
            "username", sa.String(64), sa.ForeignKey("users.username", name="fk_reviews_username"), nullable=False
        ),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("index_date", sa.Date()),
        sa.Column("model_version", sa.String(64)),
        sa.Column("agree", sa.String(8)),
        sa.Column("action", sa.String(40)),
        sa.Column("note", sa.Text()),
        sa.Column("token", sa.String(64)),
        sa.Column("retracts", sa.Integer(), sa.ForeignKey("reviews.id", name="fk_reviews_retracts")),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("token", name="uq_reviews_token"),
        sa.UniqueConstraint("retracts", name="uq_reviews_retracts"),
        sa.CheckConstraint("(retracts IS NULL) = (agree IS NOT NULL)", name=op.f("ck_reviews_kind")),
        sa.CheckConstraint("agree IN ('yes', 'partly', 'no')", name=op.f("ck_reviews_agree")),
    )
    op.create_index("ix_reviews_person_id", "reviews", ["person_id"])
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(32)),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.CheckConstraint("outcome IN ('allow', 'deny')", name=op.f("ck_audit_outcome")),
    )
    op.create_index("ix_audit_subject_seq", "audit", ["subject", "seq"])
    _append_only()


def _directory() -> None:
    op.create_table(
        "users",
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("display_name", sa.String(120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_users"),
        sa.CheckConstraint("role IN ('clinician', 'steward')", name=op.f("ck_users_role")),
        sa.CheckConstraint("origin IN ('source', 'demo')", name=op.f("ck_users_origin")),
    )
    op.create_table(
        "teams",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("team_type", sa.String(8)),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("team", name="pk_teams"),
    )
    op.create_table(
        "memberships",
        sa.Column("username", sa.String(64), sa.ForeignKey("users.username", name="fk_memberships_username")),
        sa.Column("team", sa.String(64), sa.ForeignKey("teams.team", name="fk_memberships_team")),
        sa.PrimaryKeyConstraint("username", "team", name="pk_memberships"),
    )
    op.create_index("ix_memberships_team", "memberships", ["team"])
    op.create_table(
        "assignments",
        sa.Column("username", sa.String(64), sa.ForeignKey("users.username", name="fk_assignments_username")),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.PrimaryKeyConstraint("username", "person_id", "origin", name="pk_assignments"),
        sa.CheckConstraint("origin IN ('source', 'demo')", name=op.f("ck_assignments_origin")),
    )
    op.create_index("ix_assignments_person_id", "assignments", ["person_id"])


def _append_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_FUNCTION)
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION washhouse_append_only()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION washhouse_append_only()"
            )
        return
    for table, key in (("audit", "seq"), ("reviews", "id")):
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} {refuse}")
        # INSERT OR REPLACE removes the old row without firing the trigger on DELETE.
        op.execute(
            f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}"
        )


def downgrade() -> None:
    """Remove every table of the desk."""
    for table in ("audit", "reviews", "assignments", "memberships", "teams", "users"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION washhouse_append_only()")
