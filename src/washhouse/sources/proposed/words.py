"""Does a header hold a word, however it is written?"""

from __future__ import annotations

import re

from washhouse.sources.contract import plain

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SHORT = 3


def says(header: str, words: tuple[str, ...]) -> bool:
    """Whether a header holds one of some words: a short one as a word of its own, a longer one anywhere.

    >>> says("VisitEndDate", ("end",)), says("Attendance", ("end",)), says("D.O.B.", ("dob",))
    (True, False, True)
    """
    whole = plain(header)
    parts = {part.casefold() for part in _WORD.findall(header)}
    return any(word in parts or word == whole if len(word) <= _SHORT else word in whole for word in words)
