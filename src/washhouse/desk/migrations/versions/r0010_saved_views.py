"""States of a list that users keep at hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    user = sa.ForeignKey("users.username", name="fk_saved_views_username")
    op.create_table(
        "saved_views",
        sa.Column("username", sa.String(64), user, nullable=False),
        sa.Column("filters", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("username", "filters", name="pk_saved_views"),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("saved_views")
