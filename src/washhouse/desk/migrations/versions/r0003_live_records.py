"""Records that were given a person between two runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "live_records",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("landed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_live_records"),
        sa.UniqueConstraint("key", name="uq_live_records_key"),
    )
    op.create_index("ix_live_records_landed_at", "live_records", ["landed_at"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("live_records")
