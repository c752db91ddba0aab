"""Which NHS numbers do invented people carry?

References:
    NHS Data Dictionary, NHS NUMBER: modulus 11 check digit, weights 10 to 2; a result of 10 is never issued.
    Numbers that begin with 9 are set aside for tests.
"""

from __future__ import annotations

import numpy as np

from washhouse.core.errors import UsageError
from washhouse.synthetic.columns import Array

_WEIGHTS = np.arange(10, 1, -1)


def check_digits(bases: Array) -> Array:
    """Return the check digit of nine-digit bases, 0 to 10; 10 means that the base is never issued.

    Example:
        >>> check_digits(np.array([943476591])).tolist()
        [9]
    """
    digits = (np.asarray(bases, dtype=np.int64)[:, None] // 10 ** np.arange(8, -1, -1)) % 10
    return (11 - digits @ _WEIGHTS % 11) % 11


def draw_nhs_numbers(count: int, rng: np.random.Generator) -> Array:
    """Return distinct valid ten-digit numbers from the test range, in random order.

    Raises:
        UsageError: More numbers are asked for than the range holds.
    """
    blocks = 1 + int(count * 1.15) // 1_000_000
    if blocks > 100:
        raise UsageError("city-people", "The test range of NHS numbers holds about 85 million people.")
    bases = np.arange(1_000_000_000 - 1_000_000 * blocks, 1_000_000_000, dtype=np.int64)
    bases = rng.permutation(bases)[: int(count * 1.15) + 100]
    digits = check_digits(bases)
    return (bases * 10 + digits)[digits < 10][:count]
