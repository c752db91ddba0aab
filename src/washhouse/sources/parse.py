"""What does the text of one column mean: dates, times, numbers, codes, NHS numbers?

Columns repeat themselves, so most parsers look at each distinct text once. Each returns the typed column and, per
rule that some value breaks, a mask of the rows that break it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.nhs_number import parse_nhs_number
from washhouse.core.time import to_local
from washhouse.sources.contract import ColumnSpec, ColumnType, plain
from washhouse.sources.digest import has_loose_ends

Mask = npt.NDArray[np.bool_]

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "datetime": pa.timestamp("us"),
    "int": pa.int64(),
    "float": pa.float64(),
    "code": pa.string(),
    "flag": pa.bool_(),
    "nhs_number": pa.string(),
    "pseudonym": pa.string(),
}
"""Type of a column once read. Dates and times stay local and naive, as sent."""

EXPECTED: dict[ColumnType, str] = {
    "date": "a date as yyyy-mm-dd or dd/mm/yyyy",
    "time": "a time of day as hh:mm or hh:mm:ss",
    "datetime": "a date with time as yyyy-mm-dd hh:mm:ss",
    "text": "a text, not a number written as a power of ten",
    "code": "a code, not a number written as a power of ten",
    "int": "a whole number",
    "float": "a number",
    "flag": "yes or no (Y, N, 1, 0, true, false)",
    "nhs_number": "ten digits with a valid check digit",
}
"""What a value should look like, in words."""

EARLIEST_YEAR = 1800
FILLERS = frozenset({date(9999, 12, 31), date(1800, 1, 1), date(1801, 1, 1)})
"""Days that systems write for "no date"."""

_DAYS_KNOWN = 1 << 14
"""Days, as texts, whose meaning is kept: part after part of a file holds the same few thousand."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
_DATE = re.compile(
    r"(?:(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})(?P<s2>[-/.])(?P<m2>\d{1,2})(?P=s2)(?P<y2>\d{4})"
    r"|(?P<d3>\d{1,2})[- ](?P<mon>[A-Za-z]{3})[- ](?P<y3>\d{4})"
    r"|(?P<y4>\d{4})(?P<m4>\d{2})(?P<d4>\d{2}))"
    r"(?:[T ]+(?P<clock>" + _CLOCK + r")\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_TIME = re.compile(r"(?:[\d/.-]{8,10}[T ])?" + _CLOCK, re.ASCII)
_BARE_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})?", re.ASCII)
_WHOLE = re.compile(r"-?\d+(?:\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 64
_LETTERLESS = re.compile(r"[\W\d_]+")
_POWER_OF_TEN = re.compile(r"\d(?:\.\d+)?[eE]\+\d{2,3}", re.ASCII)
"""How a spreadsheet shows a number of more than eleven digits."""
_YES = frozenset({"y", "yes", "1", "true", "t"})
_NO = frozenset({"n", "no", "0", "false", "f"})


@dataclass(frozen=True)
class Parsed:
    """One column, read.

    Attributes:
        values: Typed column; what could not be read is null.
        broken: Rows that break a rule, by rule; every mask has at least one true row.
    """

    values: pa.Array
    broken: dict[str, Mask] = field(default_factory=dict)


def parse_column(spec: ColumnSpec, raw: pa.StringArray) -> Parsed:
    """Read one column of text as its contract says.

    Args:
        spec: The column's contract.
        raw: The texts, null for what stands for nothing.
    """
    if spec.type in ("text", "pseudonym"):
        return _parse_texts(spec, _trim(raw))
    if spec.type == "nhs_number":
        return _parse_nhs_numbers(raw)
    if spec.type == "code":
        return _parse_distinct(raw, spec, _code_parser(spec))
    if spec.format or spec.zone:
        return _parse_distinct(raw, spec, _time_parser(spec))
    quick = _parse_quickly(spec.type, raw)
    return _parse_distinct(raw, spec, _PARSERS[spec.type]) if quick is None else Parsed(quick)


def _parse_texts(spec: ColumnSpec, texts: pa.StringArray) -> Parsed:
    """Read texts.

    Of an id that a spreadsheet showed as a power of ten only the first digits are left, which are those of other
    people's, too: it names nobody.
    """
    if not spec.key or not pc.any(pc.match_substring(texts, "+")).as_py():
        return Parsed(texts)
    cut = pc.fill_null(pc.match_substring_regex(texts, f"^(?:{_POWER_OF_TEN.pattern})$"), False)
    if not pc.any(cut).as_py():
        return Parsed(texts)
    values = pc.if_else(cut, pa.scalar(None, pa.string()), texts)
    return Parsed(values, {"code-as-number": cut.to_numpy(zero_copy_only=False)})


def _trim(raw: pa.StringArray) -> pa.StringArray:
    if not has_loose_ends(raw):
        return raw
    trimmed = pc.utf8_trim_whitespace(raw)
    empty = pc.equal(trimmed, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed) if pc.any(empty).as_py() else trimmed


def _parse_quickly(type: ColumnType, raw: pa.StringArray) -> pa.Array | None:
    """Read a column whose every text has the usual form at the engine's speed; None where some has not."""
    if type not in ("date", "datetime", "int", "float") or _is_unusual(type, raw):
        return None
    try:
        values = pc.cast(raw, ARROW_TYPES[type])
    except pa.ArrowInvalid:
        return None
    if values.null_count == len(values):
        return values
    if type == "float":
        return values if pc.all(pc.is_finite(values)).as_py() else None
    if type == "int":
        return values
    earliest, latest = pc.min_max(pc.cast(values, pa.date32()) if type == "datetime" else values).values()
    # The years alone: there are days, of the year 0 for one, that Python's dates do not reach.
    return values if pc.year(earliest).as_py() > EARLIEST_YEAR + 1 and pc.year(latest).as_py() < 9999 else None


def _is_unusual(type: ColumnType, raw: pa.StringArray) -> bool:
    """Whether some text is one that the engine would read and that the parsers here would not."""
    if type == "int":
        return bool(pc.any(pc.match_substring(raw, "x", ignore_case=True)).as_py())
    return type == "datetime" and bool(pc.any(pc.equal(pc.binary_length(raw), len("yyyy-mm-dd hh"))).as_py())


def _parse_distinct(raw: pa.StringArray, spec: ColumnSpec, parse: Callable[[str], tuple[Any, str]]) -> Parsed:
    encoded = raw.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    found = [parse(text.strip()) for text in texts]
    means = [value for value, _ in found]
    # Most codes mean what they say, letter by letter.
    is_same = spec.type == "code" and means == texts
    values = raw if is_same else pa.array(means, ARROW_TYPES[spec.type]).take(encoded.indices)
    names = sorted({rule for _, rule in found if rule})
    if not names:
        return Parsed(values)
    number = {rule: at for at, rule in enumerate(names, 1)}
    verdicts = np.array([number.get(rule, 0) for _, rule in found], dtype=np.int8)
    indices = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    by_row = np.where(pc.is_valid(encoded.indices).to_numpy(zero_copy_only=False), verdicts[indices], 0)
    return Parsed(values, {rule: by_row == at for rule, at in number.items()})


def parse_date(text: str) -> tuple[date | None, str]:
    """Read one date; a time behind it is dropped, a time with an offset is turned to local time first.

    Returns:
        The date, or None; and the rule that the text breaks, or "".

    >>> parse_date("29/02/2024"), parse_date("2024-02-29 00:00:00.000")
    ((datetime.date(2024, 2, 29), ''), (datetime.date(2024, 2, 29), ''))
    >>> parse_date("30/02/2024"), parse_date("tomorrow"), parse_date("9999-12-31")
    ((None, 'impossible-date'), (None, 'bad-format'), (None, ''))
    """
    moment, rule = parse_datetime(text)
    return (None if moment is None else moment.date()), rule


def parse_datetime(text: str) -> tuple[datetime | None, str]:
    """Read one local date with time; without a time it is midnight, with an offset it is turned to local time.

    Returns:
        Naive local time, or None; and the rule that the text breaks, or "".

    >>> parse_datetime("2025-07-01T08:30:00Z")
    (datetime.datetime(2025, 7, 1, 9, 30), '')
    """
    if not text:
        return None, ""
    match = _DATE.fullmatch(text)
    if match is None:
        return None, "bad-format"
    try:
        day = date(*_year_month_day(match))
    except ValueError:
        return None, "impossible-date"
    if day in FILLERS:
        return None, ""
    if day.year < EARLIEST_YEAR:
        return None, "impossible-date"
    at = _clock(match["clock"]) if match["clock"] else time()
    if at is None:
        return None, "bad-format"
    moment = datetime.combine(day, at)
    if match["zone"]:
        moment = to_local(datetime.fromisoformat(f"{moment.isoformat()}{match['zone'].replace('Z', '+00:00')}"))
    return moment, ""


def _year_month_day(match: re.Match[str]) -> tuple[int, int, int]:
    if match["mon"]:
        return int(match["y3"]), _MONTHS.index(match["mon"].lower()) + 1, int(match["d3"])
    for suffix in ("", "2", "4"):
        if match[f"y{suffix}"]:
            return int(match[f"y{suffix}"]), int(match[f"m{suffix}"]), int(match[f"d{suffix}"])
    raise ValueError("no date")


def parse_time(text: str) -> tuple[time | None, str]:
    """Read one time of day; a date before it, as some systems write, is dropped.

    >>> parse_time("07:05"), parse_time("1900-01-01 07:05:00.000"), parse_time("0705"), parse_time("25:00")
    ((datetime.time(7, 5), ''), (datetime.time(7, 5), ''), (datetime.time(7, 5), ''), (None, 'bad-format'))
    """
    if not text:
        return None, ""
    at = _clock(text)
    return at, "" if at is not None else "bad-format"


def _clock(text: str) -> time | None:
    match = _TIME.fullmatch(text) or _BARE_TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    fraction = (match[4] or "0")[:6].ljust(6, "0") if match.re is _TIME else "0"
    try:
        return time(hour, minute, second, int(fraction))
    except ValueError:
        return None


def _parse_whole(text: str) -> tuple[int | None, str]:
    if not text:
        return None, ""
    value = int(text.partition(".")[0]) if len(text) < _LONGEST_NUMBER and _WHOLE.fullmatch(text) else 1 << 63
    return (value, "") if -(1 << 63) <= value < 1 << 63 else (None, "bad-format")


def _parse_number(text: str) -> tuple[float | None, str]:
    if not text:
        return None, ""
    value = float(text) if _NUMBER.fullmatch(text) else inf
    return (value, "") if abs(value) != inf else (None, "bad-format")


def _parse_flag(text: str) -> tuple[bool | None, str]:
    word = text.casefold()
    if word in _YES or word in _NO:
        return word in _YES, ""
    return None, "bad-format" if text else ""


_PARSERS: dict[ColumnType, Callable[[str], tuple[Any, str]]] = {
    "date": lru_cache(_DAYS_KNOWN)(parse_date),
    "datetime": parse_datetime,
    "time": parse_time,
    "int": _parse_whole,
    "float": _parse_number,
    "flag": _parse_flag,
}


def _code_parser(spec: ColumnSpec) -> Callable[[str], tuple[str | None, str]]:
    """Return a parser that writes a listed code as the contract does and keeps an unlisted one as sent."""
    allowed = frozenset(spec.allowed or ())
    spelt = {plain(code): code for code in allowed}

    def parse(text: str) -> tuple[str | None, str]:
        if _POWER_OF_TEN.fullmatch(text):
            return None, "code-as-number"
        if not text or not allowed:
            return text or None, ""
        listed = text if text in allowed else None if _LETTERLESS.fullmatch(text) else spelt.get(plain(text))
        if listed is not None:
            return listed, ""
        digits = text.removesuffix(".0")
        padded = digits.zfill(spec.pad) if digits.isdigit() and len(digits) < spec.pad else digits
        if padded in allowed:
            return padded, "leading-zeros-lost" if padded != digits else ""
        return text, "code-not-allowed" if spec.strict else "unknown-code"

    return parse


def _time_parser(spec: ColumnSpec) -> Callable[[str], tuple[Any, str]]:
    """Return a parser for a format or a time zone of its own; a moment is turned to local time here."""
    zone = ZoneInfo(spec.zone) if spec.zone and spec.type == "datetime" else None

    def parse(text: str) -> tuple[Any, str]:
        if not text:
            return None, ""
        if spec.format:
            try:
                moment = datetime.strptime(text, spec.format)
            except ValueError:
                return None, "bad-format"
            if moment.date() in FILLERS:
                return None, ""
            aware = moment if moment.tzinfo or zone is None else moment.replace(tzinfo=zone)
            moment = to_local(aware) if aware.tzinfo else moment
            return _only(spec.type, moment), ""
        if zone is None:
            return _PARSERS[spec.type](text)
        naive, rule = parse_datetime(text)
        written = _DATE.fullmatch(text)
        if naive is None or written is None or written["zone"] or not written["clock"]:
            return naive, rule
        return to_local(naive.replace(tzinfo=zone)), rule

    return parse


def _only(type: ColumnType, moment: datetime) -> date | time | datetime:
    """The part of a moment that a column holds."""
    return moment.date() if type == "date" else moment.time() if type == "time" else moment


def _parse_nhs_numbers(raw: pa.StringArray) -> Parsed:
    """Read NHS numbers, at once where they are ten digits, one by one where they are not."""
    text = _trim(raw)
    usual = pc.fill_null(pc.match_substring_regex(text, r"^[0-9]{10}$"), False).to_numpy(zero_copy_only=False)
    numbers = np.zeros(len(text), dtype=np.int64)
    numbers[usual] = pc.cast(text.filter(pa.array(usual)), pa.int64()).to_numpy()
    good = usual & _has_check_digit(numbers)
    values = pc.if_else(pa.array(good), text, pa.scalar(None, pa.string()))
    unusual = pc.is_valid(text).to_numpy(zero_copy_only=False) & ~usual
    if unusual.any():
        rescued = [parse_nhs_number(one) for one in text.filter(pa.array(unusual)).to_pylist()]
        values = pc.replace_with_mask(values, pa.array(unusual), pa.array(rescued, pa.string()))
    bad = pc.and_(pc.is_valid(text), pc.is_null(values)).to_numpy(zero_copy_only=False)
    return Parsed(values, {"invalid-nhs-number": bad} if bad.any() else {})


def _has_check_digit(numbers: npt.NDArray[np.int64]) -> Mask:
    """Whether each ten-digit number is valid, as `core.nhs_number` has it."""
    digits = np.stack([numbers // 10**place % 10 for place in range(9, -1, -1)])
    weights = np.arange(10, 1, -1, dtype=np.int64)
    expected = (11 - weights @ digits[:9] % 11) % 11
    same = (digits == digits[0]).all(axis=0)
    return np.asarray((expected == digits[9]) & ~same)
