"""Which versions is somebody still reading, in whatever process?

A reader leaves a **pin**: a file in `HOME/readers/` that lists what its version is made of, locked for as long as the
reader lives. The system lets the lock go when a process dies, so a pin that nobody holds counts for nothing. A run
keeps what pinned versions need, however old they are.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from washhouse.core.errors import HomeError, InputError
from washhouse.core.home import Home
from washhouse.lake.pointer import Version, history, read_current, read_version, version_file, version_text

FOLDER = "readers"
_TRIES = 20


class Pin:
    """Keeps one version readable until `release`, or until the process ends."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle: int | None = handle

    def release(self) -> None:
        """Let the version go; twice is once."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._path.unlink(missing_ok=True)
            os.close(handle)


def pin_current(home: Home) -> tuple[Version, Pin] | None:
    """Pin the published version, None if nothing was published yet.

    Raises:
        HomeError: `pointer-broken`, or `readers-unwritable`: the pin cannot be written.
    """
    return _pin_found(home, lambda: read_current(home))


def _pin_found(home: Home, find: Callable[[], Version | None]) -> tuple[Version, Pin] | None:
    for _ in range(_TRIES):
        version = find()
        if version is None:
            return None
        pin = _pin(home, version)
        if pin is None:
            continue
        # A run that removed it meanwhile may not have seen the pin: it forgets a version before it looks for pins.
        if version_file(home, version).exists():
            return version, pin
        pin.release()
    raise HomeError("pointer-broken", "The pointer names versions that go as soon as they are read.")


@contextmanager
def reading_current(home: Home) -> Iterator[Version | None]:
    """The published version, pinned for the length of the block; see `pin_current`."""
    with _held(pin_current(home)) as version:
        yield version


@contextmanager
def reading_kept(home: Home, version_id: str) -> Iterator[Version]:
    """A version that is kept, the published one or an earlier one, pinned for the length of the block.

    Args:
        home: The home.
        version_id: Its id.

    Raises:
        InputError: `version-unknown`: there is none of that id, or not any more.
        HomeError: As `pin_current`.
    """
    with _held(_pin_found(home, lambda: next((one for one in history(home) if one.id == version_id), None))) as version:
        if version is None:
            raise unknown_version()
        yield version


def unknown_version() -> InputError:
    """The error of a version that is not there."""
    return InputError(
        "version-unknown",
        "There is no version of that name.",
        "`washhouse versions list` names those that are kept.",
    )


@contextmanager
def _held(pinned: tuple[Version, Pin] | None) -> Iterator[Version | None]:
    try:
        yield None if pinned is None else pinned[0]
    finally:
        if pinned is not None:
            pinned[1].release()


def readable_versions(home: Home) -> list[Version]:
    """Versions that were published and not pruned, and those that are being read now; see `pinned_versions`."""
    return [*history(home), *pinned_versions(home)]


def kept_tables(home: Home) -> frozenset[str]:
    """Tables that any readable version names: more than the published one's after going back to before a table was."""
    return frozenset(name for version in readable_versions(home) for name in version.tables)


def pinned_versions(home: Home) -> list[Version]:
    """Versions that are being read now. Removes the pins of dead processes; only a holder of the run's lock may."""
    found = []
    for path in sorted((home.root / FOLDER).glob("*.json")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # released meanwhile
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found.append(read_version(path))
        else:
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)
    return found


def _pin(home: Home, version: Version) -> Pin | None:
    """Leave a pin; None if a run took it, half-made, for one that a dead process left."""
    folder = home.root / FOLDER
    name = f"{version.id}-{os.getpid()}-{secrets.token_hex(4)}.json"
    # Not called `.json` before it is locked and whole: whoever looks for pins sees it so, or not at all.
    half = folder / f".{name}.new"
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            os.write(handle, version_text(version))
            os.rename(half, folder / name)
        except BaseException:
            os.close(handle)
            raise
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(
            "readers-unwritable",
            "A reader cannot say which version it reads, so a run could remove it while it is being read.",
            "Let who serves the home write to its folder `readers`, and check the free space.",
        ) from error
    return Pin(folder / name, handle)
