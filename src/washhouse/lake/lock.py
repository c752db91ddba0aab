"""Who may write to a home? One run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from washhouse.core.errors import HomeError
from washhouse.core.home import Home

LOCK_FILE = "run.lock"


@contextmanager
def run_lock(home: Home) -> Iterator[None]:
    """Hold the home's lock for the length of the block; the system frees it when the process dies.

    Args:
        home: The home; its folder must exist.

    Yields:
        Nothing.

    Raises:
        HomeError: `home-locked`: another run holds the lock.
    """
    handle = os.open(home.root / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeError(
                "home-locked",
                "Another run is writing to this home.",
                "Wait for it to end. A run that died holds no lock.",
            ) from None
        yield
    finally:
        os.close(handle)


def is_locked(home: Home) -> bool:
    """Whether a run is writing to the home at this moment."""
    try:
        handle = os.open(home.root / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
