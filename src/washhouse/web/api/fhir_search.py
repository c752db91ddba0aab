"""What does a search of FHIR ask for, and does a resource match?

Supported is what is declared (`sources.fhir.declared`): patient, code, time, `_id`, `_lastUpdated`, `_count`. Anything
else is refused: a parameter that was ignored would show more than was asked for.

References:
    HL7 FHIR R4, Search, https://hl7.org/fhir/R4/search.html (token, date and its prefixes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

from washhouse.core.errors import InputError
from washhouse.record.fhir import MAPS, Resource, Row

MOST = 200
"""Resources on a page, at most."""
USUAL = 50
EVERYTHING = "$everything"
HOW = ("_count", "_offset", "_format")
"""Parameters that say how to answer, not what to look for."""
_ALWAYS = ("_id", "_lastUpdated", *HOW)
FORMATS = ("json", "application/json", "application/fhir+json")
_DATE = re.compile(
    r"(?P<prefix>eq|ne|gt|ge|lt|le|sa|eb)?(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2}))?(\.[0-9]+)?"
    r"(?P<zone>Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?"
)


class Found(NamedTuple):
    """A resource with the row of the record that it stands for; a Patient has none."""

    row: Row
    resource: Resource


Test = Callable[[Found], bool]


@dataclass(frozen=True)
class Span:
    """A span of time: start included, end excluded."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Asked:
    """What a search asks for.

    Attributes:
        patient: Id of the patient, empty in a search of patients.
        ids: Ids that may match, empty for all.
        tests: What a resource has to pass.
        count: Resources on a page.
        offset: Resources before it.
    """

    patient: str
    ids: frozenset[str]
    tests: tuple[Test, ...]
    count: int
    offset: int

    def matches(self, found: Found) -> bool:
        """Whether a resource is asked for."""
        return (not self.ids or found.resource["id"] in self.ids) and all(test(found) for test in self.tests)


def parse_query(kind: str, given: Sequence[tuple[str, str]]) -> Asked:
    """Read the parameters of a search.

    Args:
        kind: Type of resource, `Patient` or `$everything`.
        given: Names and values, in order; a parameter given twice must match twice.

    Raises:
        InputError: `fhir-parameter`: one is not supported, cannot be read, or `patient` is missing.
    """
    known = parameters_of(kind)
    patient, count, offset = "", USUAL, 0
    ids: frozenset[str] | None = None
    tests: list[Test] = []
    for name, value in given:
        if name not in known:
            raise _wrong(f"only the parameters {', '.join(sorted(known))} are supported here")
        if name == "_format":
            if value not in FORMATS:
                raise _wrong("_format must be json")
        elif name in ("_count", "_offset"):
            if not value.isascii() or not value.isdigit() or len(value) > 6:
                raise _wrong(f"{name} must be a whole number")
            count, offset = (min(int(value), MOST), offset) if name == "_count" else (count, int(value))
        elif name == "_id":
            named = frozenset(value.split(","))
            ids = named if ids is None else ids & named
        elif name in ("patient", "subject"):
            asked = value.removeprefix("Patient/")
            if patient and patient != asked:
                raise _wrong("only one patient can be asked about")
            patient = asked
        elif name == "_type":
            tests.append(_of_types(frozenset(value.split(","))))
        else:
            tests.append(_test(kind, name, value))
    if not patient and kind not in ("Patient", EVERYTHING):
        raise _wrong("patient is missing: one patient at a time can be asked about")
    if ids is not None and not ids:
        tests.append(lambda found: False)
    return Asked(patient, ids or frozenset(), tuple(tests), count, offset)


def parameters_of(kind: str) -> frozenset[str]:
    """Parameters that a search may give.

    >>> sorted(parameters_of("Patient") - {"_id", "_lastUpdated", "_count", "_offset", "_format"})
    []
    """
    if kind == "Patient":
        return frozenset(_ALWAYS) - {"_lastUpdated"}
    if kind == EVERYTHING:
        return frozenset(_ALWAYS) | {"_type"}
    one = MAPS[kind]
    by_code = {one.code_search} if one.code_search else set()
    return frozenset({*_ALWAYS, "patient", one.subject, one.date_search, *by_code})


def _test(kind: str, name: str, value: str) -> Test:
    if name == "_lastUpdated":
        return _in_time(value, lambda found: _span(found.row.get("recorded_at"), None))
    if name == MAPS[kind].date_search:
        return _in_time(value, lambda found: _span(found.row["time"], found.row["end_time"]))
    return _has_code(value, MAPS[kind].code[0])


def _of_types(kinds: frozenset[str]) -> Test:
    return lambda found: found.resource["resourceType"] in kinds


def _has_code(value: str, path: str) -> Test:
    """A token: `code`, `system|code`, `|code` or `system|`, several with commas between them."""
    wanted = []
    for one in value.split(","):
        system, bar, code = one.rpartition("|")
        wanted.append((system if bar else None, code))

    def has(found: Found) -> bool:
        concept = found.resource.get(path, {})
        concept = concept[0] if isinstance(concept, list) else concept
        codings = concept.get("coding", []) if isinstance(concept, dict) else []
        return any(
            (system is None or coding.get("system", "") == system) and (not code or coding["code"] == code)
            for coding in codings
            for system, code in wanted
        )

    return has


def _in_time(value: str, span_of: Callable[[Found], Span | None]) -> Test:
    tests = [_date_test(one) for one in value.split(",")]

    def within(found: Found) -> bool:
        span = span_of(found)
        return span is not None and any(test(span) for test in tests)

    return within


def _date_test(text: str) -> Callable[[Span], bool]:
    prefix, asked = parse_date(text)

    def fits(span: Span) -> bool:
        equal = asked.start <= span.start and span.end <= asked.end
        return {
            "eq": equal,
            "ne": not equal,
            "gt": span.end > asked.end,
            "ge": span.end > asked.end or equal,
            "lt": span.start < asked.start,
            "le": span.start < asked.start or equal,
            "sa": span.start >= asked.end,
            "eb": span.end <= asked.start,
        }[prefix]

    return fits


def parse_date(text: str) -> tuple[str, Span]:
    """Read a date of a search: its prefix, and the span that its precision leaves open, naive UTC.

    Raises:
        InputError: `fhir-parameter`.

    >>> parse_date("ge2025-07")
    ('ge', Span(start=datetime.datetime(2025, 7, 1, 0, 0), end=datetime.datetime(2025, 8, 1, 0, 0)))
    """
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        part = {name: int(match[name]) for name in ("month", "day", "hour", "minute", "second") if match[name]}
        start = datetime(
            int(match["year"]), part.get("month", 1), part.get("day", 1), part.get("hour", 0), part.get("minute", 0),
            part.get("second", 0),
        )  # fmt: skip
        if "month" not in part:
            end = start.replace(year=start.year + 1)
        elif "day" not in part:
            end = (start + timedelta(days=31)).replace(day=1)
        elif "hour" not in part:
            end = start + timedelta(days=1)
        else:
            end = start + (timedelta(seconds=1) if "second" in part else timedelta(minutes=1))
        zone = match["zone"] or "Z"
        if zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
            start, end = start - offset, end - offset
    except (ValueError, OverflowError):
        raise _wrong(
            "a date must be YYYY, YYYY-MM, YYYY-MM-DD or a dateTime, with eq, ne, gt, ge, lt, le, sa or eb"
        ) from None
    return match["prefix"] or "eq", Span(start, end)


def _span(start: datetime | None, end: datetime | None) -> Span | None:
    """The span of an event; at midnight only the day was known."""
    if start is None:
        return None
    until = end if end is not None and end > start else start
    day_only = until.time() == time(0)
    return Span(start, until + (timedelta(days=1) if day_only else timedelta(microseconds=1)))


def _wrong(what: str) -> InputError:
    return InputError(
        "fhir-parameter", f"The search makes no sense: {what}.", "GET /fhir/metadata lists what is supported."
    )
