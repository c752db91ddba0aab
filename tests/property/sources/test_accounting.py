"""Whatever the bytes, reading never fails, and every line is accounted for."""

from __future__ import annotations

import csv
import io
from datetime import date

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.sources.encoding import decode
from washhouse.sources.file import read_file
from washhouse.sources.header import read_header
from washhouse.sources.reader import read_batch
from washhouse.sources.records import RaggedError, read_exact, read_fast
from washhouse.sources.registry import SPECS
from washhouse.sources.result import ReadResult
from washhouse.sources.rules import RULES, RejectedFileError
from washhouse.sources.validate import Parents

JOURNAL = SPECS["gp"].table("journal")
HEADER = "patient_id,code,code_system,event_date,recorded_date,value,unit\n"
TODAY = date(2025, 7, 14)

CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "101", "NULL", "\\N", "SNOMED CT", '"a,b"', '"a\nb"', '"a""b"', '"', " ", "\x00", "9" * 25]
    ),
    st.sampled_from(
        ["2025-01-31", "31/01/2025", "2025-02-30", "9999-12-31", "2030-01-01", "1.5", "nan", "0x1F", "Zoë"]
    ),
    st.text(max_size=6),
)
LINES = st.lists(CELLS, min_size=0, max_size=9).map(",".join)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)


def is_accounted(result: ReadResult) -> bool:
    """The invariant is checked when a result is made; this checks that the parts say the same."""
    reasons = result.issues.to_pylist()
    aside = {row["row"] for row in reasons if row["severity"] == "quarantine"}
    again = {row["row"] for row in reasons if row["severity"] == "duplicate"}
    kept = result.rows.column("_row").to_pylist() if "_row" in result.rows.column_names else []
    warned = {row["row"] for row in reasons if row["severity"] == "warning" and row["row"]} & set(kept)
    if result.rejected:
        return result.quarantined == result.lines and not kept and [row["severity"] for row in reasons] == ["reject"]
    return (
        result.lines == result.accepted + result.quarantined + result.duplicates
        and (len(aside), len(again), len(kept)) == (result.quarantined, result.duplicates, result.accepted)
        and sorted([*aside, *again, *kept]) == list(range(1, result.lines + 1))
        and len(warned) == result.warned
        and all(row["rule"] in RULES and RULES[row["rule"]].severity == row["severity"] for row in reasons)
    )


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    assert is_accounted(read_file(data, JOURNAL, reference_date=TODAY, file="journal.csv"))


@settings(max_examples=200)
@given(TEXTS, st.sampled_from(["", "\n", "\r\n", '"']))
def test_any_text_behind_a_header(text: str, end: str) -> None:
    data = (HEADER + text + end).encode("utf-8", "replace")
    parents = Parents(pa.array(["1", "101"]), pa.array(["x"]))
    assert is_accounted(read_file(data, JOURNAL, reference_date=TODAY, file="journal.csv", parents=parents))


@settings(max_examples=150)
@given(st.lists(st.tuples(*[CELLS] * 7).map(",".join), max_size=8), st.data())
def test_a_mangled_file(lines: list[str], data: st.DataObject) -> None:
    raw = (HEADER + "\n".join(lines) + "\n").encode("utf-8", "replace")
    at = data.draw(st.integers(0, len(raw)))
    noise = data.draw(st.binary(max_size=3))
    cut = data.draw(st.integers(0, 5))
    assert is_accounted(read_file(raw[:at] + noise + raw[at + cut :], JOURNAL, reference_date=TODAY, file="j.csv"))


@settings(max_examples=200)
@given(TEXTS, st.sampled_from(["", "\n", '"']))
def test_both_tokenisers_agree(text: str, end: str) -> None:
    """Where the fast one gives an answer, the exact one gives the same."""
    decoded = decode((HEADER + text + end).encode("utf-8", "replace"))
    header = read_header(decoded, JOURNAL)

    def records(read: type[RaggedError] | object) -> object:
        try:
            return [
                tuple(column[at].as_py() for column in chunk.columns)
                for chunk in read(decoded, header)  # type: ignore[operator]
                for at in range(len(chunk.rows))
            ]
        except RejectedFileError as refused:
            return refused.rule

    try:
        fast = records(read_fast)
    except RaggedError:
        return
    assert fast == records(read_exact)


@settings(max_examples=100)
@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=5)] * 7), max_size=6))
def test_what_was_quoted_is_read_back(rows: list[tuple[str, ...]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    decoded = decode((HEADER + out.getvalue()).encode())
    chunks = list(read_fast(decoded, read_header(decoded, JOURNAL)))
    read = [tuple(c[at].as_py() for c in chunk.columns) for chunk in chunks for at in range(len(chunk.rows))]

    assert read == [tuple(None if cell in ("", "NULL", "null", "\\N") else cell for cell in row) for row in rows]


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["patients.csv", "journal.csv", "prescriptions.csv", "demographics.csv", "x.zip", "odd.txt"]),
        st.one_of(st.binary(max_size=60), TEXTS.map(lambda text: (HEADER + text).encode("utf-8", "replace"))),
    )
)
def test_any_batch(files: dict[str, bytes]) -> None:
    result = read_batch(SPECS["gp"], files, "2025-07-14")
    assert {result.origins[name] for name in result.files} == set(files)
    assert all(is_accounted(file) for file in result.files.values())
