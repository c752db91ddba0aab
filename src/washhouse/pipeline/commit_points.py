"""At which points of a run does something become durable, and how is a crash put there on purpose?

Every step calls `reached(name)` right after what it made is safely on the disk. The hook handed in usually does
nothing; tests hand in `die_at`, which ends the process as `kill -9` would. The command line offers it as the hidden
option `run --die-at NAME[:N]`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TypeAlias

from washhouse.core.errors import UsageError

Hook: TypeAlias = Callable[[str], None]

COMMIT_POINTS: tuple[str, ...] = (
    "locked",
    "restored",
    "file-landed",
    "batch-typed",
    "batch-read",
    "identity-written",
    "links-written",
    "table-written",
    "scores-written",
    "list-written",
    "published",
    "desk-synced",
    "pruned",
)
"""In the order of a run. `file-landed` comes once a file, `batch-typed` and `batch-read` once a batch, `table-written`
once a table of the record."""


def nothing(name: str) -> None:
    """The hook of an ordinary run."""


def die_at(place: str) -> Hook:
    """A hook that kills the process at a commit point.

    Args:
        place: `NAME` or `NAME:N`: die when the point is reached for the N-th time, the first being 1.

    Returns:
        The hook.

    Raises:
        UsageError: `commit-point`: there is no such point.
    """
    name, _, count = place.partition(":")
    if name not in COMMIT_POINTS or (count and not count.isdigit()):
        raise UsageError("commit-point", f"No such commit point. There are: {', '.join(COMMIT_POINTS)}.")
    return _DieAt(name, int(count or 1))


class _DieAt:
    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._left = count

    def __call__(self, point: str) -> None:
        if point == self._name:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
