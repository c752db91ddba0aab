"""How does an export come to be there whole or not at all?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.core.errors import InputError

ROW_GROUP = 122_880
"""Rows of a row group of Parquet."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which takes its name when everything is written, and is removed if anything fails.

    Args:
        out: The folder to make; there must be nothing, or an empty folder.

    Raises:
        InputError: `export-out-exists`: something is there. `export-out-unwritable`: it cannot be made.
    """
    making = out.with_name(f".{out.name}.part")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError("export-out-exists", "There is something at --out already.", "Name a new folder.")
        if making.exists():
            shutil.rmtree(making)
        making.mkdir(parents=True)
    except OSError as error:
        raise InputError("export-out-unwritable", "The folder --out cannot be made.", "Check --out.") from error
    try:
        yield making
        if out.exists():
            out.rmdir()
        making.rename(out)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def write_parquet(rows: pa.Table, path: Path) -> None:
    """Write one file, the same bytes for the same rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="zstd", row_group_size=ROW_GROUP)
