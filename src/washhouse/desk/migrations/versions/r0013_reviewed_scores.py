"""Of which model's score a review is, and which themes its reasons had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; reviews given before are of the crisis model, and of no known reasons."""
    op.add_column("reviews", sa.Column("model", sa.String(40)))
    op.add_column("reviews", sa.Column("themes", sa.Text()))


def downgrade() -> None:
    """Remove the columns."""
    op.drop_column("reviews", "themes")
    op.drop_column("reviews", "model")
