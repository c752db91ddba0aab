"""What stands at a place of a resource, whatever nonsense a sender put there?

Nothing here raises for what a sender wrote: what is not of the expected kind is not there.

References:
    HL7 FHIR R4, data types, https://hl7.org/fhir/R4/datatypes.html (date, dateTime, instant).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from washhouse.core.time import to_utc
from washhouse.sources.fhir.codes import house_spelling, is_house, rank_of, vocabulary_of

Resource = dict[str, Any]

_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_REFERENCE = re.compile(r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]+)?")
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Coding(NamedTuple):
    """One code of the record's vocabularies."""

    vocabulary: str
    code: str
    house: bool


def parse_resource(text: str) -> Resource:
    """Parse one JSON object.

    Raises:
        ValueError: It is none.
    """
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(parsed, dict):
        raise ValueError("no object")
    if _LONE_SURROGATE.search(text):
        whole = json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace").decode()
        return dict(json.loads(whole))
    return parsed


def _refuse_constant(name: str) -> float:
    raise ValueError("no number of JSON")


def every(value: Any, path: str) -> Iterator[Any]:
    """Every value at a path; lists on the way are gone through.

    >>> list(every({"code": {"coding": [{"code": "a"}, 5, {"code": "b"}]}}, "code.coding.code"))
    ['a', 'b']
    """
    name, _, rest = path.partition(".")
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict) and one.get(name) is not None:
            inner = one[name]
            if rest:
                yield from every(inner, rest)
            else:
                yield from inner if isinstance(inner, list) else (inner,)


def text_at(value: Any, path: str) -> str:
    """The first text at a path, trimmed; empty if there is none."""
    at = value
    for name in _names(path):
        if type(at) is not dict:
            return "" if at is None else _first_text(value, path)
        at = at.get(name)
    if type(at) is str:
        return at.strip()
    return _first_text(value, path) if type(at) is list else ""


def _first_text(value: Any, path: str) -> str:
    """As `text_at`, through lists."""
    return next((found.strip() for found in every(value, path) if isinstance(found, str) and found.strip()), "")


@lru_cache(maxsize=1024)
def _names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def number_at(value: Any, path: str) -> float | None:
    """The first finite number at a path."""
    for found in every(value, path):
        if isinstance(found, int | float) and not isinstance(found, bool):
            try:
                number = float(found)
            except OverflowError:
                continue
            if math.isfinite(number):
                return number
    return None


@lru_cache(maxsize=65_536)
def parse_time(text: str) -> datetime | None:
    """Read a date, dateTime or instant as naive UTC; None if it is none of them.

    A date without a day or month is its first day, as a day without a time is its midnight. A time without the offset
    that FHIR asks for is local time in the United Kingdom.

    >>> parse_time("2025-07-01T09:30:00+01:00"), parse_time("2025-07"), parse_time("2025-02-30")
    (datetime.datetime(2025, 7, 1, 8, 30), datetime.datetime(2025, 7, 1, 0, 0), None)
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    part = {name: int(found) for name, found in match.groupdict().items() if found and found.isdigit()}
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(
            part["year"],
            part.get("month", 1),
            part.get("day", 1),
            part.get("hour", 0),
            part.get("minute", 0),
            min(part.get("second", 0), 59) if part.get("second", 0) <= 60 else 99,
            micro,
        )
        if match["hour"] is None:
            return moment
        if match["zone"] is None:
            return to_utc(moment)
        return moment.replace(tzinfo=UTC).replace(tzinfo=None) - _offset(match["zone"])
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    if size > timedelta(hours=14):
        raise ValueError("no zone")
    return size if zone[0] == "+" else -size


def parse_day(text: str) -> date | None:
    """Read a whole date; None for a year or a month alone.

    >>> parse_day("1979-04-06"), parse_day("1979-04")
    (datetime.date(1979, 4, 6), None)
    """
    moment = parse_time(text[:10]) if len(text) >= 10 else None
    return moment.date() if moment is not None else None


def codings_at(value: Any, path: str) -> list[Coding]:
    """Codings of the CodeableConcepts or Codings at a path, the one that counts first."""
    found: list[tuple[int, int, Coding]] = []
    for concept in every(value, path):
        if not isinstance(concept, dict):
            continue
        given = concept.get("coding") if "coding" in concept else [concept]
        for one in given if isinstance(given, list) else []:
            system, code = text_at(one, "system"), text_at(one, "code")
            if code:
                vocabulary = vocabulary_of(system)
                coding = Coding(vocabulary, house_spelling(vocabulary, code), is_house(system))
                found.append((rank_of(system), len(found), coding))
    return [coding for _, _, coding in sorted(found)]


def reference_key(reference: str) -> str:
    """A reference as resources are known by: `Type/id`, or itself where it is a URN or something else.

    >>> reference_key("https://example.org/fhir/Patient/7/_history/2"), reference_key("urn:uuid:0b1c")
    ('Patient/7', 'urn:uuid:0b1c')
    """
    match = _REFERENCE.fullmatch(reference)
    return f"{match['type']}/{match['id']}" if match is not None else reference
