"""Decisions and labels on links, and the people whose desk rows wait for a steward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("link_decisions", "link_labels")


def upgrade() -> None:
    """Make the tables and their triggers."""
    _pair_table(
        "link_decisions",
        [
            sa.Column("kind", sa.String(8)),
            sa.Column("reason", sa.Text(), nullable=False),
            sa.Column("expires_at", sa.DateTime()),
        ],
        kind="kind",
        kinds="'must', 'cannot'",
    )
    _pair_table(
        "link_labels",
        [
            sa.Column("answer", sa.String(8)),
            sa.Column("probability", sa.Float()),
            sa.Column("queue_cause", sa.String(64)),
        ],
        kind="answer",
        kinds="'same', 'different', 'unsure'",
    )
    op.create_table(
        "person_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("person_before", sa.String(32), nullable=False),
        sa.Column("persons_after", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("handled_at", sa.DateTime()),
        sa.Column("handled_by", sa.String(64), sa.ForeignKey("users.username", name="fk_person_changes_handled_by")),
        sa.PrimaryKeyConstraint("id", name="pk_person_changes"),
        sa.CheckConstraint("kind IN ('split', 'un-merge')", name=op.f("ck_person_changes_kind")),
        sa.CheckConstraint("(handled_at IS NULL) = (handled_by IS NULL)", name=op.f("ck_person_changes_handled")),
    )
    op.create_index(
        "ix_person_changes_version_person_before", "person_changes", ["version", "person_before"], unique=True
    )
    _append_only()


def _pair_table(name: str, columns: list[sa.Column[object]], *, kind: str, kinds: str) -> None:
    """Make a table of what was said of two records."""
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column(
            "username", sa.String(64), sa.ForeignKey("users.username", name=f"fk_{name}_username"), nullable=False
        ),
        sa.Column("left_key", sa.String(32), nullable=False),
        sa.Column("right_key", sa.String(32), nullable=False),
        *columns,
        sa.Column("token", sa.String(64)),
        sa.Column("retracts", sa.Integer(), sa.ForeignKey(f"{name}.id", name=f"fk_{name}_retracts")),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("token", name=f"uq_{name}_token"),
        sa.UniqueConstraint("retracts", name=f"uq_{name}_retracts"),
        sa.CheckConstraint(f"(retracts IS NULL) = ({kind} IS NOT NULL)", name=op.f(f"ck_{name}_row")),
        sa.CheckConstraint(f"{kind} IN ({kinds})", name=op.f(f"ck_{name}_{kind}")),
        sa.CheckConstraint("left_key < right_key", name=op.f(f"ck_{name}_pair")),
    )
    op.create_index(f"ix_{name}_left_key_right_key", name, ["left_key", "right_key"])


def _append_only() -> None:
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION washhouse_append_only()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION washhouse_append_only()"
            )
            continue
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} {refuse}")
        op.execute(
            f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}"
        )


def downgrade() -> None:
    """Remove the tables."""
    for table in ("person_changes", "link_labels", "link_decisions"):
        op.drop_table(table)
