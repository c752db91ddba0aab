"""Who has each record belonged to, and since when?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.person_ids import Record
from washhouse.linkage.tables import MEMBERSHIP


@dataclass(frozen=True, slots=True)
class Span:
    """One record's stay with one person; open while `valid_to` is None."""

    record: Record
    person_id: str
    valid_from: datetime
    valid_to: datetime | None
    cause: str


def read_spans(table: pa.Table | None) -> list[Span]:
    """Return the spans of a membership table; none for None."""
    if table is None:
        return []
    rows = zip(*(table.column(name).to_pylist() for name in arrow_schema(MEMBERSHIP).names), strict=True)
    return [Span((source, source_id), *rest) for source, source_id, *rest in rows]


def open_ids(spans: Sequence[Span]) -> dict[Record, str]:
    """Return the person that each record belongs to now."""
    return {span.record: span.person_id for span in spans if span.valid_to is None}


def next_spans(
    before: Sequence[Span],
    now: Mapping[Record, str],
    new_causes: Mapping[Record, str],
    first_seen: Mapping[Record, datetime],
    at: datetime,
) -> list[Span]:
    """Carry the history on: unchanged stays as it is, a change closes one span and opens another.

    Args:
        before: All spans so far.
        now: Person of every record there is.
        new_causes: Why a record that is new belongs where it does.
        first_seen: When each record was first seen; from then on a new one belongs to its person, and one that comes
            back from when it left.
        at: When changes take effect.

    Returns:
        All spans, by record and start. A record that is gone has no open span. A stay that ends at the moment it began
        is kept with no length, so that no id that was ever handed out is forgotten.
    """
    living = set(now.values())
    held = open_ids(before)
    spans = [span for span in before if span.valid_to is not None]
    left = {span.record: span.valid_to for span in spans if span.valid_to is not None}
    for span in before:
        if span.valid_to is not None:
            continue
        if now.get(span.record) == span.person_id:
            spans.append(span)
        else:
            spans.append(replace(span, valid_to=max(at, span.valid_from)))
            left[span.record] = max(at, span.valid_from)
    for record, person in now.items():
        old = held.get(record)
        if old is None:
            since = max(first_seen[record], left.get(record, first_seen[record]))
            spans.append(Span(record, person, since, None, new_causes[record]))
        elif old != person:
            spans.append(Span(record, person, left[record], None, "split" if old in living else "merged"))
    return sorted(dict.fromkeys(spans), key=lambda span: (span.record, span.valid_from, span.valid_to or datetime.max))


def write_spans(spans: Sequence[Span]) -> pa.Table:
    """Return spans as a membership table."""
    columns = [
        [span.record[0] for span in spans],
        [span.record[1] for span in spans],
        [span.person_id for span in spans],
        [span.valid_from for span in spans],
        [span.valid_to for span in spans],
        [span.cause for span in spans],
    ]
    schema = arrow_schema(MEMBERSHIP)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
