"""What does a field say once the way it was written no longer matters?

Every function takes one text as sent and returns its standard form, or None where it says nothing. They are applied
once per distinct value, not once per row.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

_LETTERS = str.maketrans(
    {"Ø": "O", "Æ": "AE", "Œ": "OE", "ß": "SS", "ẞ": "SS", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH"}
    # One letter, written differently in Arabic, Persian and Urdu; the last only stretches a line.
    | {"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ـ": ""}
)
NOTHING = frozenset(
    """
    NULL NONE NAN NA NK UNKNOWN NOTKNOWN NOTSTATED NOTGIVEN NOTRECORDED NONAME MISSING TEST ANON ANONYMOUS DONOTUSE
    XX XXX XXXX ZZZ BABY BABYBOY BABYGIRL INFANT MALE FEMALE TWIN TWINONE TWINTWO
    """.split()  # noqa: SIM905
)
"""What stands in a field and says nothing, blanks left out."""
_TITLES = frozenset(("MR", "MRS", "MS", "MISS", "MASTER", "DR", "PROF", "REV", "SIR", "DAME", "MX"))
STREETS = {
    "RD": "ROAD",
    "STR": "STREET",
    "ST": "STREET",
    "AVE": "AVENUE",
    "AV": "AVENUE",
    "LN": "LANE",
    "DR": "DRIVE",
    "DRV": "DRIVE",
    "CL": "CLOSE",
    "CLS": "CLOSE",
    "CT": "COURT",
    "CRT": "COURT",
    "CRES": "CRESCENT",
    "CR": "CRESCENT",
    "GDNS": "GARDENS",
    "GDN": "GARDEN",
    "GRV": "GROVE",
    "GR": "GROVE",
    "PL": "PLACE",
    "SQ": "SQUARE",
    "TER": "TERRACE",
    "TERR": "TERRACE",
    "PK": "PARK",
    "WY": "WAY",
    "HSE": "HOUSE",
    "APT": "FLAT",
    "APARTMENT": "FLAT",
    "UNIT": "FLAT",
    "BLDGS": "BUILDINGS",
    "NTH": "NORTH",
    "STH": "SOUTH",
}
"""Short forms that are written out, but for the first word of an address."""
NO_ADDRESS = re.compile(r"NO FIXED (ABODE|ADDRESS)|^NFA$|HOMELESS|ADDRESS (UNKNOWN|NOT KNOWN)|^UNKNOWN$|^NOT KNOWN$")
"""Addresses that are none."""
_DIGIT = re.compile(r"\d")
_APOSTROPHES = re.compile(r"['’`´.]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_BETWEEN_NAMES = re.compile(r"[\W\d_]+")
_POSTCODE = re.compile(r"^([A-Z]{1,2})([0-9][A-Z0-9]?)([0-9])([A-Z]{2})$")
SENTINEL_DATES = frozenset(
    {"1900-01-01", "1800-01-01", "1801-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "1111-11-11", "0001-01-01"}
    | {"9999-12-31", "9999-09-09", "2999-12-31", "2099-12-31"}
)
"""Dates that systems put where they know none."""
_SEXES = {
    "F": "female",
    "FEMALE": "female",
    "WOMAN": "female",
    "2": "female",
    "M": "male",
    "MALE": "male",
    "MAN": "male",
    "1": "male",
}


def _plain(text: str) -> str:
    """Upper case without accents; other scripts keep their letters."""
    if text.isascii():
        return text.upper()
    upper = unicodedata.normalize("NFKD", text).upper().translate(_LETTERS)
    return unicodedata.normalize("NFC", "".join(c for c in upper if not unicodedata.combining(c)))


def _split(plain: str, breaks: re.Pattern[str], *, digits: bool) -> list[str]:
    """Return the words of a text. Vowel signs are part of a word (Hindi, Thai), invisible characters of nothing."""
    if plain.isascii():
        return [word for word in breaks.split(plain) if word]
    shown = (c for c in plain if unicodedata.category(c) != "Cf")
    kept = (c if (c.isalnum() if digits else c.isalpha()) or unicodedata.category(c)[0] == "M" else " " for c in shown)
    return "".join(kept).split()


def name(text: str) -> str | None:
    """Return a name as its words, in upper case, without accents, titles or punctuation.

    >>> name("O'Brien-Núñez"), name("mrs  Anne Marie"), name("Mac Donald"), name("not known")
    ('OBRIEN NUNEZ', 'ANNE MARIE', 'MACDONALD', None)
    """
    words = _split(_APOSTROPHES.sub("", _plain(text)), _BETWEEN_NAMES, digits=False)
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    if len(words) > 1 and words[0] in {"MC", "MAC", "O", "ST", "D"}:
        words = [words[0] + words[1], *words[2:]]
    joined = " ".join(words)
    return None if not words or "".join(words) in NOTHING else joined


def phonetic(text: str) -> str:
    """Return a Soundex-like key of a standardised name: first letter and up to four consonant classes.

    The first letter is folded too where sound-alikes begin differently (KN-, PH-, WR-, C/K). The sounds are those of
    Latin letters; a name in another script is keyed by its first four characters.

    >>> phonetic("PHILLIPS") == phonetic("FILIPS"), phonetic("KNIGHT") == phonetic("NIGHT")
    (True, True)
    """
    word = text.replace(" ", "")
    if not word.isascii():
        return word[:4]
    for old, new in (("PH", "F"), ("KN", "N"), ("WR", "R"), ("GH", "H"), ("CK", "K"), ("SCH", "S"), ("TZ", "S")):
        word = word.replace(old, new)
    if not word:
        return ""
    classes = {"B": "1", "P": "1", "F": "1", "V": "1", "C": "2", "G": "2", "J": "2", "K": "2", "Q": "2", "S": "2"}
    classes |= {"X": "2", "Z": "2", "D": "3", "T": "3", "L": "4", "M": "5", "N": "5", "R": "6"}
    first = {"C": "K", "Q": "K", "Z": "S", "J": "G", "Y": "I", "E": "I"}.get(word[0], word[0])
    key, last = first, classes.get(word[0], "")
    for letter in word[1:]:
        digit = classes.get(letter, "")
        if digit and digit != last:
            key += digit
        if letter not in "HW":
            last = digit
    return key[:5]


def postcode(text: str) -> str | None:
    """Return a postcode without blanks; ZZ99 (no fixed abode and other pseudo postcodes) says nothing.

    A letter O typed for a nought in the inward part, and an I or L typed for a one, are put right.

    >>> postcode("l8 1tn"), postcode("L8 1TN."), postcode("L8 ITN"), postcode("ZZ99 3VZ"), postcode("2250")
    ('L81TN', 'L81TN', 'L81TN', None, '2250')
    """
    plain = re.sub(r"[^A-Z0-9]", "", _plain(text))
    if not plain or plain.startswith("ZZ99") or plain in NOTHING:
        return None
    if len(plain) in (5, 6, 7) and not _POSTCODE.match(plain):
        digit = plain[-3].translate(str.maketrans("OIL", "011"))
        mended = plain[:-3] + digit + plain[-2:].translate(str.maketrans("01", "OI"))
        if _POSTCODE.match(mended):
            return mended
    return plain


_SPAN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?/([0-9]{4}-[0-9]{2}-[0-9]{2})?")


def span(text: str) -> str | None:
    """Return days from and to (excluded) as ISO 8601 writes an interval; an end that is not known is left blank.

    >>> span("2015-12-28/2026-01-19"), span("2015-12-28/.."), span("/"), span("2015")
    ('2015-12-28/2026-01-19', '2015-12-28/', None, None)
    """
    plain = text.strip().replace("..", "")
    return plain if len(plain) > 1 and _SPAN.fullmatch(plain) else None


def postcode_parts(standard: str) -> tuple[str, str, str]:
    """Return area, district and sector of a standardised postcode; a foreign one gives its leading characters.

    >>> postcode_parts("L81TN"), postcode_parts("2250")
    (('L', 'L8', 'L81'), ('2', '22', '225'))
    """
    found = _POSTCODE.match(standard)
    if found:
        area, rest, sector, _ = found.groups()
        return area, area + rest, area + rest + sector
    return standard[:1], standard[:2], standard[:3]


def address(text: str) -> str | None:
    """Return an address as its words, abbreviations of streets written out.

    >>> address("Flat 2, 14 Mill Rd."), address("No fixed abode")
    ('FLAT 2 14 MILL ROAD', None)
    """
    words = _split(_APOSTROPHES.sub("", _plain(text)), _BETWEEN_WORDS, digits=True)
    if len(words) > 1:
        words = [words[0], *(STREETS.get(w, w) for w in words[1:])]
    joined = " ".join(words)
    return None if not words or NO_ADDRESS.search(joined) or "".join(words) in NOTHING else joined


def address_parts(standard: str) -> tuple[str, str]:
    """Return the numbers and the words of a standardised address.

    >>> address_parts("FLAT 2 14A MILL ROAD")
    ('2 14A', 'FLAT MILL ROAD')
    """
    numbers: list[str] = []
    words: list[str] = []
    for word in standard.split():
        (numbers if _DIGIT.search(word) else words).append(word)
    return " ".join(numbers), " ".join(words)


def phone(text: str) -> str | None:
    """Return the last ten digits of a telephone number; fewer than seven digits, or one digit throughout, say nothing.

    >>> phone("+44 (0)151 496 0123"), phone("0000000000")
    ('1514960123', None)
    """
    digits = re.sub(r"\D", "", text)[-10:]
    return digits if len(digits) >= 7 and len(set(digits)) > 1 else None


def sex(text: str) -> str | None:
    """Return `female` or `male`; anything else says nothing about who it is.

    >>> sex("F"), sex("1"), sex("unknown")
    ('female', 'male', None)
    """
    return _SEXES.get(text.strip().upper())


def identifier(text: str) -> str | None:
    """Return letters and digits of an identifier; one character throughout says nothing.

    >>> identifier("ab 12/3"), identifier("0000")
    ('AB123', None)
    """
    plain = re.sub(r"[^\w]|_", "", _plain(text))
    return None if not plain or len(set(plain)) == 1 or plain in NOTHING else plain


def category(text: str) -> str | None:
    """Return a category in upper case, blanks collapsed.

    >>> category(" White  british ")
    'WHITE BRITISH'
    """
    plain = " ".join(_plain(text).split())
    return plain if plain and plain.replace(" ", "") not in NOTHING else None


def number(text: str) -> str | None:
    """Return a number as plain digits; commas may part thousands, or one stand for the decimal point.

    >>> number(" 1,234.50"), number("1,5"), number("-3"), number("n/a"), number("inf")
    ('1234.5', '1.5', '-3', None, None)
    """
    plain = re.sub(r"\s", "", text)
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", plain, re.IGNORECASE):
        return None
    return repr(float(plain) + 0.0).removesuffix(".0")


def birth_date(text: str, parse: str = "") -> str | None:
    """Return a date as `YYYY-MM-DD`; unknown parts are `0000` or `00`. Placeholder dates say nothing.

    Without `parse` ISO dates, eight digits and British day-first dates are read, and parts joined by hyphens.

    Args:
        text: The date as sent.
        parse: A format of `datetime.strptime`, if the date is written in another way.

    >>> birth_date("1961-11-09"), birth_date("09/11/1961"), birth_date("-11-9"), birth_date("1900-01-01")
    ('1961-11-09', '1961-11-09', '0000-11-09', None)
    >>> birth_date("Nov 9, 1961", "%b %d, %Y")
    '1961-11-09'
    """
    parts = _date_parts(text, parse)
    return _checked(*parts) if parts else None


def is_placeholder_date(text: str, parse: str = "") -> bool:
    """Say whether a text is a date that systems put where they know none.

    >>> is_placeholder_date("1/1/1900"), is_placeholder_date("1961-11-09"), is_placeholder_date("tomorrow")
    (True, False, False)
    """
    year, month, day = _date_parts(text, parse) or (0, 0, 0)
    return f"{year:04d}-{month:02d}-{day:02d}" in SENTINEL_DATES


def _date_parts(text: str, parse: str) -> tuple[int, int, int] | None:
    """Return year, month and day as written, 0 for what is not."""
    raw = text.strip()
    if parse:
        try:
            return datetime.strptime(raw, parse).timetuple()[:3]
        except ValueError:
            return None
    raw = raw.split("T")[0].split(" ")[0]
    if re.fullmatch(r"\d{8}", raw):
        raw = f"{raw[:4]}-{raw[4:6]}-{raw[6:]}"
    day_first = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", raw)
    if day_first:
        raw = f"{day_first[3]}-{day_first[2]}-{day_first[1]}"
    parts = re.fullmatch(r"(\d{4})?[-/](\d{0,2})(?:[-/](\d{0,2}))?", raw)
    if not parts:
        return None
    year, month, day = (int(part) if part else 0 for part in parts.groups())
    return year, month, day


def _checked(year: int, month: int, day: int) -> str | None:
    """Mend or drop impossible parts; None for an empty or placeholder date.

    A day that its month does not have is kept: it is a slip like any other, and the other digits still tell.
    """
    if month > 12 >= day > 0 and month <= 31:
        month, day = day, month
    if f"{year:04d}-{month:02d}-{day:02d}" in SENTINEL_DATES or (year and not 1850 <= year <= 2200):
        return None
    month, day = (month if month <= 12 else 0), (day if day <= 31 else 0)
    return f"{year:04d}-{month:02d}-{day:02d}" if year or month or day else None
