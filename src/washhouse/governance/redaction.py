"""How is an identity kept out of a note that somebody types?

First what is known of the person, then what looks like an identifier of anybody. It is a net, not a promise: the page
that takes the note asks for no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.governance.reveal import RevealedIdentity

MARK = "[removed]"

_NHS_NUMBER = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_PHONE = re.compile(r"(?<![\d+])(?:\+44\s?|0)(?:\d[ -]?){8,9}\d(?!\d)")
_POSTCODE = re.compile(r"\b[A-Za-z]{1,2}\d[A-Za-z\d]?\s*\d[A-Za-z]{2}\b")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")


def redact(text: str, identity: RevealedIdentity | None = None) -> str:
    """Replace what could name a person.

    Args:
        text: What was typed.
        identity: What is known of the person it is about.

    >>> redact("Rang on 07700 900123, moved to M1 1AA on 3 May")
    'Rang on [removed], moved to [removed] on 3 May'
    """
    for known in sorted(_known(identity), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){known}(?!\w)", MARK, text, flags=re.IGNORECASE)
    text = _NHS_NUMBER.sub(lambda found: MARK if _is_number(found.group()) else found.group(), text)
    for pattern in (_EMAIL, _PHONE, _POSTCODE):
        text = pattern.sub(MARK, text)
    return text


def _is_number(text: str) -> bool:
    return parse_nhs_number(text) is not None


def _known(identity: RevealedIdentity | None) -> Iterator[str]:
    """Patterns of what is known: the whole name and its parts, the number, the phone, the address, the birth date."""
    if identity is None:
        return
    for value in (identity.name, *(identity.name or "").split(), *(identity.address or "").split(", ")):
        if value and len(value) > 1 and not value.isdigit():
            yield r"\s+".join(re.escape(word) for word in value.split())
    for digits in (identity.nhs_number, identity.phone):
        if digits:
            yield r"[ -]?".join(re.escape(digit) for digit in digits if digit not in " -")
    if identity.birth_date:
        for form in ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y"):
            yield re.escape(identity.birth_date.strftime(form))
