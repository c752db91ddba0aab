"""How does a file reach the disk whole?"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_WAITING = 8
"""Files forced to the disk at one time."""


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


class Pending:
    """Files that are written under other names, to be put in their places together.

    Waiting for the disk costs little more for ten files than for one if they wait together: all are forced to it, then
    all are renamed, then their folders are forced to it. A crash leaves hidden files, which `remove_half_written`
    removes.
    """

    def __init__(self) -> None:
        self._temporary: dict[Path, Path] = {}

    def add(self, path: Path) -> Path:
        """Return the name under which a file is to be written."""
        self._temporary[path] = path.with_name(f".{path.name}.{threading.get_ident()}.new")
        return self._temporary[path]

    def holds(self, path: Path) -> bool:
        """Whether a file waits."""
        return path in self._temporary

    def place(self, path: Path) -> Path:
        """Where a file is now."""
        return self._temporary.get(path, path)

    def drop(self, path: Path) -> None:
        """Remove a file that waits."""
        self._temporary.pop(path).unlink(missing_ok=True)

    def commit(self) -> None:
        """Put every file in its place, on the disk."""
        with ThreadPoolExecutor(min(len(self._temporary), _WAITING) or 1, thread_name_prefix="sync") as pool:
            list(pool.map(sync_file, self._temporary.values()))
            for path, temporary in self._temporary.items():
                os.replace(temporary, path)
            list(pool.map(sync_file, {path.parent for path in self._temporary}))
        self._temporary.clear()

    def discard(self) -> None:
        """Remove every file that waits."""
        for path in list(self._temporary):
            self.drop(path)


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
