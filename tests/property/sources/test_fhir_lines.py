"""Whatever the JSON, and wherever it is cut, reading never fails, and every line is accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.sources.fhir.declared import RESOURCES
from washhouse.sources.fhir.read import read_set
from washhouse.sources.fhir.survey import survey_set
from washhouse.sources.result import ReadResult
from washhouse.sources.rules import RULES

PATHS = [
    path
    for one in RESOURCES.values()
    for path in (*one.code, *one.time, *one.end, *one.number, one.subject, "meta", "component", "contained", "id")
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["2025-07-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "#a", "Patient/p", "\ud800"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reference", "coding", "code", "system", "value", "start", "id"]), inner)
    ),
    max_leaves=6,
)
RESOURCE = st.builds(
    lambda kind, given: {"resourceType": kind, **{path.partition(".")[0]: value for path, value in given.items()}},
    st.sampled_from([*RESOURCES, "Patient", "Bundle", "Basic", "Zaphod", None]),
    st.dictionaries(st.sampled_from([*PATHS, "entry", "name", "identifier", "birthDate", "deceasedDateTime"]), JSON),
)


def is_accounted(read: ReadResult) -> bool:
    reasons = read.issues.to_pylist()
    if read.rejected:
        return read.quarantined == read.lines >= 1 and [row["severity"] for row in reasons] == ["reject"]
    aside = {row["row"] for row in reasons if row["severity"] == "quarantine"}
    again = {row["row"] for row in reasons if row["severity"] == "duplicate"}
    kept = read.rows["_row"].to_pylist()
    return (
        sorted([*aside, *again, *kept]) == list(range(1, read.lines + 1))
        and read.set_aside["row"].to_pylist() == sorted(aside)
        and all(row["rule"] in RULES for row in reasons)
    )


def check(data: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        survey = survey_set(path)
        result = read_set(path, survey, day=survey.day, batch="b")
        assert all(is_accounted(read) for read in result.files.values())
        lines = sum(read.accepted for read in result.files.values())
        assert sum(len(set(table.rows["_row"].to_pylist())) for table in result.tables.values()) >= lines


def dump(resource: Any) -> bytes:
    return json.dumps(resource).encode()


@settings(max_examples=150)
@given(st.lists(RESOURCE, max_size=5), st.sampled_from(["x.ndjson", "x.json"]))
def test_any_values_in_any_place(resources: list[Any], name: str) -> None:
    check(b"\n".join(map(dump, resources)), name)


@settings(max_examples=100)
@given(st.lists(RESOURCE, max_size=4), st.floats(0, 1), st.sampled_from(["x.json", "x.json.gz", "x.ndjson.gz"]))
def test_cut_anywhere(resources: list[Any], share: float, name: str) -> None:
    whole = dump({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]})
    check(whole[: round(len(whole) * share)], name)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from(["x.ndjson", "x.json", "x.json.gz"]))
def test_any_bytes(data: bytes, name: str) -> None:
    check(data, name)


def test_nested_without_end() -> None:
    check(b'{"resourceType":"Patient","name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "x.json")
