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

    An empty folder that is there stays itself, as somebody may stand in it or have mounted it: what is written into a
    folder inside it moves up at the end.

    Args:
        out: The folder to make; there must be nothing, or an empty folder.

    Raises:
        InputError: `export-out-exists`: something is there. `export-out-unwritable`: it cannot be made.
    """
    try:
        out = out.resolve()
        is_there = out.exists()
        making = out / ".part" if is_there else out.with_name(f".{out.name}.part")
        if is_there and (not out.is_dir() or any(path != making for path in out.iterdir())):
            raise InputError("export-out-exists", "There is something at --out already.", "Name a new folder.")
        if making.exists():
            shutil.rmtree(making)
        making.mkdir(parents=True)
    except (OSError, RuntimeError) as error:  # links that lead in a circle
        raise InputError("export-out-unwritable", "The folder --out cannot be made.", "Check --out.") from error
    try:
        yield making
        if is_there:
            for path in sorted(making.iterdir()):
                path.rename(out / path.name)
        else:
            making.rename(out)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def write_parquet(rows: pa.Table, path: Path) -> None:
    """Write one file, the same bytes for the same rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="zstd", row_group_size=ROW_GROUP)
