"""How is a table of the desk kept from being edited? By triggers that refuse it, on either engine."""

from __future__ import annotations

from alembic import op


def refuse_changes(table: str) -> None:
    """Let no row of a table be changed, removed or replaced."""
    if op.get_bind().dialect.name == "postgresql":
        for name, what, each in (("rows", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {what} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION washhouse_append_only()"
            )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or removed'); END"
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} {refuse}")
    op.execute(
        f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}"
    )
