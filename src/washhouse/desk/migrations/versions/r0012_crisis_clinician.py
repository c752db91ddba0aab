"""Users who work in a crisis team. How a check is altered on SQLite is told in `r0004_roles`."""

from __future__ import annotations

from alembic import op

from washhouse.desk.migrations.versions.r0004_roles import replace_check
from washhouse.desk.migrations.versions.r0008_team_manager import AFTER as BEFORE

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AFTER = f"{BEFORE.removesuffix(')')}, 'crisis-clinician')"


def upgrade() -> None:
    """Allow one more role."""
    replace_check(BEFORE, AFTER)


def downgrade() -> None:
    """Let its users be clinicians: what they did names them."""
    op.execute("UPDATE users SET role = 'clinician' WHERE role = 'crisis-clinician'")
    replace_check(AFTER, BEFORE)
