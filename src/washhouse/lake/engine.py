"""How is DuckDB opened, so that every layer computes under the same rules?"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import duckdb

Connection: TypeAlias = duckdb.DuckDBPyConnection
"""An open engine. Layers above the lake receive one; only the lake imports DuckDB."""


def connect(*, memory_limit: str = "4GB", threads: int = 0, spill: Path | None = None) -> Connection:
    """Open an engine in memory.

    Times are UTC. Nothing is fetched over a network: extensions are neither installed nor loaded. Rows keep no order
    unless a query orders them.

    Args:
        memory_limit: Memory that the engine may use before it spills, e.g. `"4GB"`.
        threads: Threads that the engine may use, 0 for all.
        spill: Folder for what does not fit; its files are encrypted with a key that dies with the engine. None: the
            engine never spills, and a query that needs more memory fails.

    Returns:
        The engine; close it when done.

    Examples:
        >>> connect().sql("SELECT current_setting('TimeZone')").fetchall()
        [('UTC',)]
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill) if spill is not None else "",
        "temp_file_encryption": True,
        # DuckDB 2 writes encrypted files only with an extension that is fetched over a network, or with its built-in
        # cipher, whose keys come from a weaker source of chance. The folder is inside the vault and short-lived.
        "force_mbedtls_unsafe": True,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection
