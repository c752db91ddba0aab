"""Small clean batches of every sending system, as received."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Files = dict[str, bytes]

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample() -> Callable[[str, str], Files]:
    """Return the files of a sample batch by source and batch name."""

    def load(source: str, batch: str) -> Files:
        return {file.name: file.read_bytes() for file in sorted((SAMPLES / source / batch).iterdir())}

    return load
