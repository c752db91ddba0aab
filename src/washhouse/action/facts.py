"""Which events does a care team's page tell of?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

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


class Facts(Mapping[str, pa.Table]):
    """The events that a caseload tells of, by person, read when the first is asked for.

    What they tell is held for each version (`told`), so that most pages ask for none. Whether they may be read is
    decided, and noted, at once.

    Args:
        record: The record, opened under a grant that covers the people.
        person_ids: The people.

    Raises:
        RefusedError: The grant does not cover the people.
    """

    def __init__(self, record: Record, person_ids: Collection[str]) -> None:
        record.note_events(person_ids)
        self._record = record
        self._people = tuple(person_ids)

    def __getitem__(self, person_id: str) -> pa.Table:
        return self._found[person_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> dict[str, pa.Table]:
        rows = self._record.events_of(self._people, _FAMILIES).select(["person_id", *_COLUMNS])
        codes = rows["code"].combine_chunks().dictionary_encode()
        wanted = [not code.startswith(_JOURNAL) or code in _LISTED for code in codes.dictionary.to_pylist()]
        rows = rows.filter(pa.array(wanted, pa.bool_()).take(codes.indices)).sort_by("person_id")
        found, start = {}, 0
        for count in rows["person_id"].combine_chunks().value_counts().to_pylist():
            found[count["values"]] = rows.slice(start, count["counts"]).drop_columns(["person_id"])
            start += count["counts"]
        return found


def read_facts(record: Record, person_ids: Collection[str]) -> Facts:
    """The events that a caseload tells of: contacts and whatever can be news, of all states; see `Facts`."""
    return Facts(record, person_ids)
