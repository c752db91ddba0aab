"""Which random numbers does each part of the city draw?

Every part draws from its own stream, named after what it decides. A stream depends on the seed, the name and, for
work done in blocks of people, the block's number: never on how many blocks or threads there are or in which order
they run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

BLOCK_PEOPLE = 8192
"""People per block of streamed work; part of the city's definition, since each block has its own stream."""


@dataclass(frozen=True)
class Streams:
    """Named child streams of one seed.

    Example:
        >>> a = Streams(1).stream("deaths").integers(1000)
        >>> b = Streams(1).stream("deaths").integers(1000)
        >>> bool(a == b)
        True
    """

    seed: int

    def stream(self, name: str, block: int = 0) -> np.random.Generator:
        """Return a fresh generator of the named stream.

        Args:
            name: What the numbers decide.
            block: Number of the block of people, 0 or more.
        """
        digest = hashlib.sha256(name.encode()).digest()
        key = (int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big"), block)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))
