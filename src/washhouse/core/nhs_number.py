"""Is a text a valid NHS number?

References:
    NHS Data Model and Dictionary, attribute NHS NUMBER: ten digits, the tenth a modulus 11 check digit
    (weights 10 down to 2; remainder subtracted from 11; 11 is written 0, and 10 means the number is invalid).
    https://www.datadictionary.nhs.uk/attributes/nhs_number.html
"""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s-]|\.0$")


def check_digit(first_nine: str) -> int | None:
    """Return the check digit of nine digits, or None where no valid number starts with them.

    Args:
        first_nine: Nine digits.

    >>> check_digit("943476591")
    9
    >>> check_digit("943476503") is None
    True
    """
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, range(10, 1, -1), strict=True))
    digit = 11 - total % 11
    if digit == 11:
        return 0
    return None if digit == 10 else digit


def parse_nhs_number(text: str) -> str | None:
    """Return the ten digits of a valid NHS number, else None; spaces, hyphens and a final `.0` are ignored.

    Ten times the same digit satisfies the check digit but is a filler (0000000000, 9999999999), never a person,
    and counts as invalid.

    >>> parse_nhs_number("943 476 5919")
    '9434765919'
    >>> parse_nhs_number("9434765918"), parse_nhs_number("9.43E+09"), parse_nhs_number("9999999999")
    (None, None, None)
    """
    digits = _SEPARATORS.sub("", text)
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit() or len(set(digits)) == 1:
        return None
    return digits if check_digit(digits[:9]) == int(digits[9]) else None
