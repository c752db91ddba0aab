"""Which scores were shown, to whom and on which page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from washhouse.desk.migrations.append_only import refuse_changes

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = "score_exposures"


def upgrade() -> None:
    """Make the table; its rows are never changed or removed."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("page", sa.String(80), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("model", sa.String(40), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("index_date", sa.Date(), nullable=False),
        sa.Column("place", sa.Integer()),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("record_version", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
    )
    op.create_index(f"ix_{TABLE}_person_id", TABLE, ["person_id"])
    op.create_index(f"ix_{TABLE}_model_week_person_id", TABLE, ["model", "week", "person_id"])
    refuse_changes(TABLE)


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
