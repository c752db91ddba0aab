"""A file says the same however large the pieces are in which it is read."""

from __future__ import annotations

import io
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from washhouse.sources import content, file, records
from washhouse.sources.encoding import decode
from washhouse.sources.file import read_file
from washhouse.sources.registry import SPECS
from washhouse.sources.result import ReadResult
from washhouse.sources.rules import RejectedFileError
from washhouse.sources.validate import Parents

JOURNAL = SPECS["gp"].table("journal")
HEADER = "patient_id,code,code_system,event_date,recorded_date,value,unit"
TODAY = date(2025, 7, 14)
CELLS = st.sampled_from(
    [
        "",
        "1",
        "2",
        "101",
        "NULL",
        "SNOMED CT",
        '"a,b"',
        '"a\nb"',
        '"a""b"',
        '"',
        "Zoë",
        "2025-01-31",
        "2025-02-30",
        "2030-01-01",
    ]
)
ROWS = st.one_of(
    st.tuples(*[CELLS] * 7).map(",".join), st.just(",,,,,,"), st.just(""), st.lists(CELLS, max_size=9).map(",".join)
)
TEXTS = st.tuples(
    st.sampled_from(["", "\n", "\r\n \n"]), st.lists(ROWS, max_size=25), st.sampled_from(["\n", "\r\n", "\r"])
).map(lambda parts: parts[0] + parts[2].join([HEADER, *parts[1]]))
ENDS = st.sampled_from(["", "\n", "\n,,,,,,\n,,,,,,\n", '"', '\n"'])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])


class Rows:
    """Takes rows as they are read."""

    def restart(self) -> None:
        self.tables: list[pa.Table] = []

    def write(self, rows: pa.Table) -> None:
        self.tables.append(rows)


def facts(result: ReadResult) -> dict[str, object]:
    tables = {name: getattr(result, name).to_pylist() for name in ("issues", "set_aside", "set_aside_keys")}
    counts = ("lines", "accepted", "warned", "quarantined", "duplicates", "rejected", "reason", "encoding", "delimiter")
    return {**tables, **{name: getattr(result, name) for name in counts}}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TEXTS, ENDS, ENCODINGS, st.integers(1, 400), st.integers(0, 3))
def test_the_size_of_the_pieces_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, text: str, end: str, encoding: str, size: int, cut: int
) -> None:
    data = (text + end).encode(encoding, "replace")
    data = data[: len(data) - cut]
    parents = Parents(pa.array(["1", "101"]), pa.array(["2"]))
    whole = read_file(data, JOURNAL, reference_date=TODAY, file="journal.csv", parents=parents)
    rows = Rows()
    with monkeypatch.context() as patch:
        patch.setattr(content, "BLOCK_BYTES", size)
        patch.setattr(records, "_BLOCK", max(size, 40))
        patch.setattr(records, "_RECORDS", max(size // 40, 1))
        patch.setattr(records, "LARGE_BYTES", 0)
        patch.setattr(file, "LARGE_BYTES", size * 7)
        pieces = read_file(
            io.BytesIO(data), JOURNAL, reference_date=TODAY, file="journal.csv", parents=parents, sink=rows
        )
    assert facts(pieces) == facts(whole)
    if not whole.rejected:
        assert pa.concat_tables([whole.table_rows.schema.empty_table(), *rows.tables]).equals(whole.table_rows)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text(max_size=30), ENCODINGS, st.binary(max_size=3), st.integers(1, 5))
def test_a_character_may_be_cut_by_a_piece(
    monkeypatch: pytest.MonkeyPatch, text: str, encoding: str, noise: bytes, size: int
) -> None:
    data = text.encode(encoding, "replace") + noise

    def told(block_bytes: int) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(content, "BLOCK_BYTES", block_bytes)
            try:
                found = decode(data)
                return found.data, found.encoding, found.start, found.length, found.last_quote, found.is_ended
            except RejectedFileError as refused:
                return refused.rule, str(refused)

    assert told(size) == told(1 << 20)
