"""Users who plan, and users who research.

SQLite cannot alter a check. Making the table anew would first delete its rows, and with them what points at them, so
its text is edited, as SQLite's documentation of ALTER TABLE ("Making Other Kinds Of Table Schema Changes") sets out.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "role IN ('clinician', 'steward')"
AFTER = "role IN ('clinician', 'steward', 'planner', 'researcher')"


def upgrade() -> None:
    """Allow two more roles."""
    replace_check(BEFORE, AFTER)


def downgrade() -> None:
    """Forget their users, and allow them no more."""
    op.execute("DELETE FROM users WHERE role IN ('planner', 'researcher')")
    replace_check(AFTER, BEFORE)


def replace_check(old: str, new: str) -> None:
    """Put one check of the users' role in place of another; both as they are written in the models."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_users_role"), "users", type_="check")
        op.create_check_constraint(op.f("ck_users_role"), "users", new)
        return
    number = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'users'", (old, new)
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {number + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
