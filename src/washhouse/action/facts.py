"""Which events does a care team's page tell of?"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from washhouse.action.changes import NEWS_CODELISTS
from washhouse.action.complexity import COMPLEXITY_CODELISTS
from washhouse.action.standards import STANDARD_CODELISTS
from washhouse.action.step_down import STEP_DOWN_CODELISTS
from washhouse.action.trend import TREND_CODELISTS
from washhouse.record.reader import Record

_FAMILIES = sorted(
    {
        code.partition("//")[0]
        for lists in (NEWS_CODELISTS, STANDARD_CODELISTS, STEP_DOWN_CODELISTS, COMPLEXITY_CODELISTS, TREND_CODELISTS)
        for each in lists
        for code in (*each.codes, *each.prefixes)
    }
)
_LISTED = frozenset(code for each in STANDARD_CODELISTS for code in each.codes)
_JOURNAL = "SNOMED//"
"""Of what a GP practice codes, only what is listed tells anything here: a journal is longer than all the rest."""

_COLUMNS = [
    "time", "end_time", "recorded_at", "superseded_at", "code", "ref", "text_value", "source_file", "source_row"
]  # fmt: skip


def read_facts(record: Record, person_ids: Collection[str]) -> dict[str, pa.Table]:
    """Read the events that a caseload tells of, by person: contacts and whatever can be news, of all states.

    Args:
        record: The record, opened under a grant that covers the people.
        person_ids: The people.

    Raises:
        RefusedError: The grant does not cover the people.
    """
    rows = record.events_of(person_ids, _FAMILIES).select(["person_id", *_COLUMNS])
    codes = rows["code"].combine_chunks().dictionary_encode()
    wanted = [not code.startswith(_JOURNAL) or code in _LISTED for code in codes.dictionary.to_pylist()]
    rows = rows.filter(pa.array(wanted, pa.bool_()).take(codes.indices)).sort_by("person_id")
    counts = rows["person_id"].combine_chunks().value_counts().to_pylist()
    facts, start = {}, 0
    for count in counts:
        facts[count["values"]] = rows.slice(start, count["counts"]).drop_columns(["person_id"])
        start += count["counts"]
    return facts
