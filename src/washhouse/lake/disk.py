"""How does a file reach the disk whole?"""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a small file so that a reader or a crash never sees part of it."""
    temporary = path.with_name(f".{path.name}.{threading.get_ident()}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)
    sync_file(path.parent)


def remove_half_written(folder: Path) -> int:
    """Remove what a dead process left half-written in a folder and below; returns how many files.

    Only a holder of the run's lock may.
    """
    left = list(folder.rglob(".*.new"))
    for path in left:
        path.unlink()
    return len(left)


def sync_file(path: Path) -> None:
    """Force a file, or a folder's entries, to the disk: a pointer must not name what a power cut can lose."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
