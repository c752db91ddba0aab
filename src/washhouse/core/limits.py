"""What is a figure over the limit that the deployer set for it?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """A figure over its limit.

    Attributes:
        setting: The setting that holds the limit.
        figure: The figure; None where it is too small to be told.
        limit: The limit.
        words: All of it in one sentence.
    """

    setting: str
    figure: float | None
    limit: float
    words: str
