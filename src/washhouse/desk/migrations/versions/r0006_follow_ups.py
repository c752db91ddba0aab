"""What came of a review, said a week later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from washhouse.desk.migrations.append_only import refuse_changes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "review_follow_ups"


def upgrade() -> None:
    """Make the table; its rows are never changed or removed."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column(
            "username", sa.String(64), sa.ForeignKey("users.username", name=f"fk_{TABLE}_username"), nullable=False
        ),
        sa.Column("review_id", sa.Integer(), sa.ForeignKey("reviews.id", name=f"fk_{TABLE}_review_id"), nullable=False),
        sa.Column("done", sa.String(8)),
        sa.Column("changed", sa.String(8)),
        sa.Column("useful", sa.String(8)),
        sa.Column("note", sa.Text()),
        sa.Column("token", sa.String(64)),
        sa.Column("retracts", sa.Integer(), sa.ForeignKey(f"{TABLE}.id", name=f"fk_{TABLE}_retracts")),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.UniqueConstraint("token", name=f"uq_{TABLE}_token"),
        sa.UniqueConstraint("retracts", name=f"uq_{TABLE}_retracts"),
        sa.CheckConstraint("(retracts IS NULL) = (done IS NOT NULL)", name=op.f(f"ck_{TABLE}_row")),
        sa.CheckConstraint("done IN ('yes', 'partly', 'no')", name=op.f(f"ck_{TABLE}_done")),
        sa.CheckConstraint("changed IN ('better', 'no', 'worse', 'unsure')", name=op.f(f"ck_{TABLE}_changed")),
        sa.CheckConstraint("useful IN ('yes', 'partly', 'no')", name=op.f(f"ck_{TABLE}_useful")),
    )
    op.create_index(f"ix_{TABLE}_review_id", TABLE, ["review_id"])
    refuse_changes(TABLE)


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
