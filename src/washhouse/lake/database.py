"""What tables does a DuckDB file hold that somebody else made?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.core.errors import InputError
from washhouse.lake.engine import connect

_ROWS = 100_000


class Database(Mapping[str, bytes]):
    """Tables of a DuckDB file, opened to be read only; each is written as Parquet when it is taken.

    A table of the schema `main` goes by its name, any other by `schema/name`. Views are left alone: what they read is
    not in the file.

    Args:
        path: The file.

    Raises:
        InputError: `database-unreadable`: it is no DuckDB file, one of a newer DuckDB, damaged, or held open by a
            writer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with connect() as con:
            self._attach(con)
            found = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'given' ORDER BY ALL"
            ).fetchall()
        self._tables = {name if schema == "main" else f"{schema}/{name}": (schema, name) for schema, name in found}

    def __getitem__(self, name: str) -> bytes:
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in ("given", *self._tables[name]))
        out = pa.BufferOutputStream()
        with connect() as con:
            self._attach(con)
            con.execute("SET preserve_insertion_order = true")
            try:
                reader = con.sql(f"SELECT * FROM {quoted}").to_arrow_reader(_ROWS)
                with pq.ParquetWriter(out, reader.schema) as writer:
                    for batch in reader:
                        writer.write_batch(batch)
            except (duckdb.Error, pa.ArrowException, OSError):
                raise _unreadable() from None  # what the engine says may quote a row
        return bytes(out.getvalue())

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def _attach(self, con: duckdb.DuckDBPyConnection) -> None:
        quoted = str(self._path).replace("'", "''")
        try:
            con.execute(f"ATTACH '{quoted}' AS given (READ_ONLY, TYPE duckdb)")
        except (duckdb.Error, UnicodeError):  # a name that is no text cannot be said to the engine
            raise _unreadable() from None


def _unreadable() -> InputError:
    return InputError(
        "database-unreadable",
        "The DuckDB file cannot be read: it is none, is damaged, or was written by a newer DuckDB.",
        "Close it where it is open, or export its tables as Parquet and name that folder.",
    )
