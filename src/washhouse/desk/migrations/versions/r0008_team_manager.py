"""Users who manage a team. How a check is altered on SQLite is told in `r0004_roles`."""

from __future__ import annotations

from alembic import op

from washhouse.desk.migrations.versions.r0004_roles import AFTER as BEFORE
from washhouse.desk.migrations.versions.r0004_roles import replace_check

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AFTER = f"{BEFORE.removesuffix(')')}, 'team-manager')"


def upgrade() -> None:
    """Allow one more role."""
    replace_check(BEFORE, AFTER)


def downgrade() -> None:
    """Forget its users, and allow them no more."""
    op.execute("DELETE FROM memberships WHERE username IN (SELECT username FROM users WHERE role = 'team-manager')")
    op.execute("DELETE FROM users WHERE role = 'team-manager'")
    replace_check(AFTER, BEFORE)
