"""Is a new version made ready while nobody asks, and does what goes wrong there stop nothing?"""

from __future__ import annotations

import threading

from washhouse.cli.serve import keeping_ready
from washhouse.core.errors import HomeError


def test_it_looks_again_and_again_until_the_block_ends() -> None:
    looks = threading.Semaphore(0)
    with keeping_ready(looks.release, seconds=0.001):
        assert all(looks.acquire(timeout=30) for _ in range(3))
    while looks.acquire(blocking=False):
        pass
    assert not looks.acquire(timeout=0.05), "nobody looks any more"


def test_a_home_that_cannot_be_read_is_looked_at_again() -> None:
    looks = threading.Semaphore(0)

    def fail() -> None:
        looks.release()
        raise HomeError("vault-damaged", "It is not there.")

    with keeping_ready(fail, seconds=0.001):
        assert all(looks.acquire(timeout=30) for _ in range(3))
