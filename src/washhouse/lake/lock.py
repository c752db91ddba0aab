"""Who may write to a home? One run at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from washhouse.core.errors import HomeError
from washhouse.core.home import Home

LOCK_FILE = "run.lock"
PATIENCE_SECONDS = 1.0
"""How long a run waits for the lock: longer than anybody who only looks whether it is held."""


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
        if not _take(handle):
            raise HomeError(
                "home-locked",
                "Another run is writing to this home.",
                "Wait for it to end. A run that died holds no lock.",
            )
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


def is_locked(home: Home) -> bool:
    """Whether a run is writing to the home at this moment.

    The lock is shared for an instant, so that two who look do not take each other for a run; a run that begins in
    that instant waits.
    """
    try:
        handle = os.open(home.root / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
