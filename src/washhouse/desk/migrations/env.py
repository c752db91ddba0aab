"""How does Alembic reach the desk? On the connection that `open_desk` hands in, inside its transaction."""

from __future__ import annotations

from alembic import context

from washhouse.desk.models import Base


def run() -> None:
    """Run the revisions asked for on the connection handed in."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic runs this file under the name `env_py`; a plain import (of a documentation tool, say) does nothing.
if __name__ == "env_py":
    run()
