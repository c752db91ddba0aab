"""What do somebody's events tell a care team, worked out once for each version and day?

It depends on nobody who asks: what a version says of a person on a day is the same for a worker and a manager. Working
it out is most of what a caseload page costs. Whether somebody may see it is decided, and noted, before it is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

import pyarrow as pa

from washhouse.action.changes import list_news
from washhouse.action.complexity import list_needs
from washhouse.action.standards import STANDARDS, Standard, judge_standards
from washhouse.action.step_down import is_stable, judge_stability
from washhouse.action.trend import Span, find_spans
from washhouse.action.words import local_day
from washhouse.insight.codelists import ATTENDED_CONTACT

MOST_HELD = 20_000
"""People whose events' words a process holds at most: some kilobytes each."""


@dataclass(frozen=True)
class Told:
    """What somebody's events tell.

    Attributes:
        last_contact: Day of the last attended contact before the index date.
        news: What became known in the week before it, in words.
        gaps: Standards of care that are not met and still can be, or not due yet, each with what is recorded.
        needs: What makes their care more work, in words.
        is_stable: Whether every declared criterion of stability is met.
        shows: Standards of which something is sent for the person.
        with_team: First and last day of each referral to a community team; no last day where it is open.
    """

    last_contact: date | None
    news: tuple[str, ...]
    gaps: tuple[tuple[Standard, str], ...]
    needs: tuple[str, ...]
    is_stable: bool
    shows: frozenset[Standard]
    with_team: tuple[Span, ...]


_HELD: OrderedDict[Hashable, Told] = OrderedDict()
_LOCK = Lock()


def tell_events(
    person_id: str, events: Mapping[str, pa.Table], index_date: date, today: date, key: Hashable = None
) -> Told:
    """Work out what somebody's events tell, or find it.

    Args:
        person_id: The person.
        events: Rows of `record.event` by person, those of `facts.read_facts`; looked at only if nothing is found.
        index_date: Day at whose start the scores hold.
        today: The present day.
        key: Names the events of everybody; none works it out anew.
    """
    place = (key, person_id, index_date, today)
    with _LOCK:
        found = None if key is None else _HELD.get(place)
        if found is not None:
            _HELD.move_to_end(place)
            return found
    table = events.get(person_id)
    rows = [] if table is None else table.to_pylist()
    codes = {row["code"] for row in rows}
    told = Told(
        last_contact=_last_contact(rows, index_date),
        news=tuple(list_news(rows, index_date)),
        gaps=tuple((each.standard, each.words) for each in judge_standards(rows, today) if each.is_task),
        needs=tuple(need.title for need in list_needs(rows, today)),
        is_stable=is_stable(judge_stability(rows, today)),
        with_team=find_spans(rows),
        shows=frozenset(each for each in STANDARDS if each.sent_as is not None and any(map(each.sent_as.holds, codes))),
    )
    if key is not None:
        with _LOCK:
            _HELD[place] = told
            if len(_HELD) > MOST_HELD:
                _HELD.popitem(last=False)
    return told


def _last_contact(rows: Iterable[Mapping[str, Any]], index_date: date) -> date | None:
    days = [
        local_day(row["time"])
        for row in rows
        if row["time"] is not None and row["superseded_at"] is None and ATTENDED_CONTACT.holds(row["code"])
    ]
    return max((day for day in days if day < index_date), default=None)
