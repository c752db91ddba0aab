"""How sure must a link be? By what the record is used for."""

from __future__ import annotations

from enum import StrEnum


class View(StrEnum):
    """Who counts as one person. Everybody who is one in a view is one in the views below it."""

    STRICT = "strict"
    """Direct care: hardly any link is wrong. The record is keyed by its people."""
    BALANCED = "balanced"
    """Planning: wrong and missed links weigh alike."""
    LENIENT = "lenient"
    """Research: hardly any link is missed; each is held by a probability, to be carried into what is computed."""
