"""Which vocabulary or kind of identifier could a text belong to, by its shape and check digit?

References:
    SNOMED International, Release File Specifications, 6 (SCTID: 6 to 18 digits, partition identifier, Verhoeff check
    digit). J. Verhoeff, Error Detecting Decimal Codes, 1969.
    LOINC Users' Guide, appendix (mod 10 check digit). NHS Data Model and Dictionary, POSTCODE, ORGANISATION CODE.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from washhouse.core.nhs_number import parse_nhs_number

_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
_SCTID = re.compile(r"[1-9]\d{3,15}(?:0|1)[0-2]\d", re.ASCII)
_LOINC = re.compile(r"(\d{1,5})-(\d)", re.ASCII)


def has_verhoeff_digit(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of those before it.

    >>> has_verhoeff_digit("73211009"), has_verhoeff_digit("73211008")
    (True, False)
    """
    check = 0
    for at, digit in enumerate(reversed(digits)):
        check = _D[check][_P[at % 8][int(digit)]]
    return check == 0


def is_snomed(text: str) -> bool:
    """Whether a text is a SNOMED CT identifier of a concept; dm+d codes are such, too.

    >>> is_snomed("73211009"), is_snomed("979641000000103"), is_snomed("12345678")
    (True, True, False)
    """
    return _SCTID.fullmatch(text) is not None and text[-3:-1] in ("00", "10") and has_verhoeff_digit(text)


def is_loinc(text: str) -> bool:
    """Whether a text is a LOINC code with its check digit.

    >>> is_loinc("4548-4"), is_loinc("4548-5")
    (True, False)
    """
    match = _LOINC.fullmatch(text)
    if match is None:
        return False
    total = 0
    for at, digit in enumerate(reversed(match[1])):
        doubled = int(digit) * (2 if at % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return (10 - total % 10) % 10 == int(match[2])


def _shape(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


is_icd10 = _shape(r"[A-Z]\d[0-9A-Z](?:\.?[0-9X][0-9]?)?[DA*+]?")
is_opcs4 = _shape(r"[A-HJ-NP-Z]\d{2}(?:\.?\d)?")
is_postcode = _shape(r"(?i)[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}")
is_practice = _shape(r"[A-Y]\d{5}")
is_small_area = _shape(r"[EW]01\d{6}|S01\d{6}|95[A-Z]{2}\d{2}[A-Z]\d")
is_phone = _shape(r"(?:\+44 ?|0)(?:\d ?){9,10}")
is_email = _shape(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
is_pseudonym = _shape(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=")
is_power_of_ten = _shape(r"\d(?:\.\d+)?[eE]\+\d{2}")


def is_nhs_number(text: str) -> bool:
    """Whether a text is ten digits with a valid check digit, in whatever groups."""
    return parse_nhs_number(text) is not None
